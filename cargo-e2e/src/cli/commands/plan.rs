//! `cargo e2e plan`: what a run would do.

use std::cell::RefCell;
use std::fmt::Write as _;

use crate::cancel::Cancel;
use crate::compose::preview::{PreviewError, preview, remote};
use crate::compose::{Isolation, PortRule, Rewritten, isolate, risks};
use crate::host::HostKind;
use crate::plan::{Keep, Plan, Target, Tests};
use crate::record::outcome::{Record, Verdict, exit_code};
use crate::record::store::{Store, state_folder};
use crate::setup::lint::reaches;
use crate::spec::{Ports, Side};
use crate::units::{kilobytes, whole};

use crate::cli::answers::{Notice, PlanAnswer, Planned, PlannedTests, Trouble, print};
use crate::cli::args::FormattedLook;
use crate::cli::plans::{each_plan, found, looking, refused_by_strict};
use crate::cli::print::{out, outln};
use crate::cli::unplanned::Unplanned;

pub(crate) async fn plan(arguments: FormattedLook) -> u8 {
    let options = looking(&arguments.look);
    let json = arguments.format.is_json();
    let answer = RefCell::new(PlanAnswer {
        schema: 1,
        plans: Vec::new(),
        errors: Vec::new(),
    });
    let work = async |plan: &Plan| {
        let project = format!("e2e-{}-xxxxxxxx", plan.spec.name);
        if !json {
            out(&describe(plan, &project));
        }
        let previewed = Previewed::of(plan, &project).await;
        if !json {
            previewed.show();
        }
        let code = previewed.code;
        let planned = previewed.answer(plan);
        answer.borrow_mut().plans.push(planned);
        code
    };
    let refuse = async |unplanned: Unplanned| {
        let errors = &mut answer.borrow_mut().errors;
        errors.push(Trouble::from(&unplanned.refused));
        unplanned.refused.show_unless(json)
    };
    let repos = found(&arguments.look.repo);
    let code = each_plan(repos, 1, &options, &Cancel::never(), work, refuse)
        .await
        .worst;
    if json {
        print(&answer.into_inner());
    }
    code
}

/// What the compose model would become.
#[derive(Default)]
struct Previewed {
    notices: Vec<Notice>,
    errors: Vec<Trouble>,
    code: u8,
}

impl Previewed {
    async fn of(plan: &Plan, project: &str) -> Self {
        let mut previewed = Self::default();
        if let Some(refused) = refused_by_strict(plan).await {
            previewed.fail(refused);
            return previewed;
        }
        for risk in risks::fetched(&remote(plan)) {
            previewed.note("not isolated", &risk.text);
        }
        match preview(plan, project).await {
            Ok((model, _)) => {
                let root = plan.repo.root.to_string_lossy();
                let (risks, outside) = reaches(plan, &model, &root);
                for one in outside {
                    previewed.note("not sent", &one.text);
                }
                let rewritten = isolated(plan, model, project);
                for (what, text) in rewritten.notices(&risks) {
                    previewed.note(what, text);
                }
            }
            Err(error @ PreviewError::NoCompose) => {
                previewed.note("rewrites", &format!("not shown: {error}"));
            }
            Err(error) => previewed.fail(Trouble::new(error.to_string(), error.help())),
        }
        previewed
    }

    fn note(&mut self, what: &str, text: &str) {
        let (what, text) = (what.to_owned(), text.to_owned());
        self.notices.push(Notice { what, text });
    }

    fn fail(&mut self, error: Trouble) {
        self.errors.push(error);
        self.code = exit_code(Verdict::SpecError, None);
    }

    fn show(&self) {
        for Notice { what, text } in &self.notices {
            outln!("{what:<11} {text}");
        }
        for error in &self.errors {
            error.show();
        }
    }

    fn answer(self, plan: &Plan) -> Planned {
        Planned {
            repo: plan.spec.name.clone(),
            root: plan.repo.root.display().to_string(),
            spec: plan.spec_name().display().to_string(),
            host: plan.host.name.clone(),
            host_because: plan.host.because.clone(),
            compose_files: plan.compose_files.clone(),
            ports: match plan.ports {
                Ports::Declared => "declared",
                Ports::Isolated => "isolated",
            },
            tests_run_on: match plan.tests_on {
                Side::Host => "host",
                Side::Client => "client",
            },
            tests: match &plan.tests {
                Tests::Command(command) => PlannedTests::Command(command.clone()),
                Tests::Service { name, .. } => PlannedTests::Service(name.clone()),
                Tests::Targets(harness) => {
                    let targets = harness.targets.iter();
                    let name = |target: &Target| format!("{}:{}", target.package.name, target.name);
                    PlannedTests::Targets(targets.map(name).collect())
                }
            },
            timeout: plan.limits.test.as_secs_f64(),
            keep: match plan.keep {
                Keep::No => "no",
                Keep::OnFailure => "on_failure",
                Keep::Always => "always",
            },
            results: plan.repo.results_dir.display().to_string(),
            notices: self.notices,
            errors: self.errors,
        }
    }
}

/// Returns the rewritten model for a host that lacks nothing.
fn isolated(plan: &Plan, model: serde_json::Value, project: &str) -> Rewritten {
    // Only the host knows which ports are free.
    let ports = PortRule::new(plan.ports, &[]);
    isolate(model, &Isolation::without_host(project, ports))
}

fn describe(plan: &Plan, project: &str) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<11} {value}");
    };
    let (name, host) = (&plan.spec.name, &plan.host);
    line("repo", format!("{name} in {}", plan.repo.root.display()));
    line("spec", plan.spec_name().display().to_string());
    line("host", format!("{} ({})", host.name, host.because));
    line("project", project.to_owned());
    line("compose", plan.compose_files.join(", "));
    let folder = match plan.project_dir.as_str() {
        "" => "the repo's root".to_owned(),
        folder => format!("{folder}/"),
    };
    let because = plan.project_dir_because.as_ref();
    let because = because.map_or_else(String::new, |why| format!(" ({why})"));
    line("paths from", format!("{folder}{because}"));
    line("ports", ports(plan));
    if let Some(need) = need(plan) {
        line("need", need);
        if let Some(used) = used(plan) {
            line("used", used);
        }
    }
    for (name, value) in before_up(plan) {
        line(name, value);
    }
    for check in &plan.spec.health_checks {
        let (name, probe) = (&check.name, check.probe.kind().describe());
        let limit = whole(check.timeout);
        line("health", format!("{name}: {probe} within {limit}"));
    }
    if let Some(command) = &plan.spec.setup_command {
        line("setup", format!("{} (on the host)", one_line(command)));
    }
    for tests in tests(plan) {
        line("tests", tests);
    }
    for warning in plan.targets_not_run() {
        line("not run", warning.text);
    }
    if let Some(entrypoint) = &plan.spec.entrypoint {
        let words = match entrypoint.as_slice() {
            [] => "none, instead of the image's own".to_owned(),
            words => format!("{}, instead of the image's own", words.join(" ")),
        };
        line("entrypoint", words);
    }
    if !plan.spec.junit.is_empty() {
        let files = plan.spec.junit.join(", ");
        let files = format!("{files} (each must be written by the tests)");
        line("junit", files);
    }
    let hours = whole(plan.keep_for);
    let keep = match plan.keep {
        Keep::No => "always".to_owned(),
        Keep::OnFailure => format!("unless the run fails; then kept for {hours}"),
        Keep::Always => format!("after {hours}"),
    };
    line("removed", keep);
    line("results", plan.repo.results_dir.display().to_string());
    text
}

/// Describes what the stack needs of its host, where anything says so.
fn need(plan: &Plan) -> Option<String> {
    let cpus = plan.need.cpus.map(|cpus| match cpus {
        1000 => "1 CPU".to_owned(),
        cpus => format!("{} CPUs", f64::from(cpus) / 1000.0),
    });
    let memory = plan.need.memory.map(kilobytes);
    let both: Vec<String> = cpus.into_iter().chain(memory).collect();
    (!both.is_empty()).then(|| format!("{}, for its turn on the host", both.join(" and ")))
}

/// Describes what the last run that passed used, where that is far from what the stack is said to
/// need.
fn used(plan: &Plan) -> Option<String> {
    let need = plan.need.memory?;
    let store = Store::in_state(&state_folder());
    let spec = plan.repo.other_spec();
    let is_ours = |record: &Record| {
        let passed = record.verdict == Verdict::Passed && record.usage.is_some();
        passed && record.repo == plan.spec.name && record.spec == spec
    };
    let record = store.latest(is_ours).ok()??;
    let used = record.usage?.memory_kb;
    let far = if used > need {
        "more than"
    } else if used.saturating_mul(2) < need {
        "less than half of"
    } else {
        return None;
    };
    let (run, used) = (&record.run_id, kilobytes(used));
    Some(format!(
        "{used} of memory at most in run {run}: {far} what it is said to need"
    ))
}

/// Describes what happens before the stack comes up.
fn before_up(plan: &Plan) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(command) = &plan.spec.build_command {
        let (command, limit) = (one_line(command), whole(plan.limits.build));
        lines.push(("build", format!("{command} (here, at most {limit})")));
    }
    if !plan.spec.images.is_empty() {
        let images = plan.spec.images.join(", ");
        let how = if HostKind::of(&plan.host.name).is_local() {
            "built here before, used as they are"
        } else {
            "sent where the host does not have the same id, in place of its own"
        };
        lines.push(("images", format!("{images} ({how})")));
    }
    if let Some(command) = &plan.spec.prepare_command {
        let (command, limit) = (one_line(command), whole(plan.limits.setup));
        let value = format!("{command} (on the host, before the stack, at most {limit})");
        lines.push(("prepare", value));
    }
    lines
}

/// Describes the tests: what runs them, and where.
fn tests(plan: &Plan) -> Vec<String> {
    let limit = whole(plan.limits.test);
    match &plan.tests {
        Tests::Command(command) => {
            let place = match plan.tests_on {
                Side::Host => "on the host",
                Side::Client => "here",
            };
            vec![format!("{} ({place}, at most {limit})", one_line(command))]
        }
        Tests::Service { name, command } => {
            let what = match command {
                Some(command) => format!("{} in the service {name}", one_line(command)),
                None => format!("the service {name}"),
            };
            vec![format!("{what} (on the compose network, at most {limit})")]
        }
        Tests::Targets(harness) => {
            let targets = harness.targets.iter();
            targets.map(|target| harness_target(plan, target)).collect()
        }
    }
}

/// Describes a test target: what compiles it, what runs it, and where.
fn harness_target(plan: &Plan, target: &Target) -> String {
    let place = match (plan.tests_on, plan.tests.by_nextest()) {
        (Side::Host, _) => "sent to the host and run there",
        (Side::Client, true) => "run here by cargo-nextest",
        (Side::Client, false) => "run here",
    };
    format!(
        "{} of {} (compiled while the stack comes up, {place}, at most {})",
        target.name,
        target.package.name,
        whole(plan.limits.test)
    )
}

/// Describes the port rule, and which setting chose it.
fn ports(plan: &Plan) -> String {
    let because = match plan.spec.ports {
        Some(_) => format!("{} says so", plan.spec_name().display()),
        None if plan.spec.test_service.is_some() => "the default for test_service".to_owned(),
        None if plan.tests.harness().is_some() => "the default for Cargo's test targets".to_owned(),
        None => "the default for test_command".to_owned(),
    };
    match plan.ports {
        Ports::Declared => format!(
            "declared ({because}): the numbers as written, so that runs on one host wait for each other"
        ),
        Ports::Isolated => format!(
            "isolated ({because}): free numbers from 20000 to 29999, so that runs go side by side"
        ),
    }
}

/// Returns the first line of a command that does something.
fn one_line(command: &str) -> String {
    let lines = command.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let more = if lines.next().is_some() { " …" } else { "" };
    format!("{first}{more}")
}

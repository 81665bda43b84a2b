//! `cargo e2e`: run the tests.

use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cargo_e2e::cancel::Cancel;
use cargo_e2e::compose::scan::scan;
use cargo_e2e::plan::{Keep, Options, Plan};
use cargo_e2e::record::event::{Events, Reporter};
use cargo_e2e::record::outcome::{Verdict, exit_code};
use cargo_e2e::report::github::{NoCommands, StopCommands, is_job};
use cargo_e2e::report::output::{Channel, Stream};
use cargo_e2e::report::{
    Bundle, GitHub, Human, HumanOptions, Json, TestLog, Verbosity, human, json,
};
use cargo_e2e::run::lifecycle::{RealHosts, Run};
use cargo_e2e::run::stages::test::{answer, only_asks};
use cargo_e2e::sandbox::Identity;
use cargo_e2e::secrets::{SHORTEST, Secrets};
use cargo_e2e::setup::doctor;
use rustix::fs::FileType;

use crate::cli::args::{
    Color, MessageFormat, OutputArguments, RepoArguments, RunArguments, UpArguments,
};

use super::finish::finish;
use super::keeping::{About, Keeping};
use super::print;
use super::refused::Refused;
use super::unplanned::Unplanned;
use super::{USAGE, each_plan, listen, report, risks};

pub(crate) async fn run(arguments: RunArguments) -> u8 {
    let options = Options {
        host: arguments.repo.host.host.clone(),
        keep: match (arguments.keep, arguments.keep_on_failure) {
            (true, _) => Keep::Always,
            (_, true) => Keep::OnFailure,
            _ => Keep::No,
        },
        keep_for: arguments.keep_for,
        risks: risks(arguments.strict),
        reuse: arguments.reuse,
        no_wait: arguments.no_wait,
        up_only: false,
        nextest: arguments.nextest,
        arguments: arguments.arguments,
    };
    each(&arguments.repo, &arguments.output, &options).await
}

/// `cargo e2e up`: everything but the tests, and the sandbox stays.
pub(crate) async fn up(arguments: UpArguments) -> u8 {
    let options = Options {
        host: arguments.repo.host.host.clone(),
        keep: if arguments.keep {
            Keep::Always
        } else {
            Keep::No
        },
        keep_for: arguments.keep_for,
        risks: risks(arguments.strict),
        reuse: true,
        no_wait: arguments.no_wait,
        up_only: true,
        nextest: false,
        arguments: Vec::new(),
    };
    each(&arguments.repo, &arguments.output, &options).await
}

async fn each(repos: &RepoArguments, output: &OutputArguments, options: &Options) -> u8 {
    let cancel = match listen() {
        Ok(cancel) => cancel,
        Err(error) => {
            report(&format!("signals can't be handled: {error}"), None);
            return exit_code(Verdict::InternalError, None);
        }
    };
    let refuse = async |unplanned: Unplanned| {
        if options.up_only {
            unplanned.refused.show()
        } else {
            unplanned.record(output, options).await
        }
    };
    let work = async |plan: &Plan| match one(plan, output, &cancel).await {
        Ok(code) => code,
        Err(refused) => {
            let repo = Some(plan.repo.clone());
            refuse(Unplanned { refused, repo }).await
        }
    };
    each_plan(repos, options, &cancel, work, refuse).await
}

async fn one(plan: &Plan, output: &OutputArguments, cancel: &Cancel) -> Result<u8, Refused> {
    let nextest = plan.tests.harness().is_some_and(|harness| harness.nextest);
    if nextest && !doctor::has_nextest().await {
        report(
            "--nextest: cargo-nextest is not installed on this machine",
            Some("install it: cargo install --locked cargo-nextest"),
        );
        return Ok(USAGE);
    }
    if only_asks(plan) {
        return Ok(ask(plan, output, cancel).await);
    }
    let secrets = match Secrets::of(&plan.spec.secrets, environment()) {
        Ok(secrets) => Arc::new(secrets),
        Err(missing) => {
            let spec = plan.spec_name().to_owned();
            return Err(Refused::Secrets { spec, missing });
        }
    };
    if let Err(error) = learn(plan, &secrets).await {
        report(&error.to_string(), None);
        return Ok(exit_code(Verdict::InternalError, None));
    }
    let identity = Identity::new(&plan.spec.name);
    let bundle = match bundle_in(&plan.repo.results_dir, &identity.run_id).await {
        Ok(bundle) => bundle,
        Err(error) => {
            report(&error, Some("make room there, or make it writable"));
            return Ok(exit_code(Verdict::InternalError, None));
        }
    };
    let log = TestLog::new(bundle.dir(), plan.limits.log);
    let mut reporters = reporters(output, &plan.repo.root, log.clone());
    let (keeping, journal) = Keeping::begin(About::of(plan), &identity, &bundle, log);
    reporters.extend(journal);
    let events = Events::masking(Arc::clone(&secrets), reporters);
    keeping.tell_of_the_dead(&events);
    let unknown = keeping.unknown(&plan.host.name);
    if !plan.up_only {
        for warning in plan.targets_not_run() {
            events.warn(warning);
        }
    }
    for name in secrets.too_short() {
        events.warn(format!(
            "secret {name} is shorter than {SHORTEST} characters: it is not masked"
        ));
    }
    let outcome = Run {
        plan,
        identity,
        connector: &RealHosts,
        events: &events,
        cancel,
        bundle: bundle.dir().to_owned(),
        unknown,
    }
    .run()
    .await;
    Ok(finish(outcome, keeping, &events, is_json(output)).await)
}

/// What this process was given, as far as it is text.
pub(super) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Makes the folder of the result; or says why it can't be made.
pub(super) async fn bundle_in(results: &Path, run_id: &str) -> Result<Arc<Bundle>, String> {
    let (folder, run_id) = (results.to_owned(), run_id.to_owned());
    let made = tokio::task::spawn_blocking(move || Bundle::create(&folder, &run_id)).await;
    made.map_err(io::Error::other)
        .flatten()
        .map(Arc::new)
        .map_err(|error| {
            let folder = results.display();
            format!("the result can't be kept in {folder}: {error}")
        })
}

/// Who shows and keeps what happens.
pub(super) fn reporters(
    output: &OutputArguments,
    root: &Path,
    log: TestLog,
) -> Vec<Box<dyn Reporter>> {
    let shown = on_terminal(output, Some(log.path()));
    let mut reporters: Vec<Box<dyn Reporter>> = vec![Box::new(log)];
    reporters.extend(shown);
    let github = GitHub::detect(root, annotations(output));
    reporters.extend(github.map(|github| Box::new(github) as Box<dyn Reporter>));
    reporters
}

/// Looks for credentials in all that is known before anything is printed.
async fn learn(plan: &Plan, secrets: &Arc<Secrets>) -> Result<(), tokio::task::JoinError> {
    let (plan, secrets) = (plan.clone(), Arc::clone(secrets));
    let learned = tokio::task::spawn_blocking(move || {
        secrets.learn_variables(&plan.spec.env);
        secrets.learn_files(plan.env_files().iter().map(PathBuf::as_path));
        let root = &plan.repo.root;
        let mut files: Vec<PathBuf> = plan
            .compose_files
            .iter()
            .map(|file| root.join(file))
            .collect();
        let scan = scan(&files, &root.join(&plan.project_dir));
        let is_yaml = |file: &PathBuf| {
            file.extension()
                .is_some_and(|it| it == "yml" || it == "yaml")
        };
        files.extend(scan.files.into_iter().filter(is_yaml));
        secrets.learn_compose_files(files.iter().map(PathBuf::as_path));
    });
    learned.await
}

/// The terminal, and with `--message-format json` the events, too. All test output is in `log`.
fn on_terminal(output: &OutputArguments, log: Option<PathBuf>) -> Vec<Box<dyn Reporter>> {
    let (out, err) = (print::output().out(), print::output().err());
    let mut reporters: Vec<Box<dyn Reporter>> = Vec::new();
    if commands_on_stdout(output) {
        reporters.push(Box::new(StopCommands::on(out.clone())));
    }
    let err = err.announcing(human::gap(log.clone()));
    let err: Box<dyn Channel> = if is_job() {
        Box::new(NoCommands(err))
    } else {
        Box::new(err)
    };
    if is_json(output) {
        // stdout has the events, and nothing else.
        let human = Human::on(how(output), err, io::sink());
        reporters.extend([
            Box::new(human) as Box<dyn Reporter>,
            Box::new(Json::on(out.announcing(json::gap(log)))),
        ]);
    } else {
        let human = Human::on(how(output), err, out.announcing(human::gap(log)));
        reporters.push(Box::new(human));
    }
    reporters
}

/// Whether GitHub's runner may read commands where the tests print.
fn commands_on_stdout(output: &OutputArguments) -> bool {
    is_job() && !is_json(output) && !is_file(io::stdout())
}

/// Where annotations go.
fn annotations(output: &OutputArguments) -> Stream {
    if commands_on_stdout(output) {
        print::output().out()
    } else {
        print::output().err()
    }
}

fn is_file(stream: impl AsFd) -> bool {
    let kind = rustix::fs::fstat(stream).map(|stat| FileType::from_raw_mode(stat.st_mode));
    kind.is_ok_and(|kind| kind == FileType::RegularFile)
}

pub(super) fn is_json(output: &OutputArguments) -> bool {
    output.message_format == MessageFormat::Json
}

/// What the test targets answer to `--list` and its like: that needs no sandbox.
async fn ask(plan: &Plan, output: &OutputArguments, cancel: &Cancel) -> u8 {
    // Without names nothing is missing.
    let secrets = Secrets::of(&[], environment()).unwrap_or_default();
    let events = Events::masking(Arc::new(secrets), on_terminal(output, None));
    tokio::select! {
        answered = answer(plan, &events) => {
            answered.map_or_else(|trouble| exit_code(trouble.verdict, None), |()| 0)
        }
        () = cancel.reached(1) => exit_code(Verdict::Interrupted, cancel.signal()),
    }
}

fn how(output: &OutputArguments) -> HumanOptions {
    let verbosity = match (output.quiet, output.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let color = match output.color {
        Color::Auto => None,
        Color::Always => Some(true),
        Color::Never => Some(false),
    };
    HumanOptions::detect(verbosity, color)
}

//! `cargo e2e` and `cargo e2e up`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cancel::Cancel;
use crate::compose::scan::scan;
use crate::plan::{Keep, Options, Plan};
use crate::record::event::Events;
use crate::record::outcome::{Verdict, exit_code};
use crate::report::TestLog;
use crate::run::finish::finish;
use crate::run::keeping::{About, Keeping, bundle_in};
use crate::run::lifecycle::{RealHosts, Run};
use crate::run::stages::test::{answer, only_asks};
use crate::sandbox::Identity;
use crate::secrets::{SHORTEST, Secrets};
use crate::setup::doctor;
use crate::spec::nearest;
use crate::text::{has_extension, printable};

use crate::cli::args::{self, RunArguments, SandboxArguments, UpArguments};
use crate::cli::last_failed::narrowed;
use crate::cli::plans::{bringing_up, each_plan, found, shown};
use crate::cli::print::{errln, failure, show_error, usage_error};
use crate::cli::refused::Refused;
use crate::cli::reporters::{Screen, on_terminal, reporters};
use crate::cli::screens::Screens;
use crate::cli::signals;
use crate::cli::unplanned::{Unplanned, environment};

pub(crate) async fn run(arguments: RunArguments) -> u8 {
    if let Some((typed, command)) = command_meant(&arguments) {
        let why = format!("no command `{typed}`, and no folder of that name");
        let help = format!("did you mean `cargo e2e {command}`?");
        return usage_error(&why, Some(&help));
    }
    let options = Options {
        keep: match (arguments.keep, arguments.keep_on_failure) {
            (true, _) => Keep::Always,
            (_, true) => Keep::OnFailure,
            _ => Keep::No,
        },
        reuse: arguments.reuse,
        nextest: arguments.nextest,
        last_failed: arguments.last_failed,
        cargo: arguments.cargo.flags(),
        arguments: arguments.arguments,
        ..bringing_up(&arguments.sandbox)
    };
    run_each(&arguments.sandbox, &options).await
}

/// Returns a word that was taken for a repo that is not there, and the command that was likely
/// meant.
fn command_meant(arguments: &RunArguments) -> Option<(String, String)> {
    let repo = arguments.sandbox.look.repo.repo.as_ref()?;
    let word = repo.to_str().filter(|_| !repo.exists())?;
    let command = args::command();
    let names = command.get_subcommands().map(clap::Command::get_name);
    let near = nearest(word, names)?;
    Some((printable(word), near.to_owned()))
}

/// Runs everything but the tests, and keeps the sandbox.
pub(crate) async fn up(arguments: UpArguments) -> u8 {
    let options = Options {
        keep: if arguments.keep {
            Keep::Always
        } else {
            Keep::No
        },
        reuse: true,
        up_only: true,
        ..bringing_up(&arguments.sandbox)
    };
    run_each(&arguments.sandbox, &options).await
}

async fn run_each(typed: &SandboxArguments, options: &Options) -> u8 {
    let cancel = match signals::cancel() {
        Ok(cancel) => cancel,
        Err(code) => return code,
    };
    let refuse = async |unplanned: Unplanned, screen: Screen<'_>| {
        if options.up_only {
            unplanned.refused.show()
        } else {
            unplanned.record(screen, options).await
        }
    };
    let each = async |plan: &Plan, screen: Screen<'_>| match run_plan(plan, screen, &cancel).await {
        Ok(code) => code,
        Err(refused) => {
            let repo = Some(plan.repo.clone());
            refuse(Unplanned { refused, repo }, screen).await
        }
    };
    let repos = found(&typed.look.repo);
    let several = repos.as_ref().is_ok_and(|repos| repos.len() > 1);
    let jobs = typed.jobs.map_or(1, NonZeroUsize::get);
    let screens = Screens::new(&typed.output, several && jobs > 1);
    let work = async |plan: &Plan| {
        let name = shown(&plan.repo);
        screens
            .show(&name, async |screen| each(plan, screen).await)
            .await
    };
    let refuse = async |unplanned: Unplanned| {
        let name = unplanned.repo.as_ref().map(shown).unwrap_or_default();
        screens
            .show(&name, async |screen| refuse(unplanned, screen).await)
            .await
    };
    let several = tokio::select! {
        several = each_plan(repos, jobs, options, &cancel, work, refuse) => several,
        never = screens.answer(&cancel) => match never {},
    };
    if let Some(summary) = several.summary(typed.output.quiet) {
        errln!("{summary}");
    }
    several.worst
}

async fn run_plan(plan: &Plan, screen: Screen<'_>, cancel: &Cancel) -> Result<u8, Refused> {
    if plan.tests.by_nextest() && !doctor::has_nextest().await {
        let why = "--nextest: cargo-nextest is not installed on this machine";
        let help = "install it: cargo install --locked cargo-nextest";
        return Ok(usage_error(why, Some(help)));
    }
    if only_asks(plan) {
        return Ok(ask(plan, screen, cancel).await);
    }
    match &plan.options.last_failed {
        None => run_planned(plan, None, screen, cancel).await,
        Some(run) => match narrowed(plan, run) {
            Ok((plan, note)) => run_planned(&plan, Some(note), screen, cancel).await,
            Err(code) => Ok(code),
        },
    }
}

async fn run_planned(
    plan: &Plan,
    note: Option<String>,
    screen: Screen<'_>,
    cancel: &Cancel,
) -> Result<u8, Refused> {
    let secrets = match Secrets::of(&plan.spec.secrets, environment()) {
        Ok(secrets) => Arc::new(secrets),
        Err(missing) => {
            let spec = plan.spec_name().to_owned();
            return Err(Refused::Secrets { spec, missing });
        }
    };
    if let Err(error) = learn(plan, &secrets).await {
        return Ok(failure(Verdict::InternalError, &error.to_string()));
    }
    let identity = Identity::new(&plan.spec.name).by(plan.repo.other_spec());
    let bundle = match bundle_in(&plan.repo.results_dir, &identity.run_id).await {
        Ok(bundle) => bundle,
        Err(error) => {
            show_error(&error, Some("free some space there, or make it writable"));
            return Ok(exit_code(Verdict::InternalError, None));
        }
    };
    let log = TestLog::new(bundle.dir(), plan.limits.log);
    let mut reporters = reporters(screen, &plan.repo.root, log.clone());
    let (keeping, journal) = Keeping::begin(About::of(plan), &identity, &bundle, log);
    reporters.extend(journal);
    let events = Events::masking(Arc::clone(&secrets), reporters);
    keeping.recover_killed_runs(&events);
    if let Some(note) = note {
        events.note(note);
    }
    let unknown = keeping.unknown();
    if !plan.options.up_only {
        for warning in plan.not_allowed(&plan.targets_not_run()) {
            events.warn(&warning.text);
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
        has_slot: false,
        cancel,
        bundle: bundle.dir().to_owned(),
        unknown,
    }
    .run()
    .await;
    Ok(finish(outcome, keeping, &events, screen.streams, screen.is_json()).await)
}

/// Looks for credentials in `env:`, env files and compose files, before anything is printed.
async fn learn(plan: &Plan, secrets: &Arc<Secrets>) -> Result<(), tokio::task::JoinError> {
    let (plan, secrets) = (plan.clone(), Arc::clone(secrets));
    let learned = tokio::task::spawn_blocking(move || {
        secrets.learn_variables(&plan.spec.env);
        secrets.learn_files(plan.env_files().iter().map(PathBuf::as_path));
        let root = &plan.repo.root;
        let files = plan.compose_files.iter();
        let mut files: Vec<PathBuf> = files.map(|file| root.join(file)).collect();
        let scan = scan(&files, &root.join(&plan.project_dir));
        let is_yaml = |file: &PathBuf| has_extension(file, &["yml", "yaml"]);
        files.extend(scan.files.into_iter().filter(is_yaml));
        secrets.learn_compose_files(files.iter().map(PathBuf::as_path));
    });
    learned.await
}

/// Answers `--list` and other arguments that only ask the test targets; needs no sandbox.
async fn ask(plan: &Plan, screen: Screen<'_>, cancel: &Cancel) -> u8 {
    // An empty list of names can't have a missing one.
    let secrets = Secrets::of(&[], environment()).unwrap_or_default();
    let events = Events::masking(Arc::new(secrets), on_terminal(screen, None));
    tokio::select! {
        answered = answer(plan, &events) => {
            answered.map_or_else(|trouble| exit_code(trouble.verdict, None), |()| 0)
        }
        () = cancel.reached(1) => exit_code(Verdict::Interrupted, cancel.signal()),
    }
}

//! `cargo e2e`: run the tests.

use std::sync::Arc;
use std::time::Instant;

use cargo_e2e::cancel::Cancel;
use cargo_e2e::doctor;
use cargo_e2e::event::{Event, Events};
use cargo_e2e::lifecycle::{Outcome, RealHosts, Run};
use cargo_e2e::outcome::{Record, Stage, StageRecord, StageStatus, Verdict, exit_code, millis};
use cargo_e2e::plan::{Keep, Options, Plan, Risks};
use cargo_e2e::report::{Bundle, Human, HumanOptions, TestLog, Verbosity, bundle};
use cargo_e2e::sandbox::Identity;
use cargo_e2e::stages::test::{answer, only_asks};

use crate::cli::{Color, OutputArguments, RepoArguments, RunArguments, UpArguments};

use super::{USAGE, each_plan, report};

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
        up_only: true,
        nextest: false,
        arguments: Vec::new(),
    };
    each(&arguments.repo, &arguments.output, &options).await
}

fn risks(strict: bool) -> Risks {
    if strict { Risks::Refuse } else { Risks::Warn }
}

async fn each(repos: &RepoArguments, output: &OutputArguments, options: &Options) -> u8 {
    let cancel = match Cancel::listen() {
        Ok(cancel) => cancel,
        Err(error) => {
            report(&format!("signals can't be handled: {error}"), None);
            return exit_code(Verdict::InternalError, None);
        }
    };
    each_plan(repos, options, &cancel, async |plan| {
        one(plan, output, &cancel).await
    })
    .await
}

async fn one(plan: &Plan, output: &OutputArguments, cancel: &Cancel) -> u8 {
    let nextest = plan.harness.as_ref().is_some_and(|harness| harness.nextest);
    if nextest && !doctor::has_nextest().await {
        report(
            "--nextest: cargo-nextest is not installed on this machine",
            Some("install it: cargo install --locked cargo-nextest"),
        );
        return USAGE;
    }
    if only_asks(plan) {
        return ask(plan, output, cancel).await;
    }
    let identity = Identity::new(&plan.spec.name);
    let (results, run_id) = (plan.repo.results_dir.clone(), identity.run_id.clone());
    let made = tokio::task::spawn_blocking(move || Bundle::create(&results, &run_id)).await;
    let bundle = match made {
        Ok(Ok(bundle)) => Arc::new(bundle),
        Ok(Err(error)) => {
            let folder = plan.repo.results_dir.display();
            report(
                &format!("the result can't be kept in {folder}: {error}"),
                Some("make room there, or make it writable"),
            );
            return exit_code(Verdict::InternalError, None);
        }
        Err(error) => {
            report(&error.to_string(), None);
            return exit_code(Verdict::InternalError, None);
        }
    };
    let log = TestLog::new(bundle.dir());
    let events = Events::new(vec![
        Box::new(log.clone()),
        Box::new(Human::new(how(output))),
    ]);
    if !plan.up_only {
        for warning in plan.hidden_targets() {
            events.warn(warning);
        }
    }
    let outcome = Run {
        plan,
        identity,
        connector: &RealHosts,
        events: &events,
        cancel,
        bundle: bundle.dir().to_owned(),
    }
    .run()
    .await;
    store(outcome, &bundle, &log, &events).await
}

/// What the test targets answer to `--list` and its like: that needs no sandbox.
async fn ask(plan: &Plan, output: &OutputArguments, cancel: &Cancel) -> u8 {
    let events = Events::new(vec![Box::new(Human::new(how(output)))]);
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

/// The report stage: the record becomes a file before anybody is told of the verdict.
async fn store(outcome: Outcome, bundle: &Arc<Bundle>, log: &TestLog, events: &Events) -> u8 {
    let Outcome { mut record, kept } = outcome;
    let started = Instant::now();
    let started_at = jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string();
    events.tell(Event::StageStarted {
        stage: Stage::Report,
    });
    if let Some(error) = log.take_error() {
        events.warn(format!("{} is not complete: {error}", log.path().display()));
    }
    record.stages.push(StageRecord {
        name: Stage::Report,
        status: StageStatus::Passed,
        started_at,
        duration_ms: 0,
        detail: String::new(),
    });
    let (stored, untidy) = write(&record, bundle).await;
    if let Some(untidy) = untidy {
        events.warn(format!("the results folder is not tidy: {untidy}"));
    }
    let (status, detail) = match &stored {
        Ok(()) => (StageStatus::Passed, String::new()),
        Err(error) => (StageStatus::Failed, error.clone()),
    };
    if let Err(error) = stored {
        // Lost it must not be: here is all of it.
        let text = serde_json::to_string(&record).unwrap_or_default();
        anstream::println!("{text}");
        events.warn(format!(
            "the record could not be stored ({error}); it is printed above"
        ));
        if record.verdict == Verdict::Passed {
            record.verdict = Verdict::InternalError;
            record.exit_code = exit_code(Verdict::InternalError, None);
        }
    }
    events.tell(Event::StageEnded {
        stage: Stage::Report,
        status,
        duration: started.elapsed(),
        detail,
    });
    let code = record.exit_code;
    record.duration_ms = record.duration_ms.saturating_add(millis(started.elapsed()));
    events.tell(Event::RunFinished {
        record: Box::new(record),
        bundle: shown(bundle),
        kept,
    });
    code
}

/// Writes the record; then `latest` and old runs, which change no verdict when they can't be seen to.
async fn write(record: &Record, bundle: &Arc<Bundle>) -> (Result<(), String>, Option<String>) {
    let (record, bundle) = (record.clone(), Arc::clone(bundle));
    let written = tokio::task::spawn_blocking(move || {
        let stored = bundle.write_record(&record);
        let tidied = bundle
            .mark_latest()
            .and_then(|()| bundle.prune(bundle::KEPT_RUNS));
        (stored, tidied)
    });
    match written.await {
        Ok((stored, tidied)) => (
            stored.map_err(|error| error.to_string()),
            tidied.err().map(|error| error.to_string()),
        ),
        Err(error) => (Err(error.to_string()), None),
    }
}

/// The bundle's path as people would type it here.
fn shown(bundle: &Bundle) -> std::path::PathBuf {
    let folder = std::env::current_dir().unwrap_or_default();
    let dir = bundle.dir();
    dir.strip_prefix(&folder).unwrap_or(dir).to_owned()
}

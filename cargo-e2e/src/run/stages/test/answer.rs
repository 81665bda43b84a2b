//! Handles arguments that only ask the tests, such as `-- --list`: compiles the test targets, and
//! brings nothing up.

use std::time::Instant;

use e2e_harness::protocol;

use crate::host::client::{self, Dropped, Ended};
use crate::plan::Plan;
use crate::record::event::{Event, Events};
use crate::record::outcome::{Stage, StageStatus, Verdict};
use crate::run::StageError;

use super::compile::Compiler;
use super::probe_binary::ANSWER;
use super::target::{BuiltTarget, command};

/// Compiles the test targets, and prints their answers; see `only_asks`. Events are those of the
/// compile stage.
///
/// # Errors
/// When a target does not compile, is not a harness, or does not answer; the reporters have shown
/// it already.
pub async fn answer(plan: &Plan, events: &Events) -> Result<(), StageError> {
    let began = Instant::now();
    let stage = Stage::Compile;
    events.emit(Event::begin(stage));
    let compiled = Compiler::new(plan, events, None).compile().await;
    let (status, detail) = match &compiled {
        Ok(_) => (StageStatus::Passed, String::new()),
        Err(error) => {
            events.emit(Event::Failure(error.failure(stage)));
            (StageStatus::Failed, error.message.clone())
        }
    };
    events.emit(Event::StageEnded {
        stage,
        status,
        duration: began.elapsed(),
        detail,
    });
    for built in &compiled? {
        if let Err(error) = answer_of(plan, events, built).await {
            events.emit(Event::Failure(error.failure(Stage::Test)));
            return Err(error);
        }
    }
    Ok(())
}

async fn answer_of(plan: &Plan, events: &Events, built: &BuiltTarget) -> Result<(), StageError> {
    let mut command = command(plan, built);
    // Otherwise it would report every test as ignored, because there is no sandbox.
    command.env(protocol::E2E, "1");
    let ended = client::program(command, None, Dropped::Kills, ANSWER, &mut |bytes| {
        events.emit(Event::TestOutput {
            bytes: bytes.to_vec(),
        });
    })
    .await;
    let name = &built.target.name;
    let failed = |why: String| {
        StageError::new(
            Verdict::Failed,
            format!("the test target `{name}` failed to answer: {why}"),
        )
    };
    match ended {
        Ok(Ended::Status(0)) => Ok(()),
        Ok(Ended::Status(status)) => Err(failed(format!("exit status {status}"))),
        Ok(Ended::TimedOut) => Err(failed(format!("no response within {} s", ANSWER.as_secs()))),
        Err(error) => Err(failed(error.to_string())
            .help("`--list` and `--help` run on this machine: compile the tests for it")),
    }
}

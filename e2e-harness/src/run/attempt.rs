//! One try of a test, in this process.

use std::time::{Duration, Instant};

use super::test_thread::TestThread;
use crate::body::{self, End};
use crate::chain;
use crate::control::Session;
use crate::environment::run_folder;
use crate::error::Error;
use crate::health;
use crate::lock;
use crate::protocol::record::{Entry, Status};
use crate::recorder::{Recorder, milliseconds, now};
use crate::registry::Definition;
use crate::sandbox::Sandbox;
use crate::stack::Stack;

/// Why a try failed.
pub(super) struct Failure {
    pub(super) why: String,
    /// It asked for what `cargo e2e` alone can do, and that does not run the tests.
    pub(super) lacks_control: bool,
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self {
            why,
            lacks_control: false,
        }
    }
}

/// Why it failed, if it did. `begun` is called when its time begins to count.
pub(super) fn run(
    name: &str,
    test: &'static Definition,
    attempt: u32,
    recorder: &Recorder,
    begun: impl FnOnce(),
) -> Option<Failure> {
    let locks = lock::take(&run_folder(), test.options.serial, test.options.exclusive);
    recorder.write(&Entry::TestStarted {
        test: name.to_owned(),
        attempt,
        at: now(),
    });
    let started = Instant::now();
    let failure = match (&locks, body::runtime()) {
        (Err(error), _) => Some(test.place(&chain(error)).into()),
        (Ok(_), Err(error)) => {
            Some(format!("failed to start an async runtime for the test: {error}").into())
        }
        (Ok(_), Ok(runtime)) => {
            let failure = runtime.block_on(drive(name, test, recorder, begun));
            runtime.shutdown_background();
            failure
        }
    };
    let why = failure.as_ref().map(|failure| failure.why.as_str());
    recorder.write(&ended(name, attempt, started.elapsed(), why));
    // Recorded before anybody who waits for this test begins.
    drop(locks);
    failure
}

/// The record of a try's end.
pub(super) fn ended(name: &str, attempt: u32, took: Duration, failure: Option<&str>) -> Entry {
    let message = match failure {
        Some(why) => Some(why.to_owned()),
        None if attempt > 1 => Some(format!("passed on attempt {attempt}")),
        None => None,
    };
    Entry::TestEnded {
        test: name.to_owned(),
        attempt,
        status: Status::of(failure),
        duration_ms: milliseconds(took),
        message,
        at: now(),
    }
}

async fn drive(
    name: &str,
    test: &'static Definition,
    recorder: &Recorder,
    begun: impl FnOnce(),
) -> Option<Failure> {
    let options = &test.options;
    let sandbox = match Sandbox::of_test(name, options.exclusive, recorder.clone()) {
        Ok(sandbox) => sandbox,
        Err(error) => return Some(chain(&error).into()),
    };
    let mut wrong: Vec<String> = Vec::new();
    let mut panicked = false;
    if let Err(error) = ready(sandbox.stack(), options.needs).await {
        wrong.push(chain(&error));
        wrong.extend(put_back(&sandbox).await);
    } else {
        begun();
        let deadline = Instant::now() + options.timeout;
        match TestThread::start(name, test, sandbox.clone()) {
            Err(error) => wrong.push(format!("failed to start a thread for the test: {error}")),
            Ok(mut thread) => {
                let end = thread.end(deadline).await;
                panicked = matches!(end, End::Panicked(_));
                let why = judge(end, options.should_panic, options.timeout.as_secs_f64());
                wrong.extend(why.map(|why| match sandbox.failed_step() {
                    Some(step) => format!("at step `{step}`: {why}"),
                    None => why,
                }));
                // Before fixtures close, which may need a service that the test stopped.
                wrong.extend(put_back(&sandbox).await);
                wrong.extend(thread.close().await);
            }
        }
        // A fixture may have changed the stack while it closed.
        let session = sandbox.stack().any_session();
        if session.is_some_and(Session::is_changed) {
            wrong.extend(put_back(&sandbox).await);
        }
    }
    sandbox.finish();
    if wrong.is_empty() {
        return None;
    }
    let why = wrong.join("\n");
    Some(Failure {
        // A panic has a place of its own.
        why: if panicked { why } else { test.place(&why) },
        lacks_control: sandbox.stack().lacks_control(),
    })
}

/// Puts back what the test changed of the stack; returns what went wrong.
async fn put_back(sandbox: &Sandbox) -> Option<String> {
    let session = sandbox.stack().any_session()?;
    session.restore().await.err().map(|error| chain(&error))
}

async fn ready(stack: &Stack, needs: Option<&[&str]>) -> Result<(), Error> {
    stack.begin().await?;
    health::needs(stack, needs).await
}

fn judge(end: End, should_panic: Option<&str>, limit: f64) -> Option<String> {
    match (end, should_panic) {
        (End::Passed, None) => None,
        (End::Passed, Some(_)) => Some("it should panic, but did not".to_owned()),
        (End::Panicked(message), Some(expected)) if message.contains(expected) => None,
        (End::Panicked(message), Some(expected)) => Some(format!(
            "it should panic with `{expected}`, but panicked with: {message}"
        )),
        (End::Panicked(message), None) => Some(format!("panicked: {message}")),
        (End::Failed(message), Some(_)) => {
            Some(format!("it should panic, but returned an error: {message}"))
        }
        (End::Failed(message), None) => Some(message),
        (End::TimedOut { left_behind, doing }, _) => {
            let blocks = if left_behind {
                "; it blocks, so its thread could not be stopped"
            } else {
                ""
            };
            Some(format!("timed out after {limit} s{doing}{blocks}"))
        }
        (End::NotStarted(why), _) => Some(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_passes_only_where_it_is_expected() {
        let panic = || End::Panicked("no such row, at src/a.rs:1:2".to_owned());
        assert_eq!(judge(panic(), Some(""), 1.0), None);
        assert_eq!(judge(panic(), Some("such row"), 1.0), None);
        let other = judge(panic(), Some("other"), 1.0).unwrap();
        assert!(
            other.contains("`other`") && other.contains("src/a.rs:1:2"),
            "{other}"
        );
        let failed = judge(End::Failed("refused".into()), Some(""), 1.0).unwrap();
        assert_eq!(failed, "it should panic, but returned an error: refused");
        assert!(judge(End::Passed, Some(""), 1.0).is_some());
        let late = End::TimedOut {
            left_behind: false,
            doing: ", while stopping service web (0.4 s)".to_owned(),
        };
        assert_eq!(
            judge(late, Some(""), 0.5).unwrap(),
            "timed out after 0.5 s, while stopping service web (0.4 s)"
        );
    }
}

//! One try of a test, in this process.

use std::time::{Duration, Instant};

use crate::body::{self, End, catching};
use crate::error::{Error, chain};
use crate::fixture::Fixtures;
use crate::health;
use crate::lock;
use crate::protocol::record::{Entry, Status};
use crate::recorder::{Recorder, milliseconds, now};
use crate::registry::Definition;
use crate::sandbox::{Sandbox, run_folder};

/// Why it failed, if it did. `begun` is called when its time begins to count.
pub(super) fn run(
    name: &str,
    test: &'static Definition,
    attempt: u32,
    recorder: &Recorder,
    begun: impl FnOnce(),
) -> Option<String> {
    let locks = lock::take(&run_folder(), &test.options);
    recorder.write(&Entry::TestStarted {
        test: name.to_owned(),
        attempt,
        at: now(),
    });
    let started = Instant::now();
    let failure = match (&locks, body::runtime()) {
        (Err(error), _) => Some(chain(error)),
        (Ok(_), Err(error)) => Some(format!("no async runtime for the test: {error}")),
        (Ok(_), Ok(runtime)) => {
            let failure = runtime.block_on(drive(name, test, recorder, begun));
            runtime.shutdown_background();
            failure
        }
    };
    recorder.write(&ended(name, attempt, started.elapsed(), failure.as_deref()));
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
        status: if failure.is_some() {
            Status::Failed
        } else {
            Status::Passed
        },
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
) -> Option<String> {
    let options = &test.options;
    let sandbox = match Sandbox::of_test(name, options.exclusive, recorder.clone()) {
        Ok(sandbox) => sandbox,
        Err(error) => return Some(chain(&error)),
    };
    let mut wrong: Vec<String> = Vec::new();
    if let Err(error) = ready(&sandbox, options.needs).await {
        wrong.push(chain(&error));
    } else {
        begun();
        let mut fixtures = Fixtures::of(sandbox.clone());
        wrong.extend(with_fixtures(name, test, &sandbox, &mut fixtures).await);
        wrong.extend(fixtures.close().await);
    }
    if let Some(session) = sandbox.any_session()
        && let Err(error) = session.restore().await
    {
        wrong.push(chain(&error));
    }
    (!wrong.is_empty()).then(|| wrong.join("\n"))
}

async fn ready(sandbox: &Sandbox, needs: Option<&[&str]>) -> Result<(), Error> {
    sandbox.begin().await?;
    health::needs(sandbox, needs).await
}

async fn with_fixtures(
    name: &str,
    test: &'static Definition,
    sandbox: &Sandbox,
    fixtures: &mut Fixtures,
) -> Option<String> {
    let options = &test.options;
    let deadline = Instant::now() + options.timeout;
    let limit = options.timeout.as_secs_f64();
    let making = tokio::time::timeout(options.timeout, catching((test.prepare)(fixtures))).await;
    let body = match making {
        Ok(Ok(Ok(body))) => body,
        Ok(Ok(Err(why))) => return Some(why),
        Ok(Err(panic)) => return Some(format!("panicked in a fixture: {panic}")),
        Err(_) => return Some(format!("timed out after {limit} s, making its fixtures")),
    };
    let end = body::run(name, body, deadline).await;
    let why = judge(end, options.should_panic, limit)?;
    Some(match sandbox.failed_step() {
        Some(step) => format!("at step `{step}`: {why}"),
        None => why,
    })
}

fn judge(end: End, should_panic: Option<&str>, limit: f64) -> Option<String> {
    match (end, should_panic) {
        (End::Passed, None) => None,
        (End::Passed, Some(_)) => Some("it should panic, and did not".to_owned()),
        (End::Panicked(message), Some(expected)) if message.contains(expected) => None,
        (End::Panicked(message), Some(expected)) => Some(format!(
            "it should panic with `{expected}`, but panicked with: {message}"
        )),
        (End::Panicked(message), None) => Some(format!("panicked: {message}")),
        (End::Failed(message), Some(_)) => {
            Some(format!("it should panic, but returned an error: {message}"))
        }
        (End::Failed(message), None) => Some(message),
        (End::TimedOut { left_behind: false }, _) => Some(format!("timed out after {limit} s")),
        (End::TimedOut { left_behind: true }, _) => Some(format!(
            "timed out after {limit} s; it blocks, so its thread could not be stopped"
        )),
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
        assert!(judge(End::TimedOut { left_behind: false }, Some(""), 0.5).is_some());
    }
}

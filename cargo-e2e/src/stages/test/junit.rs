//! What the repo's own JUnit file says of its tests.

use std::time::SystemTime;

use e2e_harness::protocol::record::{Entry, Status};

use crate::host::quote;
use crate::junit;
use crate::outcome::{StageStatus, TestRecord};
use crate::spec::Side;
use crate::stages::Context;

/// A shell command that removes an older one, which git may have sent along.
pub(super) fn removal(context: &Context<'_>) -> String {
    match &context.plan.spec.junit {
        Some(path) => {
            let file = format!("{}/{path}", context.sandbox.repo_dir());
            format!("rm -f -- {}\n", quote(&file))
        }
        None => String::new(),
    }
}

/// The tests in it; none where none is asked for, or it can't be read, which is said. A file on
/// this machine counts when it was written `since`.
pub(super) async fn counted(context: &Context<'_>, since: SystemTime) -> Option<Vec<TestRecord>> {
    let path = context.plan.spec.junit.as_ref()?;
    let got = match (&context.plan.spec.test_service, context.plan.tests_on) {
        // The folder that it shares with the host.
        (Some(_), _) => on_host(context, &format!("collected/artifacts/{path}")).await,
        (None, Side::Host) => on_host(context, &format!("repo/{path}")).await,
        (None, Side::Client) => here(context, path, since).await,
    };
    let read = got.and_then(|text| {
        if text.is_empty() {
            return Err("the tests did not write it".to_owned());
        }
        let text = String::from_utf8_lossy(&text);
        // Before messages are cut: half a secret would not be known.
        let text = context.events.secrets().text(&text).into_owned();
        let tests = junit::read(&text).map_err(|error| error.to_string())?;
        Ok((tests, text))
    });
    let counted = read.inspect_err(|why| {
        context
            .events
            .warn(format!("`junit`: {path} tells nothing: {why}"));
    });
    let (tests, text) = counted.ok()?;
    let began = jiff::Timestamp::try_from(since).unwrap_or_default();
    let times = junit::times(&text, (began, jiff::Timestamp::now()));
    tell(context, &tests, &times).await;
    Some(tests)
}

/// Writes down when each test ran, as tests of the harness do themselves.
async fn tell(context: &Context<'_>, tests: &[TestRecord], times: &[junit::Time]) {
    let mut lines = String::new();
    for time in times {
        let Some(test) = tests.iter().find(|test| test.name == time.test) else {
            continue;
        };
        let status = match test.status {
            StageStatus::Passed => Status::Passed,
            StageStatus::Skipped => continue,
            StageStatus::Failed | StageStatus::Interrupted => Status::Failed,
        };
        for entry in [
            Entry::TestStarted {
                test: test.name.clone(),
                attempt: 1,
                at: time.from.to_string(),
            },
            Entry::TestEnded {
                test: test.name.clone(),
                attempt: 1,
                status,
                duration_ms: test.duration_ms,
                message: None,
                at: time.to.to_string(),
            },
        ] {
            lines += &serde_json::to_string(&entry).unwrap_or_default();
            lines.push('\n');
        }
    }
    if !lines.is_empty() {
        // It is for the timeline alone; a full disk is told of with the record.
        let _ = tokio::fs::write(context.bundle.join(junit::TIMES), lines).await;
    }
}

async fn on_host(context: &Context<'_>, file: &str) -> Result<Vec<u8>, String> {
    let got = context.sandbox.get(context.host, file).await;
    got.map_err(|error| error.to_string())
}

async fn here(context: &Context<'_>, path: &str, since: SystemTime) -> Result<Vec<u8>, String> {
    let file = context.plan.repo.root.join(path);
    let written = tokio::fs::metadata(&file)
        .await
        .and_then(|data| data.modified());
    match written {
        Ok(written) if written >= since => {
            let read = tokio::fs::read(&file).await;
            read.map_err(|error| error.to_string())
        }
        _ => Ok(Vec::new()),
    }
}

//! What the repo's own JUnit file says of its tests.

use std::time::SystemTime;

use crate::host::quote;
use crate::junit;
use crate::outcome::TestRecord;
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
        junit::read(&text).map_err(|error| error.to_string())
    });
    read.inspect_err(|why| {
        context
            .events
            .warn(format!("`junit`: {path} tells nothing: {why}"));
    })
    .ok()
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

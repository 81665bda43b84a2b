//! The end of a sandbox, whoever asks for it.

use std::time::Duration;

use crate::host::{self, Host, HostError, Script};

use super::check;

/// What a teardown came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Whether there was anything to remove.
    pub found: bool,
    /// What is left: `container NAME`, ….
    pub left: Vec<String>,
}

const BODY: &str = concat!(
    include_str!("../host/sh/sandbox.sh"),
    include_str!("../host/sh/arm.sh"),
    include_str!("../host/sh/sweep.sh"),
    include_str!("../host/sh/teardown.sh")
);

/// Removes a sandbox with everything it made.
///
/// # Errors
/// When the host is lost or teardown does not end; then nothing is known, and trying again is
/// always safe.
pub async fn teardown(
    host: &dyn Host,
    root: &str,
    run_id: &str,
    deadline: Duration,
) -> Result<Removed, HostError> {
    let script = Script::new("teardown", BODY)
        .var("root", root)
        .var("id", run_id);
    let output = check(
        host,
        &script,
        host::run(host, &script, b"", deadline).await?,
    )?;
    let text = output.text();
    let left: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("left "))
        .map(crate::text::printable)
        .collect();
    Ok(Removed {
        found: !left.is_empty() || text.lines().any(|line| line == "found"),
        left,
    })
}

//! A single try of a health check, for tests that ask for it.

use std::time::Duration;

use crate::compose::Published;
use crate::host::{Host, HostError, lines};
use crate::sandbox::Sandbox;
use crate::spec::HealthCheck;

use super::calls::probe_calls;

/// An `exec` probe may take 30 s.
const ANSWER: Duration = Duration::from_secs(40);

/// Runs a check once; returns whether it passed, and the answer.
pub async fn once(
    host: &dyn Host,
    sandbox: &Sandbox,
    check: &HealthCheck,
    published: &[Published],
    reachable: bool,
) -> Result<(bool, String), HostError> {
    let calls = probe_calls(std::slice::from_ref(check), published, reachable);
    let mut probe = lines(host, &sandbox.probe_script(&calls)).await?;
    // The probe repeats until it is dropped; the first answer is enough.
    let line = tokio::time::timeout(ANSWER, probe.next())
        .await
        .map_err(|_| HostError::TimedOut {
            host: host.name().to_owned(),
            doing: "the health check",
            after: ANSWER,
        })?
        .ok_or_else(|| HostError::Lost {
            host: host.name().to_owned(),
            doing: "the health check",
        })?;
    let mut words = line.splitn(4, ' ').skip(1);
    let passed = words.next() == Some("pass");
    let said = crate::text::printable(words.nth(1).unwrap_or_default());
    Ok((passed, said))
}

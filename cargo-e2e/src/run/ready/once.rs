//! One health check, made once: for tests that ask.

use std::time::Duration;

use crate::compose::Published;
use crate::host::{Host, HostError, lines};
use crate::sandbox::Sandbox;
use crate::spec::HealthCheck;

use super::calls::probe_calls;

/// An `exec` probe may take 30 s.
const ANSWER: Duration = Duration::from_secs(40);

/// Makes a check once: whether it passed, and what was answered.
///
/// # Errors
/// When the host is lost, or gives no answer.
pub async fn once(
    host: &dyn Host,
    sandbox: &Sandbox,
    check: &HealthCheck,
    published: &[Published],
    reachable: bool,
) -> Result<(bool, String), HostError> {
    let calls = probe_calls(std::slice::from_ref(check), published, reachable);
    let mut probe = lines(host, &sandbox.probe_script(&calls)).await?;
    // It goes on trying until it is dropped; the first answer is what was asked for.
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

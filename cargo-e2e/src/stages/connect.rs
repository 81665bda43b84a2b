//! Reach the host, and see that it has what is needed.

use std::time::Duration;

use crate::host::{Facts, Host, Purpose, preflight};
use crate::outcome::Verdict;

use super::{Done, Trouble};

/// Looks at a host that was reached.
pub async fn look(host: &dyn Host) -> Result<Done<Facts>, Trouble> {
    let facts = preflight(host, Purpose::Run).await?;
    let detail = format!(
        "{}Engine {}.{}, Compose {}.{}",
        if host.is_local() { "" } else { "ssh, " },
        facts.engine.0,
        facts.engine.1,
        facts.compose.0,
        facts.compose.1
    );
    Ok(Done::new(facts, detail))
}

/// Gives up on a host that neither lets in nor refuses.
pub async fn within(
    limit: Duration,
    work: impl Future<Output = Result<Done<Facts>, Trouble>>,
) -> Result<Done<Facts>, Trouble> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        let message = format!(
            "the host did not let us in and answer within {} s",
            limit.as_secs()
        );
        let help = "CARGO_E2E_CONNECT_TIMEOUT=SECONDS gives it more; `cargo e2e doctor` shows how far it comes";
        Err(Trouble::new(Verdict::HostError, message).help(help))
    })
}

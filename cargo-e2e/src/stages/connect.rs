//! Reach the host, and see that it has what is needed.

use crate::host::{Facts, Host, Purpose, preflight};

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

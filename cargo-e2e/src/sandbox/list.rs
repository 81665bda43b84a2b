//! The sandboxes on a host, as `list` shows them.

use crate::host::{Host, HostError, Script};

use super::{is_run_id, succeed};

/// A sandbox as `list` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub run_id: String,
    /// When it expires, in seconds since 1970 by the host's clock.
    pub expires: u64,
    /// The host's clock.
    pub now: u64,
    pub containers: u32,
    /// What was written down when it was made.
    pub about: serde_json::Value,
}

impl Listed {
    /// Returns the e2e.yml that it is of, where that is another file than e2e/e2e.yml.
    #[must_use]
    pub fn spec(&self) -> Option<&str> {
        self.about["spec"].as_str()
    }
}

/// This user's sandboxes on a host.
pub async fn list(host: &dyn Host, root: &str) -> Result<Vec<Listed>, HostError> {
    let script = Script::new("list", include_str!("../host/sh/sandboxes.sh")).var("root", root);
    let output = succeed(host, &script, b"").await?;
    Ok(output.text().lines().filter_map(parse_listed).collect())
}

pub(super) fn parse_listed(line: &str) -> Option<Listed> {
    let mut words = line.splitn(5, ' ');
    let run_id = words.next().filter(|id| is_run_id(id))?.to_owned();
    Some(Listed {
        run_id,
        expires: words.next()?.parse().ok()?,
        now: words.next()?.parse().ok()?,
        containers: words.next()?.parse().ok()?,
        about: serde_json::from_str(words.next()?).unwrap_or_default(),
    })
}

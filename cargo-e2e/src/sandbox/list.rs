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
    /// When it was made, by the host's clock; 0 where that is not known.
    pub created: u64,
    pub state: ListedState,
    pub containers: Counts,
    /// What was written down when it was made.
    pub about: serde_json::Value,
}

/// What becomes of a sandbox now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListedState {
    /// The run that made it is in it.
    Running,
    /// It was left up.
    Kept,
    /// It was left up, and a run is in it.
    InUse,
    /// It is being taken down.
    Removing,
}

/// How many containers there are, and how they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub all: u32,
    pub running: u32,
    pub healthy: u32,
    pub unhealthy: u32,
    /// Those whose health is not known yet.
    pub starting: u32,
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
    let mut words = line.splitn(11, ' ');
    let run_id = words.next().filter(|id| is_run_id(id))?.to_owned();
    let (expires, now) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let created = words.next()?.parse().ok()?;
    let state = match words.next()? {
        "running" => ListedState::Running,
        "kept" => ListedState::Kept,
        "in_use" => ListedState::InUse,
        "removing" => ListedState::Removing,
        _ => return None,
    };
    let mut count = || words.next()?.parse::<u32>().ok();
    let containers = Counts {
        all: count()?,
        running: count()?,
        healthy: count()?,
        unhealthy: count()?,
        starting: count()?,
    };
    Some(Listed {
        run_id,
        expires,
        now,
        created,
        state,
        containers,
        about: serde_json::from_str(words.next()?).unwrap_or_default(),
    })
}

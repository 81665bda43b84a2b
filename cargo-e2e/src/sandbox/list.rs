//! The sandboxes on a host, as `list` shows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::host::{Facts, Host, HostError};
use crate::record::outcome::Usage;

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
    /// Its place in the host's queue; 0 when its turn has come.
    pub place: u32,
    pub containers: Counts,
    /// What they use: memory now, and CPU time so far.
    pub usage: Usage,
    /// What was written down when it was made.
    pub about: serde_json::Value,
}

/// What becomes of it now: the run that made it waits for a turn; that is in it; it was left up; it was left up and a run
/// is in it; it is being taken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SandboxState")]
pub enum ListedState {
    Waiting,
    Running,
    Kept,
    InUse,
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
    pub fn spec(&self) -> Option<&str> {
        self.about["spec"].as_str()
    }
}

/// The sandboxes on a host.
#[derive(Debug, Default)]
pub struct Listing {
    /// This user's.
    pub own: Vec<Listed>,
    /// How many other users have there.
    pub others: u32,
}

/// Lists the sandboxes on a host.
pub async fn list(host: &dyn Host, facts: &Facts) -> Result<Listing, HostError> {
    let text = ask(host, facts, "").await?;
    let others = text.lines().find_map(|line| line.strip_prefix("others "));
    Ok(Listing {
        own: text.lines().filter_map(parse_listed).collect(),
        others: others.and_then(|number| number.parse().ok()).unwrap_or(0),
    })
}

/// Lists this user's sandboxes on a host by their folders alone: `containers` and `usage` are zero.
pub async fn list_folders(host: &dyn Host, facts: &Facts) -> Result<Vec<Listed>, HostError> {
    let text = ask(host, facts, "yes").await?;
    Ok(text.lines().filter_map(parse_listed).collect())
}

async fn ask(host: &dyn Host, facts: &Facts, brief: &str) -> Result<String, HostError> {
    let script = script!("list", "queue", "usage", "sandboxes")
        .var("root", &facts.root)
        .var("id", "")
        .var("engine_id", &facts.engine_id)
        .var("brief", brief);
    Ok(succeed(host, &script, b"").await?.text())
}

pub(super) fn parse_listed(line: &str) -> Option<Listed> {
    let mut words = line.splitn(14, ' ');
    let run_id = words.next().filter(|id| is_run_id(id))?.to_owned();
    let (expires, now) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let created = words.next()?.parse().ok()?;
    let state = serde_json::from_value(words.next()?.into()).ok()?;
    let mut count = || words.next()?.parse::<u32>().ok();
    let place = count()?;
    let containers = Counts {
        all: count()?,
        running: count()?,
        healthy: count()?,
        unhealthy: count()?,
        starting: count()?,
    };
    let mut amount = || words.next()?.parse::<u64>().ok();
    let usage = Usage {
        memory_kb: amount()?,
        cpu_ms: amount()?,
    };
    Some(Listed {
        run_id,
        expires,
        now,
        created,
        state,
        place,
        containers,
        usage,
        about: serde_json::from_str(words.next()?).unwrap_or_default(),
    })
}

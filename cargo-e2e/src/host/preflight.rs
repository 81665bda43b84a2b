//! Everything that a host has and lacks, in one look and one message.

mod judge;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};
use std::time::Duration;

use super::{Host, HostError, Output, Script, run};

const DEADLINE: Duration = Duration::from_secs(30);

/// What later stages need to know of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The tool's folder on the host, without symlinks.
    pub root: String,
    /// Machine architecture as `uname -m` says it.
    pub arch: String,
    /// `gnu` or `musl`.
    pub libc: String,
    /// The user's number on the host.
    pub uid: u32,
    /// The host's own name, for records.
    pub hostname: String,
    /// Docker's data folder; empty where the engine does not say.
    pub engine_root: String,
    /// Docker Engine version, major and minor.
    pub engine: (u32, u32),
    /// Compose version, major and minor.
    pub compose: (u32, u32),
    /// Whether `::1` exists, so that ports can be published there too.
    pub ipv6: bool,
    /// Whether its curl speaks HTTP/2, which `grpc` checks need.
    pub http2: bool,
    /// Whether containers' own addresses can be reached (not in rootless mode).
    pub rootless: bool,
}

/// One thing that makes a host unusable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    fix: {}", self.what, self.fix)
    }
}

/// The text of [`HostError::Unusable`].
pub(super) fn unusable(host: &str, problems: &[Problem]) -> String {
    let mut text = format!("`{host}` can't run sandboxes yet:");
    for problem in problems {
        let _ = write!(text, "\n  - {problem}");
    }
    text
}

/// What a host is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A run: it must have all.
    Run,
    /// To list or remove sandboxes, which must be possible on a host whose disk is full.
    Remove,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What, such as `rsync` or `free space`.
    pub name: &'static str,
    /// What came out.
    pub finding: Finding,
}

/// What came out of a look at one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It is as it should be: a version, a path, an amount.
    Fine(String),
    /// A run goes without it, and does something less or otherwise.
    Less(String),
    /// A run can't go without it.
    Missing(Problem),
}

impl Check {
    /// What makes the host unusable, if this does.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match &self.finding {
            Finding::Missing(problem) => Some(problem),
            Finding::Fine(_) | Finding::Less(_) => None,
        }
    }
}

/// A host, looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// All that was looked at. What can't be known, because something before it is missing, is
    /// left out.
    pub checks: Vec<Check>,
    /// What later stages need to know; only of use when no check is missing.
    pub facts: Facts,
}

impl Examined {
    /// Everything that makes it unusable.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.checks
            .iter()
            .filter_map(Check::problem)
            .cloned()
            .collect()
    }

    /// Whether one of these problems is that the tool's folder has too little room.
    #[must_use]
    pub fn lacks_room(&self) -> bool {
        self.checks
            .iter()
            .any(|check| judge::ROOM.contains(&check.name) && check.problem().is_some())
    }

    /// What is known of a host that can be used.
    ///
    /// # Errors
    /// [`HostError::Unusable`] with every problem found.
    pub fn usable(self, host: &str) -> Result<Facts, HostError> {
        let problems = self.problems();
        if problems.is_empty() {
            return Ok(self.facts);
        }
        Err(HostError::Unusable {
            host: host.to_owned(),
            problems,
        })
    }
}

/// Looks at a host once.
///
/// # Errors
/// What kept the look from happening.
pub async fn examine(host: &dyn Host, purpose: Purpose) -> Result<Examined, HostError> {
    let script = Script::new("preflight", include_str!("sh/preflight.sh"));
    let output = run(host, &script, b"", DEADLINE).await?;
    Ok(Examined {
        checks: judge::checks(&output, host.name(), purpose),
        facts: facts(&output),
    })
}

/// Looks at a host once and says everything that is missing.
///
/// # Errors
/// [`HostError::Unusable`] with every problem found, or what kept the look from happening.
pub async fn preflight(host: &dyn Host, purpose: Purpose) -> Result<Facts, HostError> {
    examine(host, purpose).await?.usable(host.name())
}

fn facts(output: &Output) -> Facts {
    Facts {
        root: output.value("root"),
        arch: output.value("arch"),
        libc: output.value("libc"),
        uid: output.value("uid").parse().unwrap_or_default(),
        hostname: output.value("hostname"),
        engine_root: output.value("engine_root"),
        engine: version(&output.value("engine")).unwrap_or_default(),
        compose: version(&output.value("compose")).unwrap_or_default(),
        http2: output.value("http2") == "yes",
        ipv6: output.value("ipv6") == "yes",
        rootless: output.value("rootless") == "yes",
    }
}

/// Major and minor of `20.10.24+dfsg1`, `v2.26.1-4`, ….
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text
        .trim_start_matches('v')
        .split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

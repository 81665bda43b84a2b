//! Everything that a host has and lacks, in one look and one message.

pub(super) mod finding;
mod judge;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::{Host, HostError, Output, Script, WaitingShell, run};

pub use finding::{Check, Finding, Problem, Purpose};

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
    /// Docker's data folder; empty where the engine does not say.
    pub engine_root: String,
    /// The engine's own name for itself; empty where it does not say.
    pub engine_id: String,
    /// The engine's socket; empty where it has none on the host.
    pub engine_socket: String,
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
    /// Whether one of its problems is that the tool's folder has too little room.
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
        let problems = self.checks.iter().filter_map(Check::problem);
        let problems: Vec<Problem> = problems.cloned().collect();
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
pub async fn examine(host: &dyn Host, purpose: Purpose) -> Result<Examined, HostError> {
    let output = run(host, &script(), b"", DEADLINE).await?;
    Ok(examined(host, &output, purpose))
}

/// Looks at a host once, and returns the shell that may go on there, where it can be had.
pub async fn examine_and_wait(
    host: &dyn Host,
    purpose: Purpose,
) -> Result<(Examined, Option<WaitingShell>), HostError> {
    let (output, shell) = WaitingShell::after(host, &script(), DEADLINE).await?;
    Ok((examined(host, &output, purpose), shell))
}

fn script() -> Script {
    Script::new("preflight", include_str!("sh/preflight.sh"))
}

fn examined(host: &dyn Host, output: &Output, purpose: Purpose) -> Examined {
    Examined {
        checks: judge::checks(output, host.name(), purpose),
        facts: facts(output),
    }
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
        engine_root: output.value("engine_root"),
        engine_id: output.value("engine_id"),
        engine_socket: output
            .value("endpoint")
            .strip_prefix("unix://")
            .unwrap_or_default()
            .to_owned(),
        engine: judge::version(&output.value("engine")).unwrap_or_default(),
        compose: judge::version(&output.value("compose")).unwrap_or_default(),
        http2: output.value("http2") == "yes",
        ipv6: output.value("ipv6") == "yes",
        rootless: output.value("rootless") == "yes",
    }
}

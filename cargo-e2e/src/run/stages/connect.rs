//! Connects to the host, and checks that it has what the run needs.

use std::fmt::Write as _;
use std::time::Duration;

use crate::host::{
    Examined, Facts, Host, HostError, Problem, Purpose, WaitingShell, examine, examine_and_wait,
};
use crate::probe::Probe;
use crate::record::outcome::Verdict;
use crate::run::{StageError, StageOutput};
use crate::sandbox::{Forgotten, Stored, make_room};
use crate::spec::{HealthCheck, Spec};
use crate::text::count;
use crate::units::kilobytes;

/// Checks a connected host for a run of this spec, and returns the shell there that may go on with it.
pub async fn look(
    host: &dyn Host,
    spec: &Spec,
) -> Result<StageOutput<(Facts, Option<WaitingShell>)>, StageError> {
    let (examined, shell) = examine_and_wait(host, Purpose::Run).await?;
    let judged = judge(host, spec, examined).await?;
    Ok(judged.map(|facts| (facts, shell)))
}

/// Checks a host by what was found there, and makes room where it lacks some.
pub async fn judge(
    host: &dyn Host,
    spec: &Spec,
    mut examined: Examined,
) -> Result<StageOutput<Facts>, StageError> {
    let mut made = Vec::new();
    if examined.lacks_room() {
        // Caches on the host are no reason to refuse this run: they are removed first.
        made = make_room(host, &examined.facts.root).await?;
        examined = examine(host, Purpose::Run).await?;
    }
    let facts = examined.usable(host.name())?;
    let asks_grpc = |check: &HealthCheck| matches!(check.probe, Probe::Grpc(_));
    if !facts.http2 && spec.health_checks.iter().any(asks_grpc) {
        return Err(HostError::Unusable {
            host: host.name().to_owned(),
            problems: vec![Problem {
                what: "its curl has no HTTP/2, which this repo's `grpc` health checks need".to_owned(),
                fix: "on the host: install a curl whose `curl -V` lists HTTP2 (your distribution's has it), or use \
                      `tcp` or `exec` in e2e.yml"
                    .to_owned(),
            }],
        }
        .into());
    }
    let mut detail = format!(
        "{}Engine {}.{}, Compose {}.{}",
        if host.is_local() { "" } else { "ssh, " },
        facts.engine.0,
        facts.engine.1,
        facts.compose.0,
        facts.compose.1
    );
    let freed: Vec<u64> = made.iter().filter_map(freed).collect();
    if !freed.is_empty() {
        let _ = write!(
            detail,
            ", {} removed for {} of room",
            count(freed.len(), "old workspace"),
            kilobytes(freed.iter().sum())
        );
    }
    Ok(StageOutput::new(facts, detail))
}

fn freed(one: &Stored) -> Option<u64> {
    match one.fate {
        Forgotten::Gone { kb, .. } => Some(kb),
        Forgotten::InUse | Forgotten::Left => None,
    }
}

/// Gives up on a host that neither accepts nor refuses.
pub async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<StageOutput<T>, StageError>>,
) -> Result<StageOutput<T>, StageError> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        let message = format!(
            "no response from the host within {} s",
            limit.as_secs()
        );
        let help = "CARGO_E2E_CONNECT_TIMEOUT=SECONDS raises the limit; `cargo e2e doctor` checks the host";
        Err(StageError::new(Verdict::HostError, message).help(help))
    })
}

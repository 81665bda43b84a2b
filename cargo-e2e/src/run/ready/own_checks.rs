//! The containers' own health checks, run by the host when something new listens in a container. Docker
//! runs them once a second, which is long for a run that waits. Docker still does, and may say the same sooner.
//! `ready` asks which have passed.

use crate::compose::is_heavy;
use crate::host::{Host, HostError, Lines, lines};
use crate::sandbox::{Container, Containers, OwnCheck, Sandbox};
use crate::shell::quote;

/// Those that had not passed at the first look.
pub(super) struct OwnChecks {
    lines: Option<Lines>,
    /// Of which container each is.
    ids: Vec<String>,
}

impl OwnChecks {
    pub(super) async fn start(
        host: &dyn Host,
        sandbox: &Sandbox,
        containers: &Containers,
    ) -> Result<Self, HostError> {
        // One that costs a second of a core is left to Docker.
        let light = |check: &OwnCheck| !is_heavy(&check.command.join(" "));
        let checks = containers.own_checks();
        let checks: Vec<_> = checks.filter(|(_, check)| light(check)).collect();
        let call = |(index, (container, check)): (usize, &(&Container, OwnCheck))| {
            format!(
                "own_check {index} {} {} {} {} {} &\n",
                quote(&container.id),
                quote(&container.service),
                check.seconds,
                quote(&serde_json::json!(check.command).to_string()),
                checks.len(),
            )
        };
        let calls: Vec<String> = checks.iter().enumerate().map(call).collect();
        let ids: Vec<String> = checks.iter().map(|(one, _)| one.id.clone()).collect();
        let lines = if ids.is_empty() {
            None
        } else {
            Some(lines(host, &sandbox.probe_script(&calls.concat())).await?)
        };
        Ok(Self { lines, ids })
    }

    /// Returns the id of the next container whose check has passed. Where none is left, Docker's word
    /// decides, and this waits without end.
    pub(super) async fn next(&mut self) -> String {
        while let Some(lines) = &mut self.lines {
            let Some(line) = lines.next().await else {
                self.lines = None;
                break;
            };
            let mut words = line.split(' ');
            let id = words.next().and_then(|index| index.parse::<usize>().ok());
            if let (Some(id), Some("pass")) = (id.and_then(|id| self.ids.get(id)), words.next()) {
                return id.clone();
            }
        }
        std::future::pending().await
    }
}

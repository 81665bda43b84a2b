//! The two scripts that tell `ready` what goes on: one looks at containers, one runs the health checks once it
//! is told to. `up` starts them while the last containers start.

use crate::compose::Published;
use crate::host::{Host, HostError, Lines, lines};
use crate::sandbox::Sandbox;
use crate::spec::HealthCheck;

use super::calls::probe_calls;

/// What they print. They end when this is dropped.
pub struct Watching {
    pub(super) looks: Lines,
    pub(super) probes: Lines,
}

impl Watching {
    /// Starts them. `reachable` is whether the host reaches containers at their own addresses: an engine in
    /// rootless mode has a network namespace of its own.
    ///
    /// # Errors
    /// When the host is lost.
    pub async fn begin(
        host: &dyn Host,
        sandbox: &Sandbox,
        checks: &[HealthCheck],
        published: &[Published],
        reachable: bool,
    ) -> Result<Self, HostError> {
        let calls = probe_calls(checks, published, reachable);
        // A container that is asked before it has started loses the question, which TCP repeats after a second.
        let probe = sandbox.probe_script(&calls).var("told", "yes");
        let watch = sandbox.watch_script();
        let (looks, probes) = tokio::try_join!(lines(host, &watch), lines(host, &probe))?;
        Ok(Self { looks, probes })
    }

    /// Lets the health checks begin: the containers have started.
    pub(super) async fn started(&mut self) {
        // A script that has ended is noticed by who reads it.
        let _ = self.probes.say(b"go\n").await;
    }
}

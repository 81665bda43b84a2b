//! The two scripts that tell `ready` how the stack is: one looks at containers, one runs the health checks. `up`
//! starts them while the last containers start; they begin once they are told to.

use crate::compose::Published;
use crate::host::{Host, HostError, Lines, Script, lines};
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
        let told = |script: Script| script.var("told", "yes");
        let probe = told(sandbox.probe_script(&calls));
        let watch = told(sandbox.watch_script());
        let (looks, probes) = tokio::try_join!(lines(host, &watch), lines(host, &probe))?;
        Ok(Self { looks, probes })
    }

    /// Lets them begin: the containers have started. One that is asked before loses the question, which TCP
    /// repeats after a second, and what is seen of it would be old.
    pub(super) async fn started(&mut self) {
        for script in [&mut self.looks, &mut self.probes] {
            // One that has ended is noticed by who reads it.
            let _ = script.say(b"go\n").await;
        }
    }
}

//! What every stage after provision works with. The lifecycle makes it once for a run; stages read
//! it and hand it on. It knows no stage.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use crate::host::{Facts, Host, HostError};
use crate::plan::Plan;
use crate::record::event::Events;
use crate::repo::git::Origin;
use crate::sandbox::{Sandbox, State};

use super::Waited;

/// A run in its sandbox.
pub struct Context<'a> {
    pub plan: &'a Plan,
    pub host: &'a dyn Host,
    /// What preflight found out about the host.
    pub facts: &'a Facts,
    pub sandbox: &'a Sandbox,
    /// The state that the last `up` stored, in a sandbox that was up already.
    pub before: Option<&'a State>,
    pub events: &'a Events,
    /// Which repo it is, wherever it is checked out.
    pub origin: &'a Origin,
    /// Where a stage that waits for other runs says so.
    pub waited: &'a Waited,
    /// The folder on this machine for the result.
    pub bundle: PathBuf,
}

impl Context<'_> {
    /// Returns the same run with another plan, such as that of another attempt at its tests.
    pub fn with<'b>(&'b self, plan: &'b Plan) -> Context<'b> {
        Context {
            plan,
            bundle: self.bundle.clone(),
            ..*self
        }
    }

    /// Returns how far the host's clock is ahead of this machine's, or slightly less: the answer is
    /// older than its arrival.
    pub async fn clock_skew(&self) -> Result<SignedDuration, HostError> {
        if self.host.is_local() {
            return Ok(SignedDuration::ZERO);
        }
        let there = self.sandbox.clock(self.host).await?;
        let here = Timestamp::now();
        let there = Timestamp::from_nanosecond(there).unwrap_or(here);
        Ok(there.duration_since(here))
    }
}

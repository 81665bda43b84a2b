//! What every stage after provision works with. The lifecycle makes it once for a run; stages read
//! it and hand it on. It knows no stage.

use std::path::PathBuf;

use crate::host::{Facts, Host};
use crate::plan::Plan;
use crate::record::event::Events;
use crate::sandbox::{Sandbox, State};

/// A run in its sandbox.
pub struct Context<'a> {
    /// What to do.
    pub plan: &'a Plan,
    /// Where.
    pub host: &'a dyn Host,
    /// What is known of the host.
    pub facts: &'a Facts,
    /// The sandbox.
    pub sandbox: &'a Sandbox,
    /// What its last `up` wrote down, when it was up already.
    pub before: Option<&'a State>,
    /// Who is told.
    pub events: &'a Events,
    /// The folder on this machine where the result is kept.
    pub bundle: PathBuf,
}

impl Context<'_> {
    /// Returns how far the host's clock is ahead of this machine's; zero where the host does not
    /// say.
    pub async fn clock_skew(&self) -> jiff::SignedDuration {
        if self.host.is_local() {
            return jiff::SignedDuration::ZERO;
        }
        let Ok(there) = self.sandbox.clock(self.host).await else {
            return jiff::SignedDuration::ZERO;
        };
        let here = jiff::Timestamp::now();
        let there = jiff::Timestamp::from_nanosecond(there).unwrap_or(here);
        there.duration_since(here)
    }
}

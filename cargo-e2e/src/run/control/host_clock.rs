//! The host's clock, relative to this machine's.

use tokio::sync::OnceCell;

use crate::host::HostError;
use crate::run::Context;

/// Returns the host's time, and asks the host only once.
pub(super) struct HostClock<'a> {
    context: &'a Context<'a>,
    /// How far the host's clock is ahead, in nanoseconds.
    ahead: OnceCell<i128>,
}

impl<'a> HostClock<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        Self {
            context,
            ahead: OnceCell::new(),
        }
    }

    /// Returns the host's time or slightly earlier: seconds since 1970 with a fraction, in the form
    /// that Docker reads.
    pub(super) async fn now(&self) -> Result<String, HostError> {
        let ahead = *self.ahead.get_or_try_init(|| self.measure()).await?;
        let now = now() + ahead;
        Ok(format!(
            "{}.{:09}",
            now / 1_000_000_000,
            now.rem_euclid(1_000_000_000)
        ))
    }

    async fn measure(&self) -> Result<i128, HostError> {
        if self.context.host.is_local() {
            return Ok(0);
        }
        let said = self.context.sandbox.clock(self.context.host).await?;
        // The answer is older than its arrival, so the result is never ahead of the real time, and
        // no line of a log is lost.
        Ok(said - now())
    }
}

/// Returns nanoseconds since 1970, by this machine's clock.
fn now() -> i128 {
    jiff::Timestamp::now().as_nanosecond()
}

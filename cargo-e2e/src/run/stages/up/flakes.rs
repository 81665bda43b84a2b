//! Builds whose registry failed them for a moment are tried again, as pulls are. `up` asks it after each
//! failure.

use std::time::Instant;

use crate::run::{Context, StageError};
use crate::sandbox::pull;

use super::compose_output::flaked;

/// How often the registry of a build failed it.
pub(super) struct Flakes {
    began: Instant,
    count: usize,
}

impl Flakes {
    pub(super) fn new() -> Self {
        let began = Instant::now();
        Self { began, count: 0 }
    }

    /// Whether there is another try, waiting until it begins.
    pub(super) async fn another(&mut self, context: &Context<'_>, error: &StageError) -> bool {
        let Some(why) = flaked(error) else {
            return false;
        };
        self.count += 1;
        let left = context.plan.limits.up.saturating_sub(self.began.elapsed());
        let Some(pause) = pull::pause(self.count).filter(|pause| *pause < left) else {
            return false;
        };
        context.events.note(format!(
            "the registry failed a build: {why}; try {} begins in {:.1} s",
            self.count + 1,
            pause.as_secs_f64()
        ));
        tokio::time::sleep(pause).await;
        true
    }
}

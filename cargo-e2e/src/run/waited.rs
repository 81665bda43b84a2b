//! A wait for other runs in the middle of a stage, which the record has as a stage of its own.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::record::outcome::now;

/// What the stage that runs has waited for.
#[derive(Debug, Default)]
pub struct Waited(Mutex<Option<Wait>>);

#[derive(Debug, Clone)]
pub struct Wait {
    pub why: String,
    /// When it began first.
    pub started_at: String,
    /// The sum of the waits that have ended.
    took: Duration,
    /// The begin of the wait that has not ended.
    since: Option<Instant>,
}

impl Wait {
    /// Returns how long it took, and whether it came to its end.
    pub fn took(&self) -> (Duration, bool) {
        match self.since {
            Some(since) => (self.took + since.elapsed(), false),
            None => (self.took, true),
        }
    }
}

impl Waited {
    /// Begins a wait, and says for what.
    pub fn begins(&self, why: &str) {
        let mut wait = self.lock();
        let wait = wait.get_or_insert_with(|| Wait {
            why: String::new(),
            started_at: now(),
            took: Duration::ZERO,
            since: None,
        });
        why.clone_into(&mut wait.why);
        wait.since.get_or_insert_with(Instant::now);
    }

    /// Ends the wait, if there is one.
    pub fn ends(&self) {
        if let Some(wait) = self.lock().as_mut()
            && let Some(since) = wait.since.take()
        {
            wait.took += since.elapsed();
        }
    }

    /// Returns the waits of a stage that has ended, as one.
    pub fn take(&self) -> Option<Wait> {
        self.lock().take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Wait>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

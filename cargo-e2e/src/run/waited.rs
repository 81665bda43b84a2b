//! A wait for other runs in the middle of a stage, which the record has as a stage of its own.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::record::outcome::now;

/// What the stage that runs has waited for.
#[derive(Debug, Default)]
pub struct Waited(Mutex<Option<Wait>>);

#[derive(Debug, Clone)]
pub struct Wait {
    pub why: String,
    /// Its end, where it has come.
    pub until: Option<(Instant, String)>,
}

impl Waited {
    /// Says that the stage waits.
    pub fn begins(&self, why: &str) {
        let why = why.to_owned();
        *self.lock() = Some(Wait { why, until: None });
    }

    /// Says that it goes on.
    pub fn ends(&self) {
        if let Some(wait) = self.lock().as_mut() {
            wait.until = Some((Instant::now(), now()));
        }
    }

    /// Returns the wait of a stage that has ended.
    pub fn take(&self) -> Option<Wait> {
        self.lock().take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Wait>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

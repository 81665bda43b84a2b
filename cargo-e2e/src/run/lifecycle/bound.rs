//! A stage that ignores signals once it has begun.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::cancel::Cancel;

/// The moment from which a stage ignores signals.
pub(super) struct Bound {
    cancel: Cancel,
    begun: AtomicBool,
}

impl Bound {
    pub(super) fn of(cancel: &Cancel) -> Self {
        Self {
            cancel: cancel.clone(),
            begun: AtomicBool::new(false),
        }
    }

    /// Makes the stage ignore signals from here on; never returns when a signal came before.
    pub(super) async fn begin(&self) {
        if self.cancel.signal().is_some() {
            std::future::pending::<()>().await;
        }
        self.begun.store(true, Ordering::Relaxed);
    }

    pub(super) async fn cancelled(&self) {
        self.cancel.reached(1).await;
        if self.begun.load(Ordering::Relaxed) {
            self.cancel.reached(3).await;
        }
    }
}

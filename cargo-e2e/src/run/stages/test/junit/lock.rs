//! The lock on a working copy's `junit` file, from before the tests until the file is read: two
//! runs at once would read each other's file.
//!
//! It is `flock` on the repo's root, which needs no file of its own. The kernel releases it when
//! the client dies. A file in the folder of results names the holder to those who wait.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::host::client;
use crate::run::{Context, StageError};

/// A file in the folder of results.
const HOLDER: &str = ".junit-holder";
const LOOK: Duration = Duration::from_millis(200);

/// Released when dropped.
pub(super) struct Lock {
    root: Option<File>,
    holder: PathBuf,
}

impl Lock {
    /// Waits for its turn; returns `None` where the file system has no locks.
    ///
    /// # Errors
    /// When another run holds the lock longer than `timeouts.queue`, or `--no-wait` is set.
    pub(super) async fn take(
        context: &Context<'_>,
        path: &str,
    ) -> Result<Option<Self>, StageError> {
        let repo = &context.plan.repo;
        let holder = repo.results_dir.join(HOLDER);
        let unlocked = |error: std::io::Error| {
            let text = format!(
                "failed to lock the repo's folder: {error}; another run in it may write `junit` file {path}, too"
            );
            context.events.warn(text);
            Ok(None)
        };
        let root = match tokio::fs::File::open(&repo.root).await {
            Ok(root) => root.into_std().await,
            Err(error) => return unlocked(error),
        };
        let began = Instant::now();
        let mut told = String::new();
        loop {
            match root.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return unlocked(error),
                Err(TryLockError::WouldBlock) => {}
            }
            let other = tokio::fs::read_to_string(&holder).await;
            let other = other.unwrap_or_else(|_| "another run".to_owned());
            let held = format!("`junit` file {path} is held by {}", other.trim());
            if context.plan.options.no_wait || began.elapsed() >= context.plan.limits.queue {
                return Err(StageError::not_released(&held, context.plan));
            }
            if held != told {
                let limit = context.plan.limits.queue;
                context.events.waits_for(&held, "queue", limit);
                told = held;
            }
            tokio::time::sleep(LOOK).await;
        }
        let visitor = &context.sandbox.visitor;
        let who = format!("run {} of {}\n", visitor.run, visitor.who);
        // Only people read it.
        let _ = tokio::fs::write(&holder, who).await;
        Ok(Some(Self {
            root: Some(root),
            holder,
        }))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.holder);
        let (Some(root), Ok(runtime)) = (self.root.take(), Handle::try_current()) else {
            return;
        };
        // Tests that are being terminated may still write the file.
        runtime.spawn(async move {
            client::settled().await;
            drop(root);
        });
    }
}

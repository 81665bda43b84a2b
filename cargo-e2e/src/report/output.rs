//! What people and programs read of this process, and how it reaches them: whatever is written
//! goes into a queue, and a thread writes it. So no reader, be it a terminal that was stopped or a
//! pipe that nobody reads, holds up what runs. Where too much waits, what tests print and progress
//! are left out, and a line in their place says so.
//!
//! Reporters and commands write to its streams; what is written to them is masked already.

mod missed;
mod place;
mod queue;
mod status;
mod stream;
#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal, stderr, stdout};
use std::sync::Arc;
use std::time::Duration;

pub use missed::{Missed, Notice};
pub use status::Status;
pub use stream::{Channel, Stream};

use place::{Place, Target};

/// This process's stdout and stderr.
pub struct Output {
    out: Stream,
    err: Stream,
}

impl Output {
    /// Starts to write to them.
    #[must_use]
    pub fn start() -> Self {
        Self::to(Target::of(stdout()), Target::of(stderr()), same_place())
    }

    /// Streams that end in the same place share a queue, so that their lines stay in order.
    fn to(out: Target, err: Target, shared: bool) -> Self {
        let notice: Notice = Arc::new(|missed| format!("[cargo e2e: {}]\n", missed.sentence(None)));
        let stream = |place: &Arc<Place>, to| Stream {
            place: Arc::clone(place),
            to,
            notice: Arc::clone(&notice),
        };
        if shared {
            let place = Place::start(vec![out, err]);
            return Self {
                out: stream(&place, 0),
                err: stream(&place, 1),
            };
        }
        Self {
            out: stream(&Place::start(vec![out]), 0),
            err: stream(&Place::start(vec![err]), 0),
        }
    }

    /// Returns stdout.
    #[must_use]
    pub fn out(&self) -> Stream {
        self.out.clone()
    }

    /// Returns stderr.
    #[must_use]
    pub fn err(&self) -> Stream {
        self.err.clone()
    }

    /// Resolves when all is written, or its readers are gone.
    pub async fn drained(&self) {
        self.out.place.drained().await;
        self.err.place.drained().await;
    }

    /// Resolves when for so long nobody has read anything.
    pub async fn stalled(&self, patience: Duration) {
        let written = || self.out.place.written() + self.err.place.written();
        loop {
            let before = written();
            tokio::time::sleep(patience).await;
            if before == written() {
                return;
            }
        }
    }

    /// Returns whether stdout has a reader of its own, who has not read all.
    #[must_use]
    pub fn waits_for_stdout(&self) -> bool {
        !self.out.place.is_idle() && self.err.place.is_idle()
    }

    /// Returns why stdout is not whole, once. A reader that is gone is no reason: it has what it
    /// wanted. Nor is stderr, which nobody asked for, and where else could it be said?
    #[must_use]
    pub fn take_error(&self) -> Option<io::Error> {
        self.out.place.take_error(self.out.to)
    }
}

/// Whether stdout and stderr end in the same place, so that their lines meet.
pub(super) fn same_place() -> bool {
    if stdout().is_terminal() && stderr().is_terminal() {
        return true;
    }
    let places = (rustix::fs::fstat(stdout()), rustix::fs::fstat(stderr()));
    matches!(places, (Ok(out), Ok(err)) if out.st_dev == err.st_dev && out.st_ino == err.st_ino)
}

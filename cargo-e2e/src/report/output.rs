//! This process's stdout and stderr: writers put text into a queue, and a thread writes it. So no
//! reader holds up a run, be it a stopped terminal or a pipe that nobody reads. When too much
//! waits, test output and progress are left out, and a line in their place says so.
//!
//! Reporters and commands write to these streams; their text is masked already.

mod held;
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

pub use held::Held;
pub use missed::{Missed, Notice};
pub use status::{Row, Status};
pub use stream::{Channel, Stream};

use place::{Place, Target};

pub struct Output {
    out: Stream,
    err: Stream,
}

impl Output {
    /// Starts the threads that write.
    pub fn start() -> Self {
        Self::to(Target::of(stdout()), Target::of(stderr()), same_place())
    }

    /// Streams that go to the same place share a queue, so that their lines stay in order.
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

    pub fn out(&self) -> Stream {
        self.out.clone()
    }

    pub fn err(&self) -> Stream {
        self.err.clone()
    }

    /// Resolves when all is written, or its readers are gone.
    pub async fn drained(&self) {
        self.out.place.drained().await;
        self.err.place.drained().await;
    }

    /// Resolves when no reader has read anything for `patience`.
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

    /// Returns whether stdout has a reader of its own that has not read everything.
    pub fn waits_for_stdout(&self) -> bool {
        !self.out.place.is_idle() && self.err.place.is_idle()
    }

    /// Returns why stdout is incomplete, once. A reader that is gone is no error: it has all it
    /// wanted. Errors of stderr are not reported, since there is no other place to report them.
    #[must_use]
    pub fn take_error(&self) -> Option<io::Error> {
        self.out.place.take_error(self.out.to)
    }
}

/// Returns whether stdout and stderr go to the same place, so that their lines meet.
pub(super) fn same_place() -> bool {
    if stdout().is_terminal() && stderr().is_terminal() {
        return true;
    }
    let places = (rustix::fs::fstat(stdout()), rustix::fs::fstat(stderr()));
    matches!(places, (Ok(out), Ok(err)) if out.st_dev == err.st_dev && out.st_ino == err.st_ino)
}

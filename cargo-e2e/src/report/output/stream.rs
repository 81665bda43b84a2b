//! The ends at which reporters write.

use std::io::{self, Write};
use std::sync::Arc;

use super::missed::{Missed, Notice};
use super::place::Place;
use super::status::Status;

/// Where a reporter writes. Text that goes through [`Write`] is shown, however slow its reader is.
pub trait Channel: Write + Send {
    /// Writes text that may be left out for a slow reader, and returns whether it is shown.
    fn offer(&mut self, bytes: &[u8], _missed: Missed) -> bool {
        // A reader that is gone must not end the run: the sandbox has yet to be removed.
        let _ = self.write_all(bytes);
        true
    }

    /// Shows a line below all others on a live terminal; `None` removes it.
    fn status(&mut self, _status: Option<Status>) {}
}

impl Channel for io::Sink {}
impl Channel for Vec<u8> {}

impl<C: Channel + ?Sized> Channel for &mut C {
    fn offer(&mut self, bytes: &[u8], missed: Missed) -> bool {
        (**self).offer(bytes, missed)
    }

    fn status(&mut self, status: Option<Status>) {
        (**self).status(status);
    }
}

impl<C: Channel + ?Sized> Channel for Box<C> {
    fn offer(&mut self, bytes: &[u8], missed: Missed) -> bool {
        (**self).offer(bytes, missed)
    }

    fn status(&mut self, status: Option<Status>) {
        (**self).status(status);
    }
}

/// One of the process's streams. Writing never waits and never fails: see [`super::Output`].
#[derive(Clone)]
pub struct Stream {
    pub(super) place: Arc<Place>,
    pub(super) to: usize,
    pub(super) notice: Notice,
}

impl Stream {
    /// Returns the same stream with this text for gaps.
    #[must_use]
    pub fn announcing(mut self, notice: Notice) -> Self {
        self.notice = notice;
        self
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.place.keep(self.to, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Channel for Stream {
    fn offer(&mut self, bytes: &[u8], missed: Missed) -> bool {
        self.place.offer(self.to, bytes, missed, &self.notice)
    }

    fn status(&mut self, status: Option<Status>) {
        self.place.status(self.to, status);
    }
}

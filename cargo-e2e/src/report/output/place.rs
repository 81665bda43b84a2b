//! One place, such as a terminal or a pipe: its queue, and the thread that writes.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::watch;

use super::missed::{Missed, Notice};
use super::queue::{Piece, Queue};
use super::status::Status;

/// A pipe takes this much at once; smaller steps show sooner that its reader reads.
const STEP: usize = 4096;
/// The width of a terminal that does not report one.
const COLUMNS: usize = 80;

/// The queue of a place. Writers never wait for readers.
pub(super) struct Place {
    state: Mutex<State>,
    work: Condvar,
    progress: watch::Sender<Progress>,
}

#[derive(Default)]
struct State {
    queue: Queue,
    /// The status line, and the stream that shows it.
    status: Option<(usize, Status)>,
    /// Why a stream is incomplete.
    errors: Vec<(usize, io::Error)>,
}

/// The state of the thread.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    written: u64,
    /// Nothing waits, and nothing is being written.
    idle: bool,
}

impl Place {
    /// Starts to write to these streams of one place.
    pub(super) fn start(streams: Vec<Target>) -> Arc<Self> {
        let place = Arc::new(Self {
            state: Mutex::default(),
            work: Condvar::new(),
            progress: watch::Sender::default(),
        });
        let writer = Writer {
            place: Arc::clone(&place),
            streams,
            drawn: None,
            last: Instant::now(),
            line_begins: true,
        };
        // The thread ends with the process: until then there may be more to write.
        std::thread::spawn(move || writer.run());
        place
    }

    pub(super) fn keep(&self, to: usize, bytes: &[u8]) {
        if !bytes.is_empty() {
            let mut state = self.lock();
            state.queue.keep(to, bytes);
            self.wake(&state);
        }
    }

    pub(super) fn offer(&self, to: usize, bytes: &[u8], missed: Missed, notice: &Notice) -> bool {
        let mut state = self.lock();
        let added = state.queue.offer(to, bytes, missed, notice);
        self.wake(&state);
        added
    }

    pub(super) fn status(&self, to: usize, status: Option<Status>) {
        let mut state = self.lock();
        state.status = status.map(|status| (to, status));
        self.wake(&state);
    }

    /// Returns why a stream is incomplete, once.
    pub(super) fn take_error(&self, of: usize) -> Option<io::Error> {
        let errors = &mut self.lock().errors;
        let found = errors.iter().position(|(to, _)| *to == of)?;
        Some(errors.swap_remove(found).1)
    }

    pub(super) fn written(&self) -> u64 {
        self.progress.borrow().written
    }

    pub(super) fn is_idle(&self) -> bool {
        self.progress.borrow().idle
    }

    /// Resolves when nothing waits.
    pub(super) async fn drained(&self) {
        // This place owns the sender, so it is never gone.
        let _ = self.progress.subscribe().wait_for(|now| now.idle).await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the thread. The caller holds the lock, so that nobody takes the thread for idle.
    fn wake(&self, _: &MutexGuard<'_, State>) {
        self.progress
            .send_if_modified(|now| std::mem::take(&mut now.idle));
        self.work.notify_one();
    }
}

/// A stream, as the thread uses it.
pub(super) struct Target {
    writer: Box<dyn Write + Send>,
    is_terminal: bool,
    /// Its reader is gone, or a write failed: no more is written.
    closed: bool,
}

impl Target {
    pub(super) fn of(stream: impl AsFd + IsTerminal + Send + 'static) -> Self {
        Self {
            is_terminal: stream.is_terminal(),
            writer: Box::new(Raw(stream)),
            closed: false,
        }
    }

    /// Returns a pipe that a test reads.
    #[cfg(test)]
    pub(super) fn to(writer: impl Write + Send + 'static) -> Self {
        Self {
            writer: Box::new(writer),
            is_terminal: false,
            closed: false,
        }
    }

    /// Writes the bytes, or returns the reason why not, once. A reader that is gone is no error.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let written = self.writer.write_all(bytes);
        self.closed = written.is_err();
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            // A terminal that is gone gives this error.
            Err(error) if self.is_terminal && Errno::from_io_error(&error) == Some(Errno::IO) => {
                Ok(())
            }
            other => other,
        }
    }
}

/// A stream without a buffer, so that text is written at once, not when the process ends.
struct Raw<F: AsFd>(F);

impl<F: AsFd> Write for Raw<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match rustix::io::write(&self.0, bytes) {
                Err(Errno::INTR) => {}
                // Another program, such as a shell's tool, made the shared stream non-blocking.
                Err(Errno::AGAIN) => {
                    let ready = PollFd::new(&self.0, PollFlags::OUT);
                    poll(&mut [ready], None).or_else(|error| match error {
                        Errno::INTR => Ok(0),
                        error => Err(error),
                    })?;
                }
                other => return Ok(other?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Task {
    Write(Piece),
    Draw(usize, Status),
    Beat(usize, Status),
    Erase,
}

/// The thread. Only it waits for readers, and never with the lock held.
struct Writer {
    place: Arc<Place>,
    streams: Vec<Target>,
    /// The stream that shows the status, and in how many lines.
    drawn: Option<(usize, usize)>,
    /// When something was written.
    last: Instant,
    /// The last byte was a newline.
    line_begins: bool,
}

impl Writer {
    fn run(mut self) {
        loop {
            match self.next() {
                Task::Write(Piece::Text { to, bytes }) => self.show(to, &bytes, true),
                Task::Write(Piece::Gap { to, missed, notice }) => {
                    let begin = if self.line_begins { "" } else { "\n" };
                    let text = format!("{begin}{}", notice(missed));
                    self.show(to, text.as_bytes(), false);
                }
                Task::Draw(to, status) => {
                    let columns = rustix::termios::tcgetwinsize(io::stderr())
                        .map_or(0, |size| usize::from(size.ws_col));
                    let columns = if columns == 0 { COLUMNS } else { columns };
                    let lines = status.lines(Instant::now(), columns);
                    let before = self.drawn.map_or(1, |(_, lines)| lines);
                    self.drawn = Some((to, lines.len()));
                    let mut text = up(before);
                    text += &lines.join("\x1b[K\r\n");
                    // What is left of more lines than these goes too.
                    self.write(to, (text + "\x1b[J").as_bytes());
                }
                Task::Beat(to, status) => {
                    let begin = if self.line_begins { "" } else { "\n" };
                    let text = format!("{begin}{}\n", status.line(Instant::now()));
                    self.show(to, text.as_bytes(), false);
                }
                Task::Erase => self.erase(),
            }
        }
    }

    /// Waits for the next task.
    fn next(&self) -> Task {
        let place = &self.place;
        let mut state = place.lock();
        loop {
            if let Some(piece) = state.queue.take() {
                return Task::Write(piece);
            }
            let until = match (&state.status, self.drawn) {
                (None, Some(_)) => return Task::Erase,
                (None, None) => None,
                // Not behind an unfinished line.
                (Some((_, status)), _) if status.live && !self.line_begins => None,
                (Some((to, status)), drawn) => {
                    let due = if status.live && drawn.is_none() {
                        Duration::ZERO
                    } else {
                        status.due(self.last.elapsed())
                    };
                    if due.is_zero() {
                        let task = if status.live { Task::Draw } else { Task::Beat };
                        return task(*to, status.clone());
                    }
                    Some(due)
                }
            };
            place
                .progress
                .send_if_modified(|now| !std::mem::replace(&mut now.idle, true));
            state = match until {
                None => place
                    .work
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let waited = place.work.wait_timeout(state, until);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Writes text in the place of the status line. `counted` are the bytes that the queue counts.
    fn show(&mut self, to: usize, text: &[u8], counted: bool) {
        self.erase();
        for step in text.chunks(STEP) {
            self.write(to, step);
            if counted {
                self.place.lock().queue.written(step.len());
            }
        }
        self.line_begins = text.ends_with(b"\n");
    }

    fn erase(&mut self) {
        if let Some((on, lines)) = self.drawn.take() {
            self.write(on, (up(lines) + "\x1b[J").as_bytes());
        }
    }

    fn write(&mut self, to: usize, bytes: &[u8]) {
        self.last = Instant::now();
        if let Err(error) = self.streams[to].write(bytes) {
            self.place.lock().errors.push((to, error));
        }
        self.place
            .progress
            .send_modify(|now| now.written += bytes.len() as u64);
    }
}

/// Returns what moves the cursor from the last of so many lines to the begin of the first.
fn up(lines: usize) -> String {
    match lines.saturating_sub(1) {
        0 => "\r".to_owned(),
        above => format!("\r\x1b[{above}A"),
    }
}

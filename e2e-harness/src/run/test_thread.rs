//! The thread of one try of a test, with the tokio runtime on which fixtures are made, an async test
//! runs and fixtures are closed.
//!
//! A thread, because what blocks in a test or a fixture must not keep `attempt.rs` from noticing
//! that time is up. The runtime runs until the fixtures are closed: what the test spawned, such as
//! the connections of a pool, is there when they close.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Mutex, PoisonError, mpsc};
use std::task::Poll;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::body::{self, End, catching};
use crate::doing::Doing;
use crate::fixture::{Fixtures, Made};
use crate::registry::Definition;
use crate::sandbox::Sandbox;

/// How long a test that is told to stop may take to unwind.
const UNWIND: Duration = Duration::from_secs(2);
/// How long blocking tasks that are left may take once the fixtures are closed.
const DRAIN: Duration = Duration::from_secs(1);
/// How often tasks that are left run once more, if they are ready.
const TURNS: u32 = 32;

/// A thread whose test is over, and what lets it end.
type Ended = (mpsc::Sender<()>, JoinHandle<()>);

/// The thread of the last test. It ends when another one takes its place, or by [`end_last`].
static LAST: Mutex<Option<Ended>> = Mutex::new(None);

/// Ends the thread of the last test: what its thread-locals do then may crash the process, which
/// counts, and so comes after the test's result is told.
pub(super) fn end_last() {
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((may_end, thread)) = last else {
        return;
    };
    drop(may_end);
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        let _ = thread.join();
        let _ = done.send(());
    });
    let _ = ended.recv_timeout(UNWIND);
}

/// A test that runs.
pub(super) struct TestThread {
    doing: Doing,
    made: Made,
    stop: Option<oneshot::Sender<()>>,
    ended: oneshot::Receiver<End>,
    close: Option<oneshot::Sender<()>>,
    closed: oneshot::Receiver<Vec<String>>,
    thread: Ended,
    /// It blocks, so its runtime can't be used any more.
    is_stuck: bool,
}

impl TestThread {
    /// Starts a test: first its fixtures, then the function.
    ///
    /// # Errors
    /// When there can be no thread or no runtime.
    pub(super) fn start(
        name: &str,
        test: &'static Definition,
        sandbox: Sandbox,
    ) -> io::Result<Self> {
        let runtime = body::runtime()?;
        let doing = Doing::default();
        let fixtures = Fixtures::of(sandbox);
        let made = fixtures.made();
        let (stop, stopped) = oneshot::channel();
        let (send_end, ended) = oneshot::channel();
        let (close, may_close) = oneshot::channel();
        let (send_closed, closed) = oneshot::channel();
        let (may_end, ends) = mpsc::channel();
        let (named, here, unclosed) = (name.to_owned(), doing.clone(), made.clone());
        let thread = thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || {
            here.install();
            let end = run(&runtime, &named, test, fixtures, &here, stopped);
            let is_awaited = send_end.send(end).is_ok();
            // What was spawned goes on while the stack is put back.
            if is_awaited && runtime.block_on(may_close).is_ok() {
                let wrong = runtime.block_on(async {
                    let wrong = unclosed.close().await;
                    drain().await;
                    wrong
                });
                runtime.shutdown_timeout(DRAIN);
                // Nobody listens any more when it took too long.
                if send_closed.send(wrong).is_ok() {
                    let _ = ends.recv();
                }
            } else {
                runtime.shutdown_background();
            }
        })?;
        Ok(Self {
            doing,
            made,
            stop: Some(stop),
            ended,
            close: Some(close),
            closed,
            thread: (may_end, thread),
            is_stuck: false,
        })
    }

    /// Waits for the test's end, or ends it at the deadline.
    pub(super) async fn end(&mut self, deadline: Instant) -> End {
        let left = deadline.saturating_duration_since(Instant::now());
        if let Ok(end) = tokio::time::timeout(left, &mut self.ended).await {
            return end.unwrap_or_else(|_| {
                self.is_stuck = true;
                End::NotStarted("the test's thread ended without a result".into())
            });
        }
        // Before it is stopped, which ends its waits.
        let doing = self.doing.clause();
        self.stop = None;
        let unwound = tokio::time::timeout(UNWIND, &mut self.ended).await;
        self.is_stuck = !matches!(unwound, Ok(Ok(_)));
        End::TimedOut {
            left_behind: match unwound {
                Ok(Ok(End::TimedOut { left_behind, .. })) => left_behind,
                Ok(Ok(_)) => false,
                _ => true,
            },
            doing,
        }
    }

    /// Closes the fixtures on the test's runtime, then ends that; returns what went wrong.
    pub(super) async fn close(mut self) -> Vec<String> {
        if self.is_stuck {
            // On this thread's runtime, because that of the test runs no more.
            self.close = None;
            return self.made.close().await;
        }
        let patience = self.made.patience() + DRAIN + UNWIND;
        if let Some(close) = self.close.take() {
            // The thread waits for it.
            let _ = close.send(());
        }
        match tokio::time::timeout(patience, self.closed).await {
            Ok(Ok(wrong)) => {
                let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
                *last = Some(self.thread);
                wrong
            }
            Ok(Err(_)) => vec!["closing fixtures: their thread ended without a result".to_owned()],
            Err(_) => vec![format!(
                "closing fixtures: they block, and did not end within {} s",
                patience.as_secs()
            )],
        }
    }
}

/// Runs a test until its end or until `stopped`.
fn run(
    runtime: &Runtime,
    name: &str,
    test: &'static Definition,
    mut fixtures: Fixtures,
    doing: &Doing,
    stopped: oneshot::Receiver<()>,
) -> End {
    let blocks = Cell::new(false);
    let course = async {
        match catching((test.prepare)(&mut fixtures)).await {
            Ok(Ok(body)) => body.run(name, doing, &blocks).await,
            Ok(Err(why)) => End::NotStarted(why),
            Err(panic) => End::NotStarted(format!("panicked in a fixture: {panic}")),
        }
    };
    // A value that is dropped when the test is stopped may panic.
    let end = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(unless_stopped(course, stopped))
    }));
    end.ok().flatten().unwrap_or_else(|| End::TimedOut {
        left_behind: blocks.get(),
        doing: String::new(),
    })
}

/// `None` when the sender of `stopped` goes first; the future is dropped then.
async fn unless_stopped<T>(
    future: impl Future<Output = T>,
    stopped: oneshot::Receiver<()>,
) -> Option<T> {
    let mut future = pin!(future);
    let mut stopped = pin!(stopped);
    poll_fn(|context| {
        if stopped.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// Lets tasks that are ready run on, such as the goodbye of a connection; one that waits for ever
/// costs no time.
async fn drain() {
    for _ in 0..TURNS {
        yield_now().await;
    }
}

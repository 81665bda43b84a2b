//! A test function with its arguments, run on a thread of its own.
//!
//! A thread, because both a blocking function and an async one that blocks must not keep the
//! harness from noticing that time is up.

use std::any::Any;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Once;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::doing::Doing;

/// How long a test that is told to stop may take to unwind.
const UNWIND: Duration = Duration::from_secs(2);

type Ended = Result<(), String>;

/// A test function with its arguments.
pub struct Body(Call);

enum Call {
    Blocking(Box<dyn FnOnce() -> Ended + Send>),
    Async(Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Ended>>> + Send>),
}

impl Body {
    /// Of an `fn`.
    pub fn blocking(call: impl FnOnce() -> Ended + Send + 'static) -> Self {
        Self(Call::Blocking(Box::new(call)))
    }

    /// Of an `async fn`.
    pub fn asynchronous<F>(call: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = Ended> + 'static,
    {
        Self(Call::Async(Box::new(|| Box::pin(call()))))
    }
}

/// How a test function ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It returned `()` or `Ok`.
    Passed,
    /// It returned `Err`.
    Failed(String),
    /// It panicked, with this message and place.
    Panicked(String),
    /// Time was up; whether its thread could not be stopped, and what it was doing.
    TimedOut { left_behind: bool, doing: String },
    /// It could not be started.
    NotStarted(String),
}

/// Runs a test function until the deadline.
pub(crate) async fn run(name: &str, body: Body, doing: &Doing, deadline: Instant) -> End {
    let (stop, stopped) = oneshot::channel::<()>();
    let (send, mut receive) = oneshot::channel();
    let thread = thread::Builder::new().name(name.to_owned());
    let can_stop = matches!(body.0, Call::Async(_));
    let here = doing.clone();
    let started = thread.spawn(move || {
        here.install();
        let end = call(body, stopped);
        // Nobody listens any more when the test was given up.
        let _ = send.send(end);
    });
    if let Err(error) = started {
        return End::NotStarted(format!("failed to start a thread for the test: {error}"));
    }
    let left = deadline.saturating_duration_since(Instant::now());
    if let Ok(end) = tokio::time::timeout(left, &mut receive).await {
        return end.unwrap_or_else(|_| {
            End::NotStarted("the test's thread ended without a result".into())
        });
    }
    // Before it is stopped, which ends its waits.
    let doing = doing.clause();
    drop(stop);
    let patience = if can_stop { UNWIND } else { Duration::ZERO };
    let unwound = tokio::time::timeout(patience, receive).await;
    End::TimedOut {
        left_behind: unwound.is_err(),
        doing,
    }
}

fn call(body: Body, stopped: oneshot::Receiver<()>) -> End {
    match body.0 {
        Call::Blocking(call) => ended(catch_unwind(AssertUnwindSafe(|| {
            Some(__rust_begin_short_backtrace(call))
        }))),
        Call::Async(call) => match runtime() {
            Ok(runtime) => {
                let end = ended(catch_unwind(AssertUnwindSafe(|| {
                    runtime.block_on(unless_stopped(call(), stopped))
                })));
                // Waits for nothing that the test left running.
                runtime.shutdown_background();
                end
            }
            Err(error) => End::NotStarted(format!(
                "failed to start an async runtime for the test: {error}"
            )),
        },
    }
}

/// Returns a runtime for one test, on the calling thread.
pub(crate) fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// `None` when the sender of `stopped` goes first; the future is dropped then.
async fn unless_stopped<T>(
    future: Pin<Box<dyn Future<Output = T>>>,
    stopped: oneshot::Receiver<()>,
) -> Option<T> {
    let mut future = future;
    let mut stopped = pin!(stopped);
    poll_fn(|context| {
        if stopped.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        __rust_begin_short_backtrace(|| future.as_mut().poll(context)).map(Some)
    })
    .await
}

/// Returns a backtrace ends at a function of this name, so that it shows the test and not the
/// harness.
#[inline(never)]
fn __rust_begin_short_backtrace<T>(call: impl FnOnce() -> T) -> T {
    let value = call();
    // Keeps this frame there: a tail call would replace it.
    std::hint::black_box(());
    value
}

fn ended(result: thread::Result<Option<Ended>>) -> End {
    match result {
        Ok(Some(Ok(()))) => End::Passed,
        Ok(Some(Err(message))) => End::Failed(message),
        Ok(None) => End::TimedOut {
            left_behind: false,
            doing: String::new(),
        },
        Err(payload) => End::Panicked(panic_message(payload.as_ref())),
    }
}

/// Awaits a future, and gives a panic's message when it panics.
pub(crate) async fn catching<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(payload) => Poll::Ready(Err(panic_message(payload.as_ref()))),
        },
    )
    .await
}

thread_local! {
    /// The last panic of this thread, with its place.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes where panics happen, beside whatever the hook does otherwise.
pub(crate) fn note_panics() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let earlier = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let message = info.payload_as_str().unwrap_or("a panic without a message");
            let place = info
                .location()
                .map_or_else(String::new, |place| format!(", at {place}"));
            // In the first line, which is all that a summary shows.
            let end = message.find('\n').unwrap_or(message.len());
            let (first, rest) = message.split_at(end);
            PANIC.set(Some(format!("{first}{place}{rest}")));
            earlier(info);
        }));
    });
}

/// Returns the message and place of the panic that this thread unwinds from, or caught last.
pub(crate) fn last_panic() -> Option<String> {
    PANIC.with_borrow(Clone::clone)
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    PANIC.take().unwrap_or_else(|| {
        let text = payload.downcast_ref::<&str>().map(ToString::to_string);
        text.or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned())
    })
}

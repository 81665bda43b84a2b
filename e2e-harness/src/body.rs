//! A test function with its arguments: an `async fn` runs on the runtime of its try, an `fn` on a
//! thread of its own beside it. What panics is caught, with its place and a short backtrace.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Once;
use std::task::Poll;
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::doing::Doing;

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

impl Body {
    /// Runs it on the runtime of the caller. An `fn` has a thread of its own, so that the runtime
    /// goes on beside it; `blocks` says whether that thread runs.
    pub(crate) async fn run(self, name: &str, doing: &Doing, blocks: &Cell<bool>) -> End {
        match self.0 {
            Call::Async(call) => ended(catching(call()).await),
            Call::Blocking(call) => {
                let (send, receive) = oneshot::channel();
                let thread = thread::Builder::new().name(name.to_owned());
                let here = doing.clone();
                let started = thread.spawn(move || {
                    here.install();
                    let call = AssertUnwindSafe(|| __rust_begin_short_backtrace(call));
                    let result = catch_unwind(call);
                    // Nobody listens any more when the test was given up.
                    let _ = send.send(ended(result.map_err(|panic| panic_message(panic.as_ref()))));
                });
                if let Err(error) = started {
                    let why = format!("failed to start a thread for the test: {error}");
                    return End::NotStarted(why);
                }
                blocks.set(true);
                let end = receive.await;
                blocks.set(false);
                end.unwrap_or_else(|_| {
                    End::NotStarted("the test's thread ended without a result".into())
                })
            }
        }
    }
}

/// Returns a runtime for one test, on the calling thread.
pub(crate) fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// A backtrace ends at a function of this name, so that it shows the test and not the harness.
#[inline(never)]
fn __rust_begin_short_backtrace<T>(call: impl FnOnce() -> T) -> T {
    let value = call();
    // Keeps this frame there: a tail call would replace it.
    std::hint::black_box(());
    value
}

fn ended(result: Result<Ended, String>) -> End {
    match result {
        Ok(Ok(())) => End::Passed,
        Ok(Err(message)) => End::Failed(message),
        Err(panic) => End::Panicked(panic),
    }
}

/// Awaits a future, and gives a panic's message when it panics.
pub(crate) async fn catching<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let poll = || __rust_begin_short_backtrace(|| future.as_mut().poll(context));
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(payload) => Poll::Ready(Err(panic_message(payload.as_ref()))),
        }
    })
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
            let place = info.location();
            let place = place.map_or_else(String::new, |place| format!(", at {place}"));
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

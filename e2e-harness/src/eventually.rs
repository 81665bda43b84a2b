//! Waiting for a condition, in a test's words.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll as Task};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep};

use crate::doing::{self, Waiting};
use crate::error::{BoxError, Error};
use crate::wait::{Patience, Poll};

const TIMEOUT: Duration = Duration::from_secs(30);

/// What one look at a condition can give.
///
/// `true`, `Some(value)` and [`Poll::Ready`] end the wait; `false`, `None` and [`Poll::NotYet`]
/// go on with it. Each can be inside a `Result`, whose error ends the wait at once.
#[diagnostic::on_unimplemented(
    message = "`eventually` can't wait for a `{Self}`",
    note = "the closure gives a `Poll<T>`, `Option<T>` or `bool`, or a `Result` of one of them"
)]
pub trait Look {
    /// What the wait gives.
    type Value;
    /// What ends it early.
    type Error: Into<BoxError>;
    /// Returns whether it came true.
    ///
    /// # Errors
    /// That it can't.
    fn look(self) -> Result<Poll<Self::Value>, Self::Error>;
}

fn of_option<T>(value: Option<T>) -> Poll<T> {
    value.map_or_else(|| Poll::NotYet("nothing there yet".to_owned()), Poll::Ready)
}

fn of_bool(value: bool) -> Poll<()> {
    if value {
        Poll::Ready(())
    } else {
        Poll::NotYet("false".to_owned())
    }
}

impl<T> Look for Poll<T> {
    type Value = T;
    type Error = Infallible;
    fn look(self) -> Result<Self, Infallible> {
        Ok(self)
    }
}
impl<T> Look for Option<T> {
    type Value = T;
    type Error = Infallible;
    fn look(self) -> Result<Poll<T>, Infallible> {
        Ok(of_option(self))
    }
}
impl Look for bool {
    type Value = ();
    type Error = Infallible;
    fn look(self) -> Result<Poll<()>, Infallible> {
        Ok(of_bool(self))
    }
}
impl<T, E: Into<BoxError>> Look for Result<Poll<T>, E> {
    type Value = T;
    type Error = E;
    fn look(self) -> Self {
        self
    }
}
impl<T, E: Into<BoxError>> Look for Result<Option<T>, E> {
    type Value = T;
    type Error = E;
    fn look(self) -> Result<Poll<T>, E> {
        self.map(of_option)
    }
}
impl<E: Into<BoxError>> Look for Result<bool, E> {
    type Value = ();
    type Error = E;
    fn look(self) -> Result<Poll<()>, E> {
        self.map(of_bool)
    }
}

/// Looks at `condition` until it comes true: 30 seconds long, first every 100 ms and then less
/// often, up to once a second, unless said otherwise.
///
/// A look that hangs is cut off when time is up. The error then says what was waited for, how
/// long, and what the last look found.
///
/// ```
/// use e2e_harness::{Poll, eventually};
/// use std::time::Duration;
///
/// # async fn rows() -> anyhow::Result<usize> { Ok(3) }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let count = eventually("three rows", || async {
///     Ok::<_, anyhow::Error>(match rows().await? {
///         3 => Poll::Ready(3),
///         other => Poll::NotYet(format!("{other} rows")),
///     })
/// })
/// .timeout(Duration::from_secs(5))
/// .interval(Duration::from_millis(20))
/// .await?;
/// assert_eq!(count, 3);
///
/// eventually("a port", || async { Some(8080) }).await?;
/// eventually("the truth", || async { true }).await?;
/// # anyhow::Ok(())
/// # })?;
/// # anyhow::Ok(())
/// ```
#[must_use = "it waits only when it is awaited"]
pub fn eventually<F, Fut>(what: impl Into<String>, condition: F) -> Eventually<F, Fut>
where
    F: FnMut() -> Fut,
    Fut: Future<Output: Look>,
{
    wait(format!("`{}`", what.into()), condition)
}

/// [`eventually`], with words of the harness in place of a label.
pub(crate) fn wait<F, Fut>(what: String, condition: F) -> Eventually<F, Fut> {
    Eventually {
        what,
        patience: Patience::of(TIMEOUT),
        condition,
        running: None,
    }
}

/// A wait, made by [`eventually`].
#[must_use = "it waits only when it is awaited"]
pub struct Eventually<F, Fut> {
    what: String,
    patience: Patience,
    condition: F,
    running: Option<Running<Fut>>,
}

impl<F, Fut> Eventually<F, Fut> {
    /// Gives up after this long.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.patience.timeout = timeout;
        self
    }

    /// Pauses this long between looks, always.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.patience.interval = interval;
        self.patience.max_interval = interval;
        self
    }

    /// Pauses `first` after the first look, then twice as long each time, up to `last`.
    pub fn backoff(mut self, first: Duration, last: Duration) -> Self {
        self.patience.interval = first;
        self.patience.max_interval = last;
        self
    }
}

struct Running<Fut> {
    started: Instant,
    deadline: Pin<Box<Sleep>>,
    pause: Duration,
    status: String,
    doing: Doing<Fut>,
    waiting: Waiting,
}

enum Doing<Fut> {
    Looking(Pin<Box<Fut>>),
    Pausing(Pin<Box<Sleep>>),
}

// Nothing in it is pinned in place: what must be, is in a box.
impl<F, Fut> Unpin for Eventually<F, Fut> {}

impl<F, Fut> Future for Eventually<F, Fut>
where
    F: FnMut() -> Fut,
    Fut: Future<Output: Look>,
{
    type Output = Result<<Fut::Output as Look>::Value, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Task<Self::Output> {
        let this = self.get_mut();
        let patience = this.patience;
        let running = this.running.get_or_insert_with(|| Running {
            started: Instant::now(),
            deadline: Box::pin(sleep(patience.timeout)),
            pause: patience.interval,
            status: "no response yet".to_owned(),
            doing: Doing::Looking(Box::pin((this.condition)())),
            waiting: doing::waiting(format!("waiting for {}", this.what)),
        });
        loop {
            match &mut running.doing {
                Doing::Looking(look) => {
                    if let Task::Ready(found) = look.as_mut().poll(context) {
                        match found.look() {
                            Ok(Poll::Ready(value)) => return Task::Ready(Ok(value)),
                            Ok(Poll::NotYet(status)) => {
                                running.waiting.status(&status);
                                running.status = status;
                            }
                            Err(error) => {
                                return Task::Ready(Err(Error::Failed {
                                    what: this.what.clone(),
                                    source: error.into(),
                                }));
                            }
                        }
                        running.doing = Doing::Pausing(Box::pin(sleep(running.pause)));
                        running.pause = (running.pause * 2).min(patience.max_interval);
                        continue;
                    }
                }
                Doing::Pausing(pause) => {
                    if pause.as_mut().poll(context).is_ready() {
                        running.doing = Doing::Looking(Box::pin((this.condition)()));
                        continue;
                    }
                }
            }
            if running.deadline.as_mut().poll(context).is_ready() {
                return Task::Ready(Err(Error::TimedOut {
                    what: this.what.clone(),
                    elapsed: running.started.elapsed(),
                    status: running.status.clone(),
                }));
            }
            return Task::Pending;
        }
    }
}

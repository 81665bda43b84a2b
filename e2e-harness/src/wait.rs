//! Waiting with a deadline that can say what it was still waiting for.

use std::future::Future;
use std::time::{Duration, Instant};

/// What one look at a condition found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Poll<T> {
    /// It holds.
    Ready(T),
    /// Not yet; the status is shown when time runs out.
    NotYet(String),
}

/// How long, and how often, to look.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Give up after this long.
    pub timeout: Duration,
    /// The first pause between two looks.
    pub interval: Duration,
    /// Pauses double up to this one.
    pub max_interval: Duration,
}

impl Patience {
    /// Looks every 100 ms at first, then less often, up to once a second.
    #[must_use]
    pub fn of(timeout: Duration) -> Self {
        Self {
            timeout,
            interval: Duration::from_millis(100),
            max_interval: Duration::from_secs(1),
        }
    }
}

/// Why a wait ended without its condition.
#[derive(Debug, thiserror::Error)]
pub enum WaitError<E> {
    /// Time ran out.
    #[error("{what} did not happen within {:.1} s; last status: {status}", elapsed.as_secs_f64())]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long the wait took.
        elapsed: Duration,
        /// The last answer, or that there was none.
        status: String,
    },
    /// The condition can't come true any more.
    #[error("{what} can no longer happen")]
    Failed {
        /// What was waited for.
        what: String,
        /// Why.
        #[source]
        source: E,
    },
}

/// Looks at `condition` until it is [`Poll::Ready`], fails, or time runs out.
///
/// A look that hangs is cut off at the deadline too.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use e2e_harness::wait::{poll, Patience, Poll};
/// use std::{convert::Infallible, time::Duration};
///
/// let mut looks = 0;
/// let answer = poll("the third look", Patience::of(Duration::from_secs(5)), || {
///     looks += 1;
///     let looks = looks;
///     async move {
///         Ok::<_, Infallible>(if looks < 3 { Poll::NotYet(format!("look {looks}")) } else { Poll::Ready(42) })
///     }
/// })
/// .await;
/// assert_eq!(answer.unwrap(), 42);
/// # });
/// ```
pub async fn poll<T, E, F, Fut>(
    what: impl Into<String>,
    patience: Patience,
    mut condition: F,
) -> Result<T, WaitError<E>>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Poll<T>, E>>,
{
    let what = what.into();
    let started = Instant::now();
    let mut pause = patience.interval;
    let mut status = "no response yet".to_owned();
    loop {
        let left = patience.timeout.saturating_sub(started.elapsed());
        match tokio::time::timeout(left, condition()).await {
            Ok(Ok(Poll::Ready(value))) => return Ok(value),
            Ok(Ok(Poll::NotYet(now))) => status = now,
            Ok(Err(source)) => return Err(WaitError::Failed { what, source }),
            Err(_) => {}
        }
        let elapsed = started.elapsed();
        if elapsed >= patience.timeout {
            return Err(WaitError::TimedOut {
                what,
                elapsed,
                status,
            });
        }
        tokio::time::sleep(pause.min(patience.timeout.saturating_sub(elapsed))).await;
        pause = (pause * 2).min(patience.max_interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short() -> Patience {
        Patience {
            timeout: Duration::from_millis(50),
            interval: Duration::from_millis(5),
            max_interval: Duration::from_millis(10),
        }
    }

    #[tokio::test]
    async fn a_timeout_tells_the_last_status() {
        let error = poll("the row", short(), || async {
            Ok::<Poll<()>, std::io::Error>(Poll::NotYet("0 rows".into()))
        })
        .await
        .expect_err("it never becomes ready");
        let text = error.to_string();
        assert!(
            text.starts_with("the row did not happen within 0.1 s"),
            "{text}"
        );
        assert!(text.ends_with("last status: 0 rows"), "{text}");
    }

    #[tokio::test]
    async fn a_look_that_hangs_is_cut_off() {
        let error = poll("an answer", short(), || {
            std::future::pending::<Result<Poll<()>, std::io::Error>>()
        })
        .await
        .expect_err("it hangs");
        assert!(error.to_string().ends_with("no response yet"), "{error}");
    }

    #[tokio::test]
    async fn a_failure_ends_the_wait_at_once() {
        let mut looks = 0;
        let error = poll("the table", Patience::of(Duration::from_mins(1)), || {
            looks += 1;
            async { Err::<Poll<()>, _>(std::io::Error::other("no such database")) }
        })
        .await
        .expect_err("it fails");
        assert!(matches!(error, WaitError::Failed { .. }));
        assert_eq!(looks, 1);
    }
}

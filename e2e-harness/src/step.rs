//! The steps of a test: each gives a line with its time, and a record.

use std::fmt::{self, Debug, Display};
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::body::last_panic;
use crate::doing;
use crate::exchange::{Exchanges, UnderWay};
use crate::protocol::record::{Entry, Status};
use crate::recorder::{Recorder, milliseconds, now};

tokio::task_local! {
    /// The names of the steps around what runs now.
    static AROUND: Vec<String>;
}

/// The steps of one try of a test.
pub(crate) struct Steps {
    test: String,
    recorder: Recorder,
    state: Mutex<State>,
    exchanges: Exchanges,
}

impl Debug for Steps {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Steps").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    /// Paths of the steps that began and have not ended.
    open: Vec<Vec<String>>,
    /// The innermost step that failed, until another one begins.
    failed: Option<Vec<String>>,
}

impl Steps {
    pub(crate) fn of(test: &str, recorder: Recorder) -> Self {
        Self {
            test: test.to_owned(),
            exchanges: Exchanges::of(test, recorder.clone()),
            recorder,
            state: Mutex::default(),
        }
    }

    pub(crate) fn test(&self) -> &str {
        &self.test
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the step at which the test failed, if it was at one: the innermost that is open, or
    /// failed with no other begun since.
    pub(crate) fn at(&self) -> Option<String> {
        let state = self.state();
        let open = state.open.iter().max_by_key(|path| path.len());
        state.failed.as_ref().or(open).map(|path| path.join(" > "))
    }

    /// Begins a request, such as `POST /orders`, inside the steps around it.
    pub(crate) fn request(&self, name: String) -> UnderWay<'_> {
        let around = AROUND.try_with(Vec::len).unwrap_or_default();
        let depth = u32::try_from(around).unwrap_or(u32::MAX);
        self.exchanges.begin(name, depth)
    }

    /// Completes the record: no request comes any more.
    pub(crate) fn finish(&self) {
        self.exchanges.interrupt();
    }

    pub(crate) async fn run<T, E: Display>(
        &self,
        name: &str,
        future: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut path = AROUND.try_with(Clone::clone).unwrap_or_default();
        path.push(name.to_owned());
        let step = Open::begin(self, path.clone());
        let result = AROUND.scope(path, future).await;
        step.end(result.as_ref().err().map(|error| format!("{error:#}")));
        result
    }
}

/// A step that runs. Dropped without an end, it panicked or was cut off.
struct Open<'a> {
    steps: &'a Steps,
    path: Vec<String>,
    started: Instant,
    ended: bool,
}

impl<'a> Open<'a> {
    fn begin(steps: &'a Steps, path: Vec<String>) -> Self {
        let step = Self {
            steps,
            path,
            started: Instant::now(),
            ended: false,
        };
        steps.exchanges.interrupt();
        steps.recorder.write(&Entry::StepStarted {
            test: steps.test.clone(),
            step: step.name(),
            depth: step.depth(),
            at: now(),
        });
        doing::note(None);
        let mut state = steps.state();
        state.failed = None;
        state.open.push(step.path.clone());
        step
    }

    fn name(&self) -> String {
        self.path.last().cloned().unwrap_or_default()
    }

    fn depth(&self) -> u32 {
        u32::try_from(self.path.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    fn end(mut self, failure: Option<String>) {
        self.finish(failure);
    }

    fn finish(&mut self, failure: Option<String>) {
        self.ended = true;
        doing::note(Some(format!("step `{}` ended", self.name())));
        let took = self.started.elapsed();
        let word = if failure.is_some() { "FAILED" } else { "ok" };
        let indent = "  ".repeat(self.path.len());
        eprintln!(
            "  {indent}{} ... {word} {:.2} s",
            self.name(),
            took.as_secs_f64()
        );
        let mut state = self.steps.state();
        state.open.retain(|path| *path != self.path);
        if failure.is_some() && state.failed.is_none() {
            state.failed = Some(self.path.clone());
        }
        drop(state);
        self.steps.exchanges.interrupt();
        self.steps.recorder.write(&Entry::StepEnded {
            test: self.steps.test.clone(),
            step: self.name(),
            depth: self.depth(),
            status: Status::of(failure.as_deref()),
            duration_ms: milliseconds(took),
            message: failure,
        });
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let why = if std::thread::panicking() {
            last_panic().unwrap_or_else(|| "it panicked".to_owned())
        } else {
            "it was cut off".to_owned()
        };
        self.finish(Some(why));
    }
}

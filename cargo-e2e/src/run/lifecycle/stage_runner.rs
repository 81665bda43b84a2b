//! Keeps the books of a run: each stage begins, ends and is told of, in one place.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::cancel::Cancel;
use crate::host::HostError;
use crate::record::event::{Event, Events};
use crate::record::outcome::{Stage, StageRecord, StageStatus, Verdict, millis};
use crate::run::{StageError, StageOutput};
use crate::sandbox::LeaseLost;

pub(super) use crate::record::outcome::now;

/// Why a run does not go on.
#[derive(Debug)]
pub(super) enum Stopped {
    /// A stage failed.
    Failed(StageError),
    /// A signal came.
    Cancelled,
    /// What ran beside it failed, and is the reason.
    Halted,
}

impl Stopped {
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self::Failed(error) => error.verdict,
            Self::Cancelled | Self::Halted => Verdict::Interrupted,
        }
    }
}

/// The stages so far.
pub(super) struct StageRunner<'a> {
    events: &'a Events,
    cancel: &'a Cancel,
    lease: Option<watch::Receiver<Option<LeaseLost>>>,
    records: Vec<StageRecord>,
    halt: watch::Sender<bool>,
}

/// When something began.
#[derive(Debug, Clone)]
pub(super) struct Began {
    at: String,
    instant: Instant,
}

impl Began {
    pub(super) fn now() -> Self {
        Self {
            at: now(),
            instant: Instant::now(),
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.instant.elapsed()
    }
}

/// From where on signals leave a stage alone.
pub(super) struct Bound {
    cancel: Cancel,
    begun: AtomicBool,
}

impl Bound {
    /// From here on; never returns when a signal came before.
    pub(super) async fn begin(&self) {
        if self.cancel.signal().is_some() {
            std::future::pending::<()>().await;
        }
        self.begun.store(true, Ordering::Relaxed);
    }

    async fn cancelled(&self) {
        self.cancel.reached(1).await;
        if self.begun.load(Ordering::Relaxed) {
            self.cancel.reached(3).await;
        }
    }
}

impl<'a> StageRunner<'a> {
    pub(super) fn new(events: &'a Events, cancel: &'a Cancel) -> Self {
        Self {
            events,
            cancel,
            lease: None,
            records: Vec::new(),
            halt: watch::Sender::new(false),
        }
    }

    /// Ends the stage that runs when it is set to true, and the next ones until it is not.
    pub(super) fn halt(&self) -> watch::Sender<bool> {
        self.halt.clone()
    }

    /// Stages from here on end when the lease does; only teardown does not need one.
    pub(super) fn under(&mut self, lease: watch::Receiver<Option<LeaseLost>>) {
        self.lease = Some(lease);
    }

    /// Resolves when there is no lease any more.
    async fn lease_lost(&self) -> StageError {
        if let Some(mut lease) = self.lease.clone()
            && let Ok(lost) = lease.wait_for(Option::is_some).await
            && let Some(lost) = lost.clone()
        {
            return HostError::from(lost).into();
        }
        std::future::pending().await
    }

    /// Runs a stage that signals leave alone once it has begun: it is bounded, and half of it would
    /// be worse. One that comes meanwhile counts after it; the third gives up on it. One that came
    /// before is enough.
    pub(super) async fn bounded<T>(
        &mut self,
        stage: Stage,
        work: impl Future<Output = Result<StageOutput<T>, StageError>>,
    ) -> Result<T, Stopped> {
        let bound = self.bound();
        let work = async {
            bound.begin().await;
            work.await
        };
        self.binding(stage, &bound, work).await
    }

    /// The same for work that begins what must not be cut short only when it says so.
    pub(super) async fn binding<T>(
        &mut self,
        stage: Stage,
        bound: &Bound,
        work: impl Future<Output = Result<StageOutput<T>, StageError>>,
    ) -> Result<T, Stopped> {
        self.run(stage, work, bound.cancelled()).await
    }

    /// For [`StageRunner::binding`].
    pub(super) fn bound(&self) -> Bound {
        Bound {
            cancel: self.cancel.clone(),
            begun: AtomicBool::new(false),
        }
    }

    /// Runs a stage until so many signals have come.
    pub(super) async fn until<T>(
        &mut self,
        signals: u32,
        stage: Stage,
        work: impl Future<Output = Result<StageOutput<T>, StageError>>,
    ) -> Result<T, Stopped> {
        let cancel = self.cancel.clone();
        self.run(stage, work, cancel.reached(signals)).await
    }

    async fn run<T>(
        &mut self,
        stage: Stage,
        work: impl Future<Output = Result<StageOutput<T>, StageError>>,
        cancelled: impl Future<Output = ()>,
    ) -> Result<T, Stopped> {
        let began = Began::now();
        self.events.emit(Event::StageStarted { stage });
        let mut halted = self.halt.subscribe();
        let work = async {
            crate::run::failpoint::reached(stage).await;
            work.await
        };
        let ended = tokio::select! {
            // A stage that ended just now has ended, signal or not.
            biased;
            ended = work => ended.map_err(Stopped::Failed),
            () = cancelled => Err(Stopped::Cancelled),
            _ = halted.wait_for(|halted| *halted) => Err(Stopped::Halted),
            lost = self.lease_lost(), if stage != Stage::Teardown => Err(Stopped::Failed(lost)),
        };
        let record = self.end(stage, began, None, &ended);
        self.records.push(record);
        ended.map(|done| done.value)
    }

    /// Waits, until the first signal, for what began beside other stages.
    pub(super) async fn wait<T>(
        &self,
        work: impl Future<Output = Result<StageOutput<T>, StageError>>,
    ) -> Result<StageOutput<T>, Stopped> {
        tokio::select! {
            biased;
            ended = work => ended.map_err(Stopped::Failed),
            () = self.cancel.reached(1) => Err(Stopped::Cancelled),
            lost = self.lease_lost() => Err(Stopped::Failed(lost)),
        }
    }

    /// Writes down what ran beside other stages as the rest of an earlier one. It `took` so long,
    /// or has ended just now.
    pub(super) fn amend<T>(
        &mut self,
        stage: Stage,
        began: Began,
        took: Option<Duration>,
        ended: Result<StageOutput<T>, Stopped>,
    ) -> Result<T, Stopped> {
        let mut record = self.end(stage, began, took, &ended);
        if let Some(first) = self.records.iter_mut().find(|one| one.name == stage) {
            if first.status != StageStatus::Skipped {
                record.started_at.clone_from(&first.started_at);
                record.duration_ms += first.duration_ms;
                record.detail = format!("{}; {}", first.detail, record.detail);
            }
            *first = record;
        }
        ended.map(|done| done.value)
    }

    /// Tells how a stage ended.
    fn end<T>(
        &self,
        stage: Stage,
        began: Began,
        took: Option<Duration>,
        ended: &Result<StageOutput<T>, Stopped>,
    ) -> StageRecord {
        let mut recorded = None;
        let (status, detail) = match ended {
            Ok(done) if done.skipped => (StageStatus::Skipped, done.detail.clone()),
            Ok(done) => (StageStatus::Passed, done.detail.clone()),
            Err(Stopped::Failed(error)) => {
                self.events.emit(Event::Failure(error.failure(stage)));
                recorded = Some(error.recorded(self.events.secrets()));
                (StageStatus::Failed, error.message.clone())
            }
            Err(Stopped::Cancelled) => {
                let signal = self
                    .cancel
                    .signal()
                    .map_or("a signal", crate::cancel::Signal::name);
                (StageStatus::Interrupted, signal.to_owned())
            }
            Err(Stopped::Halted) => (
                StageStatus::Interrupted,
                "failed to run the tests".to_owned(),
            ),
        };
        let duration = took.unwrap_or_else(|| began.elapsed());
        self.events.emit(Event::StageEnded {
            stage,
            status,
            duration,
            detail: detail.clone(),
        });
        StageRecord {
            name: stage,
            status,
            started_at: began.at,
            duration_ms: millis(duration),
            detail: recorded.unwrap_or(detail),
        }
    }

    /// Whether a stage has begun.
    pub(super) fn reached(&self, stage: Stage) -> bool {
        self.records.iter().any(|record| record.name == stage)
    }

    pub(super) fn into_records(self) -> Vec<StageRecord> {
        self.records
    }
}

/// Who runs this, for others who wait for a port or a sandbox.
pub(super) fn who() -> String {
    let user =
        whoami::username().unwrap_or_else(|_| rustix::process::getuid().as_raw().to_string());
    format!(
        "{user}@{}",
        rustix::system::uname().nodename().to_string_lossy()
    )
}

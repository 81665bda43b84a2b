//! Keeps the books of a run: each stage begins, ends and is told of, in one place.

use std::future::Future;
use std::time::Instant;

use crate::cancel::Cancel;
use crate::event::{Event, Events};
pub(super) use crate::outcome::now;
use crate::outcome::{Stage, StageRecord, StageStatus, Verdict, millis};
use crate::stages::{Done, Trouble};

/// Why a run does not go on.
#[derive(Debug)]
pub(super) enum Stopped {
    /// A stage failed.
    Failed(Trouble),
    /// A signal came.
    Cancelled,
}

impl Stopped {
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self::Failed(trouble) => trouble.verdict,
            Self::Cancelled => Verdict::Interrupted,
        }
    }
}

/// The stages so far.
pub(super) struct Ledger<'a> {
    events: &'a Events,
    cancel: &'a Cancel,
    records: Vec<StageRecord>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(events: &'a Events, cancel: &'a Cancel) -> Self {
        Self {
            events,
            cancel,
            records: Vec::new(),
        }
    }

    /// Runs a stage that is left alone by signals: it is bounded, and half of it would be worse.
    /// A signal that came meanwhile counts after it.
    pub(super) async fn bounded<T>(
        &mut self,
        stage: Stage,
        work: impl Future<Output = Result<Done<T>, Trouble>>,
    ) -> Result<T, Stopped> {
        self.until(u32::MAX, stage, work).await
    }

    /// Runs a stage until so many signals have come.
    pub(super) async fn until<T>(
        &mut self,
        signals: u32,
        stage: Stage,
        work: impl Future<Output = Result<Done<T>, Trouble>>,
    ) -> Result<T, Stopped> {
        let started_at = now();
        let started = Instant::now();
        self.events.tell(Event::StageStarted { stage });
        let ended = tokio::select! {
            // A stage that ended just now has ended, signal or not.
            biased;
            ended = work => ended.map_err(Stopped::Failed),
            () = self.cancel.reached(signals) => Err(Stopped::Cancelled),
        };
        let (status, detail) = match &ended {
            Ok(done) if done.skipped => (StageStatus::Skipped, done.detail.clone()),
            Ok(done) => (StageStatus::Passed, done.detail.clone()),
            Err(Stopped::Failed(trouble)) => {
                self.events
                    .tell(Event::Failure(super::failure(stage, trouble)));
                (StageStatus::Failed, trouble.message.clone())
            }
            Err(Stopped::Cancelled) => {
                let signal = self
                    .cancel
                    .signal()
                    .map_or("a signal", crate::cancel::Signal::name);
                (StageStatus::Interrupted, signal.to_owned())
            }
        };
        let duration = started.elapsed();
        self.records.push(StageRecord {
            name: stage,
            status,
            started_at,
            duration_ms: millis(duration),
            detail: detail.clone(),
        });
        self.events.tell(Event::StageEnded {
            stage,
            status,
            duration,
            detail,
        });
        ended.map(|done| done.value)
    }

    /// Whether a stage has begun.
    pub(super) fn reached(&self, stage: Stage) -> bool {
        self.records.iter().any(|record| record.name == stage)
    }

    pub(super) fn into_records(self) -> Vec<StageRecord> {
        self.records
    }
}

/// Who runs this, for others who wait for a port.
pub(super) fn who() -> String {
    let user =
        whoami::username().unwrap_or_else(|_| rustix::process::getuid().as_raw().to_string());
    format!(
        "{user}@{}",
        rustix::system::uname().nodename().to_string_lossy()
    )
}

//! Records a run's stages: only here does a stage begin and end, and emit its events.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::Future;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::cancel::Cancel;
use crate::host::HostError;
use crate::plan::Plan;
use crate::record::event::{Ahead, Event, Events};
use crate::record::outcome::{Stage, StageRecord, StageStatus, Verdict, millis, now};
use crate::run::waited::Wait;
use crate::run::{StageError, StageOutput, Waited};
use crate::sandbox::LeaseLost;

use super::bound::Bound;
use super::in_slot::InSlot;
use super::signal_answer::answer;

/// Why a run stops: a stage beside it failed where it is `Halted`.
#[derive(Debug)]
pub(super) enum Stopped {
    Failed(StageError),
    Cancelled,
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
    plan: &'a Plan,
    events: &'a Events,
    cancel: &'a Cancel,
    lease: Option<watch::Receiver<Option<LeaseLost>>>,
    slot: Option<InSlot>,
    /// How many signals people have been answered.
    acknowledged: Cell<u32>,
    /// Stages may run in parallel.
    records: RefCell<Vec<StageRecord>>,
    halt: watch::Sender<bool>,
    waited: &'a Waited,
}

impl<'a> StageRunner<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        events: &'a Events,
        cancel: &'a Cancel,
        waited: &'a Waited,
    ) -> Self {
        Self {
            plan,
            events,
            cancel,
            lease: None,
            slot: None,
            acknowledged: Cell::new(0),
            records: RefCell::default(),
            halt: watch::Sender::new(false),
            waited,
        }
    }

    /// Where a stage that waits for other runs says so.
    pub(super) fn waited(&self) -> &'a Waited {
        self.waited
    }

    /// Runs two parts of a run in parallel; when one fails, the other's stage is interrupted.
    pub(super) async fn beside<A, B>(
        &self,
        one: impl Future<Output = Result<A, Stopped>>,
        other: impl Future<Output = Result<B, Stopped>>,
    ) -> Result<(A, B), Stopped> {
        let ended = tokio::join!(self.halting(one), self.halting(other));
        self.halt.send_replace(false);
        match ended {
            (Ok(one), Ok(other)) => Ok((one, other)),
            (Err(Stopped::Halted) | Ok(_), Err(why)) | (Err(why), _) => Err(why),
        }
    }

    async fn halting<T>(
        &self,
        part: impl Future<Output = Result<T, Stopped>>,
    ) -> Result<T, Stopped> {
        let ended = part.await;
        if ended.is_err() {
            self.halt.send_replace(true);
        }
        ended
    }

    /// Ends later stages when the lease is lost, except teardown, which needs none.
    pub(super) fn under(&mut self, lease: watch::Receiver<Option<LeaseLost>>) {
        self.lease = Some(lease);
    }

    /// What becomes of the run's slot is part of the reason for the loss of its host.
    pub(super) fn in_slot(&mut self, slot: InSlot) {
        self.slot = Some(slot);
    }

    /// Resolves when the lease is lost.
    async fn lease_lost(&self) -> StageError {
        if let Some(mut lease) = self.lease.clone()
            && let Ok(lost) = lease.wait_for(Option::is_some).await
            && let Some(lost) = lost.clone()
        {
            return HostError::from(lost).into();
        }
        std::future::pending().await
    }

    /// Runs a stage that ignores signals once it has begun: its time is bounded, and half of it
    /// would be worse. A signal that comes meanwhile counts after it; the third gives the stage up.
    /// A signal from before prevents the stage.
    pub(super) async fn bounded<T>(
        &self,
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

    /// Runs a stage that ignores signals only from [`Bound::begin`] on.
    pub(super) async fn binding<T>(
        &self,
        stage: Stage,
        bound: &Bound,
        work: impl Future<Output = Result<StageOutput<T>, StageError>>,
    ) -> Result<T, Stopped> {
        self.run(stage, work, bound.cancelled()).await
    }

    pub(super) fn bound(&self) -> Bound {
        Bound::of(self.cancel)
    }

    /// Runs a stage until `signals` have come.
    pub(super) async fn until<T>(
        &self,
        signals: u32,
        stage: Stage,
        work: impl Future<Output = Result<StageOutput<T>, StageError>>,
    ) -> Result<T, Stopped> {
        let cancel = self.cancel.clone();
        self.run(stage, work, cancel.reached(signals)).await
    }

    async fn run<T>(
        &self,
        stage: Stage,
        work: impl Future<Output = Result<StageOutput<T>, StageError>>,
        cancelled: impl Future<Output = ()>,
    ) -> Result<T, Stopped> {
        let (started_at, began) = (now(), Instant::now());
        let ahead = ahead(self.plan, stage);
        self.events.emit(Event::StageStarted { stage, ahead });
        let mut halted = self.halt.subscribe();
        let work = async {
            crate::run::failpoint::reached(stage.name()).await;
            work.await
        };
        let mut ended = tokio::select! {
            // A stage that has just ended counts as ended, signal or not.
            biased;
            ended = work => ended.map_err(Stopped::Failed),
            never = self.acknowledge(stage) => match never {},
            () = cancelled => Err(Stopped::Cancelled),
            _ = halted.wait_for(|halted| *halted) => Err(Stopped::Halted),
            lost = self.lease_lost(), if stage != Stage::Teardown => Err(Stopped::Failed(lost)),
        };
        if let (Err(Stopped::Failed(error)), Some(slot)) = (&mut ended, &self.slot)
            && error.lost
            && stage != Stage::Teardown
        {
            slot.explain(error).await;
        }
        if matches!(ended, Err(Stopped::Cancelled)) {
            // The signal may have come after `acknowledge` was asked and before `cancelled` was.
            self.answer_to(stage, self.acknowledged.get() + 1);
        }
        let wait = (stage == Stage::Up).then(|| self.waited.take()).flatten();
        let waited = wait.map_or(Duration::ZERO, |wait| self.end_wait(wait));
        let took = began.elapsed().saturating_sub(waited);
        let record = self.end(stage, (started_at, took), &ended);
        self.records.borrow_mut().push(record);
        ended.map(|done| done.value)
    }

    /// Records how long a stage waited for other runs, and returns it: that is not the stage's own
    /// time. Why it did not come to its end, that stage says.
    fn end_wait(&self, wait: Wait) -> Duration {
        let stage = Stage::Queue;
        let (duration, ended) = wait.took();
        let status = if ended {
            StageStatus::Passed
        } else {
            StageStatus::Interrupted
        };
        let ahead = ahead(self.plan, stage);
        self.events.emit(Event::StageStarted { stage, ahead });
        self.events.emit(Event::StageEnded {
            stage,
            status,
            duration,
            detail: wait.why.clone(),
        });
        self.records.borrow_mut().push(StageRecord {
            name: stage,
            status,
            started_at: wait.started_at,
            duration_ms: millis(duration),
            detail: wait.why,
        });
        duration
    }

    /// Says what each signal does from now on.
    async fn acknowledge(&self, stage: Stage) -> Infallible {
        loop {
            let next = self.acknowledged.get() + 1;
            self.cancel.reached(next).await;
            self.answer_to(stage, next);
        }
    }

    /// Says what a signal that has come does, unless a stage beside this one has.
    fn answer_to(&self, stage: Stage, signals: u32) {
        if self.acknowledged.get() < signals && signals <= self.cancel.count() {
            self.acknowledged.set(signals);
            self.events
                .note(answer(self.plan, self.cancel, stage, signals));
        }
    }

    /// Adds a late failure to the record of a stage that has ended.
    pub(super) fn amend(&mut self, stage: Stage, error: Stopped) {
        let mut record = self.end::<()>(stage, (now(), Duration::ZERO), &Err(error));
        let records = self.records.get_mut();
        if let Some(first) = records.iter_mut().find(|one| one.name == stage) {
            record.started_at.clone_from(&first.started_at);
            record.duration_ms += first.duration_ms;
            record.detail = format!("{}; {}", first.detail, record.detail);
            *first = record;
        }
    }

    /// Records and emits how a stage ended.
    fn end<T>(
        &self,
        stage: Stage,
        (started_at, duration): (String, Duration),
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
                "a stage beside it failed".to_owned(),
            ),
        };
        self.events.emit(Event::StageEnded {
            stage,
            status,
            duration,
            detail: detail.clone(),
        });
        StageRecord {
            name: stage,
            status,
            started_at,
            duration_ms: millis(duration),
            detail: recorded.unwrap_or(detail),
        }
    }

    /// Forgets what was done on a host that the run has left, or lost with its sandbox.
    pub(super) fn leave(&mut self) {
        (self.lease, self.slot) = (None, None);
        let made = self.records.get_mut();
        made.retain(|one| one.name < Stage::Place);
    }

    /// Returns whether a stage has begun.
    pub(super) fn reached(&self, stage: Stage) -> bool {
        let records = self.records.borrow();
        records.iter().any(|record| record.name == stage)
    }

    /// Returns the records in the order of the stages, not of their ends.
    pub(super) fn records(&self) -> Vec<StageRecord> {
        let mut records = self.records.borrow().clone();
        records.sort_by_key(|record| record.name);
        records
    }
}

/// Returns what the plan says of a stage.
fn ahead(plan: &Plan, stage: Stage) -> Ahead {
    let checks = plan.spec.health_checks.iter();
    Ahead {
        limit: match stage {
            Stage::Ready => checks.clone().map(|check| check.timeout).max(),
            other => plan.limits.of_stage(other),
        },
        checks: match stage {
            Stage::Ready => checks.map(|check| check.name.clone()).collect(),
            _ => Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::super::tests::plan;
    use super::*;
    use crate::cancel::Signal;
    use crate::record::event::Reporter;

    #[derive(Clone, Default)]
    struct Notes(Arc<Mutex<Vec<String>>>);

    impl Reporter for Notes {
        fn event(&mut self, event: &Event) {
            if let Event::Note { text, .. } = event {
                self.0.lock().unwrap().push(text.clone());
            }
        }
    }

    /// It comes between the stage's two looks at what has come.
    #[tokio::test]
    async fn a_signal_is_answered_by_the_stage_that_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let plan = plan(folder.path(), "", crate::plan::Options::default());
        let (cancel, press) = Cancel::by_hand();
        let notes = Notes::default();
        let events = Events::masking(Arc::default(), vec![Box::new(notes.clone())]);
        let waited = Waited::default();
        let runner = StageRunner::new(&plan, &events, &cancel, &waited);
        let never = std::future::pending::<Result<StageOutput<()>, StageError>>();
        let ended = runner
            .run(Stage::Test, never, async { press(Signal::Int) })
            .await;
        assert!(matches!(ended, Err(Stopped::Cancelled)), "{ended:?}");
        let said = "stopping tests, then logs and teardown (Ctrl-C again: skip logs)";
        assert_eq!(*notes.0.lock().unwrap(), [said]);
    }

    #[tokio::test]
    async fn the_wait_of_up_stays_when_a_stage_beside_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let plan = plan(folder.path(), "", crate::plan::Options::default());
        let (cancel, events) = (Cancel::never(), Events::masking(Arc::default(), Vec::new()));
        let waited = Waited::default();
        waited.begins("a port is held");
        let runner = StageRunner::new(&plan, &events, &cancel, &waited);
        let done = async || Ok(StageOutput::new((), ""));
        runner.bounded(Stage::Compile, done()).await.unwrap();
        runner.bounded(Stage::Up, done()).await.unwrap();
        let names: Vec<Stage> = runner.records.borrow().iter().map(|one| one.name).collect();
        assert_eq!(names, [Stage::Compile, Stage::Queue, Stage::Up]);
    }
}

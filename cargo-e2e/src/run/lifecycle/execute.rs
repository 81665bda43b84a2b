//! The stages between provision and collect, and what runs beside them.

use std::time::{Duration, Instant};

use crate::record::outcome::{Stage, StageStatus, TestRecord, Verdict, millis};
use crate::run::control::Control;
use crate::run::explain::explain;
use crate::run::stages::full_disk::or_full;
use crate::run::stages::sync::Synced;
use crate::run::stages::test::{BuiltTarget, HeadStart, TestInputs};
use crate::run::stages::up::Ahead;
use crate::run::{
    Context, Stack, StageError, StageOutput, endpoints, failure_places, stages, test_env,
};
use crate::sandbox::Place;
use crate::spec::Side;

use super::Run;
use super::run_state::RunState;
use super::stage_runner::{StageRunner, Stopped};

struct ReadyStack {
    stack: Stack,
    /// The variables that the tests see.
    variables: Vec<(String, String)>,
}

impl Run<'_> {
    /// Runs everything between provision and collect.
    pub(super) async fn stages(
        &self,
        runner: &StageRunner<'_>,
        state: &mut RunState,
        context: &Context<'_>,
        place: Option<Place>,
    ) -> Result<(), Stopped> {
        runner
            .until(1, Stage::Build, stages::build::build(context))
            .await?;
        // What waits has sent nothing, and takes no workspace that another run could use.
        if let Some(place) = place.filter(|place| !place.is_turn()) {
            let queue = stages::queue::queue(context, place);
            let began = Instant::now();
            let queued = runner.until(1, Stage::Queue, queue).await;
            state.queued_ms = millis(began.elapsed());
            queued?;
        }
        let sync = Box::pin(stages::sync::sync(context, Ahead::make));
        let sent = runner.until(1, Stage::Sync, or_full(context, sync)).await?;
        state.look_at(&self.plan.repo.root);
        if self.plan.options.up_only {
            return self
                .bring_up(runner, state, context, sent)
                .await
                .map(|_risen| ());
        }
        let head_start = HeadStart::of(self.plan);
        let compile = async {
            if self.plan.tests.harness().is_none() {
                return Ok(Vec::new());
            }
            let compile = Box::pin(stages::test::compile(context, &head_start));
            let compiled = runner.until(1, Stage::Compile, compile).await;
            head_start.end(compiled.is_ok());
            compiled
        };
        // Not earlier: `build_command` may generate code, and a sync must not meet changing files.
        let bring_up = Box::pin(async {
            if !head_start.over().await {
                return Err(Stopped::Halted);
            }
            self.bring_up(runner, state, context, sent).await
        });
        let (built, ready) = runner.beside(compile, bring_up).await?;
        self.test(runner, state, context, &ready, &built).await
    }

    /// Runs `prepare_command`, brings the stack up, waits until it is ready, and runs `setup_command`.
    async fn bring_up(
        &self,
        runner: &StageRunner<'_>,
        state: &mut RunState,
        context: &Context<'_>,
        (synced, ahead): (Synced, Option<Ahead>),
    ) -> Result<ReadyStack, Stopped> {
        if let Some(command) = &self.plan.spec.prepare_command {
            let prepare = Box::pin(stages::setup::prepare(context, command));
            runner
                .until(1, Stage::Prepare, or_full(context, prepare))
                .await?;
        }
        if !self.plan.options.up_only {
            tokio::select! {
                () = self.cancel.reached(1) => {
                    return runner.until(1, Stage::Test, std::future::pending()).await;
                }
                none = stages::test::nothing_selected(context) => if let Some(error) = none {
                    let failed = async { Err::<StageOutput<ReadyStack>, StageError>(error) };
                    return runner.bounded(Stage::Test, failed).await;
                }
            }
        }
        let up = async {
            match stages::up::up(context, &synced, ahead).await {
                Err(error) if error.verdict == Verdict::UpFailed => {
                    let explained = explain(context, error, None).await;
                    Err(stages::up::with_reason(explained))
                }
                other => other,
            }
        };
        let (stack, watching) = runner
            .until(1, Stage::Up, or_full(context, Box::pin(up)))
            .await?;
        let ready = stages::ready::ready(context, &stack, watching, &mut state.health_checks);
        let ready = runner
            .until(1, Stage::Ready, or_full(context, Box::pin(ready)))
            .await?;
        state.ready = Some(ready);
        let endpoints = endpoints::endpoints(context, &stack);
        stages::up::remember(context, &stack, &endpoints).await;
        let on_host = test_env::variables(context, &endpoints, Side::Host);
        let for_tests = test_env::variables(context, &endpoints, self.plan.tests_on);
        let (on_host, variables) = match (on_host, for_tests) {
            (Ok(on_host), Ok(for_tests)) => (on_host, for_tests),
            (Err(error), _) | (_, Err(error)) => {
                let failed = async { Err::<StageOutput<ReadyStack>, StageError>(error) };
                return runner.bounded(Stage::Setup, failed).await;
            }
        };
        runner
            .until(
                1,
                Stage::Setup,
                or_full(context, Box::pin(stages::setup::setup(context, &on_host))),
            )
            .await?;
        Ok(ReadyStack { stack, variables })
    }

    async fn test(
        &self,
        runner: &StageRunner<'_>,
        state: &mut RunState,
        context: &Context<'_>,
        ready: &ReadyStack,
        built: &[BuiltTarget],
    ) -> Result<(), Stopped> {
        let control = self.control(context, &ready.stack);
        let inputs = TestInputs {
            stack: &ready.stack,
            variables: &ready.variables,
            built,
            control: control.as_ref(),
            ready: state.ready.as_ref(),
        };
        let began = Instant::now();
        let tests = Box::pin(async {
            let done =
                stages::test::test(context, &inputs, &mut state.tests, &mut state.attempts).await?;
            match &control {
                Some(control) => control.is_as_before().await.map(|()| done),
                None => Ok(done),
            }
        });
        let tests = or_full(context, tests);
        let tested = runner.until(1, Stage::Test, tests).await;
        if let Some(control) = &control {
            state.changed = control.changed().await;
        }
        let mut root = context.sandbox.repo_dir();
        if self.plan.tests_on == Side::Client {
            // Tests on this machine read the repo itself until now.
            state.look_at(&self.plan.repo.root);
            root = self.plan.repo.root.display().to_string();
        }
        for test in &mut state.tests {
            test.name_file_from(&root);
        }
        failure_places::locate(self.plan, &root, &mut state.tests).await;
        state.tested = self.test_record(&tested, began.elapsed());
        if let Some(tested) = &mut state.tested {
            tested.retries(std::mem::take(&mut state.attempts));
        }
        let stays = context.before.is_some() || self.keeps(state);
        if let (Err(Stopped::Cancelled), Some(control), true) = (&tested, &control, stays) {
            // A running job would change it again. A kept sandbox should be in a known state.
            let _ = context.sandbox.stop(context.host).await;
            control.put_back().await;
        }
        tested
    }

    /// Opens the control socket. A service that tests has none: it would have to reach out of its
    /// container.
    fn control<'a>(&self, context: &'a Context<'a>, stack: &'a Stack) -> Option<Control<'a>> {
        if self.plan.tests.service().is_some() {
            return None;
        }
        Control::listen(context, stack)
            .inspect_err(|error| {
                self.events.warn(format!(
                    "tests can't stop and start services: failed to make a socket on this machine: {error}"
                ));
            })
            .ok()
    }

    /// Returns one test for tests that record no events.
    fn test_record(&self, tested: &Result<(), Stopped>, duration: Duration) -> Option<TestRecord> {
        let (status, message) = match tested {
            Ok(()) => (StageStatus::Passed, None),
            Err(Stopped::Failed(error)) if error.verdict == Verdict::NoTests => return None,
            Err(Stopped::Failed(error)) => (
                StageStatus::Failed,
                Some(error.recorded_of_tests(self.events.secrets())),
            ),
            Err(Stopped::Cancelled | Stopped::Halted) => {
                let by = self.cancel.signal().map(crate::cancel::Signal::name);
                let message = by.map(|signal| format!("terminated by {signal}"));
                (StageStatus::Interrupted, message)
            }
        };
        Some(TestRecord {
            duration_ms: millis(duration),
            message,
            ..TestRecord::new(self.plan.tests.name(), status)
        })
    }
}

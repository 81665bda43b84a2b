//! The stages between provision and collect, and what runs beside them.

use std::time::{Duration, Instant};

use crate::record::event::Event;
use crate::record::outcome::{Stage, StageStatus, TestRecord, Verdict, millis};
use crate::run::control::Control;
use crate::run::stages::full_disk::or_full;
use crate::run::stages::sync::Synced;
use crate::run::stages::test::{Built, Given};
use crate::run::stages::up::Stack;
use crate::run::stages::{self, Context, Done, Trouble};
use crate::spec::Side;

use super::Run;
use super::stage_runner::{Began, Ledger, Stopped};
use super::state::Found;

/// A stack that is up, ready and set up.
struct Risen {
    stack: Stack,
    /// The variables that the tests see.
    variables: Vec<(String, String)>,
}

impl Run<'_> {
    /// Everything between provision and collect.
    pub(super) async fn stages(
        &self,
        ledger: &mut Ledger<'_>,
        found: &mut Found,
        context: &Context<'_>,
    ) -> Result<(), Stopped> {
        ledger
            .until(1, Stage::Build, stages::build::build(context))
            .await?;
        let synced = ledger
            .until(
                1,
                Stage::Sync,
                or_full(context, Box::pin(stages::sync::sync(context))),
            )
            .await?;
        found.look_at(&self.plan.repo.root);
        if self.plan.up_only {
            return self
                .rise(ledger, found, context, &synced)
                .await
                .map(|_risen| ());
        }
        let (risen, built) = self
            .rise_and_compile(ledger, found, context, &synced)
            .await?;
        self.test(ledger, found, context, &risen, &built).await
    }

    /// Brings the stack up, and compiles test targets meanwhile. Not sooner: `build_command` may
    /// make what they are compiled from, and a sync must not meet files that change.
    async fn rise_and_compile(
        &self,
        ledger: &mut Ledger<'_>,
        found: &mut Found,
        context: &Context<'_>,
        synced: &Synced,
    ) -> Result<(Risen, Vec<Built>), Stopped> {
        if self.plan.harness.is_none() {
            let risen = self.rise(ledger, found, context, synced).await?;
            return Ok((risen, Vec::new()));
        }
        let began = Began::now();
        let mut compiling = Box::pin(stages::test::compile(context));
        let halt = ledger.halt();
        let mut compiled = None;
        let risen = {
            let mut rising = Box::pin(self.rise(ledger, found, context, synced));
            loop {
                tokio::select! {
                    risen = &mut rising => break risen,
                    ended = &mut compiling, if compiled.is_none() => {
                        // A stack without tests is of no use.
                        halt.send_replace(ended.is_err());
                        compiled = Some((ended, began.elapsed()));
                    }
                }
            }
        };
        halt.send_replace(false);
        let (ended, took) = match (compiled, &risen) {
            (Some((ended, took)), _) => (ended.map_err(Stopped::Failed), Some(took)),
            (None, Err(_)) => return risen.map(|risen| (risen, Vec::new())),
            (None, Ok(_)) => {
                self.events.tell(Event::StageGoesOn {
                    stage: Stage::Build,
                    elapsed: began.elapsed(),
                });
                (ledger.wait(compiling).await, None)
            }
        };
        let built = ledger.amend(Stage::Build, began, took, ended)?;
        Ok((risen?, built))
    }

    /// Brings the stack up, waits until it is ready, and sets it up.
    async fn rise(
        &self,
        ledger: &mut Ledger<'_>,
        found: &mut Found,
        context: &Context<'_>,
        synced: &Synced,
    ) -> Result<Risen, Stopped> {
        let up = async {
            match stages::up::up(context, synced).await {
                Err(trouble) if trouble.verdict == Verdict::UpFailed => {
                    let explained = stages::collect::explain(context, trouble).await;
                    Err(stages::up::with_reason(explained))
                }
                other => other,
            }
        };
        let stack = ledger
            .until(1, Stage::Up, or_full(context, Box::pin(up)))
            .await?;
        let ready = stages::ready::ready(context, &stack, &mut found.health_checks);
        let ready = ledger
            .until(1, Stage::Ready, or_full(context, Box::pin(ready)))
            .await?;
        found.ready = Some(ready);
        let endpoints = stages::endpoints::endpoints(context, &stack);
        stages::up::remember(context, &stack, &endpoints).await;
        let on_host = stages::test::variables(context, &endpoints, Side::Host);
        let for_tests = stages::test::variables(context, &endpoints, self.plan.tests_on);
        let (on_host, variables) = match (on_host, for_tests) {
            (Ok(on_host), Ok(for_tests)) => (on_host, for_tests),
            (Err(trouble), _) | (_, Err(trouble)) => {
                let failed = async { Err::<Done<Risen>, Trouble>(trouble) };
                return ledger.bounded(Stage::Setup, failed).await;
            }
        };
        ledger
            .until(
                1,
                Stage::Setup,
                or_full(context, Box::pin(stages::setup::setup(context, &on_host))),
            )
            .await?;
        Ok(Risen { stack, variables })
    }

    async fn test(
        &self,
        ledger: &mut Ledger<'_>,
        found: &mut Found,
        context: &Context<'_>,
        risen: &Risen,
        built: &[Built],
    ) -> Result<(), Stopped> {
        let control = self.control(context, &risen.stack);
        let given = Given {
            stack: &risen.stack,
            variables: &risen.variables,
            built,
            control: control.as_ref(),
        };
        let began = Instant::now();
        let tests = Box::pin(async {
            let done = stages::test::test(context, &given, &mut found.tests).await?;
            match &control {
                Some(control) => control.is_as_before().await.map(|()| done),
                None => Ok(done),
            }
        });
        let tests = or_full(context, tests);
        let tested = ledger.until(1, Stage::Test, tests).await;
        if let Some(control) = &control {
            found.changed = control.changed().await;
        }
        if self.plan.tests_on == Side::Client {
            // These read the repo itself to the end.
            found.look_at(&self.plan.repo.root);
        }
        found.tested = self.test_record(&tested, began.elapsed());
        let stays = context.before.is_some() || self.keeps(found);
        if let (Err(Stopped::Cancelled), Some(control), true) = (&tested, &control, stays) {
            // What goes on would change it again. Whoever keeps a sandbox wants it whole.
            let _ = context.sandbox.stop(context.host).await;
            control.put_back().await;
        }
        tested
    }

    /// A service that tests has none: it would have to reach out of its container.
    fn control<'a>(&self, context: &'a Context<'a>, stack: &'a Stack) -> Option<Control<'a>> {
        if self.plan.spec.test_service.is_some() {
            return None;
        }
        Control::listen(context, stack)
            .inspect_err(|error| {
                self.events.warn(format!(
                    "tests can't stop and start services: no socket can be made on this machine: {error}"
                ));
            })
            .ok()
    }

    /// Tests that tell nothing of themselves are one test, whatever they are.
    fn test_record(&self, tested: &Result<(), Stopped>, duration: Duration) -> Option<TestRecord> {
        let (status, message) = match tested {
            Ok(()) => (StageStatus::Passed, None),
            Err(Stopped::Failed(trouble)) if trouble.verdict == Verdict::NoTests => return None,
            Err(Stopped::Failed(trouble)) => (
                StageStatus::Failed,
                Some(trouble.recorded_of_tests(self.events.secrets())),
            ),
            Err(Stopped::Cancelled | Stopped::Halted) => {
                let by = self.cancel.signal().map(crate::cancel::Signal::name);
                let message = by.map(|signal| format!("it was ended by {signal}"));
                (StageStatus::Interrupted, message)
            }
        };
        let targets = self.plan.harness.as_ref().map(|harness| &harness.targets);
        let name = match (&self.plan.spec.test_service, targets) {
            (Some(service), _) => service.clone(),
            (None, Some(targets)) => {
                let names: Vec<&str> = targets.iter().map(|one| one.name.as_str()).collect();
                names.join(", ")
            }
            (None, None) => "test_command".to_owned(),
        };
        Some(TestRecord {
            name,
            status,
            duration_ms: millis(duration),
            message,
            steps: Vec::new(),
        })
    }
}

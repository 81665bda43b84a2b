//! The order of a run's stages, and the only place that knows it. From provision on, teardown runs
//! on every path.

mod end;
mod execute;
mod run;
mod run_state;
mod sandbox;
mod stage_runner;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;

use crate::host::{Facts, Host};
use crate::record::event::Event;
use crate::record::outcome::{Git, Record, Stage, Verdict, exit_code, millis};
use crate::record::verdict;
use crate::run::lifecycle::run_state::RunState;
use crate::run::lifecycle::sandbox::Entered;
use crate::run::lifecycle::stage_runner::{StageRunner, Stopped};
use crate::run::{Context, StageError, stages};
use crate::sandbox::ended_sandboxes;

pub use run::{Connector, Outcome, RealHosts, Run};

impl Run<'_> {
    /// Runs every stage, and removes the sandbox unless it is to be kept.
    pub async fn run(&self) -> Outcome {
        let started = Instant::now();
        let started_at = stage_runner::now();
        self.events.emit(Event::RunStarted {
            run_id: self.identity.run_id.clone(),
            repo: self.identity.slug.clone(),
            spec: self.identity.spec.clone(),
            host: self.plan.host.name.clone(),
        });
        let mut runner = StageRunner::new(self.plan, self.events, self.cancel);
        let mut state = RunState::default();
        // Git is read while the host is reached: neither waits for the other.
        let describe = async {
            let git = crate::repo::git::describe(&self.plan.repo.root).await;
            self.events.emit(Event::Commit { git: git.clone() });
            git
        };
        let (mut git, ()) = tokio::join!(describe, Box::pin(self.on_host(&mut runner, &mut state)));
        if state.differs_from(&git).await {
            git.dirty = true;
            self.events
                .warn("the repo changed during the run: the record says that it was dirty");
        }
        let verdict = verdict::of_run(state.verdict, self.cancel.signal());
        let record = self.record(verdict, git, &state, runner, started_at, started);
        Outcome {
            record,
            kept: state.kept,
            skew: state.skew,
            ended_sandboxes: state.ended_sandboxes,
        }
    }

    async fn on_host(&self, runner: &mut StageRunner<'_>, state: &mut RunState) {
        let mut reached: Option<Arc<dyn Host>> = None;
        let looked = async {
            let name = &self.plan.host.name;
            let host = self.connector.connect(name).await?;
            stages::connect::look(reached.insert(host.into()).as_ref(), &self.plan.spec).await
        };
        let limit = self.plan.limits.connect;
        let judged = async {
            stages::strict::before(self.plan).await?;
            stages::connect::within(limit, looked).await
        };
        let facts = runner.until(1, Stage::Connect, Box::pin(judged)).await;
        match (facts, &reached) {
            (Ok(facts), Some(host)) => {
                state.ended_sandboxes =
                    ended_sandboxes(host.as_ref(), &facts.root, &self.unknown).await;
                // This future is large: boxed, it is not moved by value.
                Box::pin(self.in_sandbox(runner, state, host, &facts)).await;
            }
            (Ok(_), None) => {}
            (Err(stopped), _) => state.add(stopped.verdict()),
        }
        if let Some(host) = reached {
            host.close().await;
        }
    }

    async fn in_sandbox(
        &self,
        runner: &mut StageRunner<'_>,
        state: &mut RunState,
        shared: &Arc<dyn Host>,
        facts: &Facts,
    ) {
        let host = shared.as_ref();
        let bound = runner.bound();
        let entering = Box::pin(self.sandbox(shared, facts, &bound));
        let provisioned = runner.binding(Stage::Provision, &bound, entering).await;
        let Entered { sandbox, up, place } = match provisioned {
            Ok(entered) => entered,
            Err(stopped) => {
                state.add(stopped.verdict());
                // Half a folder may exist.
                self.teardown(runner, state, host, &facts.root).await;
                return;
            }
        };
        crate::run::failpoint::reached("lease").await;
        let (before, lease) = up.unzip();
        let lease = lease.unwrap_or_else(|| self.hold(shared, &sandbox));
        runner.under(lease.lost());
        {
            let context = Context {
                plan: self.plan,
                host,
                facts,
                sandbox: &sandbox,
                before: before.as_ref(),
                events: self.events,
                bundle: self.bundle.clone(),
            };
            // A panic must not skip the teardown.
            let went = AssertUnwindSafe(self.stages(runner, state, &context, place))
                .catch_unwind()
                .await
                .unwrap_or_else(|_| {
                    let message = "cargo-e2e panicked: the message is above, please report it";
                    Err(Stopped::Failed(StageError::new(
                        Verdict::InternalError,
                        message,
                    )))
                });
            match &went {
                Ok(()) => state.add(Verdict::Passed),
                Err(stopped) => state.stop(stopped),
            }
            if let Err(stopped) = went {
                if !state.lost {
                    // Running tests would go on while evidence is collected.
                    let _ = sandbox.stop(host).await;
                }
                if matches!(stopped, Stopped::Cancelled) && runner.reached(Stage::Test) {
                    let earlier = std::mem::take(&mut state.tests);
                    state.tests = stages::test::read_cut(&context, earlier).await;
                }
            }
            state.add_tested();
            if runner.reached(Stage::Up) && !state.lost {
                // The error of failed tests lists the failed containers already.
                let passed = state.verdict.is_none_or(|so_far| so_far == Verdict::Passed);
                let before = state
                    .ready
                    .as_ref()
                    .filter(|_| passed && runner.reached(Stage::Test));
                // Collecting goes on after one signal, but not after a second.
                let collected = runner
                    .until(
                        2,
                        Stage::Collect,
                        stages::collect::collect(
                            &context,
                            before.map(|ready| (ready, &state.changed)),
                            &mut state.services,
                            &mut state.usage,
                        ),
                    )
                    .await;
                if let Err(Stopped::Failed(error)) = collected {
                    self.events
                        .warn(format!("failed to collect evidence: {}", error.message));
                } else if state.failed() {
                    state.skew = context.clock_skew().await;
                }
            }
            // Also where collecting failed or was cut short.
            stages::collect::settle(&context).await;
        }
        // A sandbox that was up before the run is not the run's to remove.
        let was_up = before.is_some();
        let kept = if was_up && state.lost {
            // Another run may have entered it by now.
            Ok(true)
        } else if was_up || (runner.reached(Stage::Sync) && self.keeps(state)) {
            self.keep(state, host, &sandbox).await.map(|()| true)
        } else {
            Ok(false)
        };
        lease.give_back().await;
        match kept {
            Ok(true) => {}
            Err(error) if was_up => {
                let text = format!("failed to set the sandbox's lifetime: {error}");
                self.events.warn(text);
            }
            Ok(false) => self.teardown(runner, state, host, &facts.root).await,
            Err(error) => {
                self.teardown(runner, state, host, &facts.root).await;
                end::not_kept(runner, state, error);
            }
        }
    }

    fn record(
        &self,
        verdict: Verdict,
        git: Git,
        state: &RunState,
        runner: StageRunner<'_>,
        started_at: String,
        started: Instant,
    ) -> Record {
        Record {
            schema: 1,
            run_id: self.identity.run_id.clone(),
            repo: self.identity.slug.clone(),
            spec: self.identity.spec.clone(),
            git,
            host: self.plan.host.name.clone(),
            verdict,
            exit_code: exit_code(verdict, self.cancel.signal()),
            started_at,
            duration_ms: millis(started.elapsed()),
            stages: runner.into_records(),
            health_checks: state.health_checks.clone(),
            services: state.services.clone(),
            usage: state.usage,
            tests: state.tests.clone(),
            leftovers: state.leftovers.clone(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;

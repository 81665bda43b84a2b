//! The order of a run's stages, and the only place that knows it. From provision on, teardown runs
//! on every path.

mod bound;
mod cluster;
mod end;
mod execute;
mod in_slot;
mod pool;
mod run;
mod run_state;
mod sandbox;
mod show_failed_tests;
mod signal_answer;
mod stage_runner;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;

use crate::host::cluster::ClusterName;
use crate::host::{Facts, Host, HostError, WaitingShell, members};
use crate::record::event::Event;
use crate::record::outcome::{Placement, Record, Stage, Verdict, exit_code, millis, now};
use crate::record::verdict;
use crate::repo::git::Origin;
use crate::run::lifecycle::run_state::RunState;
use crate::run::lifecycle::sandbox::Entered;
use crate::run::lifecycle::stage_runner::{StageRunner, Stopped};
use crate::run::{Context, StageError, StageOutput, Waited, stages};
use crate::sandbox::{Place, ended_sandboxes};

pub use run::{Connector, Outcome, RealHosts, Run};

/// The hosts that were reached: each is closed at the run's end, also where others were better.
type Reached = tokio::sync::Mutex<Vec<Arc<dyn Host>>>;

impl Run<'_> {
    /// Runs every stage, and removes the sandbox unless it is to be kept.
    pub async fn run(&self) -> Outcome {
        let started = Instant::now();
        let started_at = now();
        self.events.emit(Event::RunStarted {
            run_id: self.identity.run_id.clone(),
            repo: self.identity.slug.clone(),
            spec: self.identity.spec.clone(),
            host: self.plan.host.name.clone(),
        });
        let waited = Waited::default();
        let mut runner = StageRunner::new(self.plan, self.events, self.cancel, &waited);
        let mut state = RunState::default();
        state.origin = Some(Origin::ask(&self.plan.repo.root));
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
        let mut record = self.record(&state, &runner);
        record.verdict = verdict;
        record.exit_code = exit_code(verdict, self.cancel.signal());
        record.git = git;
        record.started_at = started_at;
        record.duration_ms = millis(started.elapsed());
        Outcome {
            record,
            kept: state.kept,
            skew: state.skew,
            ended_sandboxes: state.ended_sandboxes,
        }
    }

    async fn on_host(&self, runner: &mut StageRunner<'_>, state: &mut RunState) {
        let reached = Reached::default();
        let name = &self.plan.host.name;
        match (ClusterName::parse(name), members(name).as_slice()) {
            (Ok(Some(cluster)), _) => {
                Box::pin(self.on_cluster(runner, state, &cluster, &reached)).await;
            }
            (Err(error), _) => {
                let refused = async { Err::<StageOutput<()>, _>(StageError::from(error)) };
                let refused = runner.until(1, Stage::Place, refused).await;
                state.add(refused.map_or_else(|stopped| stopped.verdict(), |()| Verdict::Passed));
            }
            (Ok(None), [name]) => Box::pin(self.on_one(runner, state, name, &reached)).await,
            (Ok(None), pool) => Box::pin(self.on_pool(runner, state, pool, &reached)).await,
        }
        for host in reached.into_inner() {
            host.close().await;
        }
    }

    async fn on_one(
        &self,
        runner: &mut StageRunner<'_>,
        state: &mut RunState,
        name: &str,
        reached: &Reached,
    ) {
        let looked = async {
            let host = self.reach(name, reached).await?;
            let facts = stages::connect::look(host.as_ref(), &self.plan.spec).await?;
            Ok(facts.map(|(facts, shell)| (host, facts, shell)))
        };
        let limit = self.plan.limits.connect;
        let judged = async {
            stages::strict::before(self.plan).await?;
            stages::connect::within(limit, looked).await
        };
        match runner.until(1, Stage::Connect, Box::pin(judged)).await {
            Ok((host, facts, shell)) => {
                let shell = self.still_waiting(&host, shell);
                self.ask_of_others(state, host.as_ref(), &facts).await;
                let Some(entered) = self.enter(runner, state, &host, &facts, shell).await else {
                    return;
                };
                // This future is large: boxed, it is not moved by value.
                Box::pin(self.in_sandbox(runner, state, &host, &facts, entered)).await;
            }
            Err(stopped) => state.add(stopped.verdict()),
        }
    }

    /// Connects to a host, which is closed at the end.
    async fn reach(&self, name: &str, reached: &Reached) -> Result<Arc<dyn Host>, HostError> {
        let host: Arc<dyn Host> = self.connector.connect(name).await?.into();
        reached.lock().await.push(Arc::clone(&host));
        Ok(host)
    }

    /// Returns the shell that waits on a host, unless the host is asked something before a sandbox is made: the
    /// connection may be another by then.
    fn still_waiting(
        &self,
        host: &Arc<dyn Host>,
        shell: Option<WaitingShell>,
    ) -> Option<WaitingShell> {
        let asks = self.plan.options.reuse || self.unknown.contains_key(host.name());
        shell.filter(|_| !asks)
    }

    /// Asks the host what became of the sandboxes of runs that were killed.
    async fn ask_of_others(&self, state: &mut RunState, host: &dyn Host, facts: &Facts) {
        if let Some(unknown) = self.unknown.get(host.name()) {
            let ended = ended_sandboxes(host, &facts.root, unknown).await;
            state.ended_sandboxes.extend(ended);
        }
    }

    /// Makes the run's sandbox, or enters one. None where that failed: then nothing is left of it.
    /// `shell` waits on the host, where one does.
    async fn enter(
        &self,
        runner: &mut StageRunner<'_>,
        state: &mut RunState,
        host: &Arc<dyn Host>,
        facts: &Facts,
        shell: Option<WaitingShell>,
    ) -> Option<Entered> {
        let bound = runner.bound();
        let entering = Box::pin(self.sandbox(host, facts, shell, &bound));
        match runner.binding(Stage::Provision, &bound, entering).await {
            Ok(entered) => Some(entered),
            Err(stopped) => {
                state.add(stopped.verdict());
                // Half a folder may exist.
                self.teardown(runner, state, host.as_ref(), &facts.root)
                    .await;
                None
            }
        }
    }

    /// Runs all that is done in a sandbox.
    async fn in_sandbox(
        &self,
        runner: &mut StageRunner<'_>,
        state: &mut RunState,
        shared: &Arc<dyn Host>,
        facts: &Facts,
        entered: Entered,
    ) {
        let host = shared.as_ref();
        let root = &self.plan.repo.root;
        let origin = state.origin.take().unwrap_or_else(|| Origin::ask(root));
        let Entered { sandbox, up, place } = entered;
        crate::run::failpoint::reached("lease").await;
        let (before, lease) = up.unzip();
        let lease = lease.unwrap_or_else(|| self.hold(shared, &sandbox));
        runner.under(lease.lost());
        // A sandbox that was up before the run is not the run's to remove.
        let was_up = before.is_some();
        let stays;
        {
            let context = Context {
                origin: &origin,
                plan: self.plan,
                host,
                facts,
                sandbox: &sandbox,
                before: before.as_ref(),
                events: self.events,
                waited: runner.waited(),
                bundle: self.bundle.clone(),
            };
            let went = self.caught(runner, state, &context, place).await;
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
            stays = was_up || (runner.reached(Stage::Sync) && self.keeps(state));
            if runner.reached(Stage::Up) && !state.lost {
                // The error of failed tests lists the failed containers already.
                let passed = state.verdict.is_none_or(|so_far| so_far == Verdict::Passed);
                let changed = (passed && runner.reached(Stage::Test)).then_some(&state.changed);
                // Collecting goes on after one signal, but not after a second.
                let collected = runner
                    .until(
                        2,
                        Stage::Collect,
                        stages::collect::collect(
                            &context,
                            state.ready.as_ref(),
                            changed,
                            !stays,
                            &mut state.services,
                            &mut state.usage,
                        ),
                    )
                    .await;
                if let Err(Stopped::Failed(error)) = &collected {
                    self.events
                        .warn(format!("failed to collect evidence: {}", error.message));
                } else if state.failed() {
                    state.skew = context.clock_skew().await.unwrap_or_default();
                }
                state.collected = collected.ok();
            }
            // Also where collecting failed or was cut short.
            stages::collect::settle(&context).await;
            self.show_failed_tests(runner, state).await;
        }
        let kept = if was_up && state.lost {
            // Another run may have entered it by now.
            Ok(true)
        } else if was_up || (stays && self.keeps(state)) {
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

    /// Runs the stages in the sandbox: a panic must not skip the teardown.
    async fn caught(
        &self,
        runner: &StageRunner<'_>,
        state: &mut RunState,
        context: &Context<'_>,
        place: Option<Place>,
    ) -> Result<(), Stopped> {
        AssertUnwindSafe(self.stages(runner, state, context, place))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| {
                let message = "cargo-e2e panicked: the message is above, please report it";
                Err(Stopped::Failed(StageError::new(
                    Verdict::InternalError,
                    message,
                )))
            })
    }

    /// Returns what is known so far, but for the verdict.
    fn record(&self, state: &RunState, runner: &StageRunner<'_>) -> Record {
        Record {
            schema: 1,
            run_id: self.identity.run_id.clone(),
            repo: self.identity.slug.clone(),
            spec: self.identity.spec.clone(),
            host: state
                .placed
                .as_ref()
                .map_or(&self.plan.host.name, |placed| &placed.host)
                .clone(),
            placement: state.placed.as_ref().map(|placed| Placement {
                engine: placed.engine.to_owned(),
                id: placed.id.clone(),
                queued_ms: state.queued_ms,
            }),
            stages: runner.records(),
            health_checks: state.health_checks.clone(),
            services: state.services.clone(),
            usage: state.usage,
            tests: state.tests.clone(),
            leftovers: state.leftovers.clone(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            ..Record::default()
        }
    }
}

#[cfg(test)]
mod tests;

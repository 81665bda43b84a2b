//! The order of a run's stages, and the only place that knows it. From provision on, teardown
//! runs on every path.

mod end;
mod execute;
mod sandbox;
mod stage_runner;
mod state;

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;

use crate::cancel::Cancel;
use crate::host::{Facts, Host, HostError};
use crate::plan::Plan;
use crate::record::ended::EndedSandbox;
use crate::record::event::{Event, Events};
use crate::record::outcome::{Git, Record, Stage, Verdict, exit_code, millis};
use crate::record::verdict;
use crate::run::stages::{self, Context, Trouble};
use crate::sandbox::{Identity, ended_sandboxes};

use crate::run::lifecycle::stage_runner::{Ledger, Stopped};
use crate::run::lifecycle::state::Found;

/// Reaches a host by its name; a value so that tests can reach one that does not exist.
#[async_trait::async_trait]
pub trait Connector: Send + Sync {
    /// Connects.
    async fn connect(&self, name: &str) -> Result<Box<dyn Host>, HostError>;
}

/// Reaches real hosts.
#[derive(Debug, Clone, Copy)]
pub struct RealHosts;

#[async_trait::async_trait]
impl Connector for RealHosts {
    async fn connect(&self, name: &str) -> Result<Box<dyn Host>, HostError> {
        crate::host::connect(name).await
    }
}

/// What a run came to, and how to live with its sandbox where that was kept.
#[derive(Debug)]
pub struct Outcome {
    /// The record, without the report stage.
    pub record: Record,
    /// Ready to show.
    pub kept: Option<String>,
    /// The host's clock less this machine's, as far as it is known.
    pub skew: jiff::SignedDuration,
    /// What the host remembers of earlier runs that were killed.
    pub ended_sandboxes: Vec<EndedSandbox>,
}

/// One run.
pub struct Run<'a> {
    /// What to do.
    pub plan: &'a Plan,
    /// How it is known.
    pub identity: Identity,
    /// How to reach its host.
    pub connector: &'a dyn Connector,
    /// Who is told.
    pub events: &'a Events,
    /// When to stop early.
    pub cancel: &'a Cancel,
    /// The folder on this machine where the result is kept.
    pub bundle: PathBuf,
    /// Earlier runs on its host that were killed, and of whose sandbox nothing is known.
    pub unknown: Vec<String>,
}

impl Run<'_> {
    /// Runs every stage, and takes everything down.
    pub async fn run(&self) -> Outcome {
        let started = Instant::now();
        let started_at = stage_runner::now();
        self.events.tell(Event::RunStarted {
            run_id: self.identity.run_id.clone(),
            repo: self.identity.slug.clone(),
            host: self.plan.host.name.clone(),
        });
        let mut ledger = Ledger::new(self.events, self.cancel);
        let mut found = Found::default();
        // Read while the host is reached: neither waits for the other.
        let describe = async {
            let git = crate::repo::git::describe(&self.plan.repo.root).await;
            self.events.tell(Event::Commit { git: git.clone() });
            git
        };
        let (mut git, ()) = tokio::join!(describe, Box::pin(self.on_host(&mut ledger, &mut found)));
        if found.differs_from(&git).await {
            git.dirty = true;
            self.events
                .warn("the repo changed during the run: the record says that it was dirty");
        }
        let verdict = verdict::of_run(found.verdict, self.cancel.signal());
        let record = self.record(verdict, git, &found, ledger, started_at, started);
        Outcome {
            record,
            kept: found.kept,
            skew: found.skew,
            ended_sandboxes: found.ended_sandboxes,
        }
    }

    async fn on_host(&self, ledger: &mut Ledger<'_>, found: &mut Found) {
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
        let facts = ledger.until(1, Stage::Connect, Box::pin(judged)).await;
        match (facts, &reached) {
            (Ok(facts), Some(host)) => {
                found.ended_sandboxes =
                    ended_sandboxes(host.as_ref(), &facts.root, &self.unknown).await;
                // Most of a run's state is in there: too much to carry by value.
                Box::pin(self.in_sandbox(ledger, found, host, &facts)).await;
            }
            (Ok(_), None) => {}
            (Err(stopped), _) => found.add(stopped.verdict()),
        }
        if let Some(host) = reached {
            host.close().await;
        }
    }

    async fn in_sandbox(
        &self,
        ledger: &mut Ledger<'_>,
        found: &mut Found,
        shared: &Arc<dyn Host>,
        facts: &Facts,
    ) {
        let host = shared.as_ref();
        let bound = ledger.bound();
        let entering = Box::pin(self.sandbox(shared, facts, &bound));
        let provisioned = ledger.binding(Stage::Provision, &bound, entering).await;
        let (sandbox, before, entered) = match provisioned {
            Ok(sandbox) => sandbox,
            Err(stopped) => {
                found.add(stopped.verdict());
                // Half a folder may exist.
                self.teardown(ledger, found, host, &facts.root).await;
                return;
            }
        };
        let lease = entered.unwrap_or_else(|| self.hold(shared, &sandbox));
        ledger.under(lease.lost());
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
            // A bug of ours must not cost the teardown.
            let went = AssertUnwindSafe(self.stages(ledger, found, &context))
                .catch_unwind()
                .await
                .unwrap_or_else(|_| {
                    let message = "cargo-e2e panicked: the message is above, please report it";
                    Err(Stopped::Failed(Trouble::new(
                        Verdict::InternalError,
                        message,
                    )))
                });
            match &went {
                Ok(()) => found.add(Verdict::Passed),
                Err(stopped) => found.stop(stopped),
            }
            if let Err(stopped) = went {
                if !found.lost {
                    // What still runs would go on while evidence is collected.
                    let _ = sandbox.stop(host).await;
                }
                if matches!(stopped, Stopped::Cancelled) && ledger.reached(Stage::Test) {
                    found.tests = stages::test::told(&context, true).await;
                }
            }
            found.add_tested();
            if ledger.reached(Stage::Up) && !found.lost {
                // Of tests that failed it is said already what fell meanwhile.
                let passed = found.verdict.is_none_or(|so_far| so_far == Verdict::Passed);
                let before = found
                    .ready
                    .as_ref()
                    .filter(|_| passed && ledger.reached(Stage::Test));
                // Evidence is worth a wait, but not a second signal.
                let collected = ledger
                    .until(
                        2,
                        Stage::Collect,
                        stages::collect::collect(
                            &context,
                            before.map(|ready| (ready, &found.changed)),
                            &mut found.services,
                        ),
                    )
                    .await;
                if let Err(Stopped::Failed(trouble)) = collected {
                    self.events
                        .warn(format!("no evidence was collected: {}", trouble.message));
                } else if found.failed() {
                    found.skew = stages::collect::skew(&context).await;
                }
            }
            // Also where nothing was collected, or not all.
            stages::collect::settle(&context).await;
        }
        // What was up before the run is not the run's to remove.
        let was_up = before.is_some();
        let kept = if was_up && found.lost {
            // Another run may be in it by now.
            Ok(true)
        } else if was_up || self.keeps(found) {
            self.keep(found, host, &sandbox).await.map(|()| true)
        } else {
            Ok(false)
        };
        lease.give_back().await;
        match kept {
            Ok(true) => {}
            Err(error) if was_up => {
                let text = format!("its lifetime could not be set: {error}");
                self.events.warn(text);
            }
            Ok(false) => self.teardown(ledger, found, host, &facts.root).await,
            Err(error) => {
                self.teardown(ledger, found, host, &facts.root).await;
                end::not_kept(ledger, found, error);
            }
        }
    }

    fn record(
        &self,
        verdict: Verdict,
        git: Git,
        found: &Found,
        ledger: Ledger<'_>,
        started_at: String,
        started: Instant,
    ) -> Record {
        Record {
            schema: 1,
            run_id: self.identity.run_id.clone(),
            repo: self.identity.slug.clone(),
            git,
            host: self.plan.host.name.clone(),
            verdict,
            exit_code: exit_code(verdict, self.cancel.signal()),
            started_at,
            duration_ms: millis(started.elapsed()),
            stages: ledger.into_records(),
            health_checks: found.health_checks.clone(),
            services: found.services.clone(),
            tests: found.tests.clone(),
            leftovers: found.leftovers.clone(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;

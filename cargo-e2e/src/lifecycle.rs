//! The order of a run's stages, and the only place that knows it. From provision on, teardown
//! runs on every path.

mod found;
mod ledger;
mod middle;
mod sandbox;

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;

use crate::cancel::Cancel;
use crate::event::{Event, Events};
use crate::host::{self, Facts, Host, HostError, Script};
use crate::outcome::{Git, Record, Stage, Verdict, exit_code, millis};
use crate::plan::{Keep, Plan};
use crate::sandbox::{Buried, Identity, Sandbox, buried, teardown};
use crate::stages::{self, Context, Done, Trouble};

use found::Found;
use ledger::{Ledger, Stopped};

/// Reaches a host by its name; a value so that tests can reach one that does not exist.
#[async_trait::async_trait]
pub trait Connector: Send + Sync {
    /// Connects. The connection of a client that was killed stays for `idle`.
    async fn connect(&self, name: &str, idle: Duration) -> Result<Box<dyn Host>, HostError>;
}

/// Reaches real hosts.
#[derive(Debug, Clone, Copy)]
pub struct RealHosts;

#[async_trait::async_trait]
impl Connector for RealHosts {
    async fn connect(&self, name: &str, idle: Duration) -> Result<Box<dyn Host>, HostError> {
        crate::host::connect(name, idle).await
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
    pub buried: Vec<Buried>,
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
        let started_at = ledger::now();
        self.events.tell(Event::RunStarted {
            run_id: self.identity.run_id.clone(),
            repo: self.identity.slug.clone(),
            host: self.plan.host.name.clone(),
        });
        let mut ledger = Ledger::new(self.events, self.cancel);
        let mut found = Found::default();
        // Read while the host is reached: neither waits for the other.
        let describe = async {
            let git = crate::git::describe(&self.plan.repo.root).await;
            self.events.tell(Event::Commit { git: git.clone() });
            git
        };
        let (git, ()) = tokio::join!(describe, Box::pin(self.on_host(&mut ledger, &mut found)));
        let mut verdict = found.verdict.unwrap_or(Verdict::Passed);
        if self.cancel.signal().is_some() {
            verdict = Verdict::Interrupted;
        }
        let record = self.record(verdict, git, &found, ledger, started_at, started);
        Outcome {
            record,
            kept: found.kept,
            skew: found.skew,
            buried: found.buried,
        }
    }

    async fn on_host(&self, ledger: &mut Ledger<'_>, found: &mut Found) {
        let mut reached: Option<Arc<dyn Host>> = None;
        let looked = async {
            let name = &self.plan.host.name;
            let host = self.connector.connect(name, self.plan.lease).await?;
            stages::connect::look(reached.insert(host.into()).as_ref(), &self.plan.spec).await
        };
        let limit = self.plan.limits.connect;
        let facts = ledger
            .until(1, Stage::Connect, stages::connect::within(limit, looked))
            .await;
        match (facts, &reached) {
            (Ok(facts), Some(host)) => {
                found.buried = buried(host.as_ref(), &facts.root, &self.unknown).await;
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
        let provisioned = ledger
            .bounded(Stage::Provision, Box::pin(self.sandbox(host, facts)))
            .await;
        let (sandbox, before) = match provisioned {
            Ok(sandbox) => sandbox,
            Err(stopped) => {
                found.add(stopped.verdict());
                // Half a folder may exist.
                self.teardown(ledger, found, host, &facts.root).await;
                return;
            }
        };
        let lease = self.hold(ledger, shared, &sandbox, before.is_some());
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
            if let Err(stopped) = went {
                found.stop(&stopped);
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
                // Evidence is worth a wait, but not a second signal.
                let collected = ledger
                    .until(
                        2,
                        Stage::Collect,
                        stages::collect::collect(&context, &mut found.services),
                    )
                    .await;
                if let Err(Stopped::Failed(trouble)) = collected {
                    self.events
                        .warn(format!("no evidence was collected: {}", trouble.message));
                } else if found.verdict.is_some() {
                    found.skew = stages::collect::skew(&context).await;
                }
            }
            // Also where nothing was collected, or not all.
            stages::collect::settle(&context).await;
        }
        // What was up before the run is not the run's to remove.
        let keeps = before.is_some() || self.keeps(found);
        if keeps {
            self.keep(found, host, &sandbox).await;
        }
        if let Some(lease) = lease {
            lease.give_back().await;
        }
        if !keeps {
            self.teardown(ledger, found, host, &facts.root).await;
        }
    }

    fn keeps(&self, found: &Found) -> bool {
        if self.cancel.signal().is_some() {
            return self.plan.keep_typed;
        }
        if self.plan.up_only {
            // Half a stack is nothing to live with, unless that is what was asked for.
            return found.verdict.is_none() || self.plan.keep_typed;
        }
        match self.plan.keep {
            Keep::No => false,
            Keep::Always => true,
            Keep::OnFailure => found
                .verdict
                .is_some_and(|verdict| verdict != Verdict::Passed),
        }
    }

    async fn keep(&self, found: &mut Found, host: &dyn Host, sandbox: &Sandbox) {
        if let Err(error) = sandbox.keep(host, self.plan.keep_for).await {
            self.events
                .warn(format!("its lifetime could not be set: {error}"));
        }
        let ports = match sandbox.inspect(host).await {
            Ok(containers) => containers.tcp_ports(),
            Err(_) => Vec::new(),
        };
        found.kept = Some(crate::kept::describe(self.plan, sandbox, &ports));
    }

    async fn teardown(
        &self,
        ledger: &mut Ledger<'_>,
        found: &mut Found,
        host: &dyn Host,
        root: &str,
    ) {
        let limit = self.plan.limits.teardown;
        let run_id = &self.identity.run_id;
        let torn_down = ledger
            .until(3, Stage::Teardown, async {
                if found.lost && !answers(host).await {
                    return Err(self.out_of_reach());
                }
                let left = teardown(host, root, run_id, limit).await?.left;
                if left.is_empty() {
                    return Ok(Done::new(left, "nothing left"));
                }
                let mut trouble = Trouble::new(
                    Verdict::Leaked,
                    format!("{} could not be removed:\n{}", left.len(), left.join("\n")),
                );
                let used = left.iter().any(|left| left.contains("(used by "));
                let first = if used {
                    "remove what uses it, then "
                } else {
                    ""
                };
                trouble.help = Some(format!("{first}{}", self.by_hand()));
                found.leftovers = left;
                Err(trouble)
            })
            .await;
        match torn_down {
            Ok(_) => found.add(Verdict::Passed),
            Err(Stopped::Failed(trouble)) => {
                if trouble.verdict != Verdict::Leaked {
                    found
                        .leftovers
                        .push(format!("sandbox {run_id} (its state is not known)"));
                }
                // A host that is lost only now is lost all the same.
                found.add(if trouble.lost {
                    Verdict::HostError
                } else {
                    Verdict::Leaked
                });
            }
            Err(Stopped::Cancelled | Stopped::Halted) => {
                found
                    .leftovers
                    .push(format!("sandbox {run_id} (teardown was cut short)"));
                self.events
                    .warn(format!("teardown goes on without us; {}", self.by_hand()));
                found.add(Verdict::Interrupted);
            }
        }
    }

    fn out_of_reach(&self) -> Trouble {
        let message = format!(
            "`{}` can't be reached: its guard takes the sandbox down by itself",
            self.plan.host.name
        );
        let help = format!(
            "once it answers again, `cargo e2e list` shows what is left; {}",
            self.by_hand()
        );
        let mut trouble = Trouble::new(Verdict::HostError, message).help(help);
        trouble.lost = true;
        trouble
    }

    fn by_hand(&self) -> String {
        format!(
            "to remove it: cargo e2e down {} --host {}",
            self.identity.run_id, self.plan.host.name
        )
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

/// Whether a host that was lost is back: not worth more than a moment, its guard needs nobody.
async fn answers(host: &dyn Host) -> bool {
    const MOMENT: Duration = Duration::from_secs(5);
    let asked = async {
        host.reconnect().await?;
        let nothing = Script::new("a sign of life", ":");
        host::stream(host, &nothing, b"", MOMENT, &mut |_| {}).await
    };
    matches!(tokio::time::timeout(MOMENT, asked).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests;

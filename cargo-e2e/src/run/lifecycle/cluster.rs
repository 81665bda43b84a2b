//! A run that goes to a node of a cluster, which an engine chooses.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::host::cluster::{ClusterName, Engine, engine};
use crate::host::{Facts, Host, WaitingShell};
use crate::plan::Plan;
use crate::record::outcome::{Stage, Verdict, millis};
use crate::run::stages::node::{NotHeld, granted, held, request, slots_of};
use crate::run::{StageError, StageOutput, stages};
use crate::text::count;

use super::in_slot::InSlot;
use super::run_state::{Placed, RunState};
use super::stage_runner::{StageRunner, Stopped};
use super::{Reached, Run};

/// A run gives up when this many nodes in turn could not be used.
const NODES: usize = 3;
/// For so long the run counts on the shell that waits on a node.
const FRESH: Duration = Duration::from_secs(5);

impl Run<'_> {
    /// Asks the cluster's engine for a node, and runs there. A node that can't be used is left for
    /// another one.
    pub(super) async fn on_cluster(
        &self,
        runner: &mut StageRunner<'_>,
        state: &mut RunState,
        cluster: &ClusterName,
        reached: &Reached,
    ) {
        let mut known = None;
        if self.plan.options.reuse
            && self
                .reuse(runner, state, cluster, &mut known, reached)
                .await
        {
            return;
        }
        let mut exclude: Vec<String> = Vec::new();
        let mut why = String::new();
        let mut tries = 0;
        let mut was_lost = false;
        loop {
            let placing = async {
                let engine = self.engine(cluster, &mut known, reached).await?;
                let request = request(self.plan, &self.identity, &exclude, &why);
                let asked = (cluster, engine.as_ref());
                let granted = granted(self.plan, asked, &request, self.events).await?;
                Ok(granted.map(|granted| (engine, granted)))
            };
            let (engine, (mut granted, waited)) =
                match runner.until(1, Stage::Place, Box::pin(placing)).await {
                    Ok(granted) => granted,
                    Err(stopped) => return state.add(stopped.verdict()),
                };
            state.queued_ms += millis(waited);
            let slot = InSlot {
                engine,
                cluster: cluster.clone(),
                id: granted.id.clone(),
                node: granted.node.clone(),
            };
            let plan = self.on_node(state, &slot);
            let run = self.with(&plan, true);
            let (mut is_late, mut is_cut) = (false, false);
            let taken = async {
                let held = held(self.plan, &mut granted, waited, self.events).await;
                held.map_err(|not_held| match not_held {
                    NotHeld::Refused(error) => error,
                    NotHeld::Lost(error) => {
                        is_cut = true;
                        error
                    }
                    NotHeld::Late(error) => {
                        is_late = true;
                        error
                    }
                })
            };
            match run.reach_node(runner, &slot.node, taken, reached).await {
                Ok((host, facts, shell)) => {
                    let shell = run.still_waiting(&host, shell);
                    run.ask_of_others(state, host.as_ref(), &facts).await;
                    let Some(entered) = run.enter(runner, state, &host, &facts, shell).await else {
                        return;
                    };
                    // From here on the slot follows the sandbox.
                    granted.confirm().await;
                    runner.in_slot(slot.clone());
                    Box::pin(run.in_sandbox(runner, state, &host, &facts, entered)).await;
                    if state.kept.is_none() {
                        slot.release().await;
                    }
                    if was_lost || !state.out_of_reach || runner.reached(Stage::Test) {
                        return;
                    }
                    // No test had begun: its loss costs only time, once.
                    was_lost = true;
                    self.events.warn(format!(
                        "{} was lost before a test began: its guard takes the sandbox there down; asking for another node",
                        slot.node
                    ));
                    why = format!("{} was lost", slot.node);
                    exclude.push(slot.node);
                    runner.leave();
                    state.leave();
                }
                Err(Stopped::Failed(error))
                    if error.verdict == Verdict::HostError && !is_late && tries + 1 < NODES =>
                {
                    tries += 1;
                    let first = error.message.lines().next().unwrap_or_default();
                    let first = first.trim_end_matches(':');
                    let (what, whose) = if is_cut {
                        ("was not taken", "a node")
                    } else {
                        ("can't be used", "another node")
                    };
                    self.events
                        .warn(format!("{} {what}: {first}; asking for {whose}", slot.node));
                    if !is_cut {
                        first.clone_into(&mut why);
                        exclude.push(slot.node);
                    }
                    runner.leave();
                    // The engine takes it back.
                    drop(granted);
                }
                Err(stopped) => return state.add(stopped.verdict()),
            }
        }
    }

    /// Runs in a sandbox of the repo that is up on one of the nodes; false where there is none.
    async fn reuse(
        &self,
        runner: &mut StageRunner<'_>,
        state: &mut RunState,
        cluster: &ClusterName,
        known: &mut Option<Arc<dyn Engine>>,
        reached: &Reached,
    ) -> bool {
        let looked = async {
            let engine = self.engine(cluster, known, reached).await?;
            let slots = slots_of(self.plan, engine.as_ref(), &self.identity).await?;
            let detail = format!("{} of the repo there", count(slots.len(), "slot"));
            Ok(StageOutput::new((engine, slots), detail))
        };
        let (engine, slots) = match runner.until(1, Stage::Place, Box::pin(looked)).await {
            Ok(found) => found,
            Err(stopped) => {
                state.add(stopped.verdict());
                return true;
            }
        };
        for slot in slots {
            let slot = InSlot {
                engine: Arc::clone(&engine),
                cluster: cluster.clone(),
                id: slot.id,
                node: slot.node,
            };
            let plan = self.on_node(state, &slot);
            let run = self.with(&plan, false);
            let taken = async { Ok(()) };
            let Ok((host, facts, _)) = run.reach_node(runner, &slot.node, taken, reached).await
            else {
                if self.cancel.signal().is_some() {
                    state.add(Verdict::Interrupted);
                    return true;
                }
                continue;
            };
            let bound = runner.bound();
            let entering = async {
                let entered = run.existing(&host, &facts, &bound).await?;
                Ok(entered.map_or_else(
                    || StageOutput::new(None, "no sandbox of the repo there"),
                    |output| output.map(Some),
                ))
            };
            match runner
                .binding(Stage::Provision, &bound, Box::pin(entering))
                .await
            {
                Ok(Some(entered)) => {
                    Box::pin(run.in_sandbox(runner, state, &host, &facts, entered)).await;
                    return true;
                }
                Ok(None) => {}
                Err(stopped) => {
                    state.add(stopped.verdict());
                    return true;
                }
            }
        }
        runner.leave();
        false
    }

    /// Returns the cluster's engine, reached once.
    async fn engine(
        &self,
        cluster: &ClusterName,
        known: &mut Option<Arc<dyn Engine>>,
        reached: &Reached,
    ) -> Result<Arc<dyn Engine>, StageError> {
        if let Some(known) = known {
            return Ok(Arc::clone(known));
        }
        stages::strict::before(self.plan).await?;
        let login = async {
            let login = self.reach(&cluster.login, reached).await?;
            Ok(StageOutput::new(engine(cluster, login), ""))
        };
        let limit = self.plan.limits.connect;
        let engine = stages::connect::within(limit, login).await?.value;
        *known = Some(Arc::clone(&engine));
        Ok(engine)
    }

    pub(super) fn with<'b>(&'b self, plan: &'b Plan, has_slot: bool) -> Run<'b> {
        Run {
            plan,
            identity: self.identity.clone(),
            bundle: self.bundle.clone(),
            unknown: self.unknown.clone(),
            has_slot,
            ..*self
        }
    }

    fn on_node(&self, state: &mut RunState, slot: &InSlot) -> Plan {
        let mut plan = self.placed(
            state,
            Placed {
                host: slot.node.clone(),
                engine: slot.cluster.engine.name(),
                id: slot.id.clone(),
            },
        );
        // What is up there was looked at.
        plan.options.reuse = false;
        plan
    }

    /// Connects to a node, and checks that it has what the run needs, while it takes the slot that was
    /// granted there.
    async fn reach_node(
        &self,
        runner: &StageRunner<'_>,
        node: &str,
        taken: impl Future<Output = Result<(), StageError>>,
        reached: &Reached,
    ) -> Result<(Arc<dyn Host>, Facts, Option<WaitingShell>), Stopped> {
        let looked = async {
            let host = self.reach(node, reached).await?;
            let facts = stages::connect::look(host.as_ref(), &self.plan.spec).await?;
            Ok(facts.map(|(facts, shell)| (host, facts, shell, Instant::now())))
        };
        let looked = stages::connect::within(self.plan.limits.connect, looked);
        let both = async {
            let (looked, ()) = tokio::try_join!(looked, taken)?;
            let (host, _, _, at) = &looked.value;
            let is_old = at.elapsed() > FRESH;
            if is_old {
                // Its connection may have ended since.
                host.reconnect().await?;
            }
            Ok(looked.map(|(host, facts, shell, _)| (host, facts, shell.filter(|_| !is_old))))
        };
        runner.until(1, Stage::Connect, Box::pin(both)).await
    }
}

//! A run that goes to one host of several.

use std::sync::Arc;

use crate::host::Host;
use crate::plan::{HostChoice, Plan};
use crate::record::event::Event;
use crate::record::outcome::Stage;
use crate::run::stages;
use crate::run::stages::place::Pool;

use super::run_state::{Placed, RunState};
use super::stage_runner::StageRunner;
use super::{Reached, Run};

impl Run<'_> {
    /// Chooses a host, and runs there. Where another run took its last slot meanwhile, chooses again.
    pub(super) async fn on_pool(
        &self,
        runner: &mut StageRunner<'_>,
        state: &mut RunState,
        names: &[&str],
        reached: &Reached,
    ) {
        let reach = |name| self.reach(name, reached);
        let about = self.about();
        let mut pool = Pool::ask(self.plan, names, &about, self.events, reach);
        loop {
            let first = state.placed.is_none();
            let chosen = async {
                if first {
                    stages::strict::before(self.plan).await?;
                }
                pool.choose().await
            };
            let candidate = match runner.until(1, Stage::Place, Box::pin(chosen)).await {
                Ok(candidate) => candidate,
                Err(stopped) => return state.add(stopped.verdict()),
            };
            let host = Arc::clone(&candidate.host);
            let plan = self.placed(
                state,
                Placed {
                    host: host.name().to_owned(),
                    engine: "pool",
                    id: self.plan.host.name.clone(),
                },
            );
            let run = self.with(&plan, self.has_slot);
            let looked =
                stages::connect::judge(host.as_ref(), &plan.spec, candidate.examined.clone());
            let facts = match runner.until(1, Stage::Connect, Box::pin(looked)).await {
                Ok(facts) => facts,
                Err(stopped) => return state.add(stopped.verdict()),
            };
            run.ask_of_others(state, host.as_ref(), &facts).await;
            let Some(entered) = run.enter(runner, state, &host, &facts, None).await else {
                return;
            };
            let waits = entered.place.is_some_and(|place| !place.is_turn());
            if !(waits && pool.may_have_room()) {
                drop(pool);
                close_others(reached, &host).await;
                Box::pin(run.in_sandbox(runner, state, &host, &facts, entered)).await;
                return;
            }
            run.teardown(runner, state, host.as_ref(), &facts.root)
                .await;
            if state.failed() || self.cancel.signal().is_some() {
                return;
            }
            runner.leave();
            let name = host.name();
            self.events.note(format!(
                "another run took the last slot of {name}: choosing another host"
            ));
            pool.is_full(candidate);
        }
    }

    /// Returns the plan on the host that was chosen.
    pub(super) fn placed(&self, state: &mut RunState, placed: Placed) -> Plan {
        let name = placed.host.clone();
        self.events.emit(Event::Placed { host: name.clone() });
        let because = format!("of the {} {}", placed.engine, self.plan.host.name);
        state.placed = Some(placed);
        Plan {
            host: HostChoice { name, because },
            ..self.plan.clone()
        }
    }
}

/// Closes the connections to hosts on which the run is not, beside the run.
async fn close_others(reached: &Reached, chosen: &Arc<dyn Host>) {
    let mut all = reached.lock().await;
    let others = all.extract_if(.., |host| !Arc::ptr_eq(host, chosen));
    for host in others {
        tokio::spawn(async move { host.close().await });
    }
}

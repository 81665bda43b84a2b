//! A run that goes to one host of several.

use std::sync::Arc;

use crate::plan::{HostChoice, Plan};
use crate::record::event::Event;
use crate::record::outcome::Stage;
use crate::run::stages::place::{Candidate, Pool};
use crate::run::{StageOutput, stages};

use super::run_state::RunState;
use super::stage_runner::{StageRunner, Stopped};
use super::{Reached, Run};

impl Run<'_> {
    /// Chooses a host, and runs there. One that has filled up since it was asked is left for another
    /// one that may have room.
    pub(super) async fn on_pool(
        &self,
        runner: &mut StageRunner<'_>,
        state: &mut RunState,
        names: &[&str],
        reached: &Reached,
    ) {
        let reach = |name| self.reach(name, reached);
        let slug = &self.identity.slug;
        let mut pool = Pool::ask(self.plan, names, slug, self.events, reach);
        loop {
            let chosen = async {
                stages::strict::before(self.plan).await?;
                pool.choose().await
            };
            let candidate = match runner.until(1, Stage::Place, Box::pin(chosen)).await {
                Ok(candidate) => candidate,
                Err(stopped) => return state.add(stopped.verdict()),
            };
            let leaves = pool.may_have_room();
            match Box::pin(self.on_member(runner, state, &candidate, leaves)).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(stopped) => return state.add(stopped.verdict()),
            }
            runner.forget();
            let name = candidate.host.name();
            self.events.note(format!("{name} has filled up meanwhile"));
            pool.is_full(candidate);
        }
    }

    /// Runs on this host; with `leaves`, returns false where it has no room.
    async fn on_member(
        &self,
        runner: &mut StageRunner<'_>,
        state: &mut RunState,
        candidate: &Candidate,
        leaves: bool,
    ) -> Result<bool, Stopped> {
        let (host, facts) = (&candidate.host, &candidate.facts);
        let name = host.name().to_owned();
        self.events.emit(Event::Placed { host: name.clone() });
        state.placed = Some(name.clone());
        let because = format!("of the pool {}", self.plan.host.name);
        let plan = Plan {
            host: HostChoice { name, because },
            ..self.plan.clone()
        };
        let run = Run {
            plan: &plan,
            identity: self.identity.clone(),
            bundle: self.bundle.clone(),
            unknown: self.unknown.clone(),
            ..*self
        };
        let looked = async { Ok(StageOutput::new((), candidate.detail.clone())) };
        runner.until(1, Stage::Connect, looked).await?;
        run.ask_of_others(state, host.as_ref(), facts).await;
        let host = Arc::clone(host);
        Ok(Box::pin(run.in_sandbox(runner, state, &host, facts, leaves)).await)
    }
}

//! Addresses for the sandbox's networks, where Docker's choice does not work.

use serde_json::Value;

use crate::compose::{Rewritten, gateway, subnets};
use crate::record::outcome::Verdict;
use crate::run::{Context, StageError};

use super::ports;

/// Rewrites that only some stacks need.
#[derive(Debug, Clone)]
pub(super) struct NetworkPlan {
    /// Publish on the gateway of the sandbox's network too.
    gateway: bool,
    /// Choose the addresses of every network, because Docker has none left.
    subnets: bool,
    /// Addresses of a sandbox that is up already: others would recreate its networks.
    kept: Vec<String>,
}

impl NetworkPlan {
    /// Plans what the model asks for, or what the sandbox has already.
    pub(super) async fn new(context: &Context<'_>, model: &Value) -> Result<Self, StageError> {
        // In rootless mode, the host can't listen on addresses of the engine's networks.
        let asked_for = gateway::is_asked_for(model) && !context.facts.rootless;
        if context.facts.rootless && gateway::is_asked_for(model) {
            context.events.warn(
                "Docker is rootless there: containers reach no published port through host-gateway; name the service \
                 and its own port instead",
            );
        }
        let mut plan = Self {
            gateway: asked_for,
            subnets: false,
            kept: Vec::new(),
        };
        if context.before.is_some() {
            plan.kept = context.sandbox.kept_subnets(context.host).await?;
            let wanted = gateway::network(model)
                .is_some_and(|network| subnets::wanting(model).contains(&network));
            plan.gateway &= !wanted || !plan.kept.is_empty();
            plan.subnets = plan.kept.len() > usize::from(plan.gateway && wanted);
        }
        Ok(plan)
    }

    /// Chooses addresses for networks where they must be known, or where Docker has none left;
    /// returns the address of the gateway at which ports are published too.
    pub(super) async fn apply(
        &self,
        context: &Context<'_>,
        rewritten: &mut Rewritten,
    ) -> Result<Option<String>, StageError> {
        let network = if self.gateway {
            gateway::network(&rewritten.model)
        } else {
            None
        };
        let mut keys = subnets::wanting(&rewritten.model);
        if !self.subnets {
            keys.retain(|key| Some(key) == network.as_ref());
        }
        if !keys.is_empty() {
            let found = if self.kept.len() >= keys.len() {
                self.kept.clone()
            } else {
                context.sandbox.subnets(context.host, keys.len()).await?
            };
            if found.len() < keys.len() {
                return Err(StageError::new(
                    Verdict::UpFailed,
                    format!(
                        "no {} free subnets in {} on `{}`",
                        keys.len(),
                        subnets::RANGE,
                        context.host.name()
                    ),
                ));
            }
            subnets::assign(&mut rewritten.model, &keys, &found);
        }
        let published = &rewritten.published;
        Ok(network.and_then(|key| gateway::apply(&mut rewritten.model, &key, published)))
    }

    /// Returns why another `up` may succeed after a failure; `None` when nothing would change.
    /// `own` are the sandbox's own ports, which may be others the next time.
    pub(super) fn after(
        &mut self,
        error: &StageError,
        gateway: Option<&str>,
        own: &[u16],
    ) -> Option<&'static str> {
        let said = |what: &dyn Fn(&str) -> bool| error.excerpts.iter().any(|said| what(&said.text));
        if said(&subnets::are_exhausted) && !self.subnets {
            self.subnets = true;
            return Some("Docker has no addresses left for another network: choosing subnets");
        }
        if said(&subnets::overlap) && (self.subnets || self.gateway) {
            return Some("another process took a subnet: trying others");
        }
        if !said(&ports::is_taken) {
            return None;
        }
        // A program that listens on every address of the host has a declared port.
        if gateway.is_some_and(|gateway| said(&|text| text.contains(gateway))) {
            self.gateway = false;
            return Some(
                "a published port is taken on every address of the host: containers can't reach it through host-gateway",
            );
        }
        // A program without our lock took a free port before `up` did.
        said(&|text| own.iter().any(|port| ports::is_named(text, *port)))
            .then_some("another process took a port: trying others")
    }
}

//! Containers that are made while files travel, where making them needs none of them. They count where the stack
//! is the same once all files are there.

use std::time::Duration;

use serde_json::Value;

use crate::compose::scan::Scan;
use crate::compose::{entries, gateway, is_built, needs, start_order, subnets};
use crate::run::stages::config::{Early, from_client};
use crate::run::stages::model;
use crate::run::stages::network_plan::NetworkPlan;
use crate::run::{Context, StageError};
use crate::spec::{Pull, RegistryAuth};

use super::{Asked, Prepared, claim, prepare};

/// Longer than this, files do not travel as a rule.
const LIMIT: Duration = Duration::from_mins(1);

/// Containers that were made before their time, and of what.
pub struct Ahead {
    model: Value,
    prepared: Prepared,
}

impl Ahead {
    /// Makes the containers of the model in Compose's early answer. Returns none where they may need files or images
    /// that rsync or `docker load` has not yet written, or a network that another sandbox may have. Returns none
    /// also where Compose fails: stage `up` makes them then, and reports the error.
    pub async fn make(
        context: &Context<'_>,
        scan: &Scan,
        early: &Early,
    ) -> Result<Option<Self>, StageError> {
        let (plan, spec) = (context.plan, &context.plan.spec);
        if plan.tests.service().is_some()
            || spec.registry_auth != RegistryAuth::Host
            || spec.pull == Pull::Always
            || !spec.images.is_empty()
            || scan.uses_endpoints
        {
            return Ok(None);
        }
        let interpolation = from_client(context, scan);
        model::learn_variables(context);
        let Ok((model, warnings)) = model::read(context, &interpolation, Some(early)).await else {
            return Ok(None);
        };
        model::learn_secrets(context, &model);
        if !is_free(&model)
            || gateway::is_asked_for(&model)
            || !needs::paths(&model, &context.sandbox.repo_dir()).is_empty()
            || start_order::order(&model, None).is_none()
        {
            return Ok(None);
        }
        let asked = Asked {
            scan,
            images: &[],
            interpolation: &interpolation,
            model: &model,
            warnings: &warnings,
        };
        let networks = NetworkPlan::new(context, &model).await?;
        let Ok(prepared) = prepare(context, &asked, &networks, true).await else {
            return Ok(None);
        };
        let (sandbox, host) = (context.sandbox, context.host);
        let (limit, most) = (plan.limits.up.min(LIMIT), plan.limits.log);
        let mut unread = |_: &[u8]| ();
        let ended = sandbox.job(host, "create", &prepared.create, limit, most, &mut unread);
        if matches!(ended.await, Ok(0)) {
            return Ok(Some(Self { model, prepared }));
        }
        sandbox.stop(host).await?;
        sandbox.reset(host).await?;
        Ok(None)
    }

    /// Returns what is left to do for this model; where the containers are another's, they are removed.
    pub(super) async fn of(
        self,
        context: &Context<'_>,
        model: &Value,
    ) -> Result<Option<Prepared>, StageError> {
        if self.model == *model {
            let Prepared {
                rewritten, numbers, ..
            } = &self.prepared;
            claim(context, &rewritten.published, numbers).await?;
            return Ok(Some(self.prepared));
        }
        context.sandbox.reset(context.host).await?;
        Ok(None)
    }
}

/// Returns whether its services run images that are there or not, and its networks are its own: an image may have
/// to be built or asked for again, and a network with fixed addresses is one sandbox's at a time.
fn is_free(model: &Value) -> bool {
    let are_there = entries(&model["services"]).all(|(_, service)| {
        let policy = service["pull_policy"].as_str().unwrap_or_default();
        !is_built(service) && ["", "missing", "if_not_present", "never"].contains(&policy)
    });
    let own = subnets::wanting(model);
    let are_own = entries(&model["networks"])
        .all(|(key, network)| network["external"] == true || own.contains(key));
    are_there && are_own
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_must_be_asked_for_or_shared_is_not_made_ahead() {
        let with = |service: Value, network: Value| {
            let model =
                json!({ "services": { "web": service }, "networks": { "default": network } });
            is_free(&model)
        };
        let web = json!({ "image": "web" });
        assert!(with(web.clone(), json!({})));
        assert!(with(web.clone(), json!({ "external": true })));
        for policy in ["missing", "if_not_present", "never"] {
            assert!(with(
                json!({ "image": "web", "pull_policy": policy }),
                json!({})
            ));
        }
        for policy in ["always", "build", "daily", "every_12h"] {
            let web = json!({ "image": "web", "pull_policy": policy });
            assert!(!with(web, json!({})), "{policy}");
        }
        assert!(!with(json!({ "build": { "context": "." } }), json!({})));
        let fixed = json!({ "ipam": { "config": [{ "subnet": "172.28.0.0/16" }] } });
        assert!(!with(web.clone(), fixed));
        assert!(!with(web, json!({ "driver": "macvlan" })));
    }
}

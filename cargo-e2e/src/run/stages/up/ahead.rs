//! Containers that are made while files travel, where they need none of them. They count where the stack is
//! the same once all files are there.

use serde_json::Value;

use crate::compose::scan::Scan;
use crate::compose::{entries, gateway, is_built, needs, start_order};
use crate::run::stages::config::{Early, from_client};
use crate::run::stages::model;
use crate::run::stages::network_plan::NetworkPlan;
use crate::run::{Context, StageError};
use crate::spec::RegistryAuth;

use super::{Asked, Prepared, claim, prepare};

/// Containers that were made before their time, and of what.
pub struct Ahead {
    model: Value,
    prepared: Prepared,
}

impl Ahead {
    /// Makes the containers of a model that Compose has told of early. None where they may need files or
    /// images that are on the way; what fails is left for later, when it is told.
    pub async fn make(
        context: &Context<'_>,
        scan: &Scan,
        early: &Early,
    ) -> Result<Option<Self>, StageError> {
        let (plan, spec) = (context.plan, &context.plan.spec);
        if plan.tests.service().is_some()
            || spec.registry_auth != RegistryAuth::Host
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
        let is_any_built = entries(&model["services"]).any(|(_, service)| is_built(service));
        if is_any_built
            || gateway::is_asked_for(&model)
            || !needs::paths(&model, &context.sandbox.repo_dir()).is_empty()
            || start_order::order(&model, None).is_none()
        {
            return Ok(None);
        }
        let networks = NetworkPlan::new(context, &model).await?;
        let asked = Asked {
            scan,
            images: &[],
            interpolation: &interpolation,
            model: &model,
            warnings: &warnings,
        };
        let prepared = prepare(context, &asked, &networks, true).await?;
        if prepared.pulls.iter().any(|pull| pull.always) {
            return Ok(None);
        }
        let (sandbox, host) = (context.sandbox, context.host);
        let (limit, most) = (plan.limits.up, plan.limits.log);
        let mut unread = |_: &[u8]| ();
        let ended = sandbox.job(host, "create", &prepared.create, limit, most, &mut unread);
        if ended.await? == 0 {
            return Ok(Some(Self { model, prepared }));
        }
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

//! The sandbox of a run: a new one, or one that is up already.

use std::sync::Arc;

use crate::cancel::Cancel;
use crate::host::{Facts, Host, HostError};
use crate::plan::Keep;
use crate::sandbox::{self, Existing, Lease, Sandbox, State, Terms};
use crate::stages::{Done, Trouble};

use super::ledger::Ledger;
use super::{Run, ledger};

impl Run<'_> {
    /// A new sandbox, or this repo's own that is up already and may be used again.
    pub(super) async fn sandbox(
        &self,
        host: &dyn Host,
        facts: &Facts,
    ) -> Result<Done<(Sandbox, Option<State>)>, Trouble> {
        if self.plan.reuse
            && let Some(existing) = self.existing(host, facts).await?
        {
            let definition = crate::definition::definition(self.plan).await;
            let changed = definition.is_empty() || existing.state.definition != definition;
            let run_id = &existing.sandbox.identity.run_id;
            if self.plan.up_only || !changed {
                // Its time must not run out under the tests.
                existing.sandbox.adopt(host, self.plan.lifetime()).await?;
                let detail = format!("sandbox {run_id}, which is up already");
                return Ok(Done::new((existing.sandbox, Some(existing.state)), detail));
            }
            self.events.warn(format!(
                "sandbox {run_id} is not used: e2e.yml, the compose file or what it reads has changed since it was \
                 brought up. `cargo e2e up` brings it up to date"
            ));
        }
        let sandbox = self.provision(host, facts).await?;
        let detail = sandbox.dir();
        Ok(Done::new((sandbox, None), detail))
    }

    async fn existing(
        &self,
        host: &dyn Host,
        facts: &Facts,
    ) -> Result<Option<Existing>, HostError> {
        let folder = self.plan.repo.root.to_string_lossy();
        let all = sandbox::list(host, &facts.root).await?;
        // The newest one of this working copy.
        for listed in all.iter().rev() {
            let about = &listed.about;
            if about["repo"] == self.identity.slug
                && about["folder"] == *folder
                && about["by"] == ledger::who()
                && let Some(existing) = Existing::of(host, &facts.root, listed).await?
            {
                return Ok(Some(existing));
            }
        }
        Ok(None)
    }

    async fn provision(&self, host: &dyn Host, facts: &Facts) -> Result<Sandbox, HostError> {
        let mut lifetime = self.plan.lifetime();
        if self.plan.keep != Keep::No || self.plan.up_only {
            // Labels can't be changed later.
            lifetime = lifetime.saturating_add(self.plan.keep_for);
        }
        let about = serde_json::json!({
            "repo": self.identity.slug,
            "project": self.identity.project,
            "by": ledger::who(),
            "folder": self.plan.repo.root.to_string_lossy(),
            "started_at": ledger::now(),
            "tool_version": env!("CARGO_PKG_VERSION"),
        });
        let terms = Terms {
            lifetime,
            deadline: self.plan.lifetime(),
            lease: self.plan.lease,
            limit: self.plan.limits.connect,
        };
        let identity = self.identity.clone();
        Sandbox::provision(host, facts, identity, &about.to_string(), terms).await
    }

    /// Renews the sandbox's lease from now on. One that was up already is kept: it has none.
    pub(super) fn hold(
        &self,
        ledger: &mut Ledger<'_>,
        host: &Arc<dyn Host>,
        sandbox: &Sandbox,
        kept: bool,
    ) -> Option<Lease> {
        if kept {
            return None;
        }
        // With `--keep` a signal is no reason to hurry.
        let cancel = if self.plan.keep_typed {
            Cancel::never()
        } else {
            self.cancel.clone()
        };
        let lease = Lease::hold(Arc::clone(host), sandbox, cancel);
        ledger.under(lease.lost());
        Some(lease)
    }
}

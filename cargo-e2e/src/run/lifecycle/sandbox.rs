//! The sandbox of a run: a new one, or one that is up already.

use std::sync::Arc;
use std::time::Duration;

use crate::cancel::Cancel;
use crate::host::{Facts, Host, HostError, WaitingShell};
use crate::plan::Keep;
use crate::record::outcome::now;
use crate::run::{StageError, StageOutput};
use crate::sandbox::{
    self, Existing, Lease, Listed, NotEntered, Occupant, Owner, Place, Predecessor, Request,
    Sandbox, State, Terms, Visitor,
};

use super::Run;
use super::bound::Bound;

/// A run's sandbox.
pub(super) struct Entered {
    pub(super) sandbox: Sandbox,
    /// The state of its last `up` and its lease, when it was up already.
    pub(super) up: Option<(State, Lease)>,
    /// Its place in the host's queue, where it has one.
    pub(super) place: Option<Place>,
}

impl Run<'_> {
    /// Returns a new sandbox, or this repo's own that is up already and can be reused. `bound`
    /// begins with the creation: a signal ends the wait for another run.
    pub(super) async fn sandbox(
        &self,
        host: &Arc<dyn Host>,
        facts: &Facts,
        shell: Option<WaitingShell>,
        bound: &Bound,
    ) -> Result<StageOutput<Entered>, StageError> {
        if self.plan.options.reuse
            && let Some(entered) = self.existing(host, facts, bound).await?
        {
            return Ok(entered);
        }
        bound.begin().await;
        let (sandbox, place) = self.provision(host.as_ref(), facts, shell).await?;
        if place.is_none() {
            self.events.warn(format!(
                "no turn on {}: failed to write a ticket below /tmp there; this run starts at once",
                host.name()
            ));
        }
        let (detail, up) = (sandbox.dir(), None);
        let entered = Entered { sandbox, up, place };
        Ok(StageOutput::new(entered, detail))
    }

    /// Enters the newest sandbox of this working copy that can be reused.
    pub(super) async fn existing(
        &self,
        shared: &Arc<dyn Host>,
        facts: &Facts,
        bound: &Bound,
    ) -> Result<Option<StageOutput<Entered>>, StageError> {
        let host = shared.as_ref();
        let folder = self.plan.repo.root.to_string_lossy();
        let all = sandbox::list_folders(host, facts).await?;
        for listed in all.iter().rev() {
            let about = &listed.about;
            if about["repo"] != self.identity.slug
                || about["folder"] != *folder
                || listed.spec() != self.identity.spec.as_deref()
                || about["by"] != who()
            {
                continue;
            }
            let Some(found) = self.found(host, facts, listed).await? else {
                continue;
            };
            if !self.is_usable(&found).await {
                self.warn_of_change(&found);
                return Ok(None);
            }
            let told = |other: &Occupant| self.tell_of(&found.sandbox, other);
            let limit = self.queue();
            let entered = Lease::enter(Arc::clone(shared), &found.sandbox, limit, &told).await;
            let (lease, before) = match entered {
                Ok(entered) => entered,
                Err(NotEntered::Nothing) => continue,
                Err(NotEntered::Host(error)) => return Err(error.into()),
                Err(NotEntered::Occupied(other)) => {
                    return Err(self.occupied(&found.sandbox, &other));
                }
            };
            bound.begin().await;
            // The previous run may have changed or removed it.
            let Some(existing) = self.found(host, facts, listed).await? else {
                lease.give_back().await;
                continue;
            };
            if !self.is_usable(&existing).await {
                lease.give_back().await;
                self.warn_of_change(&existing);
                return Ok(None);
            }
            if before == Predecessor::Vanished {
                existing.sandbox.stop_all(host).await?;
            }
            // Its lifetime must not end during the tests.
            existing.sandbox.adopt(host, self.plan.lifetime()).await?;
            let run_id = &existing.sandbox.identity.run_id;
            let detail = format!("sandbox {run_id}, which is up already");
            let Existing { sandbox, state } = existing;
            let entered = Entered {
                sandbox,
                up: Some((state, lease)),
                place: None,
            };
            return Ok(Some(StageOutput::new(entered, detail)));
        }
        Ok(None)
    }

    /// Returns a listed sandbox with this run as its visitor, when it was brought up.
    async fn found(
        &self,
        host: &dyn Host,
        facts: &Facts,
        listed: &Listed,
    ) -> Result<Option<Existing>, HostError> {
        let existing = Existing::of(host, &facts.root, listed).await?;
        Ok(existing.map(|mut existing| {
            existing.sandbox.lease = self.plan.lease;
            existing.sandbox.visitor = Visitor {
                run: self.identity.run_id.clone(),
                who: process(),
            };
            existing
        }))
    }

    /// Returns whether a sandbox can be used: `up` updates any, tests need an unchanged definition.
    async fn is_usable(&self, existing: &Existing) -> bool {
        if self.plan.options.up_only {
            return true;
        }
        let definition = crate::run::definition::definition(self.plan).await;
        !definition.is_empty() && existing.state.definition == definition
    }

    fn warn_of_change(&self, existing: &Existing) {
        self.events.warn(format!(
            "sandbox {} is not used: e2e.yml, the compose file or a file that it reads has changed since it was brought up. `cargo e2e up` brings it up to date",
            existing.sandbox.identity.run_id
        ));
    }

    /// Returns how long to wait for another run.
    fn queue(&self) -> Duration {
        if self.plan.options.no_wait {
            Duration::ZERO
        } else {
            self.plan.limits.queue
        }
    }

    fn tell_of(&self, sandbox: &Sandbox, other: &Occupant) {
        let held = format!("sandbox {} is held by {other}", sandbox.identity.run_id);
        self.events.waits_for(&held, "queue", self.queue());
    }

    fn occupied(&self, sandbox: &Sandbox, other: &Occupant) -> StageError {
        let held = format!("sandbox {} is held by {other}", sandbox.identity.run_id);
        let mut error = StageError::not_released(&held, self.plan);
        let more = "; without `--reuse` it gets a sandbox of its own";
        error.help = error.help.map(|help| help + more);
        error
    }

    async fn provision(
        &self,
        host: &dyn Host,
        facts: &Facts,
        shell: Option<WaitingShell>,
    ) -> Result<(Sandbox, Option<Place>), HostError> {
        let mut lifetime = self.plan.lifetime();
        if self.plan.keep != Keep::No || self.plan.options.up_only {
            // Labels can't be changed later.
            lifetime = lifetime.saturating_add(self.plan.keep_for);
        }
        let mut about = self.about();
        about["project"] = self.identity.project.clone().into();
        about["started_at"] = now().into();
        about["tool_version"] = env!("CARGO_PKG_VERSION").into();
        let terms = Terms {
            lifetime,
            deadline: self.plan.lifetime(),
            lease: self.plan.lease,
            limit: self.plan.limits.connect,
            has_slot: self.has_slot,
        };
        let identity = self.identity.clone();
        let about = about.to_string();
        let request = Request {
            need: self.plan.need,
            slots: self.plan.slots,
        };
        let owner = Owner {
            who: &process(),
            about: &about,
        };
        Sandbox::provision((host, shell), facts, identity, owner, terms, request).await
    }

    /// Returns what a sandbox of the same working copy says of itself, wherever it is.
    pub(super) fn about(&self) -> serde_json::Value {
        serde_json::json!({
            "repo": self.identity.slug,
            "by": who(),
            "folder": self.plan.repo.root.to_string_lossy(),
            "spec": self.identity.spec,
        })
    }

    /// Takes the lease of the run's own sandbox, and renews it from now on.
    pub(super) fn hold(&self, host: &Arc<dyn Host>, sandbox: &Sandbox) -> Lease {
        // With `--keep`, a signal does not shorten the lease.
        let cancel = if self.plan.keep_typed {
            Cancel::never()
        } else {
            self.cancel.clone()
        };
        Lease::hold(Arc::clone(host), sandbox, cancel)
    }
}

/// Returns a name for this process, for runs that wait for it.
fn process() -> String {
    format!("{}, pid {}", who(), std::process::id())
}

/// Returns the user and machine of this run, for runs that wait for its port or sandbox.
fn who() -> String {
    let user =
        whoami::username().unwrap_or_else(|_| rustix::process::getuid().as_raw().to_string());
    format!(
        "{user}@{}",
        rustix::system::uname().nodename().to_string_lossy()
    )
}

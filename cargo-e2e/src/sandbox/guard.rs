//! Making a sandbox: its guard first.

use std::time::Duration;

use crate::host::{Facts, Host, HostError, WaitingShell};
use crate::shell::quote;

use super::{Identity, Place, Request, Sandbox, Visitor, check, succeed_within, unexpected};

/// What a guard runs: all of teardown, and gc for what others left.
const GUARD: &str = concat!(reaper!(), include_str!("../host/sh/guard.sh"));

/// Whose a sandbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// Who runs it, for others who wait.
    pub who: &'a str,
    /// What `list` shows of it: JSON, on one line.
    pub about: &'a str,
}

/// How long a sandbox may live, and on what conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Written on everything that it makes: then it is certainly over.
    pub lifetime: Duration,
    /// The guard takes it down after this long, unless it is kept by then.
    pub deadline: Duration,
    /// The guard takes it down when it heard nothing of the client for this long.
    pub lease: Duration,
    pub limit: Duration,
    /// An engine has given it a slot, which is its turn on the host too: the guard takes the sandbox down
    /// when the slot ends.
    pub has_slot: bool,
}

impl Sandbox {
    /// Arms a guard on the host, and makes the sandbox's folder when the guard has answered.
    /// Returns its place in the host's queue too, where that could be had.
    /// A shell that waits on the host does it, where there is one.
    pub async fn provision(
        (host, shell): (&dyn Host, Option<WaitingShell>),
        facts: &Facts,
        identity: Identity,
        owner: Owner<'_>,
        terms: Terms,
        request: Request,
    ) -> Result<(Self, Option<Place>), HostError> {
        let mut sandbox = Self {
            visitor: Visitor {
                run: identity.run_id.clone(),
                who: owner.who.to_owned(),
            },
            identity,
            root: facts.root.clone(),
            expires: 0,
            lease: terms.lease,
        };
        // Only this guard can know it.
        let nonce = ulid::Ulid::generate().to_string();
        let script = sandbox
            .bind(script!(
                "provision",
                "arm",
                "hold",
                "queue",
                "enqueue",
                "provision"
            ))
            .once()
            .var("who", &sandbox.visitor.who)
            .var("about", owner.about)
            .var("slug", &sandbox.identity.slug)
            .var("engine", &facts.engine_socket)
            .var("engine_id", &facts.engine_id)
            .var("need_cpus", request.need.cpus.unwrap_or(0).to_string())
            .var("need_kb", request.need.memory.unwrap_or(0).to_string())
            .var("most", request.most())
            .var("placed", if terms.has_slot { "yes" } else { "" })
            .var("lifetime", terms.lifetime.as_secs().to_string())
            .var("patience", terms.lease.as_secs().to_string())
            .var("guard_script", sandbox.guard_script(terms, &nonce));
        let output = match shell {
            Some(shell) => check(host, &script, shell.run(host, &script, terms.limit).await?)?,
            None => succeed_within(host, &script, b"", terms.limit).await?,
        };
        if output.value("armed") != nonce {
            return Err(unexpected(
                host,
                &script,
                "the answer came from the guard of another sandbox",
            ));
        }
        sandbox.expires = output.value("expires").parse().unwrap_or(0);
        let place = output.value("place");
        Ok((sandbox, Place::parse(place.split_whitespace())))
    }

    fn guard_script(&self, terms: Terms, nonce: &str) -> String {
        format!(
            "root={}\nid={}\npatience={}\ndeadline={}\nnonce={nonce}\n{GUARD}",
            quote(&self.root),
            quote(&self.identity.run_id),
            terms.lease.as_secs(),
            terms.deadline.as_secs(),
        )
    }

    /// Keeps it for so long from now on, whether or not a client renews its lease.
    pub async fn keep(&self, host: &dyn Host, lifetime: Duration) -> Result<(), HostError> {
        self.extend(host, lifetime, true).await
    }

    /// Sees to it that a kept sandbox lives for at least so long from now on.
    pub async fn adopt(&self, host: &dyn Host, lifetime: Duration) -> Result<(), HostError> {
        self.extend(host, lifetime, false).await
    }

    async fn extend(
        &self,
        host: &dyn Host,
        lifetime: Duration,
        shorten: bool,
    ) -> Result<(), HostError> {
        let script = self
            .bind(script!("extend", "arm", "extend"))
            .var("lifetime", lifetime.as_secs().to_string())
            .var("shorten", if shorten { "yes" } else { "no" });
        super::succeed(host, &script, b"").await.map(drop)
    }
}

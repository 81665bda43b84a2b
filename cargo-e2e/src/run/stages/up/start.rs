//! Runs the commands that bring the stack up, tells how far they are, and says why they failed. Once Compose
//! starts the last container, watching begins.

use std::collections::BTreeSet;
use std::pin::pin;

use tokio::sync::oneshot;

use crate::compose::pulls::Pull;
use crate::compose::{Rewritten, test_service};
use crate::host::{HostError, HostKind};
use crate::record::outcome::{Stage, Verdict};
use crate::run::ready::Watching;
use crate::run::stages::ready::watch;
use crate::run::stages::up::compose_output::{COMPOSE, failed, help, without_progress};
use crate::run::stages::up::not_sent;
use crate::run::stages::up::pulling::{Pulling, Said};
use crate::run::{Context, StageError, Tail};

/// What bringing a stack up came to.
pub(super) struct Started {
    /// Whether anything was made or started.
    pub(super) changed: bool,
    /// What was pulled.
    pub(super) pulled: Option<String>,
    /// It began before the last container had started, where it could.
    pub(super) watching: Option<Watching>,
}

/// Runs the commands that bring this model up, with their pulls.
pub(super) async fn start(
    context: &Context<'_>,
    commands: &str,
    rewritten: &Rewritten,
    pulls: &[Pull],
) -> Result<Started, StageError> {
    let (all, all_start) = oneshot::channel();
    let Rewritten {
        model, published, ..
    } = rewritten;
    let tests = context.plan.tests.service().unwrap_or_default();
    let services = test_service::others(model, tests).len();
    let mut starting = Starting::new(services, all);
    let mut changed = false;
    let mut pulling = Pulling::new(pulls);
    let mut tail = Tail::masking(context.events.secrets());
    let (limit, most) = (context.plan.limits.up, context.plan.limits.log);
    let mut each = |line: &str| match pulling.take(line) {
        Said::Nothing => {
            changed |= ["Created", "Started", "Recreated"]
                .iter()
                .any(|word| line.trim_end().ends_with(word));
            starting.take(line);
            context.events.progress(Stage::Up, line);
        }
        Said::Detail => {}
        Said::Progress(line) => context.events.progress(Stage::Up, &line),
        Said::Note(text) => context.events.note(text),
    };
    let mut sink = |bytes: &[u8]| tail.take(bytes, &mut each);
    let job = context
        .sandbox
        .job(context.host, "up", commands, limit, most, &mut sink);
    let watching = async {
        all_start.await.ok()?;
        // What is up already may pass before it is made anew.
        let is_known = context.before.is_none() && published.iter().all(|one| one.port.is_some());
        if !is_known {
            return None;
        }
        watch(context, published).await.ok()
    };
    let (ended, watching) = {
        let mut job = pin!(job);
        tokio::select! {
            biased;
            ended = &mut job => (ended, None),
            watching = watching => (job.await, watching),
        }
    };
    let message = match ended {
        Ok(0) => {
            return Ok(Started {
                changed,
                pulled: pulling.detail(),
                watching,
            });
        }
        Ok(_) => {
            let auth = context.plan.spec.registry_auth;
            if let Some(error) = pulling.failure(context.host.name(), auth) {
                return Err(error);
            }
            failed(&tail.text(), model)
        }
        Err(HostError::TimedOut { .. }) => {
            let doing = pulling.unfinished();
            format!(
                "{} exceeded `timeouts.up` ({} s) and was terminated",
                doing.as_deref().unwrap_or("`docker compose up`"),
                limit.as_secs_f64()
            )
        }
        Err(error @ HostError::TooMuch { .. }) => error.to_string(),
        Err(error) => return Err(error.into()),
    };
    let text = tail.text();
    let mut error =
        StageError::new(Verdict::UpFailed, message).excerpt(COMPOSE, &without_progress(&text));
    error.help = help(&text, HostKind::of(context.host.name()));
    if error.help.is_none() {
        error.help = not_sent::help(context, model, &text).await;
    }
    Err(error)
}

/// The containers that Compose has begun to start.
#[derive(Debug)]
struct Starting {
    names: BTreeSet<String>,
    most: usize,
    all: Option<oneshot::Sender<()>>,
}

impl Starting {
    /// Tells `all` once this number of them have.
    fn new(most: usize, all: oneshot::Sender<()>) -> Self {
        Self {
            names: BTreeSet::new(),
            most,
            all: Some(all),
        }
    }

    /// Takes a line of Compose's.
    fn take(&mut self, line: &str) {
        let name = line.trim().strip_prefix("Container ");
        let Some(name) = name.and_then(|name| name.strip_suffix("Starting")) else {
            return;
        };
        self.names.insert(name.trim_end().to_owned());
        if self.names.len() >= self.most
            && let Some(all) = self.all.take()
        {
            // Who waited may have given up.
            let _ = all.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_container_to_start_is_the_signal() {
        let (all, mut told) = oneshot::channel();
        let mut starting = Starting::new(2, all);
        let mut tells = |line: &str| {
            starting.take(line);
            told.try_recv().is_ok()
        };
        assert!(!tells(" Network e2e-shop-1_default  Created"));
        assert!(!tells(" Container e2e-shop-1-db-1  Starting"));
        assert!(!tells(" Container e2e-shop-1-db-1  Starting"));
        assert!(!tells(" Container e2e-shop-1-web-1  Created"));
        assert!(tells(" Container e2e-shop-1-web-1 Starting"));
        assert!(!tells(" Container e2e-shop-1-more-1  Starting"));
    }
}

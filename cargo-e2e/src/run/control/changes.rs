//! Which containers tests changed, and their states before.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Notify};

use crate::run::Context;
use crate::sandbox::{Container, Containers};

use super::services::{containers, reason};

/// How long a restarted container with a health check may take to pass it.
const HEALTHY: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(200);

/// All changed containers, by id. Changes happen one at a time.
pub(super) struct Changes<'a> {
    context: &'a Context<'a>,
    all: Mutex<BTreeMap<String, Changed>>,
    /// Notified whenever a container is restored.
    fewer: Notify,
    /// The ids of all containers that were ever changed.
    ever: Mutex<BTreeSet<String>>,
    /// Why containers could not be restored.
    failures: Mutex<Vec<String>>,
}

/// A container that a session changed.
#[derive(Debug, Clone)]
struct Changed {
    session: u64,
    service: String,
    was: ContainerStatus,
}

/// The state of a container before the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ContainerStatus {
    Running,
    Paused,
    Stopped,
}

impl ContainerStatus {
    fn of(container: &Container) -> Self {
        match container.state.status.as_str() {
            "running" | "restarting" => Self::Running,
            "paused" => Self::Paused,
            _ => Self::Stopped,
        }
    }
}

impl<'a> Changes<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        Self {
            context,
            all: Mutex::default(),
            fewer: Notify::new(),
            ever: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// Waits until no other session has changes; after `patience`, returns the services that still
    /// do.
    pub(super) async fn only(&self, session: u64, patience: Duration) -> Result<(), Vec<String>> {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            let fewer = self.fewer.notified();
            let mut fewer = std::pin::pin!(fewer);
            // Registered before the look, so that no notification in between is missed.
            fewer.as_mut().enable();
            let others = others(&*self.all.lock().await, session);
            if others.is_empty() {
                return Ok(());
            }
            if tokio::time::timeout_at(deadline, fewer).await.is_err() {
                return Err(others);
            }
        }
    }

    /// Changes containers, after storing their present states.
    pub(super) async fn change(
        &self,
        session: u64,
        service: &str,
        verb: &'static str,
        signal: &str,
    ) -> Result<(), String> {
        let mut all = self.all.lock().await;
        let containers = containers(self.context, service).await?;
        let mut ids = Vec::new();
        for container in containers {
            all.entry(container.id.clone()).or_insert_with(|| Changed {
                session,
                service: service.to_owned(),
                was: ContainerStatus::of(&container),
            });
            ids.push(container.id);
        }
        self.ever.lock().await.extend(ids.iter().cloned());
        let (host, sandbox) = (self.context.host, self.context.sandbox);
        let changed = sandbox.change(host, verb, signal, &ids).await;
        changed.map_err(|error| reason(&error))
    }

    /// Restores the changes of one session, or all.
    ///
    /// # Errors
    /// When a container can't be restored; the reason is stored, too.
    pub(super) async fn put_back(&self, session: Option<u64>) -> Result<(), String> {
        let mut all = self.all.lock().await;
        let mine = |changed: &Changed| session.is_none_or(|session| changed.session == session);
        let mut due = all.clone();
        due.retain(|_, changed| mine(changed));
        if due.is_empty() {
            return Ok(());
        }
        let restored = restore(self.context, &due).await;
        if let Err(why) = &restored {
            self.failed(why.clone()).await;
        }
        // Also removes failed ones: the next test would wait for them in vain.
        all.retain(|_, changed| !mine(changed));
        drop(all);
        self.fewer.notify_waiters();
        restored
    }

    /// Restores the changes of one session, or all, where no test can receive the error.
    pub(super) async fn settle(&self, session: Option<u64>) {
        if let Err(why) = self.put_back(session).await {
            self.warn(&why);
        }
    }

    pub(super) fn warn(&self, why: &str) {
        self.context.events.warn(format!(
            "failed to restore the services that a test changed: {why}"
        ));
    }

    /// Stores why a container could not be restored.
    pub(super) async fn failed(&self, why: String) {
        self.failures.lock().await.push(why);
    }

    /// Returns the first reason why a container could not be restored.
    pub(super) async fn first_failure(&self) -> Option<String> {
        self.failures.lock().await.first().cloned()
    }

    /// Returns the ids of all containers that were ever changed.
    pub(super) async fn ever(&self) -> BTreeSet<String> {
        self.ever.lock().await.clone()
    }
}

fn others(all: &BTreeMap<String, Changed>, session: u64) -> Vec<String> {
    let others = all.values().filter(|changed| changed.session != session);
    let services: BTreeSet<&String> = others.map(|changed| &changed.service).collect();
    services.into_iter().cloned().collect()
}

async fn restore(context: &Context<'_>, due: &BTreeMap<String, Changed>) -> Result<(), String> {
    let (host, sandbox) = (context.host, context.sandbox);
    let now = sandbox.inspect(host).await;
    let now = now.map_err(|error| reason(&error))?;
    if let Some((_, gone)) = due.iter().find(|(id, _)| now.get(id).is_none()) {
        return Err(format!("the container of {} is gone", gone.service));
    }
    let mut failed = None;
    for container in now.sorted() {
        let Some(changed) = due.get(&container.id) else {
            continue;
        };
        for verb in way_back(ContainerStatus::of(container), changed.was) {
            let ids = std::slice::from_ref(&container.id);
            if let Err(error) = sandbox.change(host, verb, "", ids).await {
                failed.get_or_insert(format!("{}: {}", changed.service, reason(&error)));
                break;
            }
        }
    }
    match failed {
        Some(first) => Err(first),
        None => healthy(context, due, Instant::now() + HEALTHY).await,
    }
}

/// Returns the `docker` commands that bring a container from one state to another.
fn way_back(now: ContainerStatus, was: ContainerStatus) -> &'static [&'static str] {
    use ContainerStatus::{Paused, Running, Stopped};
    match (now, was) {
        (Running, Running) | (Paused, Paused) | (Stopped, Stopped) => &[],
        (Stopped, Running) => &["start"],
        (Paused, Running) => &["unpause"],
        (Running, Paused) => &["pause"],
        (Stopped, Paused) => &["start", "pause"],
        (Running, Stopped) => &["stop"],
        (Paused, Stopped) => &["unpause", "stop"],
    }
}

/// Waits until containers that ran before run again, stay up, and are healthy where they have a
/// health check.
async fn healthy(
    context: &Context<'_>,
    due: &BTreeMap<String, Changed>,
    deadline: Instant,
) -> Result<(), String> {
    let ran = |container: &Container| {
        let changed = due.get(&container.id);
        changed.is_some_and(|changed| changed.was == ContainerStatus::Running)
    };
    let mut seen = Containers::default();
    loop {
        let containers = context.sandbox.inspect(context.host).await;
        let containers = containers.map_err(|error| reason(&error))?;
        seen.look(containers.only(ran));
        match missing(&seen, Instant::now()) {
            Missing::Nothing => return Ok(()),
            Missing::Never(why) => return Err(why),
            Missing::NotYet(why) if Instant::now() >= deadline => return Err(why),
            Missing::NotYet(_) => tokio::time::sleep(LOOK).await,
        }
    }
}

/// What restored containers still lack.
#[derive(Debug, PartialEq, Eq)]
enum Missing {
    Nothing,
    NotYet(String),
    Never(String),
}

fn missing(containers: &Containers, now: Instant) -> Missing {
    let all = containers.sorted();
    if let Some(over) = all.iter().find(|container| container.is_over()) {
        return Missing::Never(format!("{} {}", over.service, over.how_it_ended()));
    }
    if let Some((_, why)) = containers.hopeless() {
        return Missing::Never(why);
    }
    let down = all.iter().find(|one| one.state.status != "running");
    let down = down.map(|one| format!("{} is {}", one.service, one.state.status));
    let waiting = || containers.waiting(now).into_iter().next();
    let why = down.or_else(waiting);
    why.map_or(Missing::Nothing, Missing::NotYet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_ended_again_is_not_waited_for() {
        let seen = |state: &str, more: &str| {
            let container =
                format!(r#"{{"id":"1","service":"web","state":{{"Status":"{state}"{more}}}}}"#);
            Containers::read(&format!("{container}\nend\n"))
        };
        let later = Instant::now() + HEALTHY;
        let of = |state: &str, more: &str| missing(&seen(state, more), later);
        assert_eq!(of("running", ""), Missing::Nothing);
        let never = |why: &str| Missing::Never(why.to_owned());
        assert_eq!(
            of("exited", r#","ExitCode":1"#),
            never("web exited with code 1")
        );
        assert_eq!(of("exited", ""), never("web exited with code 0"));
        let not_yet = |why: &str| Missing::NotYet(why.to_owned());
        assert_eq!(of("restarting", ""), not_yet("web is restarting"));
        let sick = r#","Health":{"Status":"unhealthy"}"#;
        assert_eq!(
            of("running", sick),
            not_yet("web is unhealthy (no response yet)")
        );
    }

    #[test]
    fn a_service_that_others_changed_is_named_once() {
        let changed = |service: &str| Changed {
            session: 1,
            service: service.to_owned(),
            was: ContainerStatus::Running,
        };
        let all = [("1", "web"), ("2", "db"), ("3", "web")];
        let all = all.map(|(id, service)| (id.to_owned(), changed(service)));
        assert_eq!(others(&all.into(), 2), ["db", "web"]);
    }

    #[test]
    fn every_way_back_ends_where_it_began() {
        let all = [
            ContainerStatus::Running,
            ContainerStatus::Paused,
            ContainerStatus::Stopped,
        ];
        for now in all {
            for was in all {
                let end = way_back(now, was).iter().fold(now, |_, verb| match *verb {
                    "start" | "unpause" => ContainerStatus::Running,
                    "pause" => ContainerStatus::Paused,
                    _ => ContainerStatus::Stopped,
                });
                assert_eq!(end, was, "from {now:?}");
            }
        }
    }
}

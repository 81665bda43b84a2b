//! What a sandbox's containers are doing, and what to make of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::record::outcome::ServiceRecord;

use super::container::{Check, Container, OwnCheck, State};

/// This many restarts, none of them lasting [`STEADY`], are a crash loop.
const CRASH_LOOP: u64 = 5;
const STEADY: Duration = Duration::from_secs(5);
/// This many restarts before the first look are likely to be a crash loop.
const UNSEEN: u64 = 3;
/// One that has restarted is not ready before this.
const SETTLED: Duration = Duration::from_secs(1);
/// Nor is one that nobody asks for its health: most that fall do so at once.
const STARTED: Duration = Duration::from_millis(300);

/// How often a container restarted, and for how long it stayed up.
///
/// Docker counts a restart when a container falls, and starts it only after a pause that doubles
/// each time, up to a minute: the pause is no time that it was up.
#[derive(Debug)]
struct RestartHistory {
    restarts: u64,
    /// When Docker started what was seen last, as Docker writes it.
    started: String,
    /// When it was first seen to run since then; none while it does not.
    up_since: Option<Instant>,
    longest: Duration,
    /// Restarts since it was last steady.
    looped: u64,
}

impl RestartHistory {
    /// Makes the first look: earlier restarts count, but one that runs now may be over them.
    fn first(container: &Container) -> Self {
        let restarts = container.restarts;
        let looped = if container.state.is_running() {
            restarts.min(CRASH_LOOP - 1)
        } else {
            restarts
        };
        Self {
            restarts,
            started: container.state.started_at.clone(),
            up_since: None,
            longest: STEADY * u32::from(restarts >= UNSEEN),
            looped,
        }
    }

    fn look(&mut self, container: &Container, now: Instant) {
        let state = &container.state;
        if container.restarts < self.restarts {
            // `docker start` makes Docker count from zero again.
            *self = Self::first(container);
        } else if container.restarts > self.restarts {
            self.restarted(container);
        }
        if self.started != state.started_at {
            self.up_since = None;
            self.started.clone_from(&state.started_at);
        }
        if !state.is_running() {
            self.up_since = None;
        } else if self.up_since.is_none() {
            self.up_since = Some(now);
        }
    }

    fn restarted(&mut self, container: &Container) {
        let state = &container.state;
        let new = container.restarts - self.restarts;
        // One that runs again is in its next life already; of several in between, the ends of
        // the first and the last one are known.
        let ended = !state.is_running();
        let started = if ended {
            &state.started_at
        } else {
            &self.started
        };
        let lasted = state.lasted(started).unwrap_or_default();
        // One that ran for a while before it fell starts a new count.
        let steady = lasted >= STEADY && (ended || new == 1);
        self.looped = if steady {
            1
        } else {
            self.looped.saturating_add(new)
        };
        self.longest = self.longest.max(lasted);
        self.restarts = container.restarts;
        self.up_since = None;
    }

    /// When it can be believed to stay up: it outlived its earlier lives by far. In a crash loop,
    /// every look may find it running for a moment.
    fn settles_at(&self) -> Option<Instant> {
        let settles = if self.restarts > 0 {
            (self.longest * 2).clamp(SETTLED, STEADY)
        } else {
            STARTED
        };
        Some(self.up_since? + settles)
    }
}

/// All containers of a sandbox, as the watch script tells of them.
#[derive(Debug, Default)]
pub struct Containers {
    all: BTreeMap<String, Container>,
    coming: BTreeMap<String, Container>,
    lives: BTreeMap<String, RestartHistory>,
    /// Services of which a health check of e2e.yml has passed.
    answering: BTreeSet<String>,
    /// When those started whose own health check has passed, as Docker writes it.
    healthy: BTreeMap<String, String>,
    seen: bool,
}

impl Containers {
    pub fn read(text: &str) -> Self {
        let mut containers = Self::default();
        for line in text.lines() {
            containers.line(line);
        }
        containers
    }

    /// Takes a line of the watch script; true when it completes a look at all containers.
    pub fn line(&mut self, line: &str) -> bool {
        if line == "end" {
            let all = std::mem::take(&mut self.coming);
            self.saw(all);
            return true;
        }
        // Left out it would count as ready.
        let container = Container::read(line).unwrap_or_else(|error| Container {
            id: line.to_owned(),
            state: State {
                status: format!("in an unreadable state ({error})"),
                ..State::default()
            },
            service: "a container".to_owned(),
            ..Container::default()
        });
        self.coming.insert(container.id.clone(), container);
        false
    }

    /// Only these of them.
    #[must_use]
    pub fn only(mut self, these: impl Fn(&Container) -> bool) -> Self {
        self.all.retain(|_, container| these(container));
        self
    }

    /// Returns the services that have containers.
    pub fn services(&self) -> BTreeSet<String> {
        self.all.values().map(|one| one.service.clone()).collect()
    }

    /// Returns the container with this id.
    pub fn get(&self, id: &str) -> Option<&Container> {
        self.all.get(id)
    }

    /// Notes that a health check of this service has passed: where one container alone can have
    /// answered, that one has nothing to settle.
    pub fn answers(&mut self, service: &str) {
        self.answering.insert(service.to_owned());
    }

    /// Returns the containers that wait for their own health check, with that.
    pub fn own_checks(&self) -> impl Iterator<Item = (&Container, OwnCheck)> {
        let all = self.all.values();
        all.filter_map(|container| Some((container, container.own_check()?)))
    }

    /// Notes that a container's own health check has passed, in the life in which it was last seen.
    pub fn passed_own_check(&mut self, id: &str) {
        if let Some(container) = self.all.get_mut(id) {
            let started = container.state.started_at.clone();
            self.healthy.insert(id.to_owned(), started);
            container.pass_own_check();
        }
    }

    /// Takes another whole look at the same containers.
    pub fn look(&mut self, again: Self) {
        self.saw(again.all);
    }

    fn saw(&mut self, all: BTreeMap<String, Container>) {
        self.all = all;
        self.seen = true;
        self.believe_passes();
        self.count_restarts(Instant::now());
    }

    /// Knows of an earlier look's containers which own health checks have passed: Docker may not say so yet.
    pub fn remember(&mut self, earlier: &Self) {
        self.healthy.clone_from(&earlier.healthy);
        self.believe_passes();
    }

    fn believe_passes(&mut self) {
        for (id, started) in &self.healthy {
            if let Some(container) = self.all.get_mut(id)
                && container.state.started_at == *started
            {
                container.pass_own_check();
            }
        }
    }

    fn count_restarts(&mut self, now: Instant) {
        for (id, container) in &self.all {
            let lives = self.lives.entry(id.clone());
            let lives = lives.or_insert_with(|| RestartHistory::first(container));
            lives.look(container, now);
        }
    }

    /// Returns the first container that will never be ready, and why.
    pub fn hopeless(&self) -> Option<(&Container, String)> {
        self.all.iter().find_map(|(id, container)| {
            let lives = self.lives.get(id);
            let looped = lives.is_some_and(|lives| lives.looped >= CRASH_LOOP);
            Some((container, container.hopeless(looped)?))
        })
    }

    /// Returns why not every container is ready yet, one line each; empty when all are.
    pub fn waiting(&self, now: Instant) -> Vec<String> {
        if !self.seen {
            return vec!["the containers' states are not known yet".to_owned()];
        }
        let all = self.all.iter();
        all.filter_map(|(id, container)| {
            container.waiting().or_else(|| {
                let unsettled = self.settles_at(id, container).is_some_and(|at| now < at);
                unsettled.then(|| match container.restarts {
                    0 => format!("{} has only just started", container.service),
                    restarts => format!(
                        "{} has restarted ({restarts}) only just now",
                        container.service
                    ),
                })
            })
        })
        .collect()
    }

    /// Returns whether one counts as ready only because it ran when it was last seen.
    pub fn any_to_believe(&self) -> bool {
        let mut all = self.all.iter();
        all.any(|(id, container)| self.settles_at(id, container).is_some())
    }

    /// None for one that has nothing to settle: it is done, or has a health check to judge it.
    fn settles_at(&self, id: &str, container: &Container) -> Option<Instant> {
        let judged = container.state.health.is_some() && container.restarts == 0;
        if judged || !container.state.is_running() {
            return None;
        }
        let life = self.lives.get(id)?;
        if container.restarts == 0 && self.has_answered(&container.service) {
            // Still to be looked at again: it may have ended since.
            return life.up_since;
        }
        life.settles_at()
    }

    fn has_answered(&self, service: &str) -> bool {
        let replicas = self.all.values().filter(|one| one.service == service);
        self.answering.contains(service) && replicas.count() == 1
    }

    /// When to look again at what has restarted, even if nothing changes.
    pub fn next_settled(&self, now: Instant) -> Option<Instant> {
        let all = self.all.iter();
        let times = all.filter_map(|(id, container)| self.settles_at(id, container));
        times.filter(|at| *at > now).min()
    }

    /// Returns the longest that a container's own health check may take.
    pub fn allowance(&self) -> Duration {
        let all = self.all.values();
        let checks = all.filter_map(|one| one.config.healthcheck.as_ref());
        checks.map(Check::allowance).max().unwrap_or_default()
    }

    /// Containers that are not ready: the ones to look at first.
    pub fn unready(&self) -> impl Iterator<Item = &Container> {
        self.all.values().filter(|one| one.waiting().is_some())
    }

    /// Returns every container, sorted by service and number.
    pub fn sorted(&self) -> Vec<&Container> {
        let mut all: Vec<_> = self.all.values().collect();
        all.sort_by(|a, b| (&a.service, &a.number).cmp(&(&b.service, &b.number)));
        all
    }

    /// Returns the numbers of all published TCP ports.
    pub fn tcp_ports(&self) -> Vec<u16> {
        let ports = self.all.values().filter_map(|one| one.ports.as_ref());
        let tcp = ports.flatten().filter(|(name, _)| name.ends_with("/tcp"));
        let bindings = tcp.filter_map(|(_, bindings)| bindings.as_ref()).flatten();
        let numbers = bindings.filter_map(|binding| binding.host_port.parse().ok());
        numbers.collect::<BTreeSet<u16>>().into_iter().collect()
    }

    pub fn records(&self) -> Vec<ServiceRecord> {
        let record = |container: &Container| {
            let state = &container.state;
            ServiceRecord {
                // As the files of its evidence are called.
                name: match container.number.as_str() {
                    "" | "1" => container.service.clone(),
                    // No service's name holds an @.
                    number => format!("{}@{number}", container.service),
                },
                image: container.image.clone(),
                state: state.status.clone(),
                exit_code: (!state.is_running()).then_some(state.exit_code),
                oom_killed: state.oom_killed,
                health: state.health.as_ref().map(|health| health.status.clone()),
                restarts: container.restarts,
            }
        };
        self.sorted().into_iter().map(record).collect()
    }
}

#[cfg(test)]
#[path = "containers_tests.rs"]
mod tests;

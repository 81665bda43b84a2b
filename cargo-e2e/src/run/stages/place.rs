//! Chooses a host of a pool: of those with room for the sandbox one that has the repo already, else the
//! one with the shortest queue. Hosts that can't be used are left out.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::host::{Examined, Host, HostError, Purpose, examine};
use crate::plan::Plan;
use crate::record::event::Events;
use crate::record::outcome::Verdict;
use crate::run::{StageError, StageOutput};
use crate::sandbox::{Request, Vacancy, Warmth};
use crate::spec::Ports;
use crate::text::count;

/// When one host has room, the others have this long to say that they are better, or as long again as
/// the first one needed.
const GRACE: Duration = Duration::from_millis(500);

/// A host of the pool that can run the sandbox.
pub struct Candidate {
    pub host: Arc<dyn Host>,
    pub examined: Examined,
    vacancy: Vacancy,
}

type Answer = (String, Result<Candidate, StageError>);

/// The hosts of a pool, as far as they have answered.
pub struct Pool<'a> {
    plan: &'a Plan,
    about: &'a Value,
    events: &'a Events,
    size: usize,
    since: Instant,
    asked: FuturesUnordered<BoxFuture<'a, Answer>>,
    /// Those that have not answered.
    silent: Vec<&'a str>,
    refused: Vec<(String, String)>,
    usable: Vec<Candidate>,
    /// Those that had no room when the sandbox came.
    full: Vec<Candidate>,
}

impl<'a> Pool<'a> {
    /// Begins to ask all of them. `about` is what a sandbox of the same working copy says of itself;
    /// `connect` reaches a host by its name, and the caller closes what it reached.
    pub fn ask<C>(
        plan: &'a Plan,
        names: &[&'a str],
        about: &'a Value,
        events: &'a Events,
        connect: impl Fn(&'a str) -> C,
    ) -> Self
    where
        C: Future<Output = Result<Arc<dyn Host>, HostError>> + Send + 'a,
    {
        let asked = names.iter().map(|name| {
            let reached = connect(name);
            let name = (*name).to_owned();
            let answer = async move { (name, candidate(plan, about, reached).await) };
            let boxed: BoxFuture<'a, Answer> = Box::pin(answer);
            boxed
        });
        Self {
            plan,
            about,
            events,
            size: names.len(),
            since: Instant::now(),
            asked: asked.collect(),
            silent: names.to_vec(),
            refused: Vec::new(),
            usable: Vec::new(),
            full: Vec::new(),
        }
    }

    /// Returns whether another host may have room.
    pub fn may_have_room(&self) -> bool {
        !self.asked.is_empty() || self.usable.iter().any(|one| self.has_room(one.vacancy))
    }

    /// Returns whether the run could begin at once: in a sandbox that is up, it takes no slot.
    fn has_room(&self, vacancy: Vacancy) -> bool {
        vacancy.has_room() || self.reuses(vacancy)
    }

    fn reuses(&self, vacancy: Vacancy) -> bool {
        self.plan.options.reuse && vacancy.warmth == Warmth::Sandbox
    }

    /// The best is the lowest.
    fn rank(&self, vacancy: Vacancy) -> impl Ord + use<> {
        let room = self.has_room(vacancy);
        let queue = if room { 0 } else { vacancy.waiting };
        // Its ports are likely those that it would wait for.
        let is_up = self.plan.ports == Ports::Declared && vacancy.up > 0;
        (
            Reverse(self.reuses(vacancy)),
            Reverse(room),
            queue,
            is_up,
            Reverse(vacancy.warmth),
            Reverse(vacancy.free),
        )
    }

    /// Takes back a host whose last slot another run took.
    pub fn is_full(&mut self, candidate: Candidate) {
        self.full.push(candidate);
    }

    /// Returns the best host.
    pub async fn choose(&mut self) -> Result<StageOutput<Candidate>, StageError> {
        self.listen().await;
        if !self.may_have_room() {
            for mut candidate in std::mem::take(&mut self.full) {
                // Its queue has grown since it was asked.
                let host = candidate.host.as_ref();
                let examined = &candidate.examined;
                if let Ok(vacancy) = vacancy(self.plan, self.about, host, examined).await {
                    candidate.vacancy = vacancy;
                }
                self.usable.push(candidate);
            }
        }
        let ranked = self.usable.iter().enumerate();
        // Many runs at once do not all go to the same one of equals.
        let best = ranked.min_by_key(|(_, one)| (self.rank(one.vacancy), fastrand::u32(..)));
        let Some((best, _)) = best else {
            return Err(self.none());
        };
        let best = self.usable.swap_remove(best);
        let detail = self.detail(&best);
        Ok(StageOutput::new(best, detail))
    }

    /// Takes answers until one has room and others had time to be better. A sandbox that is up may be
    /// on the last host that answers.
    async fn listen(&mut self) {
        let last = self.since + self.plan.limits.connect;
        let mut deadline = last;
        loop {
            let has_room = self.usable.iter().any(|one| self.has_room(one.vacancy));
            if has_room && !self.plan.options.reuse {
                let soon = GRACE.max(self.since.elapsed());
                deadline = deadline.min(Instant::now() + soon);
            }
            match timeout_at(deadline, self.asked.next()).await {
                Ok(Some((name, answer))) => self.take(name, answer),
                Ok(None) => return,
                Err(_) => {
                    if Instant::now() >= last {
                        // They have had their time.
                        self.asked.clear();
                    }
                    return;
                }
            }
        }
    }

    fn take(&mut self, name: String, answer: Result<Candidate, StageError>) {
        self.silent.retain(|one| *one != name);
        match answer {
            Ok(candidate) => self.usable.push(candidate),
            Err(error) => {
                let why = error.message;
                self.events
                    .warn(format!("`{name}` is left out of the pool: {why}"));
                self.refused.push((name, why));
            }
        }
    }

    /// Returns why no host can be used, each with its own reason.
    fn none(&self) -> StageError {
        let mut message = format!("none of {} can be used", count(self.size, "host"));
        for (name, why) in &self.refused {
            let _ = write!(message, "\n{name}: {why}");
        }
        let limit = self.plan.limits.connect.as_secs();
        for name in &self.silent {
            let _ = write!(message, "\n{name}: no response within {limit} s");
        }
        StageError::new(Verdict::HostError, message)
            .help("`cargo e2e doctor --host NAME` checks one of them")
    }

    /// `b, of 3 hosts: 2 of 4 slots free`.
    fn detail(&self, best: &Candidate) -> String {
        let Vacancy {
            free,
            waiting,
            slots,
            ..
        } = best.vacancy;
        let room = if self.reuses(best.vacancy) {
            "a sandbox of the repo is up".to_owned()
        } else if best.vacancy.has_room() {
            format!("{free} of {} free", count(slots as usize, "slot"))
        } else {
            format!("the shortest queue: {}", count(waiting as usize, "run"))
        };
        let name = best.host.name();
        format!("{name}, of {}: {room}", count(self.size, "host"))
    }
}

async fn candidate(
    plan: &Plan,
    about: &Value,
    reached: impl Future<Output = Result<Arc<dyn Host>, HostError>>,
) -> Result<Candidate, StageError> {
    let host = reached.await?;
    let examined = examine(host.as_ref(), Purpose::Run).await?;
    let mut room = vacancy(plan, about, host.as_ref(), &examined).await?;
    if examined.lacks_room() {
        // Room on its disk is made only where there is no other host.
        room.free = 0;
    } else {
        examined.clone().usable(host.name())?;
    }
    Ok(Candidate {
        host,
        examined,
        vacancy: room,
    })
}

async fn vacancy(
    plan: &Plan,
    about: &Value,
    host: &dyn Host,
    examined: &Examined,
) -> Result<Vacancy, HostError> {
    let request = Request {
        need: plan.need,
        slots: plan.slots,
    };
    Vacancy::of(host, &examined.facts, about, request).await
}

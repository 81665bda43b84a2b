//! Waits until the stack is ready: every health check passes, every container runs or has exited
//! with 0, and every container with a health check of its own is healthy.
//!
//! `docker compose up --wait` is wrong here: it fails for an init container that did its work, and
//! passes for a container that dies a second later.

mod calls;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod once;
mod own_checks;
#[cfg(test)]
mod probes_tests;
mod watching;

use std::convert::Infallible;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::compose::Published;
use crate::host::{Host, HostError};
use crate::record::event::{Event, Events};
use crate::record::outcome::{HealthRecord, HealthStatus, Stage, millis};
use crate::sandbox::{Container, Containers, Sandbox};
use crate::spec::HealthCheck;

use calls::asked;
use own_checks::OwnChecks;

pub use calls::published_at;
pub use once::once;
pub use watching::Watching;

/// The time for containers where e2e.yml has no health check with another.
const LEAST: Duration = Duration::from_mins(1);

/// Between looks at the log of a service whose check fails.
const SAYS: Duration = Duration::from_secs(3);

/// Bytes to which the probes' script cuts answers.
const LONGEST_ANSWER: usize = 300;

/// The outcome of the wait.
#[derive(Debug)]
pub struct Readiness {
    pub checks: Vec<HealthRecord>,
    /// Why the stack is not ready; `None` when it is.
    pub failure: Option<NotReady>,
    /// Every container in its last known state.
    pub containers: Containers,
}

#[derive(Debug)]
pub struct NotReady {
    /// The reason; its first line is the summary.
    pub message: String,
    /// The containers whose logs say more.
    pub blame: Vec<Container>,
}

/// Waits.
///
/// # Errors
/// When the host is lost.
pub async fn wait(
    host: &dyn Host,
    sandbox: &Sandbox,
    mut watching: Watching,
    checks: &[HealthCheck],
    published: &[Published],
    health_allowance: Duration,
    events: &Events,
) -> Result<Readiness, HostError> {
    watching.started().await;
    let Watching {
        mut looks,
        mut probes,
    } = watching;
    let mut state = Waiting::new(checks, published, health_allowance, Instant::now());
    let mut own_checks: Option<OwnChecks> = None;
    let mut probes_run = true;
    let (failing, seen) = watch::channel(None);
    let mut says = std::pin::pin!(say_last_lines(host, sandbox, seen, events));
    loop {
        failing.send_replace(state.failing());
        let mut verdict = state.verdict(Instant::now());
        if matches!(verdict, Some(Ok(()))) && state.containers.any_to_believe() {
            // The last look may be old: a busy machine reports late what failed.
            state.containers.look(sandbox.inspect(host).await?);
            verdict = state.verdict(Instant::now());
        }
        if let Some(verdict) = verdict {
            return Ok(Readiness {
                checks: state.records(Instant::now()),
                failure: verdict.err(),
                containers: state.containers,
            });
        }
        let next_deadline = tokio::time::Instant::from_std(state.next_deadline(Instant::now()));
        tokio::select! {
            line = looks.next() => match line {
                Some(line) => {
                    if state.containers.line(&line) && own_checks.is_none() {
                        own_checks = Some(OwnChecks::start(host, sandbox, &state.containers).await?);
                    }
                }
                None => return Err(HostError::Lost { host: host.name().to_owned(), doing: "ready" }),
            },
            line = probes.next(), if probes_run => match line {
                Some(line) => state.answer(&line, Instant::now(), events),
                // All have passed, or there are none.
                None if state.all_passed() => probes_run = false,
                None => return Err(HostError::Lost { host: host.name().to_owned(), doing: "ready" }),
            },
            id = async {
                match &mut own_checks {
                    Some(checks) => checks.next().await,
                    None => std::future::pending().await,
                }
            } => state.containers.passed_own_check(&id),
            () = tokio::time::sleep_until(next_deadline) => {}
            never = &mut says => match never {},
        }
    }
}

/// Says now and then what the service of a check that fails printed last.
async fn say_last_lines(
    host: &dyn Host,
    sandbox: &Sandbox,
    failing: watch::Receiver<Option<Failing>>,
    events: &Events,
) -> Infallible {
    let mut before = String::new();
    loop {
        tokio::time::sleep(SAYS).await;
        let Some(Failing { container, service }) = failing.borrow().clone() else {
            continue;
        };
        // What is not known now is asked again.
        let said = sandbox.last_lines(host, &container, 1).await;
        let said = said.unwrap_or_default();
        let line = format!("{service} says: {}", said.trim());
        if !said.trim().is_empty() && line != before {
            events.progress(Stage::Ready, &line);
            before = line;
        }
    }
}

/// The container whose log says why a check fails.
#[derive(Debug, Clone)]
struct Failing {
    container: String,
    service: String,
}

/// A health check that has not passed yet.
struct Pending<'a> {
    check: &'a HealthCheck,
    /// The service whose log says more.
    service: Option<&'a str>,
    passed: Option<Duration>,
    attempts: u64,
    last_error: Option<String>,
}

/// The state of the wait; it decides without reading a clock or asking a host.
struct Waiting<'a> {
    checks: Vec<Pending<'a>>,
    containers: Containers,
    started: Instant,
    containers_deadline: Duration,
}

impl<'a> Waiting<'a> {
    fn new(
        checks: &'a [HealthCheck],
        published: &'a [Published],
        health_allowance: Duration,
        started: Instant,
    ) -> Self {
        let longest = checks.iter().map(|check| check.timeout).max();
        Self {
            checks: checks
                .iter()
                .map(|check| Pending {
                    check,
                    service: asked(check, published),
                    passed: None,
                    attempts: 0,
                    last_error: None,
                })
                .collect(),
            containers: Containers::default(),
            started,
            containers_deadline: LEAST.max(longest.unwrap_or_default()).max(health_allowance),
        }
    }

    /// Reads a line of the probes' script: `INDEX pass|fail TRIES ANSWER`.
    fn answer(&mut self, line: &str, now: Instant, events: &Events) {
        let waited = now.duration_since(self.started);
        let mut words = line.splitn(4, ' ');
        let check = words
            .next()
            .and_then(|index| index.parse::<usize>().ok())
            .and_then(|index| self.checks.get_mut(index));
        let (Some(check), Some(status), Some(tries)) = (check, words.next(), words.next()) else {
            return;
        };
        let answer = words.next().unwrap_or_default();
        let is_cut = answer.len() >= LONGEST_ANSWER;
        let answer = crate::text::printable(answer);
        let answer = if is_cut {
            events.secrets().beginning(&answer)
        } else {
            answer
        };
        check.attempts = tries.parse().unwrap_or(check.attempts);
        let passed = status == "pass";
        let news = passed || check.last_error.as_deref() != Some(&answer);
        if passed {
            check.passed = Some(waited);
            if let Some(service) = check.service {
                self.containers.answers(service);
            }
        } else {
            check.last_error = Some(answer.clone());
        }
        if news {
            events.emit(Event::Health {
                name: check.check.name.clone(),
                passed,
                answer,
                waited,
            });
        }
    }

    /// Returns the container of the first check that fails, where it has one.
    fn failing(&self) -> Option<Failing> {
        let fails = |check: &&Pending<'_>| check.passed.is_none() && check.last_error.is_some();
        let service = self
            .checks
            .iter()
            .filter(fails)
            .find_map(|one| one.service)?;
        let all = self.containers.sorted();
        let container = all.into_iter().find(|one| one.service == service)?;
        Some(Failing {
            container: container.id.clone(),
            service: service.to_owned(),
        })
    }

    fn all_passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed.is_some())
    }

    /// Returns `None` while there is reason to wait; else whether the stack is ready.
    fn verdict(&self, now: Instant) -> Option<Result<(), NotReady>> {
        if let Some((container, why)) = self.containers.hopeless() {
            return Some(Err(NotReady {
                message: why,
                blame: vec![container.clone()],
            }));
        }
        let waiting = self.containers.waiting(now);
        if self.all_passed() && waiting.is_empty() {
            return Some(Ok(()));
        }
        let waited = now.duration_since(self.started);
        let late: Vec<_> = self
            .checks
            .iter()
            .filter(|check| check.passed.is_none() && waited >= check.check.timeout)
            .collect();
        let allowed = self.containers_deadline.max(self.containers.allowance());
        if late.is_empty() && (waiting.is_empty() || waited < allowed) {
            return None;
        }
        let mut lines: Vec<String> = late
            .iter()
            .map(|late| {
                format!(
                    "health check {} still failing after {} s ({}; last answer: {})",
                    late.check.name,
                    late.check.timeout.as_secs_f64(),
                    late.check.probe.kind().describe(),
                    late.last_error.as_deref().unwrap_or("none yet")
                )
            })
            .collect();
        lines.extend(waiting);
        let asked: Vec<&str> = late.iter().filter_map(|late| late.service).collect();
        let all = self.containers.sorted();
        let to_blame = all.into_iter().filter(|container| {
            container.waiting().is_some() || asked.contains(&container.service.as_str())
        });
        let mut blame: Vec<Container> = to_blame.cloned().collect();
        if blame.is_empty() {
            blame = self.containers.sorted().into_iter().cloned().collect();
        }
        Some(Err(NotReady {
            message: lines.join("\n"),
            blame,
        }))
    }

    fn next_deadline(&self, now: Instant) -> Instant {
        let waiting = self.checks.iter().filter(|check| check.passed.is_none());
        let soonest = waiting.map(|check| check.check.timeout).min();
        let allowed = self.containers_deadline.max(self.containers.allowance());
        let deadline = self.started.checked_add(soonest.unwrap_or(allowed));
        // A container may allow its health check any number of seconds.
        let deadline = deadline.unwrap_or(now + LEAST);
        let settled = self.containers.next_settled(now);
        settled.map_or(deadline, |settled| settled.min(deadline))
    }

    fn records(&self, now: Instant) -> Vec<HealthRecord> {
        self.checks
            .iter()
            .map(|check| HealthRecord {
                name: check.check.name.clone(),
                status: HealthStatus::of(check.passed.is_some()),
                waited_ms: millis(check.passed.unwrap_or(now.duration_since(self.started))),
                attempts: check.attempts,
                last_error: check.last_error.clone(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Http, Probe};

    fn http(name: &str, url: &str, timeout: u64) -> HealthCheck {
        HealthCheck {
            name: name.into(),
            probe: Probe::Http(Http {
                url: url.parse().expect("a url"),
                expect_status: vec![],
            }),
            timeout: Duration::from_secs(timeout),
        }
    }

    #[test]
    fn a_host_may_name_any_number() {
        let started = Instant::now();
        let most = u64::MAX;
        let mut state = Waiting::new(&[], &[], Duration::MAX, started);
        for restarts in [0, most, 1, most] {
            let state = &mut state.containers;
            state.line(&format!(
                r#"{{"id":"1","name":"web","state":{{"Status":"running","ExitCode":1}},"restarts":{restarts}}}"#
            ));
            state.line(&format!(
                r#"{{"id":"2","name":"db","state":{{"Status":"running","Health":{{"Status":"starting"}}}},"restarts":{restarts},
                "config":{{"Healthcheck":{{"Interval":{most},"Timeout":{most},"StartPeriod":{most},"Retries":{most}}}}}}}"#
            ).replace('\n', ""));
            state.line("end");
        }
        assert!(state.next_deadline(started) > started);
        assert!(state.verdict(started).is_some(), "a crash loop");
    }

    #[test]
    fn a_check_that_never_passes_says_its_last_answer() {
        let checks = [http("api", "http://localhost:8000/healthz", 5)];
        let started = Instant::now();
        let mut state = Waiting::new(&checks, &[], Duration::ZERO, started);
        state.containers.line("end");
        let events = Events::default();
        state.answer("0 fail 7 HTTP 503", started, &events);
        assert!(state.verdict(started + Duration::from_secs(4)).is_none());
        let failure = state
            .verdict(started + Duration::from_secs(5))
            .and_then(Result::err)
            .expect("time is up");
        assert_eq!(
            failure.message,
            "health check api still failing after 5 s (http://localhost:8000/healthz; last answer: HTTP 503)"
        );
        state.answer("0 pass 8 HTTP 200", started, &events);
        assert!(matches!(state.verdict(started), Some(Ok(()))));
        assert_eq!(state.records(started)[0].attempts, 8);
    }
}

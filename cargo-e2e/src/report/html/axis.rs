//! Everything that took time, as bars in percent of the run.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use e2e_harness::protocol::record::Entry;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::record::outcome::{HealthStatus, Record, Stage, StageRecord, StageStatus};
use crate::record::summary::{duration, reason};
use crate::report::ReportInputs;
use crate::report::failure::restarted;
use crate::report::log_lines::shifted;
use crate::text::printable;

use super::style::status_class;

/// The narrowest bar in percent: less is invisible.
const NARROWEST: f64 = 0.3;

#[derive(Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    /// The shortest end of the name that is unique.
    pub(super) short: String,
    pub(super) detail: String,
    pub(super) class: &'static str,
    pub(super) left: String,
    pub(super) width: String,
    pub(super) took: String,
}

/// All bars. Times are this machine's, in milliseconds since the run began.
#[derive(Debug)]
pub(super) struct Axis {
    start: Timestamp,
    length: i64,
    /// How far the host's clock is ahead of this machine's.
    skew: SignedDuration,
    times: HashMap<String, (i64, i64)>,
    pub(super) stages: Vec<Bar>,
    pub(super) checks: Vec<Bar>,
    pub(super) containers: Vec<Bar>,
    pub(super) tests: Vec<Bar>,
    /// Whether there are several tests, and no times of any.
    pub(super) hidden_tests: bool,
}

impl Axis {
    pub(super) fn of(record: &Record, inputs: &ReportInputs<'_>) -> Self {
        let start = record.started_at.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        let mut axis = Self {
            start,
            length: signed(record.duration_ms).max(1),
            skew: inputs.skew,
            times: HashMap::new(),
            stages: Vec::new(),
            checks: Vec::new(),
            containers: Vec::new(),
            tests: Vec::new(),
            hidden_tests: false,
        };
        axis.add_stages(record);
        axis.add_checks(record);
        axis.add_containers(record, inputs.bundle);
        axis.add_tests(record, inputs);
        axis
    }

    /// Returns the duration of the whole run.
    pub(super) fn total(&self) -> String {
        took(self.length)
    }

    /// Returns begin and end of a test, where they are known.
    pub(super) fn time_of(&self, test: &str) -> Option<(i64, i64)> {
        self.times.get(test).copied()
    }

    /// Converts a time of the host's clock.
    pub(super) fn of_host(&self, at: Timestamp) -> i64 {
        self.since(shifted(at, -self.skew))
    }

    fn since(&self, at: Timestamp) -> i64 {
        i64::try_from(at.duration_since(self.start).as_millis()).unwrap_or_default()
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a part of a hundred needs no more"
    )]
    fn bar(&self, name: &str, detail: &str, class: &'static str, from: i64, to: i64) -> Bar {
        let (from, to) = (from.clamp(0, self.length), to.clamp(0, self.length));
        let part = |time: i64| time as f64 * 100.0 / self.length as f64;
        let left = part(from).min(100.0 - NARROWEST);
        Bar {
            name: printable(name),
            short: printable(name),
            detail: printable(detail),
            class,
            left: format!("{left:.2}"),
            width: format!("{:.2}", part(to - from).max(NARROWEST)),
            took: took(to - from),
        }
    }

    fn add_stages(&mut self, record: &Record) {
        let began = |stage: &&StageRecord| stage.status != StageStatus::Skipped;
        for stage in record.stages.iter().filter(began) {
            let Ok(at) = stage.started_at.parse() else {
                continue;
            };
            let from = self.since(at);
            let to = from + signed(stage.duration_ms);
            let class = status_class(stage.status);
            self.stages
                .push(self.bar(stage.name.name(), &reason(&stage.detail), class, from, to));
        }
    }

    fn add_checks(&mut self, record: &Record) {
        let ready = record.stages.iter().find(|one| one.name == Stage::Ready);
        let Some(from) = ready.and_then(|one| one.started_at.parse().ok()) else {
            return;
        };
        let from = self.since(from);
        for check in &record.health_checks {
            let class = match check.status {
                HealthStatus::Passed => "good",
                HealthStatus::Failed => "bad",
            };
            let detail = format!(
                "{} tries; {}",
                check.attempts,
                check.last_error.as_deref().unwrap_or("passed")
            );
            let to = from + signed(check.waited_ms);
            self.checks
                .push(self.bar(&check.name, &detail, class, from, to));
        }
    }

    fn add_containers(&mut self, record: &Record, bundle: &Path) {
        // A container that still runs ends with the teardown.
        let teardown = record.stages.iter().find(|one| one.name == Stage::Teardown);
        let end = teardown.and_then(|one| one.started_at.parse().ok());
        let end = end.map_or(self.length, |at| self.since(at));
        for service in &record.services {
            let path = bundle
                .join("inspect")
                .join(format!("{}.json", service.name));
            let text = std::fs::read(path).unwrap_or_default();
            let Ok(inspected) = serde_json::from_slice::<Value>(&text) else {
                continue;
            };
            let state = &inspected[0]["State"];
            let time = |key: &str| state[key].as_str()?.parse::<Timestamp>().ok();
            let created = || inspected[0]["Created"].as_str()?.parse::<Timestamp>().ok();
            let Some(started) = time("StartedAt") else {
                continue;
            };
            // Docker gives the year 1 as the start of a container that was never started.
            if service.state == "created" {
                continue;
            }
            // Docker remembers only the last start.
            let (from, restarted) = match service.restarts {
                0 => (started, String::new()),
                times => (
                    created().unwrap_or(started),
                    format!("{}, ", restarted(times)),
                ),
            };
            let from = self.of_host(from);
            let to = time("FinishedAt")
                .filter(|to| *to > started)
                .map(|at| self.of_host(at));
            let bad = service.oom_killed || service.exit_code.is_some_and(|code| code != 0);
            let class = if bad { "bad" } else { "plain" };
            let detail = format!("{restarted}{} ({})", service.state, service.image);
            self.containers
                .push(self.bar(&service.name, &detail, class, from, to.unwrap_or(end)));
        }
    }

    fn add_tests(&mut self, record: &Record, inputs: &ReportInputs<'_>) {
        let skew = if inputs.tests_on_host {
            self.skew
        } else {
            SignedDuration::ZERO
        };
        // A test may have died in the middle of a UTF-8 character: only that line is lost.
        let text = std::fs::read(inputs.bundle.join("events.jsonl")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let own = |test: &str| record.tests.iter().find(|one| one.name == test);
        for line in text.lines() {
            let (name, at, is_end) = match serde_json::from_str(line) {
                Ok(Entry::TestStarted { test: name, at, .. }) => (name, at, false),
                Ok(Entry::TestEnded { test: name, at, .. }) => (name, at, true),
                _ => continue,
            };
            let (Some(own), Ok(at)) = (own(&name), at.parse::<Timestamp>()) else {
                continue;
            };
            let at = self.since(shifted(at, -skew));
            if !is_end {
                // A test without an end was stopped with the others.
                let time = (at, at + signed(own.duration_ms));
                self.times.insert(own.name.clone(), time);
            } else if let Some((_, to)) = self.times.get_mut(&own.name) {
                *to = at;
            }
        }
        // None ran before their stage: many files round times to seconds.
        let stage = record.stages.iter().find(|one| one.name == Stage::Test);
        let began = stage.and_then(|stage| stage.started_at.parse().ok());
        let began = began.map_or(0, |at| self.since(at));
        for test in &record.tests {
            let Some((from, to)) = test.span().filter(|_| !self.times.contains_key(&test.name))
            else {
                continue;
            };
            let from = self.since(shifted(from, -skew)).max(began);
            let to = self.since(shifted(to, -skew)).max(from);
            self.times.insert(test.name.clone(), (from, to));
        }
        for test in &record.tests {
            if let Some((from, to)) = self.time_of(&test.name) {
                let detail = test.message.as_deref().unwrap_or_default();
                let class = status_class(test.status);
                self.tests
                    .push(self.bar(&test.name, detail, class, from, to));
            }
        }
        shorten(&mut self.tests);
        self.hidden_tests = self.tests.is_empty() && record.tests.len() > 1;
        if let (true, [only], Some(_)) = (self.tests.is_empty(), record.tests.as_slice(), stage) {
            let to = began + signed(only.duration_ms);
            self.times.insert(only.name.clone(), (began, to));
        }
    }
}

/// Shortens names of tests, which share most of their beginning.
fn shorten(tests: &mut [Bar]) {
    let own = |bar: &Bar| match bar.name.rsplit_once("::") {
        Some((_, own)) => own.to_owned(),
        None => bar.name.clone(),
    };
    let mut seen: HashMap<String, usize> = HashMap::new();
    for bar in &*tests {
        *seen.entry(own(bar)).or_default() += 1;
    }
    for bar in tests {
        let own = own(bar);
        if seen.get(&own) == Some(&1) {
            bar.short = own;
        }
    }
}

fn signed(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX / 4)
}

fn took(millis: i64) -> String {
    duration(Duration::from_millis(
        u64::try_from(millis).unwrap_or_default(),
    ))
}

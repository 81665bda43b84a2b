//! Everything that took time, as rows of bars in percent of the run. `timeline.rs` shows them.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::record::outcome::{HealthRecord, HealthStatus, Record, Stage, StageRecord, StageStatus};
use crate::record::summary::{first_line, reason};
use crate::record::test_name::split_or_file;
use crate::report::ReportInputs;
use crate::report::log_lines::shifted;
use crate::text::printable;
use crate::units::duration;

use super::anchor;
use super::lives::{self, Life};
use super::style::status_class;
use super::test_times::{TestTimes, Time, signed};

/// The narrowest bar in percent: less is invisible.
const NARROWEST: f64 = 0.3;

/// One name with its bars.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    /// The status, as a class of the page.
    pub(super) class: &'static str,
    pub(super) bars: Vec<Bar>,
    pub(super) detail: String,
    /// The part of the page that says more.
    pub(super) link: Option<String>,
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Row {
    pub(super) fn took(&self) -> String {
        took(self.to - self.from)
    }
}

#[derive(Debug)]
pub(super) struct Bar {
    pub(super) class: &'static str,
    pub(super) left: String,
    pub(super) width: String,
}

/// The run's axis. Times are this machine's, in milliseconds since the run began.
#[derive(Debug)]
pub(super) struct Axis {
    start: Timestamp,
    pub(super) length: i64,
    /// How far the host's clock is ahead of this machine's.
    skew: SignedDuration,
    pub(super) times: TestTimes,
}

impl Axis {
    pub(super) fn of(record: &Record, inputs: &ReportInputs<'_>) -> Self {
        let mut axis = Self {
            start: record.started_at.parse().unwrap_or(Timestamp::UNIX_EPOCH),
            length: signed(record.duration_ms).max(1),
            skew: inputs.skew,
            times: TestTimes::default(),
        };
        let skew = if inputs.tests_on_host {
            inputs.skew
        } else {
            SignedDuration::ZERO
        };
        let stage = axis.span(record, Stage::Test);
        let since = |at| axis.since(shifted(at, -skew));
        axis.times = TestTimes::of(record, inputs.bundle, stage, since);
        axis
    }

    /// Converts a time of the host's clock.
    pub(super) fn of_host(&self, at: Timestamp) -> i64 {
        self.since(shifted(at, -self.skew))
    }

    /// Converts to a time of the host's clock.
    pub(super) fn on_host(&self, at: i64) -> Timestamp {
        let here = shifted(self.start, SignedDuration::from_millis(at));
        shifted(here, self.skew)
    }

    fn since(&self, at: Timestamp) -> i64 {
        i64::try_from(at.duration_since(self.start).as_millis()).unwrap_or_default()
    }

    fn span(&self, record: &Record, stage: Stage) -> Option<(i64, i64)> {
        let stage = record.stages.iter().find(|one| one.name == stage)?;
        let from = self.since(stage.started_at.parse().ok()?);
        Some((from, from + signed(stage.duration_ms)))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a part of a hundred needs no more"
    )]
    fn bar(&self, class: &'static str, from: i64, to: i64) -> Bar {
        let (from, to) = (from.clamp(0, self.length), to.clamp(0, self.length));
        let part = |time: i64| time as f64 * 100.0 / self.length as f64;
        let left = part(from).min(100.0 - NARROWEST);
        Bar {
            class,
            left: format!("{left:.2}"),
            width: format!("{:.2}", part(to - from).max(NARROWEST)),
        }
    }

    fn row(&self, name: &str, detail: &str, class: &'static str, (from, to): (i64, i64)) -> Row {
        let (from, to) = (from.clamp(0, self.length), to.clamp(0, self.length));
        Row {
            name: printable(name),
            class,
            bars: vec![self.bar(class, from, to)],
            detail: printable(detail),
            link: None,
            from,
            to,
        }
    }

    pub(super) fn stages(&self, record: &Record) -> Vec<Row> {
        let began = |stage: &&StageRecord| stage.status != StageStatus::Skipped;
        let row = |stage: &StageRecord| {
            let from = self.since(stage.started_at.parse().ok()?);
            let span = (from, from + signed(stage.duration_ms));
            let class = status_class(stage.status);
            Some(self.row(stage.name.name(), &reason(&stage.detail), class, span))
        };
        record.stages.iter().filter(began).filter_map(row).collect()
    }

    pub(super) fn checks(&self, record: &Record) -> Vec<Row> {
        let Some((from, _)) = self.span(record, Stage::Ready) else {
            return Vec::new();
        };
        let row = |check: &HealthRecord| {
            let class = match check.status {
                HealthStatus::Passed => "good",
                HealthStatus::Failed => "bad",
            };
            let tries = crate::text::count(usize::try_from(check.attempts).unwrap_or(1), "attempt");
            let last = check.last_error.as_deref();
            let last = last.map_or_else(String::new, |error| format!("; {error}"));
            let span = (from, from + signed(check.waited_ms));
            self.row(&check.name, &format!("{tries}{last}"), class, span)
        };
        record.health_checks.iter().map(row).collect()
    }

    /// Returns a row for each container, with a bar for each of its lives.
    pub(super) fn containers(&self, record: &Record, inputs: &ReportInputs<'_>) -> Vec<Row> {
        // A container that still runs ends with the teardown.
        let end = self.span(record, Stage::Teardown);
        let end = end.map_or(self.length, |(from, _)| from);
        let events = lives::events(inputs.bundle);
        let mut rows = Vec::new();
        for service in &record.services {
            let told = events.get(&service.name).map_or(&[][..], Vec::as_slice);
            let (lives, unknown) = lives::of(service, inputs.bundle, told);
            let span = |life: &Life| {
                let from = self.of_host(life.from);
                (from, life.to.map_or(end, |to| self.of_host(to)))
            };
            let (Some(first), Some(last)) = (lives.first(), lives.last()) else {
                continue;
            };
            let class = |life: &Life| match life.code {
                _ if life.is_guess => "unknown",
                Some(code) if code != 0 => "bad",
                _ => "plain",
            };
            let mut detail = format!("{} ({})", service.state, service.image);
            if lives.len() > 1 {
                let spans = lives.iter().map(|life| told_life(life, span(life)));
                let spans: Vec<String> = spans.collect();
                detail = format!("{}; {detail}", spans.join("; "));
            }
            if let Some(unknown) = unknown {
                detail = format!("{unknown}; {detail}");
            }
            let whole = (span(first).0, span(last).1);
            let mut row = self.row(&service.name, &detail, class(last), whole);
            if service.oom_killed {
                row.class = "bad";
            }
            let bar = |life: &Life| {
                let (from, to) = span(life);
                self.bar(class(life), from, to)
            };
            row.bars = lives.iter().map(bar).collect();
            row.link = Some(anchor::of_log(&service.name));
            rows.push(row);
        }
        rows
    }

    /// Returns a bar for each stretch in which tests ran, and rows for at most `most` tests: the
    /// failed ones, then the slowest.
    pub(super) fn tests(
        &self,
        record: &Record,
        failed: &[usize],
        most: usize,
    ) -> (Vec<Bar>, Vec<Row>) {
        let time = |index: &usize| self.times.of_test(&record.tests[*index].name);
        let known = |index: &usize| time(index).is_some();
        let mut order: Vec<usize> = (0..record.tests.len()).filter(known).collect();
        let row = |index: usize| {
            let test = &record.tests[index];
            let Time { from, to, .. } = time(&index)?;
            let (module, name) = split_or_file(test);
            let message = first_line(test.message.as_deref().unwrap_or_default());
            let mut said = vec![module, message];
            said.retain(|text| !text.is_empty());
            let detail = said.join(": ");
            let class = status_class(test.status);
            let mut row = self.row(name, &detail, class, (from, to));
            row.link = Some(anchor::of_test(index));
            Some(row)
        };
        let mut all = Vec::new();
        if order.len() > most {
            all = self.stretches(record);
            let failed: HashSet<&usize> = failed.iter().collect();
            let lasted = |index: &usize| time(index).map_or(0, |time| time.to - time.from);
            order.sort_by_cached_key(|index| (!failed.contains(index), Reverse(lasted(index))));
            order.truncate(most);
        }
        order.sort_by_key(|index| time(index).map(|time| time.from));
        (all, order.into_iter().filter_map(row).collect())
    }

    /// Returns when any test ran, in at most 200 bars: those in which one failed are bad.
    fn stretches(&self, record: &Record) -> Vec<Bar> {
        const PARTS: i64 = 200;
        let mut parts = [None; 200];
        for test in &record.tests {
            let Some(time) = self.times.of_test(&test.name) else {
                continue;
            };
            let part = |at: i64| {
                usize::try_from((at * PARTS / self.length).clamp(0, PARTS - 1)).unwrap_or(0)
            };
            for part in &mut parts[part(time.from)..=part(time.to)] {
                *part = match test.status {
                    StageStatus::Failed => Some("bad"),
                    _ => part.or(Some("good")),
                };
            }
        }
        let mut bars = Vec::new();
        let mut at = 0;
        for same in parts.chunk_by(|one, other| one == other) {
            let end = at + i64::try_from(same.len()).unwrap_or(PARTS);
            if let Some(class) = same[0] {
                bars.push(self.bar(class, at * self.length / PARTS, end * self.length / PARTS));
            }
            at = end;
        }
        bars
    }
}

/// `2.01 s to 5.30 s, exited with code 137`.
fn told_life(life: &Life, (from, to): (i64, i64)) -> String {
    let code = match life.code {
        Some(code) => format!(", exited with code {code}"),
        None if life.to.is_some() => ", exited".to_owned(),
        None => String::new(),
    };
    format!("{} to {}{code}", took(from), took(to))
}

pub(super) fn took(millis: i64) -> String {
    let millis = u64::try_from(millis).unwrap_or_default();
    duration(Duration::from_millis(millis))
}

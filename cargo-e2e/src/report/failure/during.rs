//! What services printed while a test ran, by the host's clock.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use e2e_harness::protocol::record::{Entry, Status};
use jiff::{SignedDuration, Timestamp};
use regex::Regex;

use crate::record::outcome::{Record, Stage};
use crate::report::ReportInputs;
use crate::report::log_lines::{LogLines, shifted, split_time};
use crate::text::printable;

/// How many of the last lines of each service are kept.
const KEPT: usize = 1000;
/// Lines that are longer are cut: a line of minified JSON must not fill the screen.
const WIDTH: usize = 200;
/// A longer log is searched by time instead of being read, which misses lines of a clock that went
/// back.
const SEARCHED: u64 = 16 << 20;
/// Clocks are compared over a connection, which may take this long.
const SLACK: SignedDuration = SignedDuration::from_millis(250);

/// Words that begin an error message.
static ERROR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:error|fatal|panic(?:ked)?|exception|critical|traceback|segfault|out of memory)\b").ok()
});

/// The time span of a test; of the whole stage where the test's is unknown.
#[derive(Debug)]
pub(super) struct During {
    pub(super) stage: Stage,
    /// The test, where its own span is known.
    pub(super) test: Option<String>,
    pub(super) took: Duration,
    pub(super) services: Vec<Service>,
}

/// One service's log in the span.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: String,
    /// How many lines the span has; only the last ones are kept.
    pub(super) count: usize,
    pub(super) lines: VecDeque<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Time since the span began: `+1.23 s`.
    pub(super) after: String,
    pub(super) text: String,
    pub(super) is_error: bool,
}

/// Returns whether a line of a log looks like an error.
fn is_complaint(text: &str) -> bool {
    ERROR.as_ref().is_some_and(|error| error.is_match(text))
}

impl During {
    /// Returns `None` when the stage did not begin.
    pub(super) fn of(
        record: &Record,
        stage: Stage,
        test: Option<&str>,
        inputs: &ReportInputs<'_>,
    ) -> Option<Self> {
        let lasted = record.stages.iter().find(|one| one.name == stage)?;
        let began: Timestamp = lasted.started_at.parse().ok()?;
        let took = SignedDuration::from_millis(i64::try_from(lasted.duration_ms).ok()?);
        let began = shifted(began, inputs.skew);
        let all = (began, shifted(began, took));
        let own = test.and_then(|test| {
            let told = own_times(&inputs.bundle.join("events.jsonl"), test);
            let read = || own_times(&inputs.bundle.join(crate::record::junit::TIMES), test);
            let (from, to) = told.or_else(read)?;
            let skew = if inputs.tests_on_host {
                SignedDuration::ZERO
            } else {
                inputs.skew
            };
            // A test without an end was stopped when the stage ended.
            let to = to.map_or(all.1, |to| shifted(to, skew));
            Some((Some(test.to_owned()), shifted(from, skew), to))
        });
        let (test, from, to) = own.unwrap_or((None, all.0, all.1));
        let log = |name: &str| inputs.bundle.join("logs").join(format!("{name}.log"));
        let services = record
            .services
            .iter()
            .map(|service| read(&service.name, &log(&service.name), from, to))
            .collect();
        Some(Self {
            stage,
            test,
            took: Duration::try_from(to.duration_since(from)).unwrap_or_default(),
            services,
        })
    }
}

/// Returns begin and end, by the clock where it ran, of the last attempt of a test that did not
/// pass.
fn own_times(events: &Path, test: &str) -> Option<(Timestamp, Option<Timestamp>)> {
    let (mut from, mut to) = (None, None);
    let mut failed = None;
    for line in BufReader::new(File::open(events).ok()?).split(b'\n') {
        match serde_json::from_slice(&line.ok()?) {
            Ok(Entry::TestStarted { test: name, at, .. }) if name == test => {
                (from, to) = (at.parse().ok(), None);
            }
            Ok(Entry::TestEnded {
                test: name,
                at,
                status,
                ..
            }) if name == test => {
                to = at.parse().ok();
                if status == Status::Failed {
                    failed = Some((from, to));
                } else {
                    // This is another test of the same name, which passed.
                    (from, to) = failed.unwrap_or((from, to));
                }
            }
            _ => {}
        }
    }
    Some((from?, to))
}

fn read(name: &str, log: &Path, from: Timestamp, to: Timestamp) -> Service {
    let mut service = Service {
        name: name.to_owned(),
        count: 0,
        lines: VecDeque::new(),
    };
    // A log that is missing was reported when it was fetched.
    if let Ok((last, count)) = printed(log, shifted(from, -SLACK), shifted(to, SLACK)) {
        service.count = count;
        // Only the kept lines are converted.
        let shown = |(at, text): (Timestamp, String)| {
            let text = printable(&text);
            Line {
                after: format!("{:+.2} s", at.duration_since(from).as_secs_f64()),
                text: text.trim_end().chars().take(WIDTH).collect(),
                is_error: is_complaint(&text),
            }
        };
        service.lines = last.into_iter().map(shown).collect();
    }
    service
}

/// Returns the last lines of the span, and how many it has.
fn printed(
    log: &Path,
    from: Timestamp,
    to: Timestamp,
) -> io::Result<(VecDeque<(Timestamp, String)>, usize)> {
    let mut lines = LogLines::open(log)?;
    let timed = |line: &str| {
        let (at, text) = split_time(line)?;
        (at >= from && at <= to).then(|| (at, text.to_owned()))
    };
    if lines.length() > SEARCHED {
        let after = shifted(to, SignedDuration::from_nanos(1));
        let piece = lines.since(from)?..lines.since(after)?;
        let last = lines.last(piece.start..piece.end.max(piece.start), KEPT)?;
        let count = last.before + last.lines.len();
        return Ok((
            last.lines.iter().filter_map(|line| timed(line)).collect(),
            count,
        ));
    }
    let (mut last, mut count) = (VecDeque::new(), 0);
    lines.each(0..lines.length(), |line| {
        if let Some(line) = timed(&String::from_utf8_lossy(line)) {
            count += 1;
            if last.len() == KEPT {
                last.pop_front();
            }
            last.push_back(line);
        }
    })?;
    Ok((last, count))
}

impl Service {
    pub(super) fn errors(&self) -> usize {
        self.lines.iter().filter(|line| line.is_error).count()
    }

    /// Picks at most so many lines, in their order: the first errors with the lines that follow
    /// them, and the last lines.
    pub(super) fn pick(&self, most: usize) -> Vec<&Line> {
        let mut wanted = vec![false; self.lines.len()];
        let mut left = most.min(self.lines.len());
        let complaints = self
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.is_error);
        for (index, _) in complaints.take(most / 4) {
            for place in wanted.iter_mut().skip(index).take(2) {
                if !*place && left > 0 {
                    *place = true;
                    left -= 1;
                }
            }
        }
        for place in wanted.iter_mut().rev() {
            if !*place && left > 0 {
                *place = true;
                left -= 1;
            }
        }
        self.lines
            .iter()
            .zip(wanted)
            .filter_map(|(line, wanted)| wanted.then_some(line))
            .collect()
    }
}

//! A stage that runs, as the bottom lines show it: its clock, its limit, and what is known of its
//! checks, services or tests.

use std::time::{Duration, Instant};

use super::checks::Checks;
use super::options::{HumanOptions, Progress, Verbosity};
use super::paint::{COLUMN, Paint};
use super::services::Services;
use super::test_progress::TestProgress;
use crate::record::event::Ahead;
use crate::record::outcome::Stage;
use crate::report::output::{Row, Status};
use crate::text::printable;

/// Lines below the first: a screen stays a screen.
const ROWS: usize = 6;

/// A stage that runs.
pub(super) struct Running {
    pub(super) stage: Stage,
    since: Instant,
    limit: Option<Duration>,
    /// Its last message.
    words: String,
    view: View,
    /// What it waits for, since when, and how long at most.
    waits: Option<(Vec<String>, Instant, Duration)>,
}

/// What its messages come to.
enum View {
    Words,
    Checks(Checks),
    Services(Services),
    Tests(TestProgress),
}

impl Running {
    pub(super) fn of(stage: Stage, ahead: &Ahead, repo: &str, now: Instant) -> Self {
        let view = match stage {
            Stage::Ready => View::Checks(Checks::of(&ahead.checks)),
            Stage::Up => View::Services(Services::of(repo)),
            Stage::Test => View::Tests(TestProgress::default()),
            _ => View::Words,
        };
        let words = match stage {
            Stage::Compile => "waiting for the compiler",
            Stage::Teardown => "removing sandbox",
            _ => "",
        };
        Self {
            stage,
            since: now,
            limit: ahead.limit,
            words: words.to_owned(),
            view,
            waits: None,
        }
    }

    /// Takes a line of its command.
    pub(super) fn progress(&mut self, line: &str, now: Instant) {
        self.waits = None;
        match &mut self.view {
            View::Services(services) => services.take(line, now),
            View::Checks(checks) => checks.says(line),
            View::Words | View::Tests(_) => line.clone_into(&mut self.words),
        }
    }

    pub(super) fn health(&mut self, name: &str, passed: bool, answer: &str) {
        if let View::Checks(checks) = &mut self.view {
            checks.answer(name, passed, answer);
        }
    }

    /// Takes what the tests print.
    pub(super) fn output(&mut self, bytes: &[u8], now: Instant) {
        if let View::Tests(tests) = &mut self.view {
            tests.take(bytes, now);
        }
    }

    /// Says that it waits for another run; with the same limit, still.
    pub(super) fn wait(&mut self, text: &str, limit: Duration, now: Instant) {
        let text = printable(text);
        let said = text.split_once("): ").map_or(&*text, |(_, rest)| rest);
        let before = self.waits.take().filter(|(_, _, before)| *before == limit);
        let since = before.map_or(now, |(_, since, _)| since);
        // What helps has a line of its own, so that no narrow screen cuts it off.
        let said = said.split("; ").map(str::to_owned).collect();
        self.waits = Some((said, since, limit));
    }

    pub(super) fn status(&self, paint: &Paint, live: bool) -> Status {
        let status = |label: &str, since, limit, words, mut rows: Vec<Row>| {
            rows.truncate(ROWS);
            Status {
                label: paint.verb(paint.busy, label),
                width: COLUMN,
                since,
                limit,
                words,
                rows,
                live,
            }
        };
        if let Some((text, since, limit)) = &self.waits {
            let mut lines = text.iter().cloned();
            let words = lines.next().unwrap_or_default();
            let rows = lines.map(Row::of).collect();
            return status("waiting", *since, Some(*limit), words, rows);
        }
        let (words, rows) = match &self.view {
            View::Words => (self.words.clone(), Vec::new()),
            View::Checks(checks) => checks.shown(),
            View::Services(services) => services.shown(),
            View::Tests(tests) => tests.shown(),
        };
        status(self.stage.name(), self.since, self.limit, words, rows)
    }
}

/// Returns the line that says which of several runs at a time have not ended.
pub fn several(options: HumanOptions, since: Instant, names: &[String]) -> Option<Status> {
    if names.is_empty() || options.verbosity == Verbosity::Quiet {
        return None;
    }
    let paint = Paint::new(options.color);
    Some(Status {
        label: paint.verb(paint.busy, "running"),
        width: COLUMN,
        since,
        limit: None,
        words: names.join(", "),
        rows: Vec::new(),
        live: options.progress == Progress::Redrawn,
    })
}

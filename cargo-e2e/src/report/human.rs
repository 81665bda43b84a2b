//! What a person sees: stages as they end, failures with their evidence, one verdict.
//!
//! Everything goes to stderr, but what the tests print, which goes to stdout as it came. On a
//! live terminal a line below the last one says what runs.

mod options;
mod paint;
mod pending;
#[cfg(test)]
mod tests;
mod verdict;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use options::{HumanOptions, Verbosity};
use paint::{COLUMN, Paint};
use pending::{Pending, first_words};

use super::output::{Channel, Missed, Notice, Status};
use crate::record::assertion::{self, Piece};
use crate::record::event::{Event, Excerpt, Failure, Reporter};
use crate::record::outcome::{Stage, StageStatus};
use crate::record::summary::{duration, keeps_house, reason};
use crate::text::{count, printable};

/// Lines of an excerpt that are shown; the bundle has all.
const EXCERPT_LINES: usize = 40;

/// Characters at which an excerpt's line is cut: minified JSON must not fill the screen.
const EXCERPT_WIDTH: usize = 500;

/// Housekeeping stages get a line only when they took longer.
const SLOW: Duration = Duration::from_secs(1);

pub struct Human<E: Channel, O: Channel> {
    options: HumanOptions,
    paint: Paint,
    err: E,
    out: O,
    /// The line at the bottom, where there is one.
    status: Option<Status>,
    /// The running stages, each with its begin and its last message; the bottom line shows the last
    /// stage.
    running: Vec<(Stage, Instant, String)>,
    pending: Pending,
    /// The stage whose failure was shown in full: its own line need not repeat it.
    explained: Option<Stage>,
    /// The tests' last byte was not a newline: the next line must not be glued to it.
    unfinished_line: bool,
}

/// Returns what stands in the place of output that was left out. `log` has all test output.
#[must_use]
pub fn gap(log: Option<PathBuf>) -> Notice {
    Arc::new(move |missed| {
        let log = log.as_deref().map(verdict::near);
        format!("[cargo e2e: {}]\n", missed.sentence(log))
    })
}

impl<E: Channel, O: Channel> Human<E, O> {
    /// Shows lines on `err`, and what the tests print on `out`.
    #[must_use]
    pub fn on(options: HumanOptions, err: E, out: O) -> Self {
        Self {
            options,
            paint: Paint::new(options.color),
            err,
            out,
            status: None,
            running: Vec::new(),
            pending: Pending::default(),
            explained: None,
            unfinished_line: false,
        }
    }

    /// Writes whole lines below the previous ones.
    fn show(&mut self, lines: &[String]) {
        let text = self.text(lines);
        // A closed terminal must not end the run: the sandbox has yet to be removed.
        let _ = self.err.write_all(text.as_bytes());
    }

    fn text(&mut self, lines: &[String]) -> String {
        let mut text = String::new();
        if self.unfinished_line && self.options.shared {
            // Also ends a colour that a test runner left open.
            text += self.paint.reset();
            text.push('\n');
        }
        self.unfinished_line = false;
        for line in lines {
            text += line;
            text.push('\n');
        }
        text
    }

    /// Stores a stage's message, and shows it in the bottom line, if there is one.
    fn say(&mut self, stage: Stage, words: String) {
        let last = self.running.last().map(|running| running.0);
        if let Some(running) = self.running.iter_mut().find(|one| one.0 == stage) {
            running.2.clone_from(&words);
        }
        if let Some(status) = self.status.as_mut().filter(|_| last == Some(stage)) {
            status.words = words;
            self.err.status(Some(status.clone()));
        }
    }

    /// Removes the bottom line.
    fn be_still(&mut self) {
        if self.status.take().is_some() {
            self.err.status(None);
        }
    }

    fn quiet(&self) -> bool {
        self.options.verbosity == Verbosity::Quiet
    }

    fn verbose(&self) -> bool {
        self.options.verbosity == Verbosity::Verbose
    }

    fn run_started(&mut self, run_id: &str, repo: &str, spec: Option<&str>, host: &str) {
        if !self.quiet() {
            let verb = self.paint.verb(self.paint.good, "Running");
            let run = self.paint.with(self.paint.dim, &format!("(run {run_id})"));
            let by = spec.map_or_else(String::new, |spec| format!(" by {}", printable(spec)));
            self.show(&[format!("{verb} {repo}{by} on {host} {run}")]);
        }
    }

    fn stage_started(&mut self, stage: Stage) {
        self.pending = Pending::default();
        self.be_still();
        let words = first_words(stage).to_owned();
        self.running.push((stage, Instant::now(), words));
        self.spin();
    }

    /// Shows the bottom line of the last running stage, if one runs.
    fn spin(&mut self) {
        if let Some((stage, since, words)) = self.running.last()
            && self.options.live
            && !self.quiet()
        {
            let status = self.status.insert(Status {
                label: self.paint.verb(self.paint.busy, stage.name()),
                width: COLUMN,
                since: *since,
                words: words.clone(),
            });
            self.err.status(Some(status.clone()));
        }
    }

    fn progress(&mut self, stage: Stage, line: &str) {
        if self.verbose() {
            let lines = self.aside(stage, line);
            let text = self.text(&lines);
            self.err
                .offer(text.as_bytes(), Missed::progress(lines.len()));
        }
        self.say(stage, printable(line));
    }

    fn health(&mut self, name: &str, passed: bool, answer: &str, waited: Duration) {
        if self.verbose() {
            let state = if passed { " passed" } else { "" };
            let line = format!("{name}{state}: {answer} ({})", duration(waited));
            let lines = self.aside(Stage::Ready, &line);
            self.show(&lines);
        }
        self.pending.answer(name, passed, &printable(answer));
        self.say(Stage::Ready, self.pending.line());
    }

    /// Formats a stage's message as a line of its own.
    fn aside(&self, stage: Stage, text: &str) -> Vec<String> {
        let dimmed = |line: &str| {
            let line = format!("{:>COLUMN$} {}", stage.name(), line.trim());
            self.paint.with(self.paint.dim, &line)
        };
        printable(text).lines().map(dimmed).collect()
    }

    fn test_output(&mut self, bytes: &[u8]) {
        if self.options.shared {
            // Test output may end in the middle of a line, so nothing is redrawn below it.
            self.be_still();
        }
        if let Some(last) = bytes.last() {
            let shown = self.out.offer(bytes, Missed::output(bytes.len()));
            // The text in its place is a whole line.
            self.unfinished_line = shown && *last != b'\n';
        }
    }

    fn stage_ended(&mut self, stage: Stage, status: StageStatus, took: Duration, detail: &str) {
        self.be_still();
        let shown = match self.options.verbosity {
            Verbosity::Quiet => false,
            Verbosity::Verbose => true,
            Verbosity::Normal => match status {
                StageStatus::Skipped => false,
                StageStatus::Passed => !keeps_house(stage) || took > SLOW,
                StageStatus::Failed | StageStatus::Interrupted => true,
            },
        };
        if !shown {
            return;
        }
        let detail = printable(detail);
        let detail = reason(&detail);
        let detail = detail.as_str();
        let (style, said) = match status {
            StageStatus::Passed => (self.paint.good, detail.to_owned()),
            StageStatus::Skipped => (self.paint.dim, joined("skipped", detail)),
            StageStatus::Interrupted => (self.paint.caution, joined("interrupted", detail)),
            StageStatus::Failed if self.explained == Some(stage) => {
                (self.paint.bad, "failed".to_owned())
            }
            StageStatus::Failed => (self.paint.bad, joined("failed", detail)),
        };
        let verb = self.paint.verb(style, stage.name());
        let line = if status == StageStatus::Skipped {
            let line = format!("{:>COLUMN$} {said}", stage.name());
            self.paint.with(self.paint.dim, &line)
        } else {
            let line = format!("{verb} {}  {said}", duration(took));
            line.trim_end().to_owned()
        };
        self.show(&[line]);
    }

    /// Shows `warning: …` or `note: …`, with its other lines aligned below the first.
    fn remark(&mut self, style: anstyle::Style, word: &str, text: &str) {
        let margin = " ".repeat(word.len() + 2);
        let word = self.paint.with(style, word);
        let text = indented(text, &margin);
        self.show(&[format!("{word}: {text}")]);
    }

    fn failure(&mut self, failure: &Failure) {
        self.explained = Some(failure.stage);
        let error = self.paint.with(self.paint.bad, "error");
        let message = indented(&failure.message, "  ");
        let mut lines = vec![format!("{error}: {}: {message}", failure.stage.name())];
        for excerpt in &failure.excerpts {
            self.excerpt(excerpt, &mut lines);
        }
        if let Some(help) = &failure.help {
            let word = self.paint.with(self.paint.strong, "help");
            lines.push(format!("  {word}: {}", indented(help, "        ")));
        }
        self.show(&lines);
    }

    fn excerpt(&self, excerpt: &Excerpt, shown: &mut Vec<String>) {
        let title = printable(&excerpt.title);
        let title = title.trim().trim_end_matches(':');
        let text = printable(&excerpt.text);
        if text.trim().is_empty() {
            shown.push(format!("  {title}: nothing"));
            return;
        }
        shown.push(format!("  {}:", self.paint.with(self.paint.strong, title)));
        let gutter = self.paint.with(self.paint.dim, "  |");
        let pieces = assertion::shortened_output(&text, EXCERPT_LINES).into_iter();
        shown.extend(pieces.map(|piece| match piece {
            Piece::Line("") => gutter.clone(),
            Piece::Line(line) => format!("{gutter} {}", shortened(line)),
            Piece::Gap(gap) => {
                let more = format!("({} left out)", count(gap, "line"));
                format!("{gutter} {}", self.paint.with(self.paint.dim, &more))
            }
        }));
    }
}

impl<E: Channel, O: Channel> Reporter for Human<E, O> {
    fn event(&mut self, event: &Event) {
        match event {
            Event::RunStarted {
                run_id,
                repo,
                spec,
                host,
            } => self.run_started(run_id, repo, spec.as_deref(), host),
            Event::StageStarted { stage } => self.stage_started(*stage),
            Event::Progress { stage, line } => self.progress(*stage, line),
            Event::Health {
                name,
                passed,
                answer,
                waited,
            } => {
                self.health(name, *passed, answer, *waited);
            }
            Event::TestOutput { bytes } => self.test_output(bytes),
            Event::Warning { text } if !self.quiet() => {
                self.remark(self.paint.caution, "warning", text);
            }
            Event::Note { text } if !self.quiet() => {
                self.remark(self.paint.strong, "note", text);
            }
            Event::Commit { .. } | Event::Warning { .. } | Event::Note { .. } => {}
            Event::StageEnded {
                stage,
                status,
                duration,
                detail,
            } => {
                self.running.retain(|running| running.0 != *stage);
                self.stage_ended(*stage, *status, *duration, detail);
                self.spin();
            }
            Event::Failure(failure) => self.failure(failure),
            Event::RunFinished {
                record,
                bundle,
                failure,
                kept,
            } => {
                self.be_still();
                let lines = verdict::lines(
                    &self.paint,
                    self.quiet(),
                    record,
                    bundle,
                    failure.as_deref(),
                    kept.as_deref(),
                );
                if !lines.is_empty() {
                    self.show(&lines);
                }
            }
        }
    }
}

/// A run that panics sends no more events, and its bottom line would stay.
impl<E: Channel, O: Channel> Drop for Human<E, O> {
    fn drop(&mut self) {
        self.be_still();
    }
}

fn joined(word: &str, detail: &str) -> String {
    if detail.is_empty() || detail == word {
        word.to_owned()
    } else {
        format!("{word}: {detail}")
    }
}

/// Makes a text safe to print, and puts all its lines but the first behind a margin.
fn indented(text: &str, margin: &str) -> String {
    let text = printable(text);
    let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    lines.join(&format!("\n{margin}"))
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(EXCERPT_WIDTH) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}

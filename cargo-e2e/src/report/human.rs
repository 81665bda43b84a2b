//! What a person sees: stages as they end, failures with their evidence, one verdict.
//!
//! Everything goes to stderr, but what the tests print, which goes to stdout as it came. On a
//! live terminal a line below the last one says what runs.

mod checks;
mod excerpts;
mod options;
mod paint;
mod running;
mod services;
mod test_progress;
#[cfg(test)]
mod tests;
mod verdict;
mod wrap;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use excerpts::indented;
pub use options::{HumanOptions, Progress, Verbosity};
use paint::{COLUMN, Paint};
use running::Running;
pub use running::several;
use wrap::wrapped;

use super::output::{Channel, Missed, Notice};
use crate::record::event::{Ahead, Event, Failure, Reporter};
use crate::record::outcome::{Stage, StageStatus};
use crate::record::summary::{keeps_house, reason};
use crate::text::printable;
use crate::units::duration;

/// Housekeeping stages get a line only when they took longer.
const SLOW: Duration = Duration::from_secs(1);

pub struct Human<E: Channel, O: Channel> {
    options: HumanOptions,
    paint: Paint,
    err: E,
    out: O,
    /// The repo under test.
    repo: String,
    /// The running stages; the bottom lines show the last.
    running: Vec<Running>,
    /// Why stages failed: the last lines have it.
    failures: Vec<Failure>,
    /// Why tests failed has been shown.
    tests_explained: bool,
    /// The tests' last byte was not a newline: the next line must not be glued to it.
    unfinished_line: bool,
}

/// Returns what stands in the place of output that was left out. `log` has all test output.
pub fn gap(log: Option<PathBuf>) -> Notice {
    Arc::new(move |missed| {
        let log = log.as_deref().map(verdict::near);
        format!("[cargo e2e: {}]\n", missed.sentence(log))
    })
}

impl<E: Channel, O: Channel> Human<E, O> {
    /// Shows lines on `err`, and what the tests print on `out`.
    pub fn on(options: HumanOptions, err: E, out: O) -> Self {
        Self {
            options,
            paint: Paint::new(options.color),
            err,
            out,
            repo: String::new(),
            running: Vec::new(),
            failures: Vec::new(),
            tests_explained: false,
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
        for line in lines.iter().flat_map(|line| line.split('\n')) {
            let parts = match self.options.columns {
                Some(columns) => wrapped(line, columns),
                None => vec![line.to_owned()],
            };
            text += &parts.join("\n");
            text.push('\n');
        }
        text
    }

    /// Returns a stage that runs.
    fn of(&mut self, stage: Stage) -> Option<&mut Running> {
        self.running.iter_mut().find(|one| one.stage == stage)
    }

    /// Removes the bottom lines.
    fn be_still(&mut self) {
        self.err.status(None);
    }

    fn quiet(&self) -> bool {
        self.options.verbosity == Verbosity::Quiet
    }

    fn verbose(&self) -> bool {
        self.options.verbosity == Verbosity::Verbose
    }

    fn run_started(&mut self, run_id: &str, repo: &str, spec: Option<&str>, host: &str) {
        repo.clone_into(&mut self.repo);
        if !self.quiet() {
            let verb = self.paint.verb(self.paint.good, "Running");
            let run = self.paint.with(self.paint.dim, &format!("(run {run_id})"));
            let by = spec.map_or_else(String::new, |spec| format!(" by {}", printable(spec)));
            self.show(&[format!("{verb} {repo}{by} on {host} {run}")]);
        }
    }

    fn stage_started(&mut self, stage: Stage, ahead: &Ahead) {
        let running = Running::of(stage, ahead, &self.repo, Instant::now());
        self.running.push(running);
        self.spin();
    }

    /// Shows the bottom lines of the last running stage, if one runs.
    fn spin(&mut self) {
        if let Some(running) = self.running.last()
            && !self.quiet()
            && self.options.progress != Progress::None
        {
            let status = running.status(&self.paint, self.options.progress == Progress::Redrawn);
            self.err.status(Some(status));
        }
    }

    fn progress(&mut self, stage: Stage, line: &str) {
        if self.verbose() {
            let lines = self.aside(stage, line);
            let text = self.text(&lines);
            self.err
                .offer(text.as_bytes(), Missed::progress(lines.len()));
        }
        if let Some(running) = self.of(stage) {
            running.progress(&printable(line), Instant::now());
            self.spin();
        }
    }

    fn health(&mut self, name: &str, passed: bool, answer: &str, waited: Duration) {
        if self.verbose() {
            let state = if passed { " passed" } else { "" };
            let line = format!("{name}{state}: {answer} ({})", duration(waited));
            let lines = self.aside(Stage::Ready, &line);
            self.show(&lines);
        }
        if let Some(running) = self.of(Stage::Ready) {
            running.health(name, passed, &printable(answer));
            self.spin();
        }
    }

    /// Shows that the last stage waits for another run.
    fn waits(&mut self, text: &str, limit: Duration) {
        if let Some(running) = self.running.last_mut() {
            running.wait(text, limit, Instant::now());
            self.spin();
        }
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
        if let Some(last) = bytes.last() {
            let shown = self.out.offer(bytes, Missed::output(bytes.len()));
            // The text in its place is a whole line.
            self.unfinished_line = shown && *last != b'\n';
        }
        if let Some(running) = self.of(Stage::Test) {
            running.output(bytes, Instant::now());
            self.spin();
        }
    }

    fn stage_ended(&mut self, stage: Stage, status: StageStatus, took: Duration, detail: &str) {
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
            // The last lines say what the tests said.
            StageStatus::Failed if stage == Stage::Test => (self.paint.bad, "failed".to_owned()),
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

    /// Shows why the tests failed, as soon as that is known: teardown does not change it.
    fn explain_tests(&mut self, text: &str) {
        let failures = std::mem::take(&mut self.failures);
        let (of_tests, others) = failures
            .into_iter()
            .partition(|failure| failure.stage == Stage::Test);
        self.failures = others;
        let of_tests: Vec<Failure> = of_tests;
        let lines = verdict::of_tests(&self.paint, &of_tests, text);
        self.show(&lines);
        self.tests_explained = true;
    }

    /// Shows why stages failed, where no last lines will.
    fn give_up(&mut self) {
        for failure in std::mem::take(&mut self.failures) {
            let error = self.paint.with(self.paint.bad, "error");
            let message = indented(&failure.message, "  ");
            let mut lines = vec![format!("{error}: {}: {message}", failure.stage.name())];
            for excerpt in &failure.excerpts {
                let mut shown = Vec::new();
                excerpts::excerpt(&self.paint, excerpt, &mut shown);
                lines.extend(shown.iter().map(|line| format!("  {line}")));
            }
            if let Some(help) = &failure.help {
                let word = self.paint.with(self.paint.strong, "help");
                lines.push(format!("  {word}: {}", indented(help, "        ")));
            }
            self.show(&lines);
        }
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
            Event::StageStarted { stage, ahead } => self.stage_started(*stage, ahead),
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
            Event::Note { text, waits } if !self.quiet() => {
                self.remark(self.paint.strong, "note", text);
                if let Some(limit) = waits {
                    self.waits(text, *limit);
                }
            }
            Event::Commit { .. }
            | Event::Placed { .. }
            | Event::Warning { .. }
            | Event::Note { .. } => {}
            Event::StageEnded {
                stage,
                status,
                duration,
                detail,
            } => {
                self.be_still();
                self.running.retain(|running| running.stage != *stage);
                self.stage_ended(*stage, *status, *duration, detail);
                self.spin();
            }
            Event::Failure(failure) => self.failures.push(failure.clone()),
            Event::TestsExplained { text } => {
                self.be_still();
                self.explain_tests(text);
                self.spin();
            }
            Event::RunFinished {
                record,
                bundle,
                failure,
                next,
                kept,
            } => {
                self.be_still();
                let failures = std::mem::take(&mut self.failures);
                let ended = verdict::Ended {
                    record,
                    bundle,
                    failures: &failures,
                    tests_explained: self.tests_explained,
                    explained: if self.tests_explained {
                        next
                    } else {
                        failure.as_deref().unwrap_or_default()
                    },
                    kept: kept.as_deref(),
                };
                let lines = verdict::lines(&self.paint, self.quiet(), &ended);
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
        self.give_up();
    }
}

fn joined(word: &str, detail: &str) -> String {
    if detail.is_empty() || detail == word {
        word.to_owned()
    } else {
        format!("{word}: {detail}")
    }
}

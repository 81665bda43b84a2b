//! The end of a failed stage: for people with excerpts and help, for the record masked and cut.

use std::fmt::Write as _;

use crate::host::HostError;
use crate::plan::Plan;
use crate::record::assertion::{Piece, shortened_output};
use crate::record::event::{Excerpt, Failure};
use crate::record::outcome::{Stage, Verdict};
use crate::record::summary::LAST_PRINTED;
use crate::secrets::Secrets;
use crate::text::{chain, clip, printable};

#[derive(Debug)]
pub struct StageError {
    /// The run's verdict, unless a worse one comes.
    pub verdict: Verdict,
    /// What failed and why; the first line is the summary.
    pub message: String,
    /// The last lines of relevant output.
    pub excerpts: Vec<Excerpt>,
    /// What to do next.
    pub help: Option<String>,
    /// The host is lost.
    pub lost: bool,
    /// The end of the tests' output. People have seen it pass by; the record has not.
    pub printed: String,
}

/// Lines of an excerpt that the record keeps.
const RECORDED_LINES: usize = 20;
/// Characters at which such a line is cut.
const RECORDED_WIDTH: usize = 500;

impl StageError {
    /// Makes an error without excerpts and help.
    pub fn new(verdict: Verdict, message: impl Into<String>) -> Self {
        Self {
            verdict,
            message: message.into(),
            excerpts: Vec::new(),
            help: None,
            lost: false,
            printed: String::new(),
        }
    }

    /// Makes the error of a run that does not wait for another one, or waited for too long.
    pub fn not_released(held: &str, plan: &Plan) -> Self {
        if plan.options.no_wait {
            return Self::new(Verdict::HostError, held)
                .help("without `--no-wait` this run waits for it");
        }
        let seconds = plan.limits.queue.as_secs();
        let message = format!("{held}; not released within {seconds} s");
        Self::new(Verdict::HostError, message).help("raise `timeouts.queue` in e2e.yml")
    }

    /// Adds what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the failure for reporters.
    pub fn failure(&self, stage: Stage) -> Failure {
        Failure {
            stage,
            message: self.message.clone(),
            excerpts: self.excerpts.clone(),
            help: self.help.clone(),
        }
    }

    /// Returns the text for the record, which must be understood without the terminal: message,
    /// excerpts and help. Secrets are masked before lines are cut: half of one would not be
    /// recognised.
    pub fn recorded(&self, secrets: &Secrets) -> String {
        let mut text = self.message.trim_end().to_owned();
        for excerpt in &self.excerpts {
            add_lines(&mut text, &excerpt.title, &excerpt.text, secrets);
        }
        if let Some(help) = &self.help {
            text = format!("{text}\nhelp: {help}");
        }
        text
    }

    /// Returns the message for the record of tests that record no events.
    pub fn recorded_of_tests(&self, secrets: &Secrets) -> String {
        let mut text = self.message.trim_end().to_owned();
        add_lines(&mut text, LAST_PRINTED, &self.printed, secrets);
        text
    }

    /// Adds the last lines of an output; nothing when it is empty.
    #[must_use]
    pub fn excerpt(mut self, title: impl Into<String>, text: &str) -> Self {
        if !text.trim().is_empty() {
            self.excerpts.push(Excerpt {
                title: title.into(),
                text: printable(text),
            });
        }
        self
    }
}

/// Adds lines below their title.
fn add_lines(text: &mut String, title: &str, lines: &str, secrets: &Secrets) {
    let lines = printable(lines);
    let lines = secrets.text(&lines);
    if lines.trim_end().is_empty() {
        return;
    }
    let _ = write!(text, "\n{}:", title.trim_end_matches(':'));
    for piece in shortened_output(&lines, RECORDED_LINES) {
        let line = match piece {
            Piece::Line(line) => clip(line, RECORDED_WIDTH),
            Piece::Gap(_) => "…".to_owned(),
        };
        let _ = write!(text, "\n{}", format!("  {line}").trim_end());
    }
}

impl From<HostError> for StageError {
    fn from(error: HostError) -> Self {
        Self {
            help: error.help().map(str::to_owned),
            lost: matches!(
                error,
                HostError::Lost { .. } | HostError::Lease { .. } | HostError::Connect { .. }
            ),
            ..Self::new(Verdict::HostError, chain(&error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_has_the_end_of_the_evidence_and_what_to_do() {
        let many: Vec<String> = (1..=30).map(|line| format!("line {line}")).collect();
        let many = many.join("\n");
        let mut error = StageError::new(Verdict::UpFailed, "db exited with code 1")
            .excerpt("last lines of db:", &many)
            .help("set POSTGRES_PASSWORD");
        let text = error.recorded(&Secrets::default());
        assert!(
            text.starts_with("db exited with code 1\nlast lines of db:\n  …\n  line 11\n"),
            "{text}"
        );
        assert!(
            text.ends_with("  line 30\nhelp: set POSTGRES_PASSWORD"),
            "{text}"
        );
        assert_eq!(
            error.recorded_of_tests(&Secrets::default()),
            "db exited with code 1"
        );
        error.printed = format!("one\n\n{}\n", "x".repeat(1000));
        assert_eq!(
            error.recorded_of_tests(&Secrets::default()),
            format!(
                "db exited with code 1\nlast lines of output:\n  one\n\n  {}…",
                "x".repeat(RECORDED_WIDTH)
            )
        );
    }

    #[test]
    fn half_a_secret_is_not_recorded() {
        let environment = [("API_TOKEN".to_owned(), "hunter2-hunter2".to_owned())];
        let secrets = Secrets::of(&["API_TOKEN".to_owned()], environment).unwrap();
        let mut error = StageError::new(Verdict::Failed, "exit status 1");
        error.printed = format!("{}hunter2-hunter2", "x".repeat(RECORDED_WIDTH - 8));
        let text = error.recorded_of_tests(&secrets);
        assert!(text.ends_with("x***"), "{text}");
    }
}

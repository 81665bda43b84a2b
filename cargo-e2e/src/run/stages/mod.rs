//! What each stage does. The order is the lifecycle's.

mod addresses;
pub mod build;
pub mod collect;
pub mod connect;
pub mod endpoints;
pub mod full_disk;
mod model;
mod ports;
pub mod ready;
pub mod setup;
pub mod strict;
pub mod sync;
pub mod test;
pub mod up;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use crate::host::{Facts, Host, HostError};
use crate::plan::Plan;
use crate::record::event::{Events, Excerpt, Failure};
use crate::record::outcome::{Stage, Verdict};
use crate::record::summary::LAST_PRINTED;
use crate::sandbox::{Sandbox, State};
use crate::secrets::{Masking, Secrets};
use crate::text::{clip, printable};

/// What every stage after provision works with.
pub struct Context<'a> {
    /// What to do.
    pub plan: &'a Plan,
    /// Where.
    pub host: &'a dyn Host,
    /// What is known of the host.
    pub facts: &'a Facts,
    /// The sandbox.
    pub sandbox: &'a Sandbox,
    /// What its last `up` wrote down, when it was up already.
    pub before: Option<&'a State>,
    /// Who is told.
    pub events: &'a Events,
    /// The folder on this machine where the result is kept.
    pub bundle: PathBuf,
}

/// A stage's end when it went well.
#[derive(Debug)]
pub struct Done<T> {
    /// What later stages need of it.
    pub value: T,
    /// What was done, in a few words.
    pub detail: String,
    /// There was nothing to do.
    pub skipped: bool,
}

impl<T> Done<T> {
    /// Something was done.
    pub fn new(value: T, detail: impl Into<String>) -> Self {
        Self {
            value,
            detail: detail.into(),
            skipped: false,
        }
    }

    /// There was nothing to do.
    pub fn skipped(value: T) -> Self {
        Self {
            value,
            detail: String::new(),
            skipped: true,
        }
    }
}

/// A stage's end when it did not.
#[derive(Debug)]
pub struct Trouble {
    /// What it makes of the run.
    pub verdict: Verdict,
    /// What failed and why: the first line is the summary.
    pub message: String,
    /// The last lines of what matters.
    pub excerpts: Vec<Excerpt>,
    /// What to do next.
    pub help: Option<String>,
    /// There is nobody to talk to any more.
    pub lost: bool,
    /// The end of what the tests printed. People have seen it pass by; the record has not.
    pub printed: String,
}

/// So many lines of an excerpt go into the record, the last ones.
const RECORDED_LINES: usize = 20;
/// A line of those that is longer is cut.
const RECORDED_WIDTH: usize = 500;

impl Trouble {
    /// With a verdict and a message.
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

    /// With what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// As reporters show it.
    #[must_use]
    pub fn failure(&self, stage: Stage) -> Failure {
        Failure {
            stage,
            message: self.message.clone(),
            excerpts: self.excerpts.clone(),
            help: self.help.clone(),
        }
    }

    /// As the record has it, from which somebody else is to understand it: message, evidence and
    /// what to do. Secrets are masked before lines are cut: half of one would not be known.
    #[must_use]
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

    /// What the record has of tests that tell nothing of themselves.
    #[must_use]
    pub fn recorded_of_tests(&self, secrets: &Secrets) -> String {
        let mut text = self.message.trim_end().to_owned();
        add_lines(&mut text, LAST_PRINTED, &self.printed, secrets);
        text
    }

    /// With the last lines of something; nothing when there are none.
    #[must_use]
    pub fn excerpt(mut self, title: impl Into<String>, text: &str) -> Self {
        if !text.trim().is_empty() {
            self.excerpts.push(Excerpt {
                title: title.into(),
                text: crate::text::printable(text),
            });
        }
        self
    }
}

/// Adds the last lines of something below its title.
fn add_lines(text: &mut String, title: &str, lines: &str, secrets: &Secrets) {
    let lines = printable(lines);
    let lines = secrets.text(&lines);
    let lines: Vec<&str> = lines.trim_end().lines().collect();
    if lines.is_empty() {
        return;
    }
    let _ = write!(text, "\n{}:", title.trim_end_matches(':'));
    for line in &lines[lines.len().saturating_sub(RECORDED_LINES)..] {
        let line = clip(line.trim_end(), RECORDED_WIDTH);
        let _ = write!(text, "\n{}", format!("  {line}").trim_end());
    }
}

impl From<HostError> for Trouble {
    fn from(error: HostError) -> Self {
        let help = error.help().map(str::to_owned);
        let mut message = error.to_string();
        let mut next = std::error::Error::source(&error);
        while let Some(source) = next {
            message.push_str(": ");
            message.push_str(&source.to_string());
            next = source.source();
        }
        Self {
            verdict: Verdict::HostError,
            message,
            excerpts: Vec::new(),
            help,
            printed: String::new(),
            lost: matches!(
                error,
                HostError::Lost { .. } | HostError::Lease { .. } | HostError::Connect { .. }
            ),
        }
    }
}

/// Splits a stream of bytes into lines, and remembers the last ones. Secrets are masked before it
/// is split: half of one would not be known.
#[derive(Debug, Default)]
pub struct Tail {
    secrets: Arc<Secrets>,
    masking: Masking,
    partial: Vec<u8>,
    /// The last byte was a carriage return.
    returned: bool,
    lines: std::collections::VecDeque<String>,
}

impl Tail {
    /// As many lines as help.
    const LINES: usize = 40;
    /// A line without end is cut into pieces of this size.
    const LONGEST: usize = 16 << 10;

    /// One that masks these.
    #[must_use]
    pub fn masking(secrets: &Arc<Secrets>) -> Self {
        Self {
            secrets: Arc::clone(secrets),
            ..Self::default()
        }
    }

    /// Takes bytes; calls `each` for every whole line.
    pub fn take(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        let bytes = self.masking.take(&self.secrets.patterns(), bytes);
        for byte in &bytes {
            // A progress bar draws over its line; each state of it is a line here.
            let ends = match byte {
                b'\n' => !self.returned,
                b'\r' => !self.partial.is_empty(),
                _ => self.partial.len() >= Self::LONGEST,
            };
            if ends {
                self.end_line(&mut each);
            }
            self.returned = *byte == b'\r';
            if !matches!(byte, b'\n' | b'\r') {
                self.partial.push(*byte);
            }
        }
    }

    fn end_line(&mut self, each: &mut impl FnMut(&str)) {
        let line = String::from_utf8_lossy(&self.partial).into_owned();
        self.partial.clear();
        each(&line);
        if self.lines.len() == Self::LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The last lines, the unfinished one too.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines: Vec<&str> = self.lines.iter().map(String::as_str).collect();
        let rest = self.masking.clone().finish(&self.secrets.patterns());
        let partial = [self.partial.as_slice(), &rest].concat();
        let partial = String::from_utf8_lossy(&partial);
        if !partial.is_empty() {
            lines.push(&partial);
        }
        lines.join("\n")
    }
}

/// `1 file`, `3 files`.
fn count(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_has_the_end_of_the_evidence_and_what_to_do() {
        let many: Vec<String> = (1..=30).map(|line| format!("line {line}")).collect();
        let many = many.join("\n");
        let mut trouble = Trouble::new(Verdict::UpFailed, "db exited with code 1")
            .excerpt("the last lines of db:", &many)
            .help("set POSTGRES_PASSWORD");
        let text = trouble.recorded(&Secrets::default());
        assert!(
            text.starts_with("db exited with code 1\nthe last lines of db:\n  line 11\n"),
            "{text}"
        );
        assert!(
            text.ends_with("  line 30\nhelp: set POSTGRES_PASSWORD"),
            "{text}"
        );
        assert_eq!(
            trouble.recorded_of_tests(&Secrets::default()),
            "db exited with code 1"
        );
        trouble.printed = format!("one\n\n{}\n", "x".repeat(1000));
        assert_eq!(
            trouble.recorded_of_tests(&Secrets::default()),
            format!(
                "db exited with code 1\nthe last lines they printed:\n  one\n\n  {}…",
                "x".repeat(RECORDED_WIDTH)
            )
        );
    }

    #[test]
    fn half_a_secret_is_not_recorded() {
        let environment = [("API_TOKEN".to_owned(), "hunter2-hunter2".to_owned())];
        let secrets = Secrets::of(&["API_TOKEN".to_owned()], environment).unwrap();
        let mut trouble = Trouble::new(Verdict::Failed, "exit status 1");
        trouble.printed = format!("{}hunter2-hunter2", "x".repeat(RECORDED_WIDTH - 8));
        let text = trouble.recorded_of_tests(&secrets);
        assert!(text.ends_with("x***"), "{text}");
    }

    #[test]
    fn half_a_secret_is_in_no_piece_of_a_line() {
        let environment = [("API_TOKEN".to_owned(), "hunter2-hunter2".to_owned())];
        let secrets = Arc::new(Secrets::of(&["API_TOKEN".to_owned()], environment).unwrap());
        let mut tail = Tail::masking(&secrets);
        let long = "x".repeat(Tail::LONGEST - 8);
        let mut seen = Vec::new();
        for bytes in [long.as_str(), "hunter2-", "hunter2\nhunt", "er2-hun"] {
            tail.take(bytes.as_bytes(), |line| seen.push(line.to_owned()));
        }
        assert_eq!(seen, [format!("{long}***")]);
        assert_eq!(tail.text(), format!("{long}***\nhunter2-hun"));
    }

    #[test]
    fn the_tail_keeps_the_last_lines_however_they_arrive() {
        let mut tail = Tail::default();
        let mut seen = 0;
        for piece in ["a", "b\r\nc", "\r\n10%\r20%\rd"] {
            tail.take(piece.as_bytes(), |_| seen += 1);
        }
        assert_eq!((seen, tail.text().as_str()), (4, "ab\nc\n10%\n20%\nd"));
        for _ in 0..100 {
            tail.take(b"x\n", |_| {});
        }
        assert_eq!(tail.text().lines().count(), Tail::LINES);
    }
}

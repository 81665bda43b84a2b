//! What happens during a run, as the engine tells it and reporters show it.

use std::sync::Mutex;
use std::time::Duration;

use crate::outcome::{Record, Stage, StageStatus};

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The run begins.
    RunStarted {
        /// The run's id.
        run_id: String,
        /// The repo's slug.
        repo: String,
        /// The host's name.
        host: String,
    },
    /// A stage begins.
    StageStarted {
        /// Which.
        stage: Stage,
    },
    /// A stage of which a part ran beside others is all that the run still waits for.
    StageGoesOn {
        /// Which.
        stage: Stage,
        /// How long that part has run.
        elapsed: Duration,
    },
    /// A line of what a stage's command says, such as Compose's pull progress.
    Progress {
        /// Which stage.
        stage: Stage,
        /// The line, without control characters.
        line: String,
    },
    /// A health check passed or changed its answer.
    Health {
        /// Its name.
        name: String,
        /// Whether it passed.
        passed: bool,
        /// The answer.
        answer: String,
        /// Since the start of `ready`.
        waited: Duration,
    },
    /// Bytes that the tests printed, as they came.
    TestOutput {
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Something the user should know, though nothing failed.
    Warning {
        /// The text, one or more lines.
        text: String,
    },
    /// Something worth a line, though nothing is wrong.
    Note {
        /// The text, one or more lines.
        text: String,
    },
    /// A stage ended.
    StageEnded {
        /// Which.
        stage: Stage,
        /// How.
        status: StageStatus,
        /// How long it took.
        duration: Duration,
        /// What was done, in a few words; or why it failed.
        detail: String,
    },
    /// A stage failed: everything that helps to understand why.
    Failure(Failure),
    /// The run ended; nothing comes after.
    RunFinished {
        /// The record.
        record: Box<Record>,
        /// The folder with everything that was kept.
        bundle: std::path::PathBuf,
        /// How to live with a sandbox that was kept, ready to show.
        kept: Option<String>,
    },
}

/// Why a stage failed, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which stage.
    pub stage: Stage,
    /// What failed, and why: the first line is the summary.
    pub message: String,
    /// The last lines of what matters: a command's output, a container's log.
    pub excerpts: Vec<Excerpt>,
    /// What to do next.
    pub help: Option<String>,
}

/// Some lines of output, with a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Where they come from: `the last lines of db`.
    pub title: String,
    /// The lines.
    pub text: String,
}

/// Shows events. Called in order, from one thread at a time; must not block for long.
pub trait Reporter: Send {
    /// Shows one event.
    fn event(&mut self, event: &Event);
}

/// Hands each event to every reporter.
#[derive(Default)]
pub struct Events {
    reporters: Mutex<Vec<Box<dyn Reporter>>>,
}

impl Events {
    /// With these reporters, told in this order.
    #[must_use]
    pub fn new(reporters: Vec<Box<dyn Reporter>>) -> Self {
        Self {
            reporters: Mutex::new(reporters),
        }
    }

    /// Tells every reporter.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "an event is made to be told once"
    )]
    pub fn tell(&self, event: Event) {
        // A reporter that panicked once is asked again: losing the verdict would be worse.
        let mut reporters = self
            .reporters
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for reporter in reporters.iter_mut() {
            reporter.event(&event);
        }
    }

    /// Tells a line of progress, made safe to print.
    pub fn progress(&self, stage: Stage, line: &str) {
        let line = printable(line);
        if !line.trim().is_empty() {
            self.tell(Event::Progress { stage, line });
        }
    }

    /// Tells something the user should know.
    pub fn warn(&self, text: impl Into<String>) {
        self.tell(Event::Warning { text: text.into() });
    }

    /// Tells something worth a line.
    pub fn note(&self, text: impl Into<String>) {
        self.tell(Event::Note { text: text.into() });
    }
}

/// Text from a host without what could move a terminal's cursor, change its colours, or show
/// letters in another order than they stand in.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            // ESC and a letter, or the one C1 character that says the same.
            '\u{1b}' => {
                if let Some(kind) = characters.next_if(|c| !c.is_control()) {
                    skip_sequence(kind, &mut characters);
                }
            }
            '\u{90}' => skip_sequence('P', &mut characters),
            '\u{9b}' => skip_sequence('[', &mut characters),
            '\u{9d}' => skip_sequence(']', &mut characters),
            '\n' | '\t' => clean.push(c),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

/// Skips the rest of an escape sequence. One that was cut off ends with its line, at the latest.
fn skip_sequence(kind: char, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match kind {
        // Parameters, then a letter.
        '[' => {
            while rest.next_if(|c| (' '..='?').contains(c)).is_some() {}
            rest.next_if(|c| ('@'..='~').contains(c));
        }
        // A string, then BEL or ESC \.
        ']' | 'P' | 'X' | '^' | '_' => {
            while rest.next_if(|c| !c.is_control()).is_some() {}
            if rest.next_if_eq(&'\u{1b}').is_some() {
                rest.next_if_eq(&'\\');
            }
        }
        // As `tput sgr0` says it: ESC ( B.
        ' '..='/' => {
            while rest.next_if(|c| (' '..='/').contains(c)).is_some() {}
            rest.next_if(|c| !c.is_control());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn nothing_that_a_host_says_moves_the_cursor() {
        assert_eq!(
            printable("\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}x\r\n\u{8}y\u{9b}mz"),
            "red x\nyz"
        );
        assert_eq!(
            printable("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\"),
            "link"
        );
        assert_eq!(printable("\u{1b}(B\u{1b}[mtext \u{9b}31mred"), "text red");
        assert_eq!(printable("\u{1b}P1$r0m\u{1b}\\x a\u{202e}b"), "x ab");
        assert_eq!(printable("\u{1b}]0;cut off\nnext"), "\nnext");
        assert_eq!(
            printable("\u{1b}[3\nnext\u{1b}\nlast\u{1b}"),
            "\nnext\nlast"
        );
    }
}

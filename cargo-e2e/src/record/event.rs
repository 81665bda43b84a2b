//! What happens during a run: the engine emits events, reporters show them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::record::outcome::{Git, Record, Stage, StageStatus, now};
use crate::secrets::{Masking, Secrets};
use crate::text::printable;

/// The version of the JSON lines.
const VERSION: u32 = 1;

/// An event for other programs and the journal: one line of JSON. Names and meanings of fields are
/// part of the contract: new ones may come, old ones stay.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Line<E> {
    schema: u32,
    /// RFC 3339 UTC.
    pub(crate) at: String,
    #[serde(flatten)]
    pub(crate) event: E,
}

impl Line<&Event> {
    /// Returns the event as a line of this moment, with its line feed.
    pub(crate) fn of(event: &Event) -> serde_json::Result<String> {
        let (schema, at) = (VERSION, now());
        serde_json::to_string(&Line { schema, at, event }).map(|line| line + "\n")
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins.
    RunStarted {
        run_id: String,
        repo: String,
        /// The repo's e2e.yml, where that is another file than e2e/e2e.yml.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spec: Option<String>,
        host: String,
    },
    /// The commit under test is known.
    Commit { git: Git },
    /// A stage begins.
    StageStarted {
        stage: Stage,
        /// What is known ahead, for people alone.
        #[serde(skip)]
        ahead: Ahead,
    },
    /// A line of the output of a stage's command, such as Compose's pull progress.
    Progress {
        stage: Stage,
        /// The line, without control characters.
        line: String,
    },
    /// A host of a pool was chosen. What stages after `place` did on another one is over.
    Placed { host: String },
    /// A health check passed or changed its answer.
    Health {
        name: String,
        passed: bool,
        answer: String,
        /// Since the start of `ready`.
        #[serde(rename = "waited_ms", with = "milliseconds")]
        waited: Duration,
    },
    /// Bytes that the tests printed, unchanged.
    TestOutput {
        #[serde(rename = "text", with = "characters")]
        bytes: Vec<u8>,
    },
    /// A risk that the user should know of, though nothing failed.
    Warning {
        /// One or more lines.
        text: String,
    },
    /// Information worth a line, though nothing is wrong.
    Note {
        /// One or more lines.
        text: String,
        /// How long the run waits at most, where the note says for what; for people alone.
        #[serde(skip)]
        waits: Option<Duration>,
    },
    /// A stage ended.
    StageEnded {
        stage: Stage,
        status: StageStatus,
        #[serde(rename = "duration_ms", with = "milliseconds")]
        duration: Duration,
        /// What was done, in a few words; or why it failed.
        detail: String,
    },
    /// A stage failed, with everything that helps to understand why.
    Failure(Failure),
    /// What failed tests say and what the stack did meanwhile, ready to show before teardown; for
    /// people alone.
    #[serde(skip)]
    TestsExplained { text: String },
    /// The run ended; this is the last event.
    RunFinished {
        record: Box<Record>,
        /// The folder with the result.
        bundle: std::path::PathBuf,
        /// The explanation from the evidence, ready to show.
        failure: Option<String>,
        /// The end of that: what to type next.
        #[serde(skip)]
        next: String,
        /// How to use and remove a kept sandbox, ready to show.
        kept: Option<String>,
    },
}

/// What is known of a stage before it begins.
#[derive(Debug, Clone, Default)]
pub struct Ahead {
    pub limit: Option<Duration>,
    /// The names of the health checks that it waits for.
    pub checks: Vec<String>,
}

impl Event {
    /// Returns the begin of a stage of which nothing is known ahead.
    pub fn begin(stage: Stage) -> Self {
        let ahead = Ahead::default();
        Self::StageStarted { stage, ahead }
    }

    /// Masks every text from outside this program, except the tests' output, which is masked as a
    /// stream.
    fn mask(&mut self, secrets: &Secrets) {
        let mask = |text: &mut String| {
            if let std::borrow::Cow::Owned(masked) = secrets.text(text) {
                *text = masked;
            }
        };
        match self {
            Self::RunStarted { .. }
            | Self::StageStarted { .. }
            | Self::Placed { .. }
            | Self::TestOutput { .. } => {}
            Self::Commit { git } => git.branch.iter_mut().for_each(mask),
            Self::Progress { line: text, .. }
            | Self::Health { answer: text, .. }
            | Self::Warning { text }
            | Self::Note { text, .. }
            | Self::StageEnded { detail: text, .. }
            | Self::TestsExplained { text } => mask(text),
            Self::Failure(failure) => {
                mask(&mut failure.message);
                failure.help.iter_mut().for_each(mask);
                for excerpt in &mut failure.excerpts {
                    mask(&mut excerpt.text);
                }
            }
            Self::RunFinished {
                record,
                failure,
                next,
                ..
            } => {
                secrets.record(record);
                failure.iter_mut().for_each(mask);
                mask(next);
            }
        }
    }
}

mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::record::outcome::millis;

    pub(super) fn serialize<S: Serializer>(it: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(millis(*it))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

mod characters {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&String::from_utf8_lossy(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(from).map(String::into_bytes)
    }
}

/// Why a stage failed, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub stage: Stage,
    /// What failed, and why: the first line is the summary.
    pub message: String,
    /// The last lines of relevant output: a command's, a container's log.
    pub excerpts: Vec<Excerpt>,
    /// What to do next.
    pub help: Option<String>,
}

/// Some lines of output, with a title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The source: `last lines of db`.
    pub title: String,
    pub text: String,
}

/// Shows or stores events. It is called in order, by one thread at a time, and must not block for
/// long.
pub trait Reporter: Send {
    fn event(&mut self, event: &Event);
}

/// Hands each event, with its secrets masked, to every reporter.
#[derive(Default)]
pub struct Events {
    secrets: Arc<Secrets>,
    dispatcher: Mutex<Dispatcher>,
}

#[derive(Default)]
struct Dispatcher {
    reporters: Vec<Box<dyn Reporter>>,
    /// The tests' output is one stream: a secret may be split over several events.
    output: Masking,
}

impl Dispatcher {
    fn dispatch(&mut self, event: &Event) {
        for reporter in &mut self.reporters {
            reporter.event(event);
        }
    }
}

impl Events {
    /// Masks these secrets in each event, and hands it to these reporters in this order.
    pub fn masking(secrets: Arc<Secrets>, reporters: Vec<Box<dyn Reporter>>) -> Self {
        Self {
            secrets,
            dispatcher: Mutex::new(Dispatcher {
                reporters,
                output: Masking::default(),
            }),
        }
    }

    pub fn secrets(&self) -> &Arc<Secrets> {
        &self.secrets
    }

    /// Hands an event to every reporter.
    pub fn emit(&self, mut event: Event) {
        // A reporter that panicked is called again: losing the verdict would be worse.
        let mut dispatcher = self
            .dispatcher
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let patterns = self.secrets.patterns();
        match &mut event {
            Event::TestOutput { bytes } if !patterns.is_empty() => {
                *bytes = dispatcher.output.take(&patterns, bytes);
            }
            Event::StageEnded { .. } => {
                let rest = dispatcher.output.finish(&patterns);
                if !rest.is_empty() {
                    dispatcher.dispatch(&Event::TestOutput { bytes: rest });
                }
            }
            _ => {}
        }
        event.mask(&self.secrets);
        dispatcher.dispatch(&event);
    }

    /// Emits a line of progress, made printable.
    pub fn progress(&self, stage: Stage, line: &str) {
        let line = printable(line);
        if !line.trim().is_empty() {
            self.emit(Event::Progress { stage, line });
        }
    }

    pub fn warn(&self, text: impl Into<String>) {
        self.emit(Event::Warning { text: text.into() });
    }

    pub fn note(&self, text: impl Into<String>) {
        let (text, waits) = (text.into(), None);
        self.emit(Event::Note { text, waits });
    }

    /// Notes that the run waits for another one, and the setting that says for how long.
    pub fn waits_for(&self, what: &str, setting: &str, limit: Duration) {
        let seconds = limit.as_secs();
        let text = format!("waiting up to {seconds} s (`timeouts.{setting}`): {what}");
        self.waits(text, limit);
    }

    /// Notes that the run waits for another one, at most for `limit`.
    pub fn waits(&self, text: impl Into<String>, limit: Duration) {
        let (text, waits) = (text.into(), Some(limit));
        self.emit(Event::Note { text, waits });
    }
}

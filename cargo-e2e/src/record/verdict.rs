//! The law of verdicts: what each source says of a run, and which of them decides. The worst word
//! wins; a source that was promised and is missing is never a pass.
//!
//! The test stage calls [`judge`] with all that speaks of the tests; the lifecycle calls [`of_run`]
//! with the stages' words. Nothing here touches a file or a host. The book has the law as a table.

use std::time::Duration;

use crate::cancel::Signal;
use crate::host::client::Ended;
use crate::record::outcome::{StageStatus, TestRecord, Verdict};
use crate::record::summary::first_line;
use crate::text::{clip, count};

/// A harness, and cargo-nextest, end with this when there was nothing to run.
pub const NONE_RAN: i32 = 4;
/// pytest ends with this when there was nothing to run.
const NONE_COLLECTED: i32 = 5;
/// A line for people has room for a name of this length.
const NAME: usize = 40;

/// Who says something of the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `timeout`.
    Timeout,
    /// What the tests wrote to `E2E_EVENTS`: a harness does, also under nextest.
    Events,
    /// How their processes ended.
    Status,
    /// The `junit` file.
    Junit,
    /// All attempts at the tests together.
    Retries,
    /// `flaky: fail`.
    Flaky,
}

/// What tests wrote to `E2E_EVENTS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Events {
    /// These tests, perhaps none.
    Read(Vec<TestRecord>),
    /// They are on a host that does not hand them over: why.
    Unreadable(String),
}

/// What became of a `junit` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Junit {
    /// It was read: these tests, perhaps none.
    Read(Vec<TestRecord>),
    /// This run did not write it.
    Unwritten,
    /// It can't be read: why.
    Unreadable(String),
}

/// A path or glob of `junit`, which must name a file that this run wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JunitEntry {
    /// As e2e.yml has it.
    pub written: String,
    /// The files that it names, by their paths; none where a glob matches none of this run.
    pub files: Vec<(String, Junit)>,
}

/// All that speaks of the tests of a run.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What ran them, for people: `test_command`.
    pub who: String,
    /// How their processes ended.
    pub ended: Vec<Ended>,
    pub timeout: Duration,
    /// Whether a harness ran them, which writes down every test.
    pub harness: bool,
    /// What they wrote down.
    pub events: Events,
    /// Tests of a harness that had to run, and left no record.
    pub unrecorded: Vec<String>,
    /// Test targets that have no test at all.
    pub empty: Vec<String>,
    /// Each entry of `junit`; none when none is asked for.
    pub junit: Vec<JunitEntry>,
    /// How often they ran.
    pub attempts: u32,
    /// Tests that failed in the last of several attempts at them.
    pub still_failed: Vec<String>,
    /// Tests that passed after they failed, where that is no pass.
    pub flaky: Vec<String>,
}

/// A word that is no pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub source: Source,
    /// What it makes of the run.
    pub verdict: Verdict,
    /// It, for people.
    pub message: String,
}

/// What a source makes of the run, and why.
type Said = Option<(Verdict, String)>;
type Say = fn(&Evidence) -> Said;

/// Returns the worst word, the first of those that are equally bad; none when the tests passed.
pub fn judge(evidence: &Evidence) -> Option<Word> {
    let sources: [(Source, Say); 6] = [
        (Source::Timeout, timeout),
        (Source::Retries, retries),
        (Source::Events, events),
        (Source::Status, status),
        (Source::Junit, junit),
        (Source::Flaky, flaky),
    ];
    let words = sources.into_iter().filter_map(|(source, say)| {
        let (verdict, message) = say(evidence)?;
        Some(Word {
            source,
            verdict,
            message,
        })
    });
    words.reduce(|worst, word| {
        let is_worse = worst.verdict.or_worse(word.verdict) != worst.verdict;
        if is_worse { word } else { worst }
    })
}

/// Returns the verdict of a run: the worst word of its stages, its host and a signal. A run of
/// which nothing is known did not pass.
pub fn of_run(said: Option<Verdict>, signal: Option<Signal>) -> Verdict {
    let said = said.unwrap_or(Verdict::InternalError);
    signal.map_or(said, |_| said.or_worse(Verdict::Interrupted))
}

fn timeout(evidence: &Evidence) -> Said {
    evidence.ended.contains(&Ended::TimedOut).then(|| {
        let limit = evidence.timeout.as_secs_f64();
        let message = format!("tests exceeded `timeout` ({limit} s) and were terminated");
        (Verdict::TimedOut, message)
    })
}

fn retries(evidence: &Evidence) -> Said {
    let failed = &evidence.still_failed;
    let failed = named(failed.len(), "failed test", "", failed.first()?);
    let message = format!("{failed} after {} attempts", evidence.attempts);
    Some((Verdict::Failed, message))
}

fn flaky(evidence: &Evidence) -> Said {
    let flaky = &evidence.flaky;
    let flaky = named(flaky.len(), "flaky test", "", flaky.first()?);
    let message = format!("{}, but {flaky}, and `flaky` is `fail`", evidence.ending());
    Some((Verdict::Failed, message))
}

fn events(evidence: &Evidence) -> Said {
    let ending = evidence.ending();
    let tests = match &evidence.events {
        Events::Read(tests) => tests,
        Events::Unreadable(why) => {
            let message = format!("failed to fetch test events: {}", first_line(why));
            return Some((Verdict::HostError, message));
        }
    };
    if let Some(failed) = failed(tests) {
        let message = format!("{ending}, but E2E_EVENTS has {failed}");
        return Some((Verdict::Failed, message));
    }
    if let Some(first) = evidence.unrecorded.first() {
        let tests = named(evidence.unrecorded.len(), "test", "", first);
        let message = format!("{ending}, but left no record of {tests}");
        return Some((Verdict::Failed, message));
    }
    // Other tests need not tell anything.
    let counted = evidence.harness || !tests.is_empty();
    let none = counted && !any_ran(tests);
    none.then(|| (Verdict::NoTests, "no test ran".to_owned()))
}

fn status(evidence: &Evidence) -> Said {
    let mut statuses = evidence.ended.iter().filter_map(|ended| match ended {
        Ended::Status(status) => Some(*status),
        Ended::TimedOut => None,
    });
    if evidence.harness {
        // Of several targets, some may have no test that a filter selects.
        let failed = |status: &i32| ![0, NONE_RAN].contains(status);
        if let Some(status) = statuses.clone().find(failed) {
            return Some((Verdict::Failed, failure(status)));
        }
        if let Some(first) = evidence.empty.first() {
            let targets = named(evidence.empty.len(), "test target", "", first);
            let message = format!("no test ran in {targets}");
            return Some((Verdict::NoTests, message));
        }
        let none = statuses.all(|status| status == NONE_RAN);
        return none.then(|| (Verdict::NoTests, "no test ran".to_owned()));
    }
    let status = statuses.find(|status| *status != 0)?;
    // A runner's word for it, which the file confirms.
    let files: Vec<_> = evidence.junit.iter().flat_map(|one| &one.files).collect();
    let is_empty = |file: &Junit| matches!(file, Junit::Read(tests) if tests.is_empty());
    let empty = !files.is_empty() && files.iter().all(|(_, file)| is_empty(file));
    if empty && [NONE_RAN, NONE_COLLECTED].contains(&status) {
        return Some((Verdict::NoTests, "no test ran".to_owned()));
    }
    Some((Verdict::Failed, failure(status)))
}

fn failure(status: i32) -> String {
    format!("the tests failed (exit status {status})")
}

fn junit(evidence: &Evidence) -> Said {
    let ending = evidence.ending();
    let entries = &evidence.junit;
    for (path, file) in entries.iter().flat_map(|one| &one.files) {
        if let Junit::Read(tests) = file
            && let Some(failed) = failed(tests)
        {
            let message = format!("{ending}, but {path} has {failed}");
            return Some((Verdict::Failed, message));
        }
    }
    let nothing = entries.iter().find_map(JunitEntry::says_nothing);
    let nothing = nothing.map(|why| format!("{ending}, but {why}"));
    let none = || entries.iter().find_map(JunitEntry::none_ran);
    Some((Verdict::NoTests, nothing.or_else(none)?))
}

impl JunitEntry {
    /// Why not all is known of its tests; none when all of it was read.
    pub fn says_nothing(&self) -> Option<String> {
        let Self { written, files } = self;
        if files.is_empty() {
            return Some(format!("{written} matches no file that this run wrote"));
        }
        files.iter().find_map(|(path, file)| match file {
            Junit::Read(_) => None,
            Junit::Unwritten => Some(format!("{path} was not written")),
            Junit::Unreadable(why) => Some(format!("{path} is unreadable: {}", first_line(why))),
        })
    }

    /// Says that none of its tests ran, where that is so.
    fn none_ran(&self) -> Option<String> {
        let tests = || {
            self.files.iter().flat_map(|(_, file)| match file {
                Junit::Read(tests) => tests.as_slice(),
                Junit::Unwritten | Junit::Unreadable(_) => &[],
            })
        };
        let written = &self.written;
        if tests().any(|test| test.status != StageStatus::Skipped) {
            None
        } else if tests().next().is_none() {
            Some(format!("no test ran: {written} has none"))
        } else {
            Some(format!("no test ran: all of {written} were skipped"))
        }
    }
}

impl Evidence {
    /// How their processes ended, to begin a sentence with.
    fn ending(&self) -> String {
        let other = self.ended.iter().find(|ended| **ended != Ended::Status(0));
        match other {
            Some(Ended::Status(status)) => format!("{} ended with {status}", self.who),
            Some(Ended::TimedOut) => format!("{} exceeded `timeout`", self.who),
            None => format!("{} ended with 0", self.who),
        }
    }
}

/// `1 failed test (orders::ship)`; none when none failed.
fn failed(tests: &[TestRecord]) -> Option<String> {
    let failed: Vec<&TestRecord> = tests.iter().filter(|test| test.is_failed()).collect();
    let first = failed.first()?;
    Some(if failed.iter().all(|test| test.has_no_end()) {
        named(failed.len(), "test", " that did not end", &first.name)
    } else {
        named(failed.len(), "failed test", "", &first.name)
    })
}

/// `1 failed test (orders::ship)`, `3 failed tests (orders::ship and 2 more)`.
fn named(number: usize, what: &str, which: &str, first: &str) -> String {
    let name = clip(first_line(first), NAME);
    let more = match number.saturating_sub(1) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{which} ({name}{more})", count(number, what))
}

/// Whether any test ran; ignored ones did not.
fn any_ran(tests: &[TestRecord]) -> bool {
    tests.iter().any(|test| test.status != StageStatus::Skipped)
}

#[cfg(test)]
mod tests;

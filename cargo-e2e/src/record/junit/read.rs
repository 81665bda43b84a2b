//! A repo's own JUnit file as the record's tests.

use crate::record::outcome::{AttemptRecord, StageStatus, TestRecord, millis};
use crate::text::{clip, printable};

use super::document::{Case, Document, Outcome, Unreadable};
use super::times::Time;
use crate::record::assertion::{self, Piece};

/// Characters of a failure's message that are kept: about a page.
const MESSAGE: usize = 4000;
/// Lines of a message that is longer.
const LINES: usize = 60;

/// Returns the tests as [`read_with_times`] does, without times.
#[cfg(any(test, fuzzing))]
pub fn read(xml: &str) -> Result<Vec<TestRecord>, Unreadable> {
    let document = Document::parse(xml)?;
    Ok(document.cases.iter().map(record).collect())
}

/// Returns the tests in a file of the JUnit family, whichever tool wrote it: nested suites, one
/// suite without `testsuites`, and failures of a suite itself, such as tests that could not be
/// collected. A suite that counts more failures than its tests show becomes a failed test, so that
/// the file of a failed run never reads as passed. The tests have their times, as far as the file
/// says when they ran between these two.
pub fn read_with_times(
    xml: &str,
    ran: (jiff::Timestamp, jiff::Timestamp),
) -> Result<Vec<TestRecord>, Unreadable> {
    let document = Document::parse(xml)?;
    let times = super::times::of(&document, ran);
    let with_time = |(case, time): (&Case, Option<Time>)| {
        let mut test = record(case);
        if let Some(time) = time {
            test.started_at = Some(time.from.to_string());
            test.uncertain_ms = millis(time.uncertain);
        }
        test
    };
    Ok(document.cases.iter().zip(times).map(with_time).collect())
}

/// Returns a test's name, with its class. jest-junit makes class and name the same.
fn name(case: &Case) -> String {
    if case.class.is_empty() || case.class == case.name {
        return plain(&case.name);
    }
    let rest = case.name.strip_prefix(&case.class);
    let own = rest.and_then(|rest| rest.strip_prefix([' ', '.', '/']));
    plain(&format!("{}::{}", case.class, own.unwrap_or(&case.name)))
}

/// Makes a text safe to print. pytest writes the colours of a message as `#x1B[31m`.
fn plain(text: &str) -> String {
    printable(&text.replace("#x1B[", "\u{1b}["))
}

fn record(case: &Case) -> TestRecord {
    let status = match case.outcome {
        Outcome::Passed => StageStatus::Passed,
        Outcome::Failed => StageStatus::Failed,
        Outcome::Skipped => StageStatus::Skipped,
    };
    let mut test = TestRecord {
        duration_ms: case.time.map_or(0, millis),
        message: why(&case.reasons),
        classname: given(&case.class),
        file: given(&case.file),
        ..TestRecord::new(name(case), status)
    };
    let others = case.others.iter().map(|other| AttemptRecord {
        status: StageStatus::Failed,
        duration_ms: 0,
        message: why(std::slice::from_ref(other)),
    });
    test.retries(others.collect());
    test
}

fn given(text: &str) -> Option<String> {
    let text = printable(text);
    (!text.is_empty()).then_some(text)
}

fn why(reasons: &[(String, String)]) -> Option<String> {
    let each = |(message, text): &(String, String)| told(message, text);
    let whole = reasons
        .iter()
        .filter_map(each)
        .collect::<Vec<_>>()
        .join("\n");
    (!whole.is_empty()).then(|| shortened(&whole))
}

/// Joins message and description. Many tools repeat the message at the begin of the description.
fn told(message: &str, description: &str) -> Option<String> {
    let (message, description) = (plain(message), plain(description));
    let (message, description) = (message.trim(), description.trim());
    let both = if message.is_empty() || description.starts_with(message) {
        description.to_owned()
    } else {
        format!("{message}\n{description}").trim_end().to_owned()
    };
    (!both.is_empty()).then_some(both)
}

/// Keeps what says most.
fn shortened(text: &str) -> String {
    if text.chars().count() <= MESSAGE {
        return text.to_owned();
    }
    let line = |piece| match piece {
        Piece::Line(line) => clip(line, MESSAGE / 10),
        Piece::Gap(_) => "…".to_owned(),
    };
    let lines = assertion::shortened(text, LINES).into_iter().map(line);
    let mut all: Vec<String> = lines.collect();
    // Lines in the middle go first.
    let mut length: usize = all.iter().map(|line| line.chars().count() + 1).sum();
    while length > MESSAGE + MESSAGE / 10 && all.len() > 2 {
        let gone = all.remove(all.len() / 2);
        length -= gone.chars().count() + 1;
    }
    all.join("\n")
}

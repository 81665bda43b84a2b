//! A repo's own JUnit file as the record's tests.

use crate::record::outcome::{AttemptRecord, StageStatus, TestRecord, millis};
use crate::text::{clip, printable};

use super::document::{Case, Document, Outcome, Unreadable};

/// Characters of a failure's message that are kept: about a page.
const MESSAGE: usize = 4000;

/// Returns the tests in a file of the JUnit family, whichever tool wrote it: nested suites, one
/// suite without `testsuites`, and failures of a suite itself, such as tests that could not be
/// collected. A suite that counts more failures than its tests show becomes a failed test, so that
/// the file of a failed run never reads as passed.
///
/// # Errors
/// When the text is no JUnit XML, or incomplete.
pub fn read(xml: &str) -> Result<Vec<TestRecord>, Unreadable> {
    let document = Document::parse(xml)?;
    Ok(document.cases.iter().map(record).collect())
}

/// Returns a test's name, with its class.
pub(super) fn name(case: &Case) -> String {
    if case.class.is_empty() {
        printable(&case.name)
    } else {
        printable(&format!("{}::{}", case.class, case.name))
    }
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
    let each = reasons
        .iter()
        .filter_map(|(message, text)| told(message, text));
    let whole = each.collect::<Vec<_>>().join("\n");
    (!whole.is_empty()).then(|| shortened(&whole))
}

/// Joins message and description. Many tools repeat the message at the begin of the description.
fn told(message: &str, description: &str) -> Option<String> {
    let (message, description) = (printable(message), printable(description));
    let (message, description) = (message.trim(), description.trim());
    if message.is_empty() || description.starts_with(message) {
        (!description.is_empty()).then(|| description.to_owned())
    } else if description.is_empty() {
        Some(message.to_owned())
    } else {
        Some(format!("{message}\n{description}"))
    }
}

/// Keeps the first line, and as much of the end as fits: most tools end with the place.
fn shortened(text: &str) -> String {
    let all = text.chars().count();
    if all <= MESSAGE {
        return text.to_owned();
    }
    let first = clip(text.lines().next().unwrap_or_default(), MESSAGE / 4);
    let end: String = text.chars().skip(all - MESSAGE + MESSAGE / 4).collect();
    format!("{first}\n…{end}")
}

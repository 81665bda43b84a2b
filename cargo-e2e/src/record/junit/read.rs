//! What a repo's own file says, as the record's tests.

use crate::record::outcome::{StageStatus, TestRecord, millis};
use crate::text::{clip, printable};

use super::document::{Case, Document, Outcome, Unreadable};

/// So much is kept of why a test failed: a page of it.
const MESSAGE: usize = 4000;

/// Returns the tests in a file of the JUnit family, whichever tool wrote it: suites in suites, one
/// suite without `testsuites`, and what failed of a suite beside its tests, such as tests that could
/// not be collected. A suite that counts more failures than its tests show is a failed test of its
/// own, and so the file of a run that failed never reads as one that passed.
///
/// # Errors
/// When it is no JUnit XML, or not the whole of it.
pub fn read(xml: &str) -> Result<Vec<TestRecord>, Unreadable> {
    let document = Document::parse(xml)?;
    Ok(document.cases.iter().map(record).collect())
}

/// How a test is known: by its class, too.
pub(super) fn name(case: &Case) -> String {
    if case.class.is_empty() {
        printable(&case.name)
    } else {
        printable(&format!("{}::{}", case.class, case.name))
    }
}

fn record(case: &Case) -> TestRecord {
    TestRecord {
        name: name(case),
        status: match case.outcome {
            Outcome::Passed => StageStatus::Passed,
            Outcome::Failed => StageStatus::Failed,
            Outcome::Skipped => StageStatus::Skipped,
        },
        duration_ms: case.time.map_or(0, millis),
        message: why(&case.reasons),
        steps: Vec::new(),
        classname: given(&case.class),
        file: given(&case.file),
    }
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

/// The message, and what explains it. Many tools begin the latter with the former.
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

/// Its first line, and as much of its end as fits: that is where most tools say where it was.
fn shortened(text: &str) -> String {
    let all = text.chars().count();
    if all <= MESSAGE {
        return text.to_owned();
    }
    let first = clip(text.lines().next().unwrap_or_default(), MESSAGE / 4);
    let end: String = text.chars().skip(all - MESSAGE + MESSAGE / 4).collect();
    format!("{first}\n…{end}")
}

//! What a repo's own file says.

use std::sync::LazyLock;
use std::time::Duration;

use quick_junit::{Report, TestCase, TestCaseStatus, TestSuite, XmlString};
use regex::{Captures, Regex};

use crate::outcome::{StageStatus, TestRecord, millis};
use crate::text::{clip, printable};

/// So much is kept of why a test failed: a page of it.
const MESSAGE: usize = 4000;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
#[error("it is no JUnit XML: {reason}")]
pub struct Unreadable {
    reason: String,
}

/// The tests in a file of pytest, go-junit-report, nextest and others of that family.
///
/// # Errors
/// When it is no JUnit XML.
///
/// # Examples
/// ```
/// let xml = r#"<testsuites><testsuite name="s" tests="1" errors="0" failures="0">
///   <testcase classname="orders" name="ship" time="0.5"/></testsuite></testsuites>"#;
/// let tests = cargo_e2e::junit::read(xml).unwrap();
/// assert_eq!(tests[0].name, "orders::ship");
/// ```
pub fn read(xml: &str) -> Result<Vec<TestRecord>, Unreadable> {
    let unreadable = |error: quick_junit::DeserializeError| {
        let mut reason = error.to_string();
        let mut next = std::error::Error::source(&error);
        while let Some(source) = next {
            reason = format!("{reason}: {source}");
            next = source.source();
        }
        Unreadable { reason }
    };
    let report = Report::deserialize_from_str(&whole(xml, |_| None)).map_err(unreadable)?;
    let cases = |suite: &TestSuite| suite.test_cases.iter().map(one).collect::<Vec<_>>();
    Ok(report.test_suites.iter().flat_map(cases).collect())
}

/// Attributes that tools write in many ways: times without a zone, numbers with commas. What is no
/// number is not needed.
static LOOSE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"\s(timestamp|uuid|assertions|disabled|time)="([^"]*)""#).ok());

/// Some tools write a single suite, which is a file of its own to them. `dated` says when a date
/// was, for those who need it.
pub(super) fn whole(xml: &str, dated: impl Fn(&str) -> Option<String>) -> String {
    let text = match (xml.contains("<testsuites"), xml.find("<testsuite")) {
        (false, Some(at)) => format!("<testsuites>{}</testsuites>", &xml[at..]),
        _ => xml.to_owned(),
    };
    let Some(loose) = LOOSE.as_ref() else {
        return text;
    };
    let strict = loose.replace_all(&text, |found: &Captures<'_>| {
        if &found[1] == "time" && found[2].parse::<f64>().is_ok() {
            found[0].to_owned()
        } else if &found[1] == "timestamp" {
            let date = dated(&found[2]);
            date.map_or_else(String::new, |date| format!(" timestamp=\"{date}\""))
        } else {
            String::new()
        }
    });
    strict.into_owned()
}

/// How a test is known: by its class, too.
pub(super) fn name(case: &TestCase) -> String {
    let name = case.name.as_str();
    let class = case.classname.as_ref().map(XmlString::as_str);
    let name = match class.filter(|class| !class.is_empty()) {
        Some(class) => format!("{class}::{name}"),
        None => name.to_owned(),
    };
    printable(&name)
}

fn one(case: &TestCase) -> TestRecord {
    let (status, message) = match &case.status {
        TestCaseStatus::Success { .. } => (StageStatus::Passed, None),
        TestCaseStatus::NonSuccess {
            message,
            description,
            ..
        } => (
            StageStatus::Failed,
            why(message.as_ref(), description.as_ref()),
        ),
        TestCaseStatus::Skipped {
            message,
            description,
            ..
        } => (
            StageStatus::Skipped,
            why(message.as_ref(), description.as_ref()),
        ),
    };
    TestRecord {
        name: name(case),
        status,
        duration_ms: millis(case.time.unwrap_or(Duration::ZERO)),
        message,
        steps: Vec::new(),
    }
}

/// The message, and what explains it. Many tools begin the latter with the former.
fn why(message: Option<&XmlString>, description: Option<&XmlString>) -> Option<String> {
    let text = |text: Option<&XmlString>| {
        let text = printable(text.map_or("", XmlString::as_str));
        text.trim().to_owned()
    };
    let (message, description) = (text(message), text(description));
    let whole = if message.is_empty() || description.starts_with(&message) {
        description
    } else if description.is_empty() {
        message
    } else {
        format!("{message}\n{description}")
    };
    (!whole.is_empty()).then(|| shortened(&whole))
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

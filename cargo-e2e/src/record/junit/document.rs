//! A JUnit XML file as suites and test cases, read as a stream. Since no two tools write the same,
//! it accepts nested suites, odd or missing attributes, and unknown elements. It refuses files that
//! are malformed or incomplete. [`super::read`] and [`super::times`] are its only users. It never
//! fetches or expands anything that a file refers to.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use quick_xml::Reader;
use quick_xml::escape::{resolve_xml_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::number::{count, duration};

/// Why a file can't be read.
#[derive(Debug, thiserror::Error)]
#[error("it is not JUnit XML: {reason}")]
pub struct Unreadable {
    reason: String,
}

impl Unreadable {
    pub(super) fn new(reason: &impl ToString) -> Self {
        Self {
            reason: reason.to_string(),
        }
    }
}

/// Files that vitest and Playwright run.
const SCRIPTS: &[&str] = &["js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts"];

/// More levels than any tool nests.
const DEEPEST: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Document {
    /// In the order of their begins.
    pub(super) suites: Vec<Suite>,
    /// Those of all suites, in the order of their begins.
    pub(super) cases: Vec<Case>,
}

/// A `<testsuite>` or `<testsuites>`.
#[derive(Debug, Default)]
pub(super) struct Suite {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) time: Option<Duration>,
    pub(super) timestamp: Option<String>,
}

/// A `<testcase>`, or a failure of a suite itself.
#[derive(Debug, Default)]
pub(super) struct Case {
    /// The index of its suite; `None` for a failure of a suite itself.
    pub(super) suite: Option<usize>,
    pub(super) class: String,
    pub(super) file: String,
    pub(super) name: String,
    pub(super) time: Option<Duration>,
    pub(super) timestamp: Option<String>,
    pub(super) outcome: Outcome,
    /// Pairs of message and description, one for each element that gives a reason.
    pub(super) reasons: Vec<(String, String)>,
    /// The same for other attempts at it, which failed.
    pub(super) others: Vec<(String, String)>,
}

/// How a case ended; of several, the worst counts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    #[default]
    Passed,
    Skipped,
    Failed,
}

/// An open element.
enum Open {
    Suite {
        place: usize,
        /// Failures and errors by its attributes.
        counted: u64,
        /// Failures and errors found in it.
        shown: u64,
    },
    Case {
        place: usize,
        shown: u64,
    },
    /// An element that says how its case or suite ended; without an outcome, that another attempt
    /// at the case failed.
    Reason {
        outcome: Option<Outcome>,
        message: String,
        text: String,
    },
    /// Output and other text, in which elements mean nothing.
    Text,
    /// An unknown element, whose content still counts.
    Other,
}

impl Document {
    pub(super) fn parse(xml: &str) -> Result<Self, Unreadable> {
        let mut reader = Reader::from_str(xml);
        reader.config_mut().allow_dangling_amp = true;
        let mut parser = Parser::default();
        loop {
            let event = reader.read_event();
            match event.map_err(|error| Unreadable::new(&error))? {
                Event::Start(element) => parser.start(&element)?,
                Event::Empty(element) => {
                    parser.start(&element)?;
                    parser.end();
                }
                Event::End(_) => parser.end(),
                Event::Text(text) => parser.text(|| text.xml10_content().unwrap_or_default()),
                Event::CData(text) => parser.text(|| text.xml10_content().unwrap_or_default()),
                Event::GeneralRef(reference) => parser.text(|| resolved(&reference)),
                Event::Eof => return parser.finish(),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }
}

#[derive(Default)]
struct Parser {
    document: Document,
    open: Vec<Open>,
}

impl Parser {
    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), Unreadable> {
        if self.open.len() == DEEPEST {
            let reason = format!("its elements are nested deeper than {DEEPEST}");
            return Err(Unreadable::new(&reason));
        }
        let name = element.local_name();
        let is_text = matches!(self.open.last(), Some(Open::Reason { .. } | Open::Text));
        let open = match name.as_ref() {
            _ if is_text => Open::Text,
            b"testsuites" | b"testsuite" => self.suite(element)?,
            name if self.open.is_empty() => {
                let name = String::from_utf8_lossy(name);
                let reason = format!("its root is `{name}`, not `testsuites` or `testsuite`");
                return Err(Unreadable::new(&reason));
            }
            b"testcase" => self.case(element)?,
            b"failure" | b"error" => reason(Some(Outcome::Failed), element)?,
            b"skipped" => reason(Some(Outcome::Skipped), element)?,
            // An attempt that failed before one that passed; where none passed, there is a
            // `failure` too.
            b"flakyFailure" | b"flakyError" | b"rerunFailure" | b"rerunError" => {
                reason(None, element)?
            }
            b"system-out" | b"system-err" | b"properties" => Open::Text,
            _ => Open::Other,
        };
        self.open.push(open);
        Ok(())
    }

    fn suite(&mut self, element: &BytesStart<'_>) -> Result<Open, Unreadable> {
        let mut suite = Suite::default();
        let mut counted: u64 = 0;
        attributes(element, |key, value| match key {
            b"name" => suite.name = value.into_owned(),
            b"file" => suite.file = value.into_owned(),
            b"time" => suite.time = duration(&value),
            b"timestamp" => suite.timestamp = Some(value.into_owned()),
            b"failures" | b"errors" => counted = counted.saturating_add(count(&value)),
            _ => {}
        })?;
        self.document.suites.push(suite);
        Ok(Open::Suite {
            place: self.document.suites.len() - 1,
            counted,
            shown: 0,
        })
    }

    fn case(&mut self, element: &BytesStart<'_>) -> Result<Open, Unreadable> {
        let mut case = Case {
            suite: self.suites().next(),
            ..Case::default()
        };
        attributes(element, |key, value| match key {
            b"classname" => case.class = value.into_owned(),
            b"class" if case.class.is_empty() => case.class = value.into_owned(),
            b"name" => case.name = value.into_owned(),
            b"file" => case.file = value.into_owned(),
            b"time" => case.time = duration(&value),
            b"timestamp" => case.timestamp = Some(value.into_owned()),
            b"status" | b"result" => case.outcome = case.outcome.max(said(&value)),
            _ => {}
        })?;
        if case.file.is_empty() {
            case.file = self.file(&case.class);
        }
        self.document.cases.push(case);
        Ok(Open::Case {
            place: self.document.cases.len() - 1,
            shown: 0,
        })
    }

    /// Returns the indexes of the open suites, the innermost first.
    fn suites(&self) -> impl Iterator<Item = usize> {
        self.open.iter().rev().filter_map(|open| match open {
            Open::Suite { place, .. } => Some(*place),
            _ => None,
        })
    }

    /// Returns the file of the innermost suite that has one. vitest and Playwright name suites and
    /// classes after it.
    fn file(&self, class: &str) -> String {
        let mut files = self.suites().filter_map(|place| {
            let suite = &self.document.suites[place];
            if !suite.file.is_empty() {
                return Some(&suite.file);
            }
            let extension = Path::new(class).extension()?.to_str()?;
            (suite.name == class && SCRIPTS.contains(&extension)).then_some(&suite.name)
        });
        files.next().cloned().unwrap_or_default()
    }

    fn text<'t>(&mut self, text: impl FnOnce() -> Cow<'t, str>) {
        if let Some(Open::Reason { text: all, .. }) = self.open.last_mut() {
            all.push_str(&text());
        }
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some(Open::Reason {
                outcome,
                message,
                text,
            }) => match (outcome, self.open.last()) {
                (Some(outcome), _) => self.ended(outcome, (message, text)),
                (None, Some(Open::Case { place, .. })) => {
                    self.document.cases[*place].others.push((message, text));
                }
                (None, _) => {}
            },
            Some(Open::Case { place, shown }) => {
                let failed = self.document.cases[place].outcome == Outcome::Failed;
                self.show(shown.max(u64::from(failed)));
            }
            Some(Open::Suite {
                place,
                counted,
                shown,
            }) => {
                if counted > shown {
                    let why = format!(
                        "`failures` and `errors` of this suite count {counted}; its tests show {shown}"
                    );
                    self.suite_failed(place, (why, String::new()));
                }
                self.show(shown.max(counted));
            }
            Some(Open::Text | Open::Other) | None => {}
        }
    }

    /// Notes how the innermost case or suite ended.
    fn ended(&mut self, outcome: Outcome, why: (String, String)) {
        let cases = &mut self.document.cases;
        for open in self.open.iter_mut().rev() {
            match open {
                Open::Case { place, shown } => {
                    let case = &mut cases[*place];
                    if outcome > case.outcome {
                        // The reason for a skip does not explain a failure.
                        case.reasons.clear();
                    }
                    if outcome >= case.outcome {
                        case.outcome = outcome;
                        case.reasons.push(why);
                    }
                    *shown = shown.saturating_add(u64::from(outcome == Outcome::Failed));
                    return;
                }
                Open::Suite { place, shown, .. } => {
                    if outcome == Outcome::Failed {
                        *shown = shown.saturating_add(1);
                        let place = *place;
                        self.suite_failed(place, why);
                    }
                    return;
                }
                Open::Reason { .. } | Open::Text | Open::Other => {}
            }
        }
    }

    fn suite_failed(&mut self, place: usize, why: (String, String)) {
        let Suite { name, file, .. } = &self.document.suites[place];
        let name = if name.is_empty() { "testsuite" } else { name };
        self.document.cases.push(Case {
            name: name.to_owned(),
            file: file.clone(),
            outcome: Outcome::Failed,
            reasons: vec![why],
            ..Case::default()
        });
    }

    /// Counts failures of the innermost suite.
    fn show(&mut self, failures: u64) {
        for open in self.open.iter_mut().rev() {
            if let Open::Suite { shown, .. } = open {
                *shown = shown.saturating_add(failures);
                return;
            }
        }
    }

    fn finish(self) -> Result<Document, Unreadable> {
        if !self.open.is_empty() {
            return Err(Unreadable::new(&"it ends inside an element"));
        }
        if self.document.suites.is_empty() {
            return Err(Unreadable::new(&"it has no `testsuites` or `testsuite`"));
        }
        Ok(self.document)
    }
}

fn reason(outcome: Option<Outcome>, element: &BytesStart<'_>) -> Result<Open, Unreadable> {
    let (mut message, text) = (String::new(), String::new());
    attributes(element, |key, value| {
        if key == b"message" {
            message = value.into_owned();
        }
    })?;
    Ok(Open::Reason {
        outcome,
        message,
        text,
    })
}

/// Reads a case's outcome from an attribute: some tools write it only there.
fn said(value: &str) -> Outcome {
    match value.to_ascii_lowercase().as_str() {
        "fail" | "failed" | "failure" | "error" | "errored" | "broken" => Outcome::Failed,
        "skip" | "skipped" | "notrun" | "untested" | "disabled" | "suppressed" | "ignored"
        | "pending" => Outcome::Skipped,
        _ => Outcome::Passed,
    }
}

fn attributes(
    element: &BytesStart<'_>,
    mut take: impl FnMut(&[u8], Cow<'_, str>),
) -> Result<(), Unreadable> {
    // The check for duplicates takes time quadratic in their number.
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| Unreadable::new(&error))?;
        let raw = String::from_utf8_lossy(&attribute.value);
        // An unknown entity stays as written.
        let value = unescape(&raw).unwrap_or(Cow::Borrowed(&raw));
        take(attribute.key.local_name().as_ref(), value);
    }
    Ok(())
}

/// Resolves a standard reference; one that the file defines itself stays as written.
fn resolved(reference: &BytesRef<'_>) -> Cow<'static, str> {
    let name = reference.decode().unwrap_or_default();
    match (reference.resolve_char_ref(), resolve_xml_entity(&name)) {
        (Ok(Some(c)), _) => Cow::Owned(c.to_string()),
        (_, Some(text)) => Cow::Borrowed(text),
        _ => Cow::Owned(format!("&{name};")),
    }
}

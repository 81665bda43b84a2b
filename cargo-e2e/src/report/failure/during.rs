//! What services printed while a test ran, by the host's clock.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::record::outcome::{Record, Stage, TestRecord};
use crate::report::ReportInputs;
use crate::report::log_lines::{LogLines, shifted, split_time};
use crate::text::{LazyRegex, printable};

/// How many of the last lines of each service are kept, of one test and of each of many.
const KEPT: usize = 1000;
const KEPT_OF_MANY: usize = 200;
/// Lines that are longer are cut: a line of minified JSON must not fill the screen.
const WIDTH: usize = 200;
/// A longer log is searched by time instead of being read, which misses lines of a clock that went
/// back.
const SEARCHED: u64 = 16 << 20;
/// Clocks are compared over a connection, which may take this long.
const SLACK: SignedDuration = SignedDuration::from_millis(250);

/// Words that begin an error message.
static ERROR: LazyRegex = LazyRegex::new(
    r"(?i)\b(?:error|fatal|panic(?:ked)?|exception|critical|traceback|segfault|out of memory)\b",
);

/// The time span of a test; of the whole stage where the test's is unknown.
#[derive(Debug)]
pub(super) struct During {
    pub(super) stage: Stage,
    /// The test, where its own span is known.
    pub(super) test: Option<String>,
    pub(super) took: Duration,
    /// Whether the span is longer than the test, because its begin is not known exactly.
    pub(super) estimated: bool,
    pub(super) services: Vec<Service>,
}

/// One service's log in the span.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: String,
    /// How many lines the span has; only the last ones are kept.
    pub(super) count: usize,
    pub(super) lines: VecDeque<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Time since the span began: `+1.23 s`.
    pub(super) after: String,
    pub(super) text: String,
    pub(super) is_error: bool,
    /// Whether it surely lies in the span, not only near it.
    inside: bool,
    /// How many words the test's name and message share with it.
    shared: usize,
}

/// A span of time by the host's clock.
#[derive(Debug, Clone)]
struct Span {
    test: Option<String>,
    /// The words of the test's name and message.
    words: BTreeSet<String>,
    from: Timestamp,
    to: Timestamp,
    estimated: bool,
}

/// Returns whether a line of a log looks like an error.
fn is_complaint(text: &str) -> bool {
    ERROR.is_match(text)
}

/// Returns the span of the stage, and of each of these tests whose own one is known; nothing when
/// the stage did not begin. Each log is read once.
pub(super) fn spans(
    record: &Record,
    stage: Stage,
    tests: &[&TestRecord],
    inputs: &ReportInputs<'_>,
) -> Option<(During, Vec<Option<During>>)> {
    let lasted = record.stages.iter().find(|one| one.name == stage)?;
    let began: Timestamp = lasted.started_at.parse().ok()?;
    let took = SignedDuration::from_millis(i64::try_from(lasted.duration_ms).ok()?);
    let began = shifted(began, inputs.skew);
    let whole = Span {
        test: None,
        words: BTreeSet::new(),
        from: began,
        to: shifted(began, took),
        estimated: false,
    };
    let own: Vec<Option<Span>> = tests.iter().map(|one| whole.of(one, inputs)).collect();
    let all: Vec<&Span> = [&whole].into_iter().chain(own.iter().flatten()).collect();
    let mut found: Vec<During> = all.iter().map(|span| span.during(stage)).collect();
    for service in &record.services {
        let log = inputs.bundle.join(format!("logs/{}.log", service.name));
        // A log that is missing was reported when it was fetched.
        let printed = printed(&log, &all).unwrap_or_default();
        let mut printed = printed.into_iter();
        for (span, during) in all.iter().zip(&mut found) {
            let (lines, count) = printed.next().unwrap_or_default();
            during.services.push(Service {
                name: service.name.clone(),
                count,
                lines: lines.into_iter().map(|line| span.line(line)).collect(),
            });
        }
    }
    let mut found = found.into_iter();
    let whole = found.next()?;
    let own = own
        .iter()
        .map(|span| span.as_ref().and_then(|_| found.next()));
    Some((whole, own.collect()))
}

impl Span {
    /// Returns the span of a test in this stage. A test without an end was stopped when the stage
    /// ended, and none ran before it began.
    fn of(&self, test: &TestRecord, inputs: &ReportInputs<'_>) -> Option<Self> {
        let (from, to) = test.span()?;
        let skew = if inputs.tests_on_host {
            SignedDuration::ZERO
        } else {
            inputs.skew
        };
        let from = shifted(from, skew).max(self.from);
        let later = SignedDuration::from_millis(i64::try_from(test.uncertain_ms).ok()?);
        let estimated = !later.is_zero();
        let to = match shifted(to, skew) {
            _ if test.has_no_end() => self.to,
            to if estimated => shifted(to, later).min(self.to),
            to => to,
        };
        let message = test.message.as_deref().unwrap_or_default();
        Some(Self {
            test: Some(test.name.clone()),
            words: words(&format!("{} {message}", test.name)),
            from,
            to: to.max(from),
            estimated,
        })
    }

    fn during(&self, stage: Stage) -> During {
        During {
            stage,
            test: self.test.clone(),
            took: Duration::try_from(self.to.duration_since(self.from)).unwrap_or_default(),
            estimated: self.estimated,
            services: Vec::new(),
        }
    }

    fn line(&self, (at, text): (Timestamp, String)) -> Line {
        let text = printable(&text);
        let is_error = is_complaint(&text);
        let shared = if is_error {
            words(&text).intersection(&self.words).count()
        } else {
            0
        };
        Line {
            after: format!("{:+.2} s", at.duration_since(self.from).as_secs_f64()),
            text: text.trim_end().chars().take(WIDTH).collect(),
            is_error,
            inside: !self.estimated && at >= self.from && at <= self.to,
            shared,
        }
    }

    fn has(&self, at: Timestamp) -> bool {
        at >= shifted(self.from, -SLACK) && at <= shifted(self.to, SLACK)
    }
}

/// Returns the words that tell one event from another: long ones, and those with a digit.
fn words(text: &str) -> BTreeSet<String> {
    let text: String = text.chars().take(4000).collect();
    // An id is one word: `order-17`.
    let parts = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'));
    parts
        .map(|word| word.trim_matches('-'))
        .filter(|word| {
            word.len() > 4 || (word.len() > 1 && word.contains(|c: char| c.is_ascii_digit()))
        })
        .filter(|word| !is_complaint(word))
        .map(str::to_lowercase)
        .collect()
}

/// The last lines of a span, and how many it has.
type Printed = (VecDeque<(Timestamp, String)>, usize);

/// Returns what a log has of each span.
fn printed(log: &Path, spans: &[&Span]) -> io::Result<Vec<Printed>> {
    let mut lines = LogLines::open(log)?;
    let most = if spans.len() > 4 { KEPT_OF_MANY } else { KEPT };
    if lines.length() > SEARCHED {
        let each = spans.iter().map(|span| searched(&mut lines, span, most));
        return each.collect();
    }
    let mut all: Vec<Printed> = spans.iter().map(|_| Printed::default()).collect();
    lines.each(0..lines.length(), |line| {
        let line = String::from_utf8_lossy(line);
        let Some((at, text)) = split_time(&line) else {
            return;
        };
        for (span, (last, count)) in spans.iter().zip(&mut all) {
            if span.has(at) {
                *count += 1;
                if last.len() == most {
                    last.pop_front();
                }
                last.push_back((at, text.to_owned()));
            }
        }
    })?;
    Ok(all)
}

fn searched(lines: &mut LogLines, span: &Span, most: usize) -> io::Result<Printed> {
    let after = shifted(shifted(span.to, SLACK), SignedDuration::from_nanos(1));
    let piece = lines.since(shifted(span.from, -SLACK))?..lines.since(after)?;
    let last = lines.last(piece.start..piece.end.max(piece.start), most)?;
    let count = last.before + last.lines.len();
    let timed = |line: &String| {
        let (at, text) = split_time(line)?;
        span.has(at).then(|| (at, text.to_owned()))
    };
    Ok((last.lines.iter().filter_map(timed).collect(), count))
}

impl During {
    /// Returns the error that says most about the test, with its service: one in the span, that
    /// shares words with the test's name or message, and else the first.
    pub(super) fn decisive(&self) -> Option<(&str, &Line)> {
        let of = |service: &'_ Service| service.decisive().map(|at| service.lines[at].weight());
        let services = self.services.iter().rev();
        let service = services.max_by_key(|service| of(service))?;
        Some((&service.name, &service.lines[service.decisive()?]))
    }

    /// Returns whether nothing tells the lines of this test from those of others.
    pub(super) fn is_ambiguous(&self) -> bool {
        let is_told = |(_, line): (&str, &Line)| line.shared > 0;
        self.estimated && !self.decisive().is_some_and(is_told)
    }
}

/// In columns: when it was, whether it is an error, and the line.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_error { '!' } else { ' ' };
        write!(f, "{:>8} {mark} {}", self.after, self.text)
    }
}

impl Line {
    fn weight(&self) -> (bool, usize) {
        (self.inside, self.shared)
    }
}

impl Service {
    pub(super) fn errors(&self) -> usize {
        self.all_errors().count()
    }

    /// Returns the indexes of errors.
    fn all_errors(&self) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.lines.len()).filter(|at| self.lines[*at].is_error)
    }

    /// Returns the index of the error that says most.
    fn decisive(&self) -> Option<usize> {
        // Of equals, the first.
        let last_first = self.all_errors().rev();
        last_first.max_by_key(|at| self.lines[*at].weight())
    }

    /// Picks at most so many lines, in their order: the decisive error, the first errors, the lines
    /// that follow them, and the last lines.
    pub(super) fn pick(&self, most: usize) -> Vec<&Line> {
        let mut wanted = vec![false; self.lines.len()];
        let errors = self.all_errors().take(most.div_ceil(2));
        let errors: Vec<usize> = self.decisive().into_iter().chain(errors).collect();
        let following = errors.iter().take(most / 4).map(|at| at + 1);
        let last = (0..self.lines.len()).rev();
        let mut left = most.min(self.lines.len());
        for at in errors.iter().copied().chain(following).chain(last) {
            if left > 0 && at < wanted.len() && !wanted[at] {
                wanted[at] = true;
                left -= 1;
            }
        }
        let picked = self.lines.iter().zip(wanted);
        picked
            .filter_map(|(line, wanted)| wanted.then_some(line))
            .collect()
    }
}

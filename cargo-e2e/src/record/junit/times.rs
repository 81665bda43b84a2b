//! When the tests of a repo's own file ran, as far as the file says so.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::document::{Case, Document, Suite};
use super::read::name;

/// Tolerates the difference of two clocks, and a tool's rounding.
const SLACK: SignedDuration = SignedDuration::from_mins(2);
/// Time zones are multiples of these seconds from UTC, at most `ZONES` of them.
const ZONE: i32 = 15 * 60;
const ZONES: i32 = 14 * 4;

/// Begin and end of a test, by the clock where it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Time {
    /// As in the record.
    pub test: String,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// Returns the times of tests that ran between these two: a test's own time where it has one, else
/// one after the other from the begin of its suite. Suites whose tests ran in parallel, or at an
/// impossible time, have none.
///
/// Many tools write local time without its zone. The zone is the one in which the suite began while
/// the tests ran, where only one fits.
#[must_use]
pub fn times(xml: &str, ran: (Timestamp, Timestamp)) -> Vec<Time> {
    let Ok(document) = Document::parse(xml) else {
        return Vec::new();
    };
    let early = ran.0.checked_sub(SLACK).unwrap_or(Timestamp::MIN);
    let late = ran.1.checked_add(SLACK).unwrap_or(Timestamp::MAX);
    let mut cases: Vec<Vec<&Case>> = document.suites.iter().map(|_| Vec::new()).collect();
    for case in &document.cases {
        if let Some(suite) = case.suite {
            cases[suite].push(case);
        }
    }
    let suites = document.suites.iter().zip(&cases);
    let each = |(suite, cases): (&Suite, &Vec<&Case>)| {
        of_suite(suite, cases, (early, late)).unwrap_or_default()
    };
    let mut all: Vec<Time> = suites.flat_map(each).collect();
    all.retain(|time| time.from >= early && time.to <= late);
    all
}

fn of_suite(suite: &Suite, cases: &[&Case], ran: (Timestamp, Timestamp)) -> Option<Vec<Time>> {
    let stamp = |stamp: &Option<String>| zoned(stamp.as_deref()?, ran);
    let mut at = stamp(&suite.timestamp);
    let sum = cases
        .iter()
        .filter_map(|case| case.time)
        .fold(Duration::ZERO, Duration::saturating_add);
    if suite
        .time
        .is_none_or(|time| sum.as_secs_f64() > time.as_secs_f64() * 1.05)
    {
        // The tests ran in parallel, or their times are unknown.
        at = None;
    }
    let mut all = Vec::new();
    for case in cases {
        let took = SignedDuration::try_from(case.time?).ok()?;
        if let Some(from) = stamp(&case.timestamp).or(at) {
            all.push(Time {
                test: name(case),
                from,
                to: from.checked_add(took).ok()?,
            });
        }
        at = at.and_then(|at| at.checked_add(took).ok());
    }
    Some(all)
}

/// Returns a time in the only zone that puts it between these two.
fn zoned(stamp: &str, ran: (Timestamp, Timestamp)) -> Option<Timestamp> {
    if let Ok(zoned) = stamp.parse() {
        return Some(zoned);
    }
    let clock: DateTime = stamp.parse().ok()?;
    let mut fits = (-ZONES..=ZONES)
        .filter_map(|zone| {
            Offset::from_seconds(zone * ZONE)
                .ok()?
                .to_timestamp(clock)
                .ok()
        })
        .filter(|at| *at >= ran.0 && *at <= ran.1);
    let found = fits.next()?;
    fits.next().is_none().then_some(found)
}

//! When the tests of a repo's own file ran, as far as it says so.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::document::{Case, Document, Suite};
use super::read::name;

/// Clocks of two machines, and what a tool rounds.
const SLACK: SignedDuration = SignedDuration::from_mins(2);
/// Zones of the world lie so far apart, and no farther from UTC than that many of them.
const ZONE: i32 = 15 * 60;
const ZONES: i32 = 14 * 4;

/// When a test began and ended, by the clock where it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Time {
    /// The test's name, as in the record.
    pub test: String,
    /// Its begin.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// The times in a file of tests that ran between these two: a test's own where it has one, or else
/// one after the other from the time of its suite on. Suites whose tests ran beside each other, or
/// at no time that can be, have none.
///
/// Many tools write the time of a clock without its zone. It is the zone in which the suite began
/// while the tests ran, where there is only one.
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
        // They ran beside each other, or nobody knows.
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

/// A time in the only zone in which it lies between these two.
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

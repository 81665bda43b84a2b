//! When the tests of a repo's own file ran, as far as the file says so. Most files say only when a
//! suite began, and how long each of its tests took: where the rest of the time went is not known,
//! so that a test may have begun later by as much.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::document::{Case, Document, Suite};

/// Tolerates the difference of two clocks, and a tool's rounding.
const SLACK: SignedDuration = SignedDuration::from_mins(2);
/// Time zones are multiples of these seconds from UTC, at most `ZONES` of them.
const ZONE: i32 = 15 * 60;
const ZONES: i32 = 14 * 4;
/// What vitest names its file: its suites have the time at which it was written.
const WRITTEN_AT: &str = "vitest tests";

/// Begin of a test, by the clock where it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Time {
    pub from: Timestamp,
    /// How much later it may have begun.
    pub uncertain: Duration,
}

/// Returns the time of each case, between these two: a test's own time where it has one, else one
/// after the other from the begin of its suite. Suites whose tests ran in parallel, or at an
/// impossible time, have none.
///
/// Many tools write local time without its zone. The zone is the one in which the suite began while
/// the tests ran, where only one fits.
pub(super) fn of(document: &Document, ran: (Timestamp, Timestamp)) -> Vec<Option<Time>> {
    let early = ran.0.checked_sub(SLACK).unwrap_or(Timestamp::MIN);
    let late = ran.1.checked_add(SLACK).unwrap_or(Timestamp::MAX);
    let mut cases: Vec<Vec<usize>> = document.suites.iter().map(|_| Vec::new()).collect();
    for (at, case) in document.cases.iter().enumerate() {
        if let Some(suite) = case.suite {
            cases[suite].push(at);
        }
    }
    let mut all = vec![None; document.cases.len()];
    for (suite, places) in document.suites.iter().zip(&cases) {
        let total = total(document, suite, &cases);
        let own = |at: &usize| &document.cases[*at];
        let of_suite: Vec<&Case> = places.iter().map(own).collect();
        let times = if document.suites[0].name == WRITTEN_AT {
            before(suite, &of_suite, (ran.0, early, late))
        } else {
            of_suite_in_order(suite, total, &of_suite, (early, late))
        };
        for (at, time) in places.iter().zip(times.into_iter().flatten()) {
            all[*at] = time;
        }
    }
    let fits = |time: &Time| time.from >= early && time.from <= late;
    all.into_iter().map(|time| time.filter(fits)).collect()
}

/// Returns how long a suite took: with all around it where it is alone, or where all suites have
/// the begin of the whole, as those of Playwright and gotestsum.
fn total(document: &Document, suite: &Suite, cases: &[Vec<usize>]) -> Option<Duration> {
    let having = document.suites.iter().zip(cases);
    let mut having = having.filter(|(_, cases)| !cases.is_empty());
    let shared = having.all(|(one, _)| one.timestamp == suite.timestamp);
    let root = &document.suites[0];
    let whole = root.time.filter(|_| shared && cases[0].is_empty());
    suite.time.max(whole)
}

/// Returns the times of tests that ran before the suite's time.
fn before(
    suite: &Suite,
    cases: &[&Case],
    (began, early, late): (Timestamp, Timestamp, Timestamp),
) -> Option<Vec<Option<Time>>> {
    let end = zoned(suite.timestamp.as_deref()?, (early, late))?;
    let whole = Duration::try_from(end.duration_since(began)).ok()?;
    let time = |case: &&Case| {
        let (from, uncertain) = (began, whole.saturating_sub(case.time?));
        Some(Time { from, uncertain })
    };
    Some(cases.iter().map(time).collect())
}

fn of_suite_in_order(
    suite: &Suite,
    total: Option<Duration>,
    cases: &[&Case],
    ran: (Timestamp, Timestamp),
) -> Option<Vec<Option<Time>>> {
    let stamp = |stamp: &Option<String>| {
        let stamp = stamp.as_deref()?;
        Some((zoned(stamp, ran)?, rounded(stamp)))
    };
    let mut at = stamp(&suite.timestamp);
    let times = cases.iter().filter_map(|case| case.time);
    let sum = times.fold(Duration::ZERO, Duration::saturating_add);
    let is_less = |time: Duration| sum.as_secs_f64() > time.as_secs_f64() * 1.05;
    if suite.time.is_none_or(is_less) {
        // The tests ran in parallel, or their times are unknown.
        at = None;
    }
    let untold = total.unwrap_or_default().saturating_sub(sum);
    let mut all = Vec::new();
    for case in cases {
        let took = SignedDuration::try_from(case.time?).ok()?;
        let own = stamp(&case.timestamp);
        let in_order = at.map(|(at, rounded)| (at, rounded.saturating_add(untold)));
        let time = own.or(in_order);
        all.push(time.map(|(from, uncertain)| Time { from, uncertain }));
        at = at.and_then(|(at, rounded)| Some((at.checked_add(took).ok()?, rounded)));
    }
    Some(all)
}

/// Returns how much later than a stamp it may have been: many tools cut it to seconds.
fn rounded(stamp: &str) -> Duration {
    Duration::from_secs(u64::from(!stamp.contains('.')))
}

/// Returns a time in the only zone that puts it between these two.
fn zoned(stamp: &str, ran: (Timestamp, Timestamp)) -> Option<Timestamp> {
    if let Ok(zoned) = stamp.parse() {
        return Some(zoned);
    }
    let clock: DateTime = stamp.parse().ok()?;
    let in_zone = |zone| {
        Offset::from_seconds(zone * ZONE)
            .ok()?
            .to_timestamp(clock)
            .ok()
    };
    let times = (-ZONES..=ZONES).filter_map(in_zone);
    let mut fits = times.filter(|at| *at >= ran.0 && *at <= ran.1);
    let found = fits.next()?;
    fits.next().is_none().then_some(found)
}

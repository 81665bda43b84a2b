//! When the tests of a repo's own file ran, as far as it says so.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use jiff::{SignedDuration, Timestamp};
use quick_junit::{Report, TestSuite};

use super::read::{name, whole};

/// Clocks of two machines, and what a tool rounds.
const SLACK: SignedDuration = SignedDuration::from_mins(2);
/// Zones of the world lie so far apart, and no farther from UTC than that many of them.
const ZONE: i64 = 15 * 60;
const ZONES: i64 = 14 * 4;

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
///
/// # Examples
/// ```
/// let xml = r#"<testsuite name="s" tests="1" errors="0" failures="0" time="2" timestamp="2026-11-22T15:00:01">
///   <testcase classname="orders" name="ship" time="0.5"/></testsuite>"#;
/// let ran = ("2026-11-22T13:00:00Z".parse().unwrap(), "2026-11-22T13:00:05Z".parse().unwrap());
/// let times = cargo_e2e::junit::times(xml, ran);
/// assert_eq!(times[0].from.to_string(), "2026-11-22T13:00:01Z");
/// ```
#[must_use]
pub fn times(xml: &str, ran: (Timestamp, Timestamp)) -> Vec<Time> {
    let ran = (ran.0 - SLACK, ran.1 + SLACK);
    let text = whole(xml, |stamp| Some(zoned(stamp, ran)?.to_rfc3339()));
    let Ok(report) = Report::deserialize_from_str(&text) else {
        return Vec::new();
    };
    let each = |suite| of_suite(suite).unwrap_or_default();
    let mut all: Vec<Time> = report.test_suites.iter().flat_map(each).collect();
    all.retain(|time| time.from >= ran.0 && time.to <= ran.1);
    all
}

fn of_suite(suite: &TestSuite) -> Option<Vec<Time>> {
    let mut at = suite.timestamp.map(|at| at.with_timezone(&Utc));
    let sum: std::time::Duration = suite.test_cases.iter().filter_map(|case| case.time).sum();
    if suite.time.is_none_or(|time| sum > time.mul_f64(1.05)) {
        // They ran beside each other, or nobody knows.
        at = None;
    }
    let mut all = Vec::new();
    for case in &suite.test_cases {
        let took = TimeDelta::from_std(case.time?).ok()?;
        let own = case.timestamp.map(|own| own.with_timezone(&Utc));
        if let Some(from) = own.or(at) {
            all.push(Time {
                test: name(case),
                from: timestamp(from)?,
                to: timestamp(from + took)?,
            });
        }
        at = at.map(|at| at + took);
    }
    Some(all)
}

fn timestamp(at: DateTime<Utc>) -> Option<Timestamp> {
    Timestamp::from_microsecond(at.timestamp_micros()).ok()
}

/// A time in the only zone in which it lies between these two.
fn zoned(stamp: &str, ran: (Timestamp, Timestamp)) -> Option<DateTime<Utc>> {
    if let Ok(zoned) = DateTime::parse_from_rfc3339(stamp) {
        return Some(zoned.with_timezone(&Utc));
    }
    let naive = NaiveDateTime::parse_from_str(stamp, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    let mut fits = (-ZONES..=ZONES)
        .map(|zone| naive.and_utc() - TimeDelta::seconds(zone * ZONE))
        .filter(|at| timestamp(*at).is_some_and(|at| at >= ran.0 && at <= ran.1));
    let found = fits.next()?;
    fits.next().is_none().then_some(found)
}

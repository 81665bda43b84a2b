//! When each test ran, from what tests and their files say of it, on the axis of the run.

use std::collections::HashMap;
use std::path::Path;

use e2e_harness::protocol::record::Entry;
use jiff::Timestamp;

use crate::record::outcome::Record;

/// Milliseconds by which clocks that are compared over a connection may differ.
const SLACK: i64 = 250;

/// Milliseconds since the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) from: i64,
    pub(super) to: i64,
    /// How far off both may be.
    pub(super) slack: i64,
}

#[derive(Debug, Default)]
pub(super) struct TestTimes(HashMap<String, Time>);

impl TestTimes {
    /// Reads the files of a bundle. `stage` is when tests ran at all.
    pub(super) fn of(
        record: &Record,
        bundle: &Path,
        stage: Option<(i64, i64)>,
        since: impl Fn(Timestamp) -> i64,
    ) -> Self {
        let tests = record.tests.iter();
        let lasted = tests.map(|test| (test.name.as_str(), test.duration_ms));
        let lasted: HashMap<&str, u64> = lasted.collect();
        let mut times: HashMap<String, Time> = HashMap::new();
        // A file may have whole seconds, and no test ran outside of its stage.
        let within = |at: i64| stage.map_or(at, |(from, to)| at.clamp(from, to.max(from)));
        // A test may have died in the middle of a UTF-8 character: only that line is lost.
        let text = std::fs::read(bundle.join("events.jsonl")).unwrap_or_default();
        for line in String::from_utf8_lossy(&text).lines() {
            let (name, at, is_end) = match serde_json::from_str(line) {
                Ok(Entry::TestStarted { test, at, .. }) => (test, at, false),
                Ok(Entry::TestEnded { test, at, .. }) => (test, at, true),
                _ => continue,
            };
            let (Some(lasted), Ok(at)) = (lasted.get(name.as_str()), at.parse()) else {
                continue;
            };
            let at = since(at);
            if !is_end {
                // A test without an end was stopped with the others.
                let to = within(at.saturating_add(signed(*lasted)));
                let (from, slack) = (within(at), SLACK);
                times.insert(name, Time { from, to, slack });
            } else if let Some(time) = times.get_mut(&name) {
                // Its clock may have been set back meanwhile.
                time.to = within(at).max(time.from);
            }
        }
        for test in &record.tests {
            let Some((from, to)) = test.span().filter(|_| !times.contains_key(&test.name)) else {
                continue;
            };
            let (from, to) = (within(since(from)), within(since(to)));
            let slack = SLACK.max(signed(test.uncertain_ms));
            times.insert(test.name.clone(), Time { from, to, slack });
        }
        if let (true, [only], Some((from, _))) = (times.is_empty(), record.tests.as_slice(), stage)
        {
            let (to, slack) = (from + signed(only.duration_ms), SLACK);
            times.insert(only.name.clone(), Time { from, to, slack });
        }
        Self(times)
    }

    pub(super) fn of_test(&self, name: &str) -> Option<Time> {
        self.0.get(name).copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Returns milliseconds that can be added to others.
pub(super) fn signed(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::passed;

    #[test]
    fn no_test_ends_before_it_began() {
        let folder = tempfile::tempdir().unwrap();
        let record = passed();
        let name = &record.tests[0].name;
        let line = |event: &str, rest: &str, second: u32| {
            let at = format!("2025-11-22T13:00:{second:02}Z");
            format!(r#"{{"event":"{event}","test":"{name}","attempt":1,"at":"{at}"{rest}}}"#)
        };
        let end = r#","status":"passed","duration_ms":1,"message":null"#;
        let (began, ended) = (line("test_started", "", 9), line("test_ended", end, 4));
        std::fs::write(
            folder.path().join("events.jsonl"),
            format!("{began}\n{ended}\n"),
        )
        .unwrap();
        let start: Timestamp = record.started_at.parse().unwrap();
        let since = |at: Timestamp| at.duration_since(start).as_secs();
        let times = TestTimes::of(&record, folder.path(), None, since);
        let time = times.of_test(name).unwrap();
        assert_eq!((time.from, time.to), (9, 9), "the clock was set back");
    }
}

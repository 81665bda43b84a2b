//! What was measured: pairs of times, shown as a ratio.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use e2e_tests::Host;
use serde_json::{Value, json};

pub(crate) const HEAD: &str = "| scenario | host | against | theirs | cargo e2e | ratio (lowest to highest) |\n|---|---|---|---|---|---|";

/// One scenario against one rival.
#[derive(Debug)]
pub(crate) struct Measured {
    scenario: String,
    rival: String,
    host: Host,
    /// Theirs and ours.
    pairs: Vec<(Duration, Duration)>,
}

impl Measured {
    pub(crate) fn new(
        scenario: &str,
        rival: &str,
        host: Host,
        pairs: Vec<(Duration, Duration)>,
    ) -> Self {
        Self {
            scenario: scenario.to_owned(),
            rival: rival.to_owned(),
            host,
            pairs,
        }
    }

    fn of(&self, value: impl Fn(&(Duration, Duration)) -> f64) -> Vec<f64> {
        let mut values: Vec<f64> = self.pairs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    /// Median, lowest, highest.
    fn ratio(&self) -> (f64, f64, f64) {
        let all = self.of(|(theirs, ours)| ours.as_secs_f64() / theirs.as_secs_f64());
        (median(&all), all[0], all[all.len() - 1])
    }

    pub(crate) fn json(&self) -> Value {
        let milliseconds = |time: &Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let pairs = self.pairs.iter();
        let pairs: Vec<_> = pairs
            .map(|(theirs, ours)| [milliseconds(theirs), milliseconds(ours)])
            .collect();
        let (median, lowest, highest) = self.ratio();
        json!({
            "scenario": self.scenario,
            "rival": self.rival,
            "host": self.host.name(),
            "pairs_ms": pairs,
            "ratio": { "median": median, "lowest": lowest, "highest": highest },
        })
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let theirs = median(&self.of(|(theirs, _)| theirs.as_secs_f64()));
        let ours = median(&self.of(|(_, ours)| ours.as_secs_f64()));
        let (ratio, lowest, highest) = self.ratio();
        write!(
            f,
            "| {} | {} | {} | {theirs:.2} s | {ours:.2} s | **{ratio:.2}** ({lowest:.2} to {highest:.2}) |",
            self.scenario,
            self.host.name(),
            self.rival
        )
    }
}

/// Of sorted values, of which there is at least one.
pub(crate) fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    } else {
        sorted[middle]
    }
}

/// Writes all of it to target/bench/results.json.
pub(crate) fn write(all: &[Value]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    std::fs::create_dir_all(&folder).expect("it can be made");
    let text = format!("{:#}\n", json!({ "schema": 1, "results": all }));
    std::fs::write(folder.join("results.json"), text).expect("it can be written");
}

/// Milliseconds of the day of a time such as `2026-11-30T03:18:47.123456Z`.
pub(crate) fn millis(time: &Value) -> i64 {
    let time = time.as_str().expect("a time");
    let (_, clock) = time
        .trim_end_matches('Z')
        .split_once('T')
        .expect("a time of day");
    let parts: Vec<f64> = clock
        .split(':')
        .map(|part| part.parse().expect("a number"))
        .collect();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a day has few milliseconds"
    )]
    let millis = ((parts[0] * 3600.0 + parts[1] * 60.0 + parts[2]) * 1000.0) as i64;
    millis
}

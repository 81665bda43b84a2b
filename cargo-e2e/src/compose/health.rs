//! A container's own health check, looked at more often, with no less time to pass.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::duration;
use super::model::items;

/// Docker's own defaults for a health check that leaves them out.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(30);
const DEFAULT_RETRIES: u64 = 3;
/// How often health is looked at instead.
const FAST: Duration = Duration::from_secs(1);
/// The same for a check that costs a second of a core, where it runs all test long.
const FAST_IF_HEAVY: Duration = Duration::from_secs(3);
/// No image is known whose own check gives up sooner than it would have within this time.
const LONGEST_OF_AN_IMAGE: Duration = Duration::from_mins(5);
/// The first engine that knows `start_interval`.
const START_INTERVAL_ENGINE: u32 = 25;
/// Words of checks that start a JVM, or something as heavy, each time.
const HEAVY: [&str; 13] = [
    "java",
    "keytool",
    "nodetool",
    "cqlsh",
    "kafka-",
    "zookeeper-",
    "connect-",
    "schema-registry",
    "rabbitmqctl",
    "rabbitmq-diagnostics",
    "gradle",
    "jps",
    "sqlplus",
];

/// What became of a health check.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SpedUp {
    /// The longest that it may take before the container is unhealthy.
    pub(super) allowance: Duration,
    /// How often it was looked at before, and now; none when it was fast already.
    pub(super) interval: Option<(Duration, Duration)>,
}

/// Changes the check in place; none when it is switched off.
///
/// Without a `test` it is the image's own check, whose numbers are not known here: it gets more
/// time than any of them. Where the image has none, the numbers alone do nothing.
pub(super) fn speed_up(check: &mut Map<String, Value>, engine: (u32, u32)) -> Option<SpedUp> {
    let off =
        check.get("disable") == Some(&json!(true)) || check.get("test") == Some(&json!(["NONE"]));
    if off {
        return None;
    }
    let of_the_image = check.get("test").is_none_or(Value::is_null);
    let time = |key: &str| duration::parse(check.get(key)?.as_str()?);
    let own_interval = time("interval");
    let interval = own_interval.unwrap_or(DEFAULT_INTERVAL);
    let start_period = time("start_period").unwrap_or_default();
    let own_retries = check.get("retries").and_then(Value::as_u64);
    let own_retries = own_retries.filter(|retries| *retries > 0);
    let retries = own_retries.unwrap_or(DEFAULT_RETRIES);
    let mut failing = interval.saturating_mul(u32::try_from(retries).unwrap_or(u32::MAX));
    if of_the_image && (own_interval.is_none() || own_retries.is_none()) {
        failing = failing.max(LONGEST_OF_AN_IMAGE);
    }
    let allowance = start_period.saturating_add(failing);
    let old_engine = engine.0 < START_INTERVAL_ENGINE;
    if old_engine {
        // It refuses the whole `up` for it.
        check.remove("start_interval");
    }
    let fast = if old_engine && (of_the_image || is_heavy(&words(check.get("test")))) {
        FAST_IF_HEAVY
    } else {
        FAST
    };
    if interval <= fast {
        return Some(SpedUp {
            allowance,
            interval: None,
        });
    }
    if old_engine {
        check.insert("interval".into(), json!(duration::text(fast)));
        let retries = failing.as_millis().div_ceil(fast.as_millis());
        let retries = u32::try_from(retries).unwrap_or(u32::MAX);
        check.insert("retries".into(), json!(retries));
    } else {
        check.insert("start_interval".into(), json!(duration::text(fast)));
        let start_period = start_period.max(failing);
        check.insert("start_period".into(), json!(duration::text(start_period)));
    }
    Some(SpedUp {
        allowance,
        interval: Some((interval, fast)),
    })
}

fn words(test: Option<&Value>) -> String {
    let all = test.into_iter().flat_map(|test| items(test).chain([test]));
    all.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

/// Whether a health check of these words costs about a second of a core.
pub fn is_heavy(words: &str) -> bool {
    HEAVY.iter().any(|heavy| words.contains(heavy))
}

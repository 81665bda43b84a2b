//! A container's own health check, looked at more often, with no less time to pass.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::duration;

/// Docker's own defaults for a health check that leaves them out.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(30);
const DEFAULT_RETRIES: u64 = 3;
/// How often health is looked at instead.
const FAST: Duration = Duration::from_secs(1);
/// The first engine that knows `start_interval`.
const START_INTERVAL_ENGINE: u32 = 25;

/// What became of a health check.
pub(super) struct SpedUp {
    /// The longest that it may take before the container is unhealthy.
    pub(super) allowance: Duration,
    /// How often it was looked at before; none when it was fast already.
    pub(super) interval: Option<Duration>,
}

/// Changes the check in place; none when it is switched off.
pub(super) fn speed_up(check: &mut Map<String, Value>, engine: (u32, u32)) -> Option<SpedUp> {
    let off =
        check.get("disable") == Some(&json!(true)) || check.get("test") == Some(&json!(["NONE"]));
    if off {
        return None;
    }
    let time = |key: &str| {
        check
            .get(key)
            .and_then(Value::as_str)
            .and_then(duration::parse)
    };
    let interval = time("interval").unwrap_or(DEFAULT_INTERVAL);
    let start_period = time("start_period").unwrap_or_default();
    let retries = check
        .get("retries")
        .and_then(Value::as_u64)
        .filter(|retries| *retries > 0)
        .unwrap_or(DEFAULT_RETRIES);
    let failing = interval.saturating_mul(u32::try_from(retries).unwrap_or(u32::MAX));
    let allowance = start_period.saturating_add(failing);
    let old_engine = engine.0 < START_INTERVAL_ENGINE;
    if old_engine {
        // It refuses the whole `up` for it.
        check.remove("start_interval");
    }
    if interval <= FAST {
        return Some(SpedUp {
            allowance,
            interval: None,
        });
    }
    if old_engine {
        check.insert("interval".into(), json!(duration::seconds(FAST)));
        let retries = failing.as_millis().div_ceil(FAST.as_millis());
        check.insert(
            "retries".into(),
            json!(u32::try_from(retries).unwrap_or(u32::MAX)),
        );
    } else {
        check.insert("start_interval".into(), json!(duration::seconds(FAST)));
        let start_period = start_period.max(failing);
        check.insert(
            "start_period".into(),
            json!(duration::seconds(start_period)),
        );
    }
    Some(SpedUp {
        allowance,
        interval: Some(interval),
    })
}

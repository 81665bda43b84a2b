//! Times, as `e2e.yml` writes them.

use std::time::Duration;

use super::pattern::{SECONDS, SECONDS_WITH_UNITS};
use crate::text::LazyRegex;

/// A week: a longer time is a mistaken unit.
pub(super) const MAX_SECONDS: Duration = Duration::from_hours(168);

/// Why a text is no number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum SecondsError {
    #[error("must be a number of seconds")]
    NotANumber,
    #[error("must be more than 0 seconds")]
    Zero,
    #[error("must be at most a week, 604800 seconds")]
    TooLong,
}

/// `300` or `0.5`.
pub(super) fn seconds(text: &str) -> Result<Duration, SecondsError> {
    if !SECONDS.is_match(text) {
        return Err(SecondsError::NotANumber);
    }
    let seconds: f64 = text.parse().map_err(|_| SecondsError::NotANumber)?;
    if seconds > MAX_SECONDS.as_secs_f64() {
        return Err(SecondsError::TooLong);
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(SecondsError::Zero),
    }
}

/// `300s`, `5m`, `1h30m`, `500 ms`, `1_000`: the seconds that were meant.
pub(super) fn meant_seconds(text: &str) -> Option<String> {
    static PART: LazyRegex = LazyRegex::new(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)");
    let text = text.trim().to_lowercase();
    let digits = text.replace(['_', '+'], "");
    let digits = match digits.trim_start_matches('0') {
        "" => return None,
        rest if rest.starts_with('.') => format!("0{rest}"),
        rest => rest.to_owned(),
    };
    if seconds(&digits).is_ok() {
        return Some(digits);
    }
    if !SECONDS_WITH_UNITS.is_match(&text) {
        return None;
    }
    let total: f64 = PART
        .captures_iter(&text)
        .map(|part| {
            let unit = match &part[2] {
                "ms" => 0.001,
                unit if unit.starts_with('h') => 3600.0,
                unit if unit.starts_with('d') => 86400.0,
                unit if unit.starts_with('m') => 60.0,
                _ => 1.0,
            };
            part[1].parse::<f64>().unwrap_or_default() * unit
        })
        .sum();
    // `f64` prints no exponent, and whole numbers without a point.
    let meant = total.to_string();
    seconds(&meant).is_ok().then_some(meant)
}

#[cfg(test)]
mod tests {
    use super::{SecondsError, meant_seconds, seconds};
    use std::time::Duration;

    #[test]
    fn seconds_are_decimal_numbers() {
        assert_eq!(seconds("300"), Ok(Duration::from_mins(5)));
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(seconds("604800"), Ok(Duration::from_hours(168)));
        assert_eq!(seconds("604800.1"), Err(SecondsError::TooLong));
        assert_eq!(seconds(&"9".repeat(400)), Err(SecondsError::TooLong));
        for zero in ["0", "0.0", "-3", "0.0000000000001"] {
            assert_eq!(seconds(zero), Err(SecondsError::Zero), "{zero}");
        }
        for no in [
            "", "5.", ".5", "1e3", "0x10", "010", "1_000", "+5", ".inf", "٣", "5\n",
        ] {
            assert_eq!(seconds(no), Err(SecondsError::NotANumber), "{no}");
        }
    }

    #[test]
    fn other_units_become_seconds() {
        for (written, meant) in [
            ("300s", Some("300")),
            ("5m", Some("300")),
            ("1h30m", Some("5400")),
            ("500 ms", Some("0.5")),
            ("10 seconds", Some("10")),
            ("2 minutes", Some("120")),
            ("1_000", Some("1000")),
            ("010", Some("10")),
            (".5", Some("0.5")),
            ("fast", None),
            ("0s", None),
            ("9d", None),
            ("", None),
        ] {
            assert_eq!(meant_seconds(written).as_deref(), meant, "{written}");
        }
    }
}

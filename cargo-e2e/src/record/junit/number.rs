//! Numbers as tools write them: with commas for thousands, with a decimal comma, or not numeric.

use std::time::Duration;

/// Seconds; no test takes longer than a year, so more is not a duration.
const LONGEST: f64 = 365.0 * 24.0 * 3600.0;

/// Parses a duration in seconds; `None` for text that is none.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let seconds: f64 = plain(text).parse().ok()?;
    if !(0.0..=LONGEST).contains(&seconds) {
        return None;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

/// Parses a count; 0 for text that is none.
pub(super) fn count(text: &str) -> u64 {
    let text = plain(text);
    // A number that is too big, or has a fraction, is more than zero.
    let some = || u64::from(text.parse::<f64>().is_ok_and(|number| number > 0.0));
    text.parse().unwrap_or_else(|_| some())
}

fn plain(text: &str) -> String {
    let text = text.trim();
    match text.split_once(',') {
        // Three digits after each comma: they separate thousands.
        Some((_, after)) if !text.contains('.') && after.len() != 3 && !after.contains(',') => {
            text.replace(',', ".")
        }
        Some(_) => text.replace(',', ""),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_tools_write_them_or_not_at_all() {
        for (text, millis) in [
            ("0.5", Some(500)),
            (" 2 ", Some(2000)),
            ("1e-3", Some(1)),
            ("1,024.5", Some(1_024_500)),
            ("1,024", Some(1_024_000)),
            ("1,234,567", Some(1_234_567_000)),
            ("0,25", Some(250)),
            ("-1", None),
            ("-0.0", Some(0)),
            ("NaN", None),
            ("inf", None),
            ("1e400", None),
            ("1e15", None),
            ("99999999999999999999999", None),
            ("", None),
            ("soon", None),
        ] {
            let read = duration(text).map(|time| time.as_millis());
            assert_eq!(read, millis, "{text}");
        }
    }

    #[test]
    fn what_counts_something_never_counts_nothing() {
        for (text, number) in [
            ("0", 0),
            (" 3", 3),
            ("1,024", 1024),
            ("2.0", 1),
            ("99999999999999999999999", 1),
            ("-1", 0),
            ("NaN", 0),
            ("", 0),
        ] {
            assert_eq!(count(text), number, "{text}");
        }
    }
}

//! Durations and sizes, as every view writes them. The one place that chooses units: reports,
//! commands and errors call it, and it knows none of them.
//!
//! A limit of e2e.yml is written in seconds beside its key (`timeout` (300 s)), as the file has it.

use std::time::Duration;

/// Formats a measured duration: `0.21 s`, `41.2 s`, `3m05s`, `2h05m`.
pub fn duration(duration: Duration) -> String {
    // Rounded before the unit is chosen: 59.97 s is a minute, not `60.0 s`.
    let seconds = duration.as_secs_f64();
    if seconds < 9.995 {
        format!("{seconds:.2} s")
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        whole(Duration::from_secs(
            duration.as_secs() + u64::from(duration.subsec_millis() >= 500),
        ))
    }
}

/// Formats a duration of whole seconds, such as a limit, an age or a lifetime: `6 s`, `1m00s`,
/// `24h00m`.
pub fn whole(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        seconds => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Formats an amount of data: `12 kB`, `3.4 MB`, `512 MB`, `33.9 GB`.
pub fn kilobytes(kb: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit of it is shown")]
    let mb = kb as f64 / 1024.0;
    match (kb, mb) {
        (..1024, _) => format!("{kb} kB"),
        (_, ..99.95) => format!("{mb:.1} MB"),
        (_, ..1023.5) => format!("{mb:.0} MB"),
        _ => format!("{:.1} GB", mb / 1024.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short_and_round_into_the_next_unit() {
        for (millis, shown) in [
            (0, "0.00 s"),
            (214, "0.21 s"),
            (9_994, "9.99 s"),
            (9_996, "10.0 s"),
            (41_240, "41.2 s"),
            (59_949, "59.9 s"),
            (59_960, "1m00s"),
            (185_000, "3m05s"),
            (3_599_499, "59m59s"),
            (3_600_000, "1h00m"),
            (7_500_000, "2h05m"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), shown);
        }
        assert_eq!(whole(Duration::from_millis(6_900)), "6 s");
        assert_eq!(whole(Duration::from_hours(24)), "24h00m");
    }

    #[test]
    fn sizes_have_three_digits() {
        for (kb, shown) in [
            (12, "12 kB"),
            (1024, "1.0 MB"),
            (102_348, "99.9 MB"),
            (524_288, "512 MB"),
            (1_047_999, "1023 MB"),
            (1_048_576, "1.0 GB"),
            (35_500_032, "33.9 GB"),
        ] {
            assert_eq!(kilobytes(kb), shown);
        }
    }
}

//! The bottom line of a live terminal: what runs, for how long, and its last message.

use std::time::{Duration, Instant};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::record::summary::duration;

/// A line that is redrawn in place. Its clock shows that the run is alive, and needs no special
/// glyphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What runs, padded and coloured.
    pub label: String,
    /// The columns of `label`.
    pub width: usize,
    pub since: Instant,
    /// Its last message.
    pub words: String,
}

impl Status {
    /// Returns the line at this time, cut to `columns`.
    pub(super) fn line(&self, now: Instant, columns: usize) -> String {
        let took = elapsed(now.saturating_duration_since(self.since));
        let mut line = format!("{} {took}  ", self.label);
        // A terminal may wrap after its last column, and the line below would stay.
        let mut room = columns.saturating_sub(self.width + took.width() + 4);
        for word in self.words.split_whitespace().flat_map(|word| [word, " "]) {
            for c in word.chars() {
                let Some(left) = room.checked_sub(c.width().unwrap_or(0)) else {
                    return line;
                };
                room = left;
                line.push(c);
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// Formats tenths of a second: hundredths would flicker.
fn elapsed(took: Duration) -> String {
    match took.as_secs() {
        0..60 => format!("{:4.1} s", took.as_secs_f64()),
        whole => duration(Duration::from_secs(whole)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_fits_into_its_terminal() {
        let since = Instant::now();
        let status = Status {
            label: "\u{1b}[1mready\u{1b}[0m".into(),
            width: 5,
            since,
            words: "web:  HTTP\n503 ＷＩＤＥ".into(),
        };
        let at = |seconds, columns| status.line(since + Duration::from_secs(seconds), columns);
        let label = &status.label;
        assert_eq!(at(2, 80), format!("{label}  2.0 s  web: HTTP 503 ＷＩＤＥ"));
        assert_eq!(at(2, 32), format!("{label}  2.0 s  web: HTTP 503 Ｗ"));
        assert_eq!(at(2, 3), format!("{label}  2.0 s  "));
        assert_eq!(at(125, 30), format!("{label} 2 min 05 s  web: HTTP 5"));
    }
}

//! The line at the bottom of a live terminal: what runs, for how long, what it said last.

use std::time::{Duration, Instant};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::record::summary::duration;

/// A line that is redrawn in place: the running clock shows life, and needs no glyphs that a
/// terminal may not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What runs, as it is shown: padded and coloured.
    pub label: String,
    /// The columns that this takes.
    pub width: usize,
    /// Since when.
    pub since: Instant,
    /// What it said last.
    pub words: String,
}

impl Status {
    /// The line at this time, cut to so many columns.
    pub(super) fn line(&self, now: Instant, columns: usize) -> String {
        let took = elapsed(now.saturating_duration_since(self.since));
        let mut line = format!("{} {took}  ", self.label);
        // In the last column a terminal may wrap, and the line below would stay.
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

/// Hundredths would flicker: a tenth is what an eye can follow.
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

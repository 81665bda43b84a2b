//! The bottom lines of a live terminal: what runs, for how long, and what it waits for. Elsewhere,
//! as a line of its own after each quarter of a minute of silence.

use std::time::{Duration, Instant};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::units::whole;

/// How often a live terminal draws it.
const FRAME: Duration = Duration::from_millis(100);
/// Silence after which a pipe or a CI system's log gets it.
const SILENCE: Duration = Duration::from_secs(15);
/// The columns of a log.
const LOG_COLUMNS: usize = 160;

/// What runs. Its clock shows that the run is alive, and needs no special glyphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What runs, padded and coloured.
    pub label: String,
    /// The columns of `label`.
    pub width: usize,
    pub since: Instant,
    pub limit: Option<Duration>,
    /// Its last message.
    pub words: String,
    /// Lines below it.
    pub rows: Vec<Row>,
    /// Whether it is redrawn in place.
    pub live: bool,
}

/// A line below the status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Says how long ago it was.
    pub since: Option<Instant>,
    pub text: String,
}

impl Status {
    /// Returns how long it need not be shown after this long without text.
    pub(super) fn due(&self, silence: Duration) -> Duration {
        let pause = if self.live { FRAME } else { SILENCE };
        pause.saturating_sub(silence)
    }

    /// Returns the lines at this time, each cut to `columns`.
    pub(super) fn lines(&self, now: Instant, columns: usize) -> Vec<String> {
        let took = now.saturating_duration_since(self.since);
        let mut took = elapsed(took);
        if let Some(limit) = self.limit {
            took = format!("{took} of {}", whole(limit));
        }
        let margin = " ".repeat(self.width + 1);
        let first = cut(&self.words, columns, self.width + took.width() + 3);
        let first = format!("{} {took}  {first}", self.label);
        let rows = self.rows.iter().map(|row| {
            let text = row.at(now);
            format!("{margin}{}", cut(&text, columns, margin.len()))
        });
        [first.trim_end().to_owned()]
            .into_iter()
            .chain(rows)
            .collect()
    }

    /// Returns the lines as one, for a log.
    pub(super) fn line(&self, now: Instant) -> String {
        let mut all = self.clone();
        let rows = std::mem::take(&mut all.rows);
        for row in rows {
            let gap = if all.words.is_empty() { "" } else { "; " };
            all.words = format!("{}{gap}{}", all.words, row.at(now));
        }
        all.lines(now, LOG_COLUMNS).concat()
    }
}

impl Row {
    pub fn of(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { since: None, text }
    }

    fn at(&self, now: Instant) -> String {
        match self.since {
            Some(since) => {
                let ago = whole(now.saturating_duration_since(since));
                format!("{ago} ago: {}", self.text)
            }
            None => self.text.clone(),
        }
    }
}

/// Cuts a text to what is left of the columns: a terminal may wrap after its last one, and the line
/// below would stay.
fn cut(text: &str, columns: usize, used: usize) -> String {
    let mut room = columns.saturating_sub(used + 1);
    let mut line = String::new();
    for c in text.chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        let Some(left) = room.checked_sub(c.width().unwrap_or(0)) else {
            break;
        };
        room = left;
        line.push(c);
    }
    line.truncate(line.trim_end().len());
    line
}

/// Formats tenths of a second: hundredths would flicker.
fn elapsed(took: Duration) -> String {
    match took.as_secs() {
        0..60 => format!("{:4.1} s", took.as_secs_f64()),
        _ => whole(took),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(since: Instant) -> Status {
        Status {
            label: "\u{1b}[1mready\u{1b}[0m".into(),
            width: 5,
            since,
            limit: None,
            words: "web: HTTP\n503 ＷＩＤＥ".into(),
            rows: Vec::new(),
            live: true,
        }
    }

    #[test]
    fn a_line_fits_into_its_terminal() {
        let since = Instant::now();
        let mut status = status(since);
        let label = status.label.clone();
        let at = |status: &Status, seconds, columns| {
            status.lines(since + Duration::from_secs(seconds), columns)
        };
        let said = format!("{label}  2.0 s  web: HTTP 503 ＷＩＤＥ");
        assert_eq!(at(&status, 2, 80), [said]);
        assert_eq!(
            at(&status, 2, 32),
            [format!("{label}  2.0 s  web: HTTP 503 Ｗ")]
        );
        assert_eq!(at(&status, 2, 3), [format!("{label}  2.0 s")]);
        assert_eq!(
            at(&status, 125, 30),
            [format!("{label} 2m05s  web: HTTP 503 Ｗ")]
        );
        status.limit = Some(Duration::from_mins(5));
        status.words = "1 passed".into();
        status.rows = vec![Row {
            since: Some(since + Duration::from_secs(2)),
            text: "loading".into(),
        }];
        let lines = [
            format!("{label} 10.0 s of 5m00s  1 passed"),
            "      8 s ago: loading".into(),
        ];
        assert_eq!(at(&status, 10, 80), lines);
        let line = format!("{label} 10.0 s of 5m00s  1 passed; 8 s ago: loading");
        assert_eq!(status.line(since + Duration::from_secs(10)), line);
    }

    #[test]
    fn a_log_gets_it_after_a_silence_and_a_terminal_at_once() {
        let mut status = status(Instant::now());
        assert_eq!(status.due(FRAME), Duration::ZERO);
        status.live = false;
        assert_eq!(status.due(Duration::from_secs(5)), Duration::from_secs(10));
        assert_eq!(status.due(Duration::from_secs(20)), Duration::ZERO);
    }
}

//! A failed test as text: what it says, and what the stack did meanwhile.

use std::fmt::Write as _;
use std::time::Duration;

use super::during::During;
use super::shown::Shown;
use super::stack::stack;
use crate::record::assertion::{Piece, in_one_line, shortened};
use crate::record::outcome::{Record, StageStatus, TestRecord};
use crate::record::place::place;
use crate::record::summary::{WIDTH, at_step, first_line, says_nothing_new};
use crate::text::{clip, count, printable};
use crate::units::duration;

/// A failed test, and what the stack did in its own time, where that is known.
pub(super) struct FailedTest<'r> {
    pub(super) test: &'r TestRecord,
    pub(super) during: Option<During>,
}

impl FailedTest<'_> {
    /// Returns all about it, within the bounds of a view.
    pub(super) fn whole(&self, record: &Record, shown: Shown) -> String {
        let mut text = self.message(record, shown);
        if let Some(during) = &self.during
            && !(shown.common && during.is_ambiguous())
        {
            text += &stack(record, during, shown);
        }
        text
    }

    /// Returns its line, and the log line that says most.
    pub(super) fn brief(&self) -> String {
        let message = printable(self.test.message.as_deref().unwrap_or_default());
        let mut text = self.head(&message);
        let during = self.during.as_ref().filter(|during| !during.is_ambiguous());
        if let Some((service, line)) = during.and_then(During::decisive) {
            let _ = writeln!(text, "  {service} {} ! {}", line.after, line.text);
        }
        text
    }

    /// Returns a line with its place, where its message does not name it so.
    pub(super) fn place_elsewhere(&self) -> String {
        let message = self.test.message.as_deref().unwrap_or_default();
        match &self.test.place {
            Some(place) if !message.contains(place) => format!("at {place}\n"),
            _ => String::new(),
        }
    }

    /// Returns its place, else the first that its message names.
    pub(super) fn place(&self, message: &str) -> Option<String> {
        let named = || place(message).map(|(file, line)| format!("{file}:{line}"));
        self.test.place.clone().or_else(named)
    }

    /// Returns its name, the step at which it failed and its place, as a line.
    pub(super) fn title(&self, place: Option<&str>) -> String {
        let name = printable(&self.test.name);
        let (name, step) = (first_line(&name), at_step(self.test));
        let place = place.map_or_else(String::new, |place| format!("  {place}"));
        format!("{name}{step}{place}\n")
    }

    fn head(&self, message: &str) -> String {
        let name = printable(&self.test.name);
        let (name, step) = (first_line(&name), at_step(self.test));
        let at = self.place(message);
        let at = at.map_or_else(String::new, |at| format!(" at {at}"));
        match clip(&in_one_line(message), WIDTH).as_str() {
            "" => format!("- {name}{step}{at}\n"),
            says => format!("- {name}{step}{at}: {says}\n"),
        }
    }

    /// Returns its message and steps. What a test command printed has been seen on a terminal, and
    /// its stage has said how it ended.
    fn message(&self, record: &Record, shown: Shown) -> String {
        let message = printable(self.test.message.as_deref().unwrap_or_default());
        let mut message = message.trim_end();
        let nothing_new = says_nothing_new(record, self.test);
        if nothing_new {
            message = message.split_once('\n').map_or("", |(_, rest)| rest);
            if message.trim().is_empty() {
                return String::new();
            }
        }
        let mut text = self.head(message);
        let says = in_one_line(message);
        let first = message.lines().next().unwrap_or_default().trim();
        if says.starts_with(first) && !nothing_new {
            // The head has it.
            message = message.split_once('\n').map_or("", |(_, rest)| rest);
        }
        for piece in shortened(message, shown.message) {
            let _ = match piece {
                Piece::Line(line) => {
                    let line = format!("| {}", clip(line, shown.width));
                    writeln!(text, "{}", line.trim_end())
                }
                Piece::Gap(gap) => writeln!(text, "| ({} left out)", count(gap, "line")),
            };
        }
        if shown.steps {
            steps(self.test, &mut text);
        }
        text
    }
}

fn steps(failed: &TestRecord, text: &mut String) {
    for step in &failed.steps {
        let margin = "  ".repeat(usize::try_from(step.depth).unwrap_or_default() + 1);
        let mark = match step.status {
            StageStatus::Failed => '!',
            _ => ' ',
        };
        let took = duration(Duration::from_millis(step.duration_ms));
        let _ = writeln!(text, "{mark}{margin}{} {took}", printable(&step.name));
    }
}

//! Colours, and the column of verbs on the left.

use std::path::Path;

use anstyle::{AnsiColor, Style};

/// The width of the column of verbs, the same as cargo's and nextest's.
pub(super) const COLUMN: usize = 12;

/// Colours text, or leaves it unchanged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    color: bool,
    pub(super) good: Style,
    pub(super) bad: Style,
    pub(super) caution: Style,
    pub(super) busy: Style,
    pub(super) strong: Style,
    pub(super) dim: Style,
}

impl Paint {
    pub(super) fn new(color: bool) -> Self {
        Self {
            color,
            good: AnsiColor::Green.on_default().bold(),
            bad: AnsiColor::Red.on_default().bold(),
            caution: AnsiColor::Yellow.on_default().bold(),
            busy: AnsiColor::Cyan.on_default().bold(),
            strong: Style::new().bold(),
            dim: Style::new().dimmed(),
        }
    }

    pub(super) fn with(&self, style: Style, text: &str) -> String {
        if self.color {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// Returns a verb, right-aligned in its column.
    pub(super) fn verb(&self, style: Style, verb: &str) -> String {
        let margin = " ".repeat(COLUMN.saturating_sub(verb.len()));
        format!("{margin}{}", self.with(style, verb))
    }

    /// Returns a text that a terminal opens a file with, where it has colours.
    pub(super) fn link(&self, file: &Path, text: &str) -> String {
        if self.color && file.is_absolute() {
            let file = file.to_string_lossy().replace(' ', "%20");
            format!("\u{1b}]8;;file://{file}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\")
        } else {
            text.to_owned()
        }
    }

    /// Returns the code that ends every style.
    pub(super) fn reset(&self) -> &'static str {
        if self.color { "\u{1b}[0m" } else { "" }
    }
}

//! Mistakes with their places, shown the way rustc does: message, place, the line itself, help.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// One mistake in a file, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1. One past the line's last character when something is missing
    /// there.
    pub column: usize,
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The whole line, made safe to print; `None` when `column` is too far right to be shown.
    pub source_line: Option<String>,
    /// How many characters of the line are meant, at least 1.
    pub len: usize,
}

/// Everything that is wrong with one `e2e.yml`. `Display` prints it all, without a newline at the
/// end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", report(self))]
pub struct SpecErrors {
    /// The file, as it was given to [`parse`](super::parse).
    pub path: PathBuf,
    /// In the order of the file; never empty.
    pub diagnostics: Vec<Diagnostic>,
    /// How many more there are: after the first 50, they are only counted.
    pub more: usize,
}

/// Returns all of a file's mistakes, a blank line between them.
fn report(errors: &SpecErrors) -> String {
    let each = errors.diagnostics.iter().map(|one| text(&errors.path, one));
    let mut report = each.collect::<Vec<_>>().join("\n\n");
    if errors.more > 0 {
        // Writing to a String can't fail.
        let _ = write!(report, "\n\n… and {} more errors in this file", errors.more);
    }
    report
}

fn text(path: &Path, one: &Diagnostic) -> String {
    let Diagnostic { line, column, .. } = one;
    let gutter = " ".repeat(line.to_string().len() + 1);
    let mut text = format!(
        "error: {}\n{gutter}--> {}:{line}:{column}",
        one.message,
        path.display()
    );
    if let Some(source_line) = &one.source_line {
        // Tabs stay tabs, so that the marks stand below what they mean.
        let before = source_line.chars().take(column - 1);
        let indent: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let room = source_line
            .chars()
            .count()
            .saturating_sub(column - 1)
            .max(1);
        let marks = "^".repeat(one.len.min(room));
        let _ = write!(
            text,
            "\n{gutter} |\n {line} | {source_line}\n{gutter} | {indent}{marks}"
        );
    }
    if let Some(help) = &one.help {
        let _ = write!(text, "\n{gutter} = help: {help}");
    }
    text
}

//! Diagnostics the way rustc prints them: message, place, the line itself, help.

use std::fmt::Write as _;
use std::path::Path;

use super::{Diagnostic, SpecErrors};

/// All of a file's mistakes, a blank line between them.
pub(super) fn report(errors: &SpecErrors) -> String {
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

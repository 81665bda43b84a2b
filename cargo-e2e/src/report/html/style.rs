//! How the page looks: its style sheet, and the classes in it that stand for a status, each with a
//! shape beside its colour.

use maud::{Markup, html};

use crate::record::outcome::StageStatus;

pub(super) const STYLE: &str = include_str!("style.css");

pub(super) fn status_class(status: StageStatus) -> &'static str {
    match status {
        StageStatus::Passed => "good",
        StageStatus::Failed => "bad",
        StageStatus::Skipped => "skipped",
        StageStatus::Interrupted => "cut",
    }
}

/// Returns the shape of a class, with its name for those who do not see it; empty for a class that
/// stands for no status.
pub(super) fn mark(class: &str) -> Markup {
    let (shape, name) = match class {
        "good" => ("✓", "passed"),
        "bad" => ("✗", "failed"),
        "skipped" => ("–", "skipped"),
        "cut" => ("◌", "interrupted"),
        _ => return html! {},
    };
    html! { span class={ "mark " (class) } role="img" aria-label=(name) { (shape) } " " }
}

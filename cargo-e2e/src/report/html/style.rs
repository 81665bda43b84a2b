//! How the page looks: its style sheet, and the classes in it that stand for a status.

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

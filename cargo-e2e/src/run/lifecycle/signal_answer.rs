//! What people are told when a signal comes.

use crate::cancel::{Cancel, Signal};
use crate::plan::Plan;
use crate::record::outcome::Stage;

/// Returns what a signal does, and what another one would do.
pub(super) fn answer(plan: &Plan, cancel: &Cancel, stage: Stage, signals: u32) -> String {
    let again = match cancel.signal() {
        Some(Signal::Int) | None => "Ctrl-C",
        Some(other) => other.name(),
    };
    let end = if plan.keep_typed {
        "the sandbox is kept"
    } else {
        "teardown"
    };
    match (signals, stage) {
        (1, Stage::Teardown | Stage::Report) => format!("finishing {}", stage.name()),
        (1, Stage::Collect) => format!("fetching logs, then {end} ({again} again: skip logs)"),
        (1, Stage::Test) => {
            format!("stopping tests, then logs and {end} ({again} again: skip logs)")
        }
        (1, Stage::Up | Stage::Ready | Stage::Setup) => {
            let stage = stage.name();
            format!("stopping {stage}, then logs and {end} ({again} again: skip logs)")
        }
        (1, _) => format!("stopping {}, then {end}", stage.name()),
        (2, _) => format!("skipping logs, then {end} ({again} again: leave it to the host)"),
        _ => "leaving teardown to the host".to_owned(),
    }
}

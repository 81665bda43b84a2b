//! The text of a stage in the bottom line of a live terminal.

use crate::record::outcome::Stage;

/// The health checks that have not passed yet, with their last answers.
#[derive(Default)]
pub(super) struct Pending(Vec<(String, String)>);

impl Pending {
    pub(super) fn answer(&mut self, name: &str, passed: bool, answer: &str) {
        self.0.retain(|(known, _)| known != name);
        if !passed {
            self.0.push((name.to_owned(), answer.to_owned()));
        }
    }

    /// Returns all of them, the newest answer first: a narrow terminal cuts off the end.
    pub(super) fn line(&self) -> String {
        let one = |(name, answer): &(String, String)| format!("{name}: {answer}");
        self.0.iter().rev().map(one).collect::<Vec<_>>().join("; ")
    }
}

/// Returns a stage's text before its first message.
pub(super) fn first_words(stage: Stage) -> &'static str {
    match stage {
        Stage::Compile => "waiting for the compiler",
        Stage::Ready => "waiting for health checks",
        Stage::Teardown => "removing everything",
        _ => "",
    }
}

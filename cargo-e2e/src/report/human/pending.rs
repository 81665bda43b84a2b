//! What the line at the bottom of a live terminal says of a stage.

use crate::record::outcome::Stage;

/// The health checks that have not passed yet, with the answer each gave last.
#[derive(Default)]
pub(super) struct Pending(Vec<(String, String)>);

impl Pending {
    /// Takes note of an answer.
    pub(super) fn answer(&mut self, name: &str, passed: bool, answer: &str) {
        self.0.retain(|(known, _)| known != name);
        if !passed {
            self.0.push((name.to_owned(), answer.to_owned()));
        }
    }

    /// All of them, the newest answer first: the end is what a narrow terminal cuts off.
    pub(super) fn line(&self) -> String {
        let one = |(name, answer): &(String, String)| format!("{name}: {answer}");
        self.0.iter().rev().map(one).collect::<Vec<_>>().join("; ")
    }
}

/// What a stage's line says before anything happened.
pub(super) fn first_words(stage: Stage) -> &'static str {
    match stage {
        Stage::Compile => "waiting for the compiler",
        Stage::Ready => "waiting for health checks",
        Stage::Teardown => "removing everything",
        _ => "",
    }
}

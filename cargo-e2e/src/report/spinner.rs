//! The line at the bottom of a live terminal: which stage, for how long, what it said last.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::record::outcome::Stage;
use crate::record::summary::duration;

/// A line that is redrawn in place, laid out like the one that replaces it: the running clock
/// shows life, and needs no glyphs that a terminal may not have. Gone when dropped.
pub(super) struct Spinner {
    bar: ProgressBar,
}

impl Spinner {
    /// Starts to spin on stderr. `label` is the stage's name, padded and coloured; its work has
    /// run for `elapsed`.
    pub(super) fn start(label: String, elapsed: Duration) -> Self {
        let style = ProgressStyle::with_template("{prefix} {took}  {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .with_key(
                "took",
                |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                    // Hundredths would flicker: a tenth is what an eye can follow.
                    let elapsed = state.elapsed();
                    let _ = match elapsed.as_secs() {
                        0..60 => write!(out, "{:4.1} s", elapsed.as_secs_f64()),
                        _ => write!(out, "{}", duration(Duration::from_secs(elapsed.as_secs()))),
                    };
                },
            );
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
            .with_style(style)
            .with_prefix(label)
            .with_elapsed(elapsed);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar }
    }

    /// Shows what happens, cut to the terminal's width.
    pub(super) fn say(&self, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        self.bar.set_message(words.join(" "));
    }

    /// Does something to the terminal with the line out of the way.
    pub(super) fn aside(&self, act: impl FnOnce()) {
        self.bar.suspend(act);
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

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
        Stage::Ready => "waiting for health checks",
        Stage::Teardown => "removing everything",
        _ => "",
    }
}

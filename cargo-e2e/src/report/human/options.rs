//! How much is shown, and how.

use std::io::{IsTerminal, stderr};

use crate::environment;
use crate::report::output::same_place;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verbosity {
    /// Failures, a verdict other than `passed`, and test output.
    Quiet,
    /// Also a line for each stage, warnings and notes.
    #[default]
    Normal,
    /// Also the output of each stage's commands, and health checks.
    Verbose,
}

/// How it is shown what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Progress {
    /// In lines at the bottom of an interactive terminal, which are redrawn.
    Redrawn,
    /// In a line of its own after a silence.
    #[default]
    Lines,
    /// Not at all: what is shown is held until the run has ended.
    None,
}

/// How a run is shown on a terminal or in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HumanOptions {
    pub verbosity: Verbosity,
    /// Whether stderr shows colours.
    pub color: bool,
    pub progress: Progress,
    /// The columns at which lines are wrapped; elsewhere they are whole.
    pub columns: Option<usize>,
    /// Whether stdout and stderr go to the same place, where their lines meet.
    pub shared: bool,
}

impl HumanOptions {
    /// Returns options for this process's stdout and stderr. `color` is the user's choice, if any.
    pub fn detect(verbosity: Verbosity, color: Option<bool>) -> Self {
        let auto = || {
            // Respects `NO_COLOR`, `CLICOLOR_FORCE` and `TERM=dumb`.
            anstream::AutoStream::choice(&stderr()) != anstream::ColorChoice::Never
        };
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
        // Some CI systems give jobs a terminal, and would log every redrawn line.
        let ci =
            std::env::var_os(environment::CI).is_some_and(|ci| !ci.is_empty() && ci != "false");
        Self {
            verbosity,
            color: color.unwrap_or_else(auto),
            progress: if stderr().is_terminal() && !dumb && !ci {
                Progress::Redrawn
            } else {
                Progress::Lines
            },
            columns: columns(),
            shared: same_place(),
        }
    }
}

/// Returns how wide stderr is, where it is a terminal that says so.
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stderr()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

//! How much is shown, and how.

use std::io::{IsTerminal, stderr};

use crate::environment;
use crate::report::output::same_place;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verbosity {
    /// Failures, the verdict when it is not `passed`, and what the tests print.
    Quiet,
    /// Also a line a stage, warnings and notes.
    #[default]
    Normal,
    /// Also what each stage's commands and the health checks say.
    Verbose,
}

/// How a run is shown to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HumanOptions {
    /// How much.
    pub verbosity: Verbosity,
    /// Whether stderr shows colours.
    pub color: bool,
    /// Whether stderr is a terminal with somebody in front of it: a spinner is allowed.
    pub live: bool,
    /// Whether stdout and stderr end in the same place, so that their lines meet.
    pub shared: bool,
}

impl HumanOptions {
    /// What suits this process's stdout and stderr. `color` is the user's word, if there is one.
    #[must_use]
    pub fn detect(verbosity: Verbosity, color: Option<bool>) -> Self {
        let auto = || {
            // Knows NO_COLOR, CLICOLOR_FORCE and TERM=dumb.
            anstream::AutoStream::choice(&stderr()) != anstream::ColorChoice::Never
        };
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
        // Some CI systems give their jobs a terminal, and keep every frame of a spinner.
        let ci =
            std::env::var_os(environment::CI).is_some_and(|ci| !ci.is_empty() && ci != "false");
        Self {
            verbosity,
            color: color.unwrap_or_else(auto),
            live: stderr().is_terminal() && !dumb && !ci,
            shared: same_place(),
        }
    }
}

//! What a look at a host found.

use std::fmt::{self, Write as _};

/// One thing that makes a host unusable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    help: {}", self.what, self.fix)
    }
}

/// Returns the text of [`HostError::Unusable`].
pub(in crate::host) fn unusable(host: &str, problems: &[Problem]) -> String {
    let mut text = format!("`{host}` can't run sandboxes yet:");
    for problem in problems {
        let _ = write!(text, "\n  - {problem}");
    }
    text
}

/// What a host is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A run: it must have all.
    Run,
    /// To list or remove sandboxes, which must be possible on a host whose disk is full.
    Remove,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What, such as `rsync` or `free space`.
    pub name: &'static str,
    pub finding: Finding,
}

/// What came out of a look at one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It is as it should be: a version, a path, an amount.
    Fine(String),
    /// A run goes without it, and does something less or otherwise.
    Less(String),
    /// A run can't go without it.
    Missing(Problem),
}

impl Check {
    /// Returns what makes the host unusable, if this does.
    pub fn problem(&self) -> Option<&Problem> {
        match &self.finding {
            Finding::Missing(problem) => Some(problem),
            Finding::Fine(_) | Finding::Less(_) => None,
        }
    }
}

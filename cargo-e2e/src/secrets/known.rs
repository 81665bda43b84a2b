//! What is known to be a credential: it only grows.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::guess;
use super::mask::SHORTEST;
use super::patterns::Patterns;

/// A value that only looks like one is masked from this length on.
const SHORTEST_GUESS: usize = 8;

/// What says that a value is a credential: where it stands, and what it is called there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// The repo says so: `secrets` of e2e.yml, and variables that Compose makes secrets of.
    Named,
    /// Its name in the client's environment, in a file of variables or in `env` of e2e.yml.
    Variable,
    /// A file that Compose makes a secret of.
    File,
    /// Its name in the compose files, and nothing else.
    Compose,
}

impl Origin {
    /// Returns whether a value of this origin is masked: one that the repo names always is, unless
    /// it is so short that it stands everywhere.
    fn masks(self, value: &str) -> bool {
        match self {
            Self::Named => value.len() >= SHORTEST,
            Self::Variable | Self::File | Self::Compose => {
                value.len() >= SHORTEST_GUESS && !guess::is_word(value)
            }
        }
    }
}

/// Values that are masked, each with the first thing that said so. None is ever taken out: what is
/// said of a value later can't make it visible again.
#[derive(Default)]
pub(super) struct Known {
    values: BTreeMap<String, Origin>,
    patterns: Arc<Patterns>,
}

impl Known {
    /// Adds those that are to be masked.
    pub(super) fn add(&mut self, found: impl IntoIterator<Item = (String, Origin)>) {
        let before = self.values.len();
        for (value, origin) in found {
            if origin.masks(&value) {
                self.values.entry(value).or_insert(origin);
            }
        }
        if self.values.len() > before {
            let values = self.values.keys().map(String::as_str);
            self.patterns = Arc::new(Patterns::of(values));
        }
    }

    pub(super) fn patterns(&self) -> Arc<Patterns> {
        Arc::clone(&self.patterns)
    }
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut origins: BTreeMap<Origin, usize> = BTreeMap::new();
        for origin in self.values.values() {
            *origins.entry(*origin).or_default() += 1;
        }
        write!(f, "values of {origins:?}")
    }
}

//! Which runner the tests of a repo have, and the arguments by which it runs some of them alone.
//! Retries, `--last-failed` and the `again:` line ask here. It is pure: whether a file exists is
//! asked of the caller. A runner that is not recognized has no filter, and nothing is guessed.

mod call;
mod command;
mod filter;
mod listing;
#[cfg(test)]
mod tests;

use crate::record::outcome::TestRecord;
use crate::text::lists;

use super::test_kind::Tests;
use call::{Call, Kind};

pub use listing::{Listing, NEXTEST_RUNS};

/// More than this on a command line becomes unreadable, and at some point refused by the system.
const MOST: usize = 60_000;

/// Options of a harness whose value is a word of its own.
const WITH_VALUE: &str = "--color --format --logfile --skip --test-threads -Z";

/// A runner, as a repo calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runner {
    call: Call,
    /// What the record puts before the names of tests, one for each of several test targets.
    prefixes: Vec<String>,
    /// The name of all tests as one, where they record none.
    whole: String,
}

impl Runner {
    /// Names of the runners that are recognized in `test_command`, for people.
    pub const NAMES: &str =
        "pytest, jest, vitest, playwright, go test, gotestsum, cargo test or cargo nextest";

    /// Returns the runner of these tests; none where it is not recognized, where there are several,
    /// or where arguments would not reach it.
    pub fn of(tests: &Tests) -> Option<Self> {
        match tests {
            Tests::Targets(harness) => Some(Self {
                call: Call {
                    kind: if harness.nextest {
                        Kind::HarnessByNextest
                    } else {
                        Kind::Harness
                    },
                    words: Vec::new(),
                    elsewhere: false,
                },
                prefixes: harness.prefixes(),
                whole: tests.name(),
            }),
            Tests::Command(command)
            | Tests::Service {
                command: Some(command),
                ..
            } => {
                let mut call = command::call(command)?;
                call.elsewhere |= tests.service().is_some();
                Some(Self {
                    call,
                    prefixes: Vec::new(),
                    whole: tests.name(),
                })
            }
            Tests::Service { command: None, .. } => None,
        }
    }

    /// Returns arguments that make the runner continue after a failure, to stand behind the `typed`
    /// ones: a retry must know every failed test. None where the runner has no such argument, as
    /// `go test`, which ends at the first panic.
    pub fn goes_on(&self, typed: &[String]) -> Option<&'static [&'static str]> {
        let has = |word: &str| {
            let mut words = self.call.words.iter().chain(typed);
            words.any(|it| it.split('=').next() == Some(word))
        };
        match self.call.kind {
            Kind::Pytest => Some(&["--maxfail=0"]),
            // Of two, vitest takes none.
            Kind::Jest | Kind::Vitest if !has("--bail") => Some(&["--bail=0"]),
            // It is stronger than the other option.
            Kind::Playwright if !has("-x") => Some(&["--max-failures=0"]),
            Kind::Nextest | Kind::CargoTest | Kind::HarnessByNextest if has("--no-fail-fast") => {
                Some(&[])
            }
            Kind::Nextest | Kind::HarnessByNextest if !has("--") => Some(&["--no-fail-fast"]),
            Kind::Harness => Some(&[]),
            _ => None,
        }
    }

    /// Returns whether a test that it calls skipped may be one that a failure kept from running. jest
    /// and vitest run them all, and call so what a filter leaves out.
    pub fn skips_after_failures(&self) -> bool {
        !matches!(self.call.kind, Kind::Jest | Kind::Vitest)
    }

    /// Returns whether this exit status says that tests failed, and nothing else.
    pub fn failed_with(&self, status: i32) -> bool {
        match self.call.kind {
            Kind::CargoTest | Kind::Harness => status == 101,
            Kind::Nextest | Kind::HarnessByNextest => status == 100,
            _ => status == 1,
        }
    }

    /// Returns the arguments that run these tests of a record alone, after arguments that were
    /// typed; `None` where it has no such filter. No argument at all stands for all tests, where
    /// the command itself is what failed. `exists` tells whether the repo has a file.
    pub fn only(
        &self,
        tests: &[&TestRecord],
        typed: &[String],
        exists: &dyn Fn(&str) -> bool,
    ) -> Option<Vec<String>> {
        if tests.iter().any(|test| test.name == self.whole) {
            return Some(Vec::new());
        }
        let words = filter::words((&self.call, &self.prefixes), tests, typed, exists)?;
        let length: usize = words.iter().map(String::len).sum();
        (length <= MOST).then_some(words)
    }

    /// Returns typed arguments with a filter behind them. It takes the place of a typed one, by which
    /// its tests were chosen: most runners take one alone.
    pub fn joined(&self, typed: &[String], filter: Vec<String>) -> Vec<String> {
        let options = self.call.kind.filters();
        let replaces = |word: &String| options.contains(&word.as_str());
        let is_own = self.call.kind == Kind::Harness && !filter.is_empty();
        let mut all: Vec<String> = typed.to_vec();
        if is_own || filter.iter().any(replaces) {
            let (mut is_value, mut drops) = (false, false);
            all.retain(|word| {
                let (value, dropped) = (std::mem::take(&mut is_value), std::mem::take(&mut drops));
                if value || dropped {
                    return value;
                }
                drops = replaces(word);
                is_value = is_own && lists(WITH_VALUE, word);
                let option = word.split_once('=').map_or("", |(option, _)| option);
                if is_own {
                    // A test that fits any of several names runs.
                    word.starts_with('-') && !filter.contains(word)
                } else {
                    !drops && !options.contains(&option)
                }
            });
        }
        all.extend(filter);
        all
    }
}

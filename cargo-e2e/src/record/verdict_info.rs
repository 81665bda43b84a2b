//! Verdicts, and in one table all that help, pages, views and records say of each.
//!
//! Reporters and commands read it by way of `outcome`. Which verdict a run gets is the law in
//! `verdict`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cancel::Signal;

/// The exit code where what was typed is wrong; no run has it.
pub const USAGE: u8 = 2;
/// What a signal's number is added to.
const SIGNALED: u8 = 128;

/// What the run as a whole came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Tests passed and nothing is left behind, unless it was asked to be kept.
    Passed,
    /// Tests failed.
    Failed,
    /// Tests ran past `timeout`.
    TimedOut,
    /// There was no test to run, perhaps because of a filter.
    NoTests,
    /// Our bug, or the record could not be stored.
    #[default]
    InternalError,
    /// No e2e.yml, or it or the compose file is wrong.
    SpecError,
    /// The host can't be used or was lost.
    HostError,
    /// The stack did not come up.
    UpFailed,
    /// The stack did not become healthy in time.
    Unhealthy,
    /// Tests passed, but something could not be removed.
    Leaked,
    /// `build_command`, or compiling the test targets, failed.
    BuildFailed,
    /// `prepare_command` or `setup_command` failed.
    SetupFailed,
    /// A signal ended the run.
    Interrupted,
}

/// What is to be said of a verdict. Names and codes are a contract.
#[derive(Debug, Clone, Copy)]
pub struct VerdictInfo {
    /// In records.
    pub name: &'static str,
    /// To begin a line with.
    pub title: &'static str,
    /// How the process exits; of an interrupted run, what the signal's number is added to.
    pub exit_code: u8,
    /// Of two verdicts of one run, the one of a higher rank counts. Each that tests can come to has
    /// a rank of its own.
    pub rank: u8,
    /// In a few words, which read on where verdicts share a code: `a or b`.
    pub meaning: &'static str,
}

/// What a verdict is about. Views ask this, so that none of them lists verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The tests passed.
    Passed,
    /// The tests failed.
    Tests,
    /// What is in the sandbox failed before the tests.
    Stack,
    /// Nothing was brought up, or no test was there to run.
    Repo,
    /// It says nothing of the repo.
    Elsewhere,
}

impl Verdict {
    /// Every verdict, in the order of their exit codes.
    pub const ALL: [Self; 13] = [
        Self::Passed,
        Self::NoTests,
        Self::InternalError,
        Self::SpecError,
        Self::HostError,
        Self::UpFailed,
        Self::Unhealthy,
        Self::Leaked,
        Self::Failed,
        Self::TimedOut,
        Self::BuildFailed,
        Self::SetupFailed,
        Self::Interrupted,
    ];

    /// Returns all that is to be said of it. The help, the pages and the views are made of this.
    pub const fn info(self) -> VerdictInfo {
        let (name, title, exit_code, rank, meaning) = match self {
            Self::Passed => ("passed", "Passed", 0, 0, "passed"),
            Self::NoTests => ("no_tests", "No tests", 4, 3, "no test ran"),
            Self::InternalError => ("internal_error", "Internal error", 70, 2, "internal error"),
            Self::SpecError => (
                "spec_error",
                "Spec error",
                96,
                2,
                "e2e.yml or compose file wrong",
            ),
            Self::HostError => ("host_error", "Host error", 97, 6, "host unusable or lost"),
            Self::UpFailed => ("up_failed", "Up failed", 98, 2, "stack not up"),
            Self::Unhealthy => ("unhealthy", "Unhealthy", 98, 2, "not healthy"),
            Self::Leaked => ("leaked", "Leaked", 99, 1, "something is left behind"),
            Self::Failed => ("failed", "Failed", 100, 4, "tests failed"),
            Self::TimedOut => ("timed_out", "Timed out", 100, 5, "timed out"),
            Self::BuildFailed => (
                "build_failed",
                "Build failed",
                101,
                2,
                "build_command or compiling the tests failed",
            ),
            Self::SetupFailed => (
                "setup_failed",
                "Setup failed",
                105,
                2,
                "prepare_command or setup_command failed",
            ),
            Self::Interrupted => (
                "interrupted",
                "Interrupted",
                SIGNALED,
                7,
                "ended by signal n",
            ),
        };
        VerdictInfo {
            name,
            title,
            exit_code,
            rank,
            meaning,
        }
    }

    /// The name in records.
    pub const fn name(self) -> &'static str {
        self.info().name
    }

    /// Returns what it is about.
    pub const fn subject(self) -> Subject {
        match self {
            Self::Passed | Self::Leaked => Subject::Passed,
            Self::Failed | Self::TimedOut => Subject::Tests,
            Self::UpFailed | Self::Unhealthy | Self::SetupFailed => Subject::Stack,
            Self::SpecError | Self::BuildFailed | Self::NoTests => Subject::Repo,
            Self::HostError | Self::InternalError | Self::Interrupted => Subject::Elsewhere,
        }
    }

    /// Which of two verdicts of one run counts: signal, lost host, tests, other stages, leftovers.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        if other.info().rank > self.info().rank {
            other
        } else {
            self
        }
    }
}

/// Returns the exit code of a verdict; a signal's number makes the one of an interrupted run.
pub fn exit_code(verdict: Verdict, signal: Option<Signal>) -> u8 {
    let code = verdict.info().exit_code;
    match verdict {
        Verdict::Interrupted => code + signal.map_or(2, Signal::number),
        _ => code,
    }
}

/// Returns every exit code, the verdicts that end with it, and what it means.
pub fn exit_codes() -> Vec<(String, Vec<&'static str>, String)> {
    let mut codes = BTreeMap::from([(USAGE, (Vec::new(), vec!["usage"]))]);
    for info in Verdict::ALL.map(Verdict::info) {
        let (names, meanings) = codes.entry(info.exit_code).or_default();
        names.push(info.name);
        meanings.push(info.meaning);
    }
    let rows = codes.into_iter().map(|(code, (names, meanings))| {
        let n = if code == SIGNALED { "+n" } else { "" };
        (format!("{code}{n}"), names, meanings.join(" or "))
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn the_generated_page_has_every_exit_code() {
        let mut table = "| code | verdict | meaning |\n|---|---|---|\n".to_owned();
        for (code, names, meaning) in exit_codes() {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let names = if names.is_empty() {
                "none"
            } else {
                &*names.join(", ")
            };
            let _ = writeln!(table, "| {code} | {names} | {meaning} |");
        }
        crate::page::has("docs/src/reference/exit-codes.md", "exit codes", &table);
        assert_eq!(exit_code(Verdict::Interrupted, Some(Signal::Int)), 130);
        assert_eq!(exit_code(Verdict::Interrupted, Some(Signal::Term)), 143);
    }

    #[test]
    fn no_verdict_is_forgotten_and_records_have_its_name() {
        let schema = schemars::schema_for!(Verdict);
        let known = schema.as_value()["oneOf"].as_array().expect("one of them");
        let known: Vec<&str> = known
            .iter()
            .filter_map(|one| one["const"].as_str())
            .collect();
        assert_eq!(known.len(), Verdict::ALL.len());
        assert!(
            Verdict::ALL
                .iter()
                .all(|verdict| known.contains(&verdict.name()))
        );
    }

    #[test]
    fn of_two_verdicts_of_tests_one_is_worse() {
        let of_tests = |it: &Verdict| it.subject() == Subject::Tests;
        let mut ranks: Vec<u8> = Verdict::ALL
            .iter()
            .copied()
            .filter(of_tests)
            .map(|it| it.info().rank)
            .collect();
        let all = ranks.len();
        ranks.sort_unstable();
        ranks.dedup();
        assert_eq!(ranks.len(), all);
    }

    #[test]
    fn a_signal_beats_the_host_beats_tests_beats_stages_beats_leftovers() {
        let order = [
            Verdict::Passed,
            Verdict::Leaked,
            Verdict::Unhealthy,
            Verdict::NoTests,
            Verdict::Failed,
            Verdict::TimedOut,
            Verdict::HostError,
            Verdict::Interrupted,
        ];
        for (index, worse) in order.iter().enumerate() {
            for better in &order[..index] {
                assert_eq!(better.or_worse(*worse), *worse);
                assert_eq!(worse.or_worse(*better), *worse);
            }
        }
    }
}

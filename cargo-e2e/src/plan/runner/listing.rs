//! How a runner is asked which tests it would run, without running any.

use std::time::Duration;

use super::call::Kind;
use super::command;
use crate::plan::test_kind::Tests;

/// What cargo-nextest's list in JSON has of each test that would run.
pub const NEXTEST_RUNS: &str = "\"filter-match\":{\"status\":\"matches\"";

/// A command that lists the tests that typed arguments select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub command: String,
    pub arguments: Vec<String>,
    kind: Kind,
}

impl Listing {
    /// Returns the command for the runner of these tests; none where nothing typed selects tests, or
    /// where the runner can't list what it would run.
    #[must_use]
    pub fn of(tests: &Tests, typed: &[String]) -> Option<Self> {
        let Tests::Command(own) = tests else {
            return None;
        };
        let kind = command::call(own)?.kind;
        let selects = |word: &String| {
            let option = word.split('=').next().unwrap_or_default();
            !word.starts_with('-') || kind.filters().contains(&option)
        };
        if !typed.iter().any(selects) {
            return None;
        }
        let has = |word: &str| typed.iter().any(|it| it == word);
        let mut command = own.clone();
        let more: Vec<String> = match kind {
            Kind::Pytest => words(&["--collect-only", "-v"]),
            Kind::Jest => words(&["--listTests"]),
            Kind::Playwright => words(&["--list"]),
            Kind::CargoTest if has("--") => words(&["--list"]),
            Kind::CargoTest => words(&["--", "--list"]),
            // It lists by a pattern of its own, and only whole tests.
            Kind::Go if !has("-args") => {
                let pattern = value(typed, kind.filters())?;
                let whole = pattern.split('/').next().unwrap_or_default();
                words(&["-list", whole])
            }
            Kind::Vitest => {
                command = listing(own, "vitest run", "vitest list")?;
                words(&["--json"])
            }
            Kind::Nextest => {
                command = listing(own, "nextest run", "nextest list")?;
                words(&["--message-format", "json"])
            }
            Kind::Go | Kind::Gotestsum | Kind::Harness | Kind::HarnessByNextest => return None,
        };
        Some(Self {
            command,
            arguments: [typed, &more].concat(),
            kind,
        })
    }

    /// Returns how long the answer is waited for: what takes longer is said when the tests run.
    #[must_use]
    pub fn limit(&self) -> Duration {
        match self.kind {
            // Most of it is compiling, which the tests need too.
            Kind::Go | Kind::CargoTest | Kind::Nextest => Duration::from_mins(1),
            _ => Duration::from_secs(5),
        }
    }

    /// Returns whether the runner, which ended with this status and printed this, says that no test
    /// is selected. Whatever else it says is no answer: tests that need their stack may not even load.
    #[must_use]
    pub fn selects_none(&self, status: i32, printed: &str) -> bool {
        let lines = || {
            printed
                .lines()
                .map(str::trim_end)
                .filter(|line| !line.is_empty())
        };
        let has = |text: &str| printed.contains(text);
        match (self.kind, status) {
            // Without `deselected`, modules may have been skipped for want of the stack.
            (Kind::Pytest, 5) => has(" deselected"),
            (Kind::Pytest, 4) => has("ERROR: not found: ") || has("file or directory not found: "),
            (Kind::Jest, 0) => lines().next().is_none(),
            (Kind::Jest | Kind::Playwright, 1) => has("No tests found"),
            (Kind::CargoTest, 0) => {
                has("\n0 tests, 0 benchmarks") && !lines().any(|line| line.ends_with(": test"))
            }
            (Kind::Go, 0) => {
                let tells = |line: &str| line.starts_with("ok ") || line.starts_with("? ");
                let tab = |line: &str| line.replace('\t', " ");
                lines().next().is_some() && lines().all(|line| tells(&tab(line)))
            }
            (Kind::Vitest, 0 | 1) => lines().next_back() == Some("[]"),
            (Kind::Nextest, 0) => has("\"rust-suites\":") && !has(NEXTEST_RUNS),
            _ => false,
        }
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Returns the command with its last call of a runner in other words; none where it stands there
/// otherwise.
fn listing(command: &str, runs: &str, lists: &str) -> Option<String> {
    let at = command.rfind(runs)?;
    let (before, behind) = (&command[..at], &command[at + runs.len()..]);
    Some(format!("{before}{lists}{behind}"))
}

/// Returns the value of the last of these options.
fn value<'a>(typed: &'a [String], options: &[&str]) -> Option<&'a str> {
    let mut found = None;
    for (at, word) in typed.iter().enumerate() {
        if options.contains(&word.as_str()) {
            found = typed.get(at + 1).map(String::as_str);
        } else if let Some((option, value)) = word.split_once('=')
            && options.contains(&option)
        {
            found = Some(value);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(command: &str, typed: &[&str]) -> Option<Listing> {
        Listing::of(&Tests::Command(command.to_owned()), &words(typed))
    }

    #[test]
    fn each_runner_is_asked_in_its_own_words() {
        for (command, typed, expected) in [
            (
                "pytest -q",
                &["-k", "x"][..],
                "pytest -q|-k x --collect-only -v",
            ),
            ("npx jest", &["orders"], "npx jest|orders --listTests"),
            (
                "npx playwright test",
                &["-g", "x"],
                "npx playwright test|-g x --list",
            ),
            ("cargo test", &["x"], "cargo test|x -- --list"),
            ("cargo test", &["--", "x"], "cargo test|-- x --list"),
            (
                "go test ./...",
                &["-run", "^TestA$/^b$"],
                "go test ./...|-run ^TestA$/^b$ -list ^TestA$",
            ),
            (
                "go test ./...",
                &["-run=TestA"],
                "go test ./...|-run=TestA -list TestA",
            ),
            (
                "npx vitest run",
                &["-t", "x"],
                "npx vitest list|-t x --json",
            ),
            (
                "cargo nextest run -p a",
                &["x"],
                "cargo nextest list -p a|x --message-format json",
            ),
        ] {
            let listing = listed(command, typed).unwrap();
            let text = format!("{}|{}", listing.command, listing.arguments.join(" "));
            assert_eq!(text, expected);
        }
        // What selects no test, what can't be asked, and what nobody knows.
        assert_eq!(listed("pytest", &["-x", "--maxfail=1"]), None);
        assert_eq!(listed("go test ./...", &["./api"]), None);
        assert_eq!(listed("go test ./...", &["-run", "x", "-args", "y"]), None);
        assert_eq!(listed("gotestsum ./...", &["--", "-run", "x"]), None);
        assert_eq!(listed("sh run.sh", &["x"]), None);
    }

    #[test]
    fn only_a_clear_no_counts() {
        let none = |command: &str, typed: &[&str], status: i32, printed: &str| {
            let listing = listed(command, typed).unwrap();
            listing.selects_none(status, printed)
        };
        assert!(none(
            "pytest",
            &["-k", "x"],
            5,
            "\nno tests collected (3 deselected) in 0.01s\n"
        ));
        assert!(!none("pytest", &["-k", "x"], 5, "\n1 skipped in 0.01s\n"));
        assert!(none(
            "pytest",
            &["t.py::x"],
            4,
            "ERROR: not found: /r/t.py::x\n"
        ));
        assert!(!none(
            "pytest",
            &["t.py::x"],
            4,
            "ERROR: found no collectors for /r/t.py::x\n"
        ));
        assert!(!none(
            "pytest",
            &["-k", "x"],
            2,
            "connection refused (1 deselected)"
        ));
        assert!(!none("npx jest", &["x"], 0, "/r/x.test.js\n"));
        assert!(none("npx jest", &["x"], 0, "\n"));
        assert!(none(
            "go test",
            &["-run", "x"],
            0,
            "ok  \tshop\t0.002s\n?   \tshop/db\t[no test files]\n"
        ));
        assert!(!none(
            "go test",
            &["-run", "x"],
            0,
            "TestX\nok  \tshop\t0.002s\n"
        ));
        assert!(!none("go test", &["-run", "x"], 1, "ok  \tshop\t0.002s\n"));
        assert!(none(
            "cargo test",
            &["x"],
            0,
            "Finished\n0 tests, 0 benchmarks\n"
        ));
        assert!(!none(
            "cargo test",
            &["x"],
            0,
            "x: test\n\n1 test, 0 benchmarks\n\n0 tests, 0 benchmarks\n"
        ));
        assert!(none("npx vitest run", &["x"], 1, "\n[]\n"));
        assert!(!none(
            "npx vitest run",
            &["x"],
            0,
            "[\n  {\"name\": \"x\"}\n]\n"
        ));
        let suites = "{\"test-count\":2,\"rust-suites\":{\"a\":{\"filter-match\":{\"status\":";
        assert!(none(
            "cargo nextest run",
            &["x"],
            0,
            &format!("{suites}\"mismatch\"}}")
        ));
        assert!(!none(
            "cargo nextest run",
            &["x"],
            0,
            &format!("{suites}\"matches\"}}")
        ));
    }
}

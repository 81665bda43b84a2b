//! How a runner is asked which tests it would run, without running any.

use std::time::Duration;

use regex::Regex;

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
    /// What Go lists by.
    pattern: String,
}

impl Listing {
    /// Returns the command for the runner of these tests; none where nothing typed selects tests, or
    /// where the runner can't list what it would run.
    pub fn of(tests: &Tests, typed: &[String]) -> Option<Self> {
        let Tests::Command(own) = tests else {
            return None;
        };
        let call = command::call(own)?;
        let kind = call.kind;
        let selects = |word: &String| {
            let option = word.split('=').next().unwrap_or_default();
            !word.starts_with('-') || kind.filters().contains(&option)
        };
        if !typed.iter().any(selects) {
            return None;
        }
        let has = |option: &str| {
            let mut all = call.words.iter().chain(typed);
            all.any(|word| word.split('=').next() == Some(option))
        };
        let mut command = own.clone();
        let mut pattern = String::new();
        let more: &[&str] = match kind {
            // It has to say which modules were skipped, and a total that `-q` may have turned off.
            Kind::Pytest => &["--collect-only", "-v", "-rs"],
            Kind::Jest => &["--listTests"],
            Kind::Playwright => &["--list"],
            Kind::CargoTest if typed.iter().any(|word| word == "--") => &["--list"],
            Kind::CargoTest => &["--", "--list"],
            Kind::Go if !["-args", "-bench", "-fuzz"].into_iter().any(has) => {
                pattern = whole_tests(value(typed, kind.filters())?)?;
                // All of them: a `TestMain` that ends without its stack lists none.
                &["-list", "."]
            }
            // By name it leaves out what is skipped for want of the stack.
            Kind::Vitest => {
                command = listing(own, "vitest run", "vitest list")?;
                &["--filesOnly", "--json"]
            }
            Kind::Nextest => {
                command = listing(own, "nextest run", "nextest list")?;
                &["--message-format", "json"]
            }
            Kind::Go | Kind::Gotestsum | Kind::Harness | Kind::HarnessByNextest => return None,
        };
        let more = more.iter().map(|&word| word.to_owned());
        Some(Self {
            command,
            arguments: typed.iter().cloned().chain(more).collect(),
            kind,
            pattern,
        })
    }

    /// Returns how long the answer is waited for: what takes longer is said when the tests run.
    pub fn limit(&self) -> Duration {
        match self.kind {
            // Most of it is compiling, which the tests need too.
            Kind::Go | Kind::CargoTest | Kind::Nextest => Duration::from_mins(1),
            _ => Duration::from_secs(5),
        }
    }

    /// Returns whether the runner, which ended with this status and printed this, says that no test
    /// is selected. Whatever else it says is no answer: tests that need their stack may not even load.
    pub fn selects_none(&self, status: i32, printed: &str) -> bool {
        let lines = || {
            let lines = printed.lines().map(str::trim_end);
            lines.filter(|line| !line.is_empty())
        };
        let has = |text: &str| printed.contains(text);
        let count = |found: &dyn Fn(&str) -> bool| lines().filter(|line| found(line)).count();
        match (self.kind, status) {
            // Where something was skipped, it may be for want of the stack.
            (Kind::Pytest, 5) => has(" deselected") && !has("SKIPPED") && !has(" skipped"),
            (Kind::Pytest, 4) => has("file or directory not found: "),
            (Kind::Jest, 0) => lines().next().is_none(),
            (Kind::Jest, 1) => has("No tests found"),
            // It says so too where no file could be loaded, beside why.
            (Kind::Playwright, 1) => {
                let none = |line: &str| line.contains("Error: No tests found");
                count(&|line| line.contains("Error: ")) == 1 && count(&none) == 1
            }
            (Kind::CargoTest, 0) => {
                let programs = count(&|line| {
                    let line = line.trim_start();
                    line.starts_with("Running ") || line.starts_with("Doc-tests ")
                });
                // A program of another kind may not know `--list`.
                let totals = count(&|line| line == "0 tests, 0 benchmarks");
                programs > 0 && totals == programs
            }
            (Kind::Go, 0) => {
                let tells = |line: &str| {
                    let line = line.replace('\t', " ");
                    line.starts_with("ok ") || line.starts_with("? ")
                };
                let mut names = lines().filter(|line| !tells(line)).peekable();
                let pattern = Regex::new(&self.pattern);
                names.peek().is_some()
                    && pattern.is_ok_and(|it| !names.any(|name| it.is_match(name)))
            }
            (Kind::Vitest, 0 | 1) => lines().next_back() == Some("[]"),
            (Kind::Nextest, 0) => has("\"rust-suites\":") && !has(NEXTEST_RUNS),
            _ => false,
        }
    }
}

/// Returns the command with its last call of a runner in other words; none where it stands there
/// otherwise.
fn listing(command: &str, runs: &str, lists: &str) -> Option<String> {
    let at = command.rfind(runs)?;
    let (before, behind) = (&command[..at], &command[at + runs.len()..]);
    Some(format!("{before}{lists}{behind}"))
}

/// Returns the part of Go's pattern that chooses whole tests; none where that can't be told.
fn whole_tests(pattern: &str) -> Option<String> {
    let whole = pattern.split('/').next().unwrap_or_default();
    // Go splits at `|` first.
    let is_clear = whole == pattern || !pattern.contains('|');
    (is_clear && !whole.is_empty()).then(|| whole.to_owned())
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
        let typed: Vec<String> = typed.iter().map(|&word| word.to_owned()).collect();
        Listing::of(&Tests::Command(command.to_owned()), &typed)
    }

    #[test]
    fn each_runner_is_asked_in_its_own_words() {
        for (command, typed, expected) in [
            (
                "pytest -q",
                &["-k", "x"][..],
                "pytest -q|-k x --collect-only -v -rs",
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
                "go test ./...|-run ^TestA$/^b$ -list .",
            ),
            (
                "npx vitest run",
                &["x"],
                "npx vitest list|x --filesOnly --json",
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
        for (command, typed) in [
            ("pytest", &["-x", "--maxfail=1"][..]),
            ("go test ./...", &["./api"]),
            ("go test ./...", &["-run", "x", "-args", "y"]),
            ("go test ./...", &["-run", "/shipping"]),
            ("go test ./...", &["-run", "TestA/b|TestC"]),
            ("go test -bench . ./...", &["-run", "^$"]),
            ("gotestsum ./...", &["--", "-run", "x"]),
            ("sh run.sh", &["x"]),
        ] {
            assert_eq!(listed(command, typed), None, "{command} {typed:?}");
        }
    }

    #[test]
    fn only_a_clear_no_counts() {
        let none = |command: &str, typed: &[&str], status: i32, printed: &str| {
            let listing = listed(command, typed).unwrap();
            listing.selects_none(status, printed)
        };
        let pytest = |status, printed| none("pytest", &["-k", "x"], status, printed);
        assert!(pytest(5, "\nno tests collected (3 deselected) in 0.01s\n"));
        assert!(!pytest(5, "\n1 skipped in 0.01s\n"));
        assert!(!pytest(
            5,
            "SKIPPED [1] t.py:3: no database\nno tests collected (1 deselected)"
        ));
        assert!(!pytest(2, "connection refused (1 deselected)"));
        assert!(pytest(4, "ERROR: file or directory not found: t.py\n"));
        assert!(!pytest(4, "ERROR: not found: /r/t.py::x[db]\n"));
        assert!(!none("npx jest", &["x"], 0, "/r/x.test.js\n"));
        assert!(none("npx jest", &["x"], 0, "\n"));
        let playwright = |printed| none("npx playwright test", &["-g", "x"], 1, printed);
        assert!(playwright("Error: No tests found\n"));
        assert!(!playwright(
            "TypeError: no split\n\nError: No tests found\n"
        ));
        let go = |status, printed| none("go test", &["-run", "^TestX$"], status, printed);
        assert!(go(
            0,
            "TestA\nok  \tshop\t0.002s\n?   \tshop/db\t[no test files]\n"
        ));
        assert!(!go(0, "TestX\nok  \tshop\t0.002s\n"));
        assert!(!go(0, "ok  \tshop\t0.002s\n"));
        assert!(!go(1, "TestA\nok  \tshop\t0.002s\n"));
        let cargo = |printed| none("cargo test", &["x"], 0, printed);
        assert!(cargo(
            "     Running unittests src/lib.rs (x)\n0 tests, 0 benchmarks\n"
        ));
        assert!(!cargo(
            "     Running a\nx: test\n\n1 test, 0 benchmarks\n   Doc-tests a\n0 tests, 0 benchmarks\n"
        ));
        assert!(!cargo(
            "     Running a\n     Running b\n0 tests, 0 benchmarks\n"
        ));
        assert!(none("npx vitest run", &["x"], 1, "\n[]\n"));
        assert!(!none(
            "npx vitest run",
            &["x"],
            0,
            "[\n  {\"file\": \"x\"}\n]\n"
        ));
        let suites = |status: &str| {
            format!("{{\"rust-suites\":{{\"a\":{{\"filter-match\":{{\"status\":\"{status}\"}}")
        };
        assert!(none("cargo nextest run", &["x"], 0, &suites("mismatch")));
        assert!(!none("cargo nextest run", &["x"], 0, &suites("matches")));
    }
}

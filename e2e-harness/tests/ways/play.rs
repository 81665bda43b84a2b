//! Plays `cargo e2e`: sets what it sets, and runs a target of the crate in tests/suite.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e_harness::protocol::record::{Entry, Status};
use e2e_harness::protocol::{self, Endpoints};
use tempfile::TempDir;

/// How a test target is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// `cargo test` after `eval "$(cargo e2e env)"`.
    Threads,
    /// As `cargo e2e` does.
    Children,
    /// As `cargo e2e --nextest` does.
    Nextest,
}

/// A sandbox that is not there but for its variables.
pub(crate) struct Play {
    folder: TempDir,
    variables: BTreeMap<String, String>,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) entries: Vec<Entry>,
}

impl Play {
    pub(crate) fn new() -> Self {
        Self::with(&Endpoints::default())
    }

    pub(crate) fn with(endpoints: &Endpoints) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let endpoints = serde_json::to_string(endpoints).expect("it is plain data");
        let artifacts = folder.path().join("artifacts").display().to_string();
        let variables = [
            (protocol::E2E, "1".to_owned()),
            (protocol::ENDPOINTS, endpoints),
            (protocol::RUN_ID, "01run".to_owned()),
            (protocol::ARTIFACTS, artifacts),
            // Where the threads' locks go, which have no folder of the run.
            ("TMPDIR", folder.path().display().to_string()),
            ("RUST_BACKTRACE", "0".to_owned()),
        ];
        Self {
            folder,
            variables: variables
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Without a sandbox.
    pub(crate) fn outside() -> Self {
        let mut play = Self::new();
        play.variables.retain(|name, _| !name.starts_with("E2E"));
        play
    }

    /// Runs a whole target.
    pub(crate) fn run(&self, way: Way, target: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(env!("CARGO").as_ref());
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        let package = ["-p", "harness-suite", "--test", target];
        let events = self.path().join("events.jsonl");
        match way {
            Way::Nextest => {
                need_nextest();
                command
                    .args(["nextest", "run", "--no-fail-fast"])
                    .args(package)
                    .args(arguments);
            }
            Way::Threads | Way::Children => {
                command.arg("test").args(package).arg("--").args(arguments);
            }
        }
        if way != Way::Threads && self.variables.contains_key(protocol::E2E) {
            command.env(protocol::EVENTS, &events);
        }
        self.finish(&mut command)
    }

    /// A program that sees the sandbox, and nothing of one around these tests.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("E2E") || name.trim_start_matches('_').starts_with("NEXTEST") {
                command.env_remove(name.as_ref());
            }
        }
        without_package(&mut command).envs(&self.variables);
        command
    }

    /// Runs a program to its end.
    pub(crate) fn finish(&self, command: &mut Command) -> Ran {
        let output = command.output().expect("it runs");
        let events = std::fs::read_to_string(self.path().join("events.jsonl")).unwrap_or_default();
        let entries = events
            .lines()
            .map(|line| serde_json::from_str(line).expect("whole lines"))
            .collect();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            entries,
        }
    }
}

/// Cargo would compile again what asks for its package, if it were told of this one.
fn without_package(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// The binary itself, for what cargo would mix with its own output.
pub(crate) fn binary(target: &[&str]) -> PathBuf {
    let output = without_package(&mut Command::new(env!("CARGO")))
        .args(["build", "--message-format=json", "-p", "harness-suite"])
        .args(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let built = String::from_utf8(output.stdout).expect("text");
    let mut paths = built.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let wanted = message["target"]["name"] == *target.last()?;
        message["executable"]
            .as_str()
            .filter(|_| wanted)
            .map(PathBuf::from)
    });
    paths
        .next_back()
        .unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// What a failure without a place of its own says of a function of a suite's target.
pub(crate) fn place(target: &str, function: &str) -> String {
    let file = format!("tests/suite/tests/{target}.rs");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
    let text = std::fs::read_to_string(path).expect("it is there");
    let begin = format!("fn {function}(");
    let line = text.lines().position(|line| line.contains(&begin));
    let line = line.expect("the function") + 1;
    format!("(test at e2e-harness/{file}:{line})")
}

fn need_nextest() {
    let found = Command::new(env!("CARGO"))
        .args(["nextest", "--version"])
        .output();
    assert!(
        found.is_ok_and(|output| output.status.success()),
        "these tests need cargo-nextest: cargo install cargo-nextest --locked"
    );
}

impl Ran {
    /// Each test and how it ended, from the records, or from what libtest-mimic printed.
    pub(crate) fn verdicts(&self) -> BTreeMap<String, &'static str> {
        if self.entries.is_empty() {
            return self.stdout.lines().filter_map(printed).collect();
        }
        let ended = self.entries.iter().filter_map(|entry| match entry {
            Entry::TestEnded { test, status, .. } => Some((test.clone(), word(*status))),
            _ => None,
        });
        ended.collect()
    }

    /// Why a test failed, by the records, or else by what was printed.
    pub(crate) fn message(&self, name: &str) -> String {
        let ended = self.entries.iter().rev().find_map(|entry| match entry {
            Entry::TestEnded { test, message, .. } if test == name => Some(message.clone()),
            _ => None,
        });
        if let Some(message) = ended {
            return message.unwrap_or_default();
        }
        let header = format!("---- {name} ----\n");
        let text = self.stdout.split_once(&header).map(|(_, after)| after);
        let text = text.and_then(|after| after.split("\n\n----").next());
        text.unwrap_or_default().trim_end().to_owned()
    }

    #[track_caller]
    pub(crate) fn ended(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{}", self.all());
    }

    #[track_caller]
    pub(crate) fn stdout_has(&self, text: &str) {
        assert!(self.stdout.contains(text), "{text}: {}", self.all());
    }

    #[track_caller]
    pub(crate) fn stderr_has(&self, text: &str) {
        assert!(self.stderr.contains(text), "{text}: {}", self.all());
    }

    /// What is shown of a failed test.
    #[track_caller]
    pub(crate) fn shown(&self, name: &str) -> &str {
        let header = format!("---- {name} ----\n");
        let text = self.stdout.split_once(&header).expect("it is shown").1;
        text.split("\n----").next().unwrap_or_default()
    }

    /// Checks how the message of a failed test begins, and that it has this.
    #[track_caller]
    pub(crate) fn says(&self, name: &str, start: &str, part: &str) {
        let message = self.message(name);
        assert!(message.starts_with(start), "{name}: {message}");
        assert!(message.contains(part), "{name}: {message}");
    }

    /// Checks how each test ended.
    #[track_caller]
    pub(crate) fn has_verdicts(&self, expected: &[(&str, &'static str)]) {
        let expected = expected
            .iter()
            .map(|(name, verdict)| ((*name).to_owned(), *verdict));
        assert_eq!(self.verdicts(), expected.collect(), "{}", self.all());
    }

    pub(crate) fn all(&self) -> String {
        format!("code {:?}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Passed => "ok",
        Status::Failed => "FAILED",
        Status::Ignored => "ignored",
    }
}

fn printed(line: &str) -> Option<(String, &'static str)> {
    let (name, verdict) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let verdict = ["ok", "FAILED", "ignored"]
        .into_iter()
        .find(|word| verdict.starts_with(word))?;
    Some((name.trim().to_owned(), verdict))
}

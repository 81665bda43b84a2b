//! How a repo's tests are run, by what was found; and a first test where there is none.

use std::fmt::Write as _;
use std::path::Path;

use e2e_harness::protocol::{Transport, env_name};

use super::health::{Check, is_served};
use super::runners::is_python_test;
use super::tree::Tree;
use crate::compose::Published;
use crate::repo::workspace::TestPackage;
use crate::text::has_extension;

/// The test that is written where there is none.
pub(super) const SMOKE: &str = "e2e/tests/smoke.sh";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tests {
    pub(super) run: Runs,
    /// What compiles them on this machine.
    pub(super) build: Option<String>,
    /// Whether they run on this machine, with what is installed here.
    pub(super) on_client: bool,
    pub(super) environment: Vec<(String, String)>,
    /// Where the command was found, for people.
    pub(super) source: Option<String>,
    /// The text of [`SMOKE`].
    pub(super) smoke: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Runs {
    /// `test_command`.
    Command(String),
    /// `test_service`, with a command in place of its own.
    Service(String, Option<String>),
    /// Cargo's test targets, by name, in place of a command.
    Targets(Vec<String>),
}

impl std::fmt::Display for Runs {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Command(command) => out.write_str(command),
            Self::Service(service, None) => write!(out, "the service `{service}`"),
            Self::Service(service, Some(command)) => {
                write!(out, "{command}, in the service `{service}`")
            }
            Self::Targets(names) => {
                let s = if names.len() == 1 { "" } else { "s" };
                write!(out, "the test target{s} `{}`", names.join("`, `"))
            }
        }
    }
}

impl Tests {
    /// Tests that need nothing more.
    fn of(run: Runs) -> Self {
        Self {
            run,
            build: None,
            on_client: false,
            environment: Vec::new(),
            source: None,
            smoke: None,
        }
    }

    /// Tests of which a recipe or the stack itself says how they run.
    pub(super) fn said(run: Runs, source: String) -> Self {
        Self {
            on_client: matches!(run, Runs::Command(_)),
            source: Some(source),
            ..Self::of(run)
        }
    }

    /// The same of a command that nothing says, on this machine.
    fn here(command: impl Into<String>) -> Self {
        Self {
            on_client: true,
            ..Self::of(Runs::Command(command.into()))
        }
    }
}

/// The test targets of these packages.
pub(super) fn of_cargo(packages: &[TestPackage]) -> Tests {
    let wanted = packages.iter().flat_map(TestPackage::wanted);
    Tests::of(Runs::Targets(wanted.collect()))
}

/// Tests in folders that are made for them.
pub(super) fn of_folders(tree: &Tree, folders: &[&str]) -> Option<Tests> {
    let command = folders.iter().find_map(|folder| {
        let scripts = ["run.sh", "test.sh", "smoke.sh"].map(|script| format!("{folder}/{script}"));
        if let Some(script) = scripts.iter().find(|script| tree.has(script)) {
            Some(shell(tree, script))
        } else if tree.any(folder, is_python_test) {
            Some(format!("python3 -m pytest {folder}"))
        } else if tree.any(folder, |name| name.ends_with("_test.go")) && tree.has("go.mod") {
            Some(format!("go test -count=1 ./{folder}/..."))
        } else {
            None
        }
    });
    command.map(|command| Tests::of(Runs::Command(command)))
}

/// What the languages of a repo usually have.
pub(super) fn of_language(tree: &Tree) -> Option<Tests> {
    let wide = "test:e2e e2e e2e:test test:integration integration-test";
    if let Some(tests) = node(tree, wide) {
        return Some(tests);
    }
    if tree.has("Cargo.toml") && tree.any("", |name| has_extension(Path::new(name), &["rs"])) {
        return Some(Tests {
            build: Some("cargo test --no-run".to_owned()),
            ..Tests::here("cargo test")
        });
    }
    if tree.any("", is_python_test) {
        return Some(Tests::here(if tree.has("uv.lock") {
            "uv run pytest"
        } else if tree.has("poetry.lock") {
            "poetry run pytest"
        } else {
            "python3 -m pytest"
        }));
    }
    if tree.has("go.mod") && tree.any("", |name| name.ends_with("_test.go")) {
        return Some(Tests::here("go test -count=1 ./..."));
    }
    node(tree, "test")
}

/// A test of our own.
pub(super) fn of_nothing(published: &[Published], checks: &[Check]) -> Tests {
    Tests {
        smoke: Some(smoke(published, checks)),
        ..Tests::of(Runs::Command(format!("sh {SMOKE}")))
    }
}

/// A script by the shell that its first line names.
fn shell(tree: &Tree, script: &str) -> String {
    let text = tree.read(script);
    let first = text.lines().next().unwrap_or_default();
    let is_bash = first.starts_with("#!") && first.ends_with("bash");
    format!("{} {script}", if is_bash { "bash" } else { "sh" })
}

/// The first of these scripts that package.json has.
fn node(tree: &Tree, scripts: &str) -> Option<Tests> {
    let package: serde_json::Value = serde_json::from_str(&tree.read("package.json")).ok()?;
    let is_real = |script: &&str| {
        let command = package["scripts"][*script].as_str();
        command.is_some_and(|command| !command.contains("no test specified"))
    };
    let script = scripts.split(' ').find(is_real)?;
    let manager = tree.package_manager();
    let rest = if manager == "npm" { " --" } else { "" };
    Some(Tests::here(format!("{manager} run {script}{rest}")))
}

const HEAD: &str = r#"#!/bin/sh
# A first test, written by `cargo e2e init`: what the stack publishes answers.
# Let it test what your services do. E2E_<SERVICE>_<PORT> holds where each port is.
set -u
failed=0

# http NAME URL: an answer with a status of 2xx or 3xx.
http() {
  status=$(curl -s -o /dev/null --max-time 10 -w '%{http_code}' "$2")
  case $status in
    2?? | 3??) echo "ok      $1  $2  HTTP $status" ;;
    *) echo "FAILED  $1  $2  HTTP $status"; failed=1 ;;
  esac
}

# tcp NAME HOST:PORT: a connection. What is said over it does not matter.
tcp() {
  took=$(curl -s -o /dev/null --max-time 5 -w '%{time_connect}' "http://$2/" || :)
  case $took in
    *[1-9]*) echo "ok      $1  $2" ;;
    *) echo "FAILED  $1  $2 does not answer"; failed=1 ;;
  esac
}

"#;

/// A shell script that looks at each published port.
fn smoke(published: &[Published], checks: &[Check]) -> String {
    let mut text = HEAD.to_owned();
    let mut done = Vec::new();
    for one in published {
        let (service, port) = (&one.service, one.container_port);
        let variable = format!("E2E_{}_{port}", env_name(service));
        if done.contains(&variable) || !is_served(one, published) {
            continue;
        }
        let check = checks
            .iter()
            .find(|check| Some(check.port) == one.declared && check.path.is_some());
        // Writing to a String can't fail.
        let _ = match (one.transport, check) {
            (Transport::Udp, _) => writeln!(
                text,
                "echo \"        {service}  ${{{variable}_UDP}}/udp  not asked\""
            ),
            (Transport::Tcp, Some(check)) => {
                let name = env_name(&check.name);
                writeln!(text, "http {service} \"$E2E_HEALTH_{name}\"")
            }
            (Transport::Tcp, None) => writeln!(text, "tcp {service} \"${variable}\""),
        };
        done.push(variable);
    }
    if done.is_empty() {
        text.push_str("echo 'the stack is up; it publishes nothing that could be asked'\n");
    }
    text.push_str("exit \"$failed\"\n");
    text
}

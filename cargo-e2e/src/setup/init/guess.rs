//! How a repo's tests are run, by what lies there; and a first test where there is none.

use std::fmt::Write as _;
use std::path::Path;

use e2e_harness::protocol::{Transport, env_name};
use ignore::WalkBuilder;

use super::health::Check;
use crate::compose::Published;
use crate::repo::workspace::TestPackage;

/// The test that is written where there is none.
pub(super) const SMOKE: &str = "e2e/tests/smoke.sh";

/// How the tests are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tests {
    pub(super) run: Runs,
    /// What has to be done before, on the host.
    pub(super) setup: Option<&'static str>,
    /// The text of [`SMOKE`].
    pub(super) smoke: Option<String>,
}

/// What runs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Runs {
    /// `test_command`.
    Command(String),
    /// Cargo's test targets, by name, in place of a command.
    Targets(Vec<String>),
}

impl std::fmt::Display for Runs {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Command(command) => out.write_str(command),
            Self::Targets(names) if names.len() == 1 => {
                write!(out, "the test target `{}`", names[0])
            }
            Self::Targets(names) => write!(out, "the test targets `{}`", names.join("`, `")),
        }
    }
}

/// The test targets of these packages.
pub(super) fn of_cargo(packages: &[TestPackage]) -> Tests {
    let wanted = packages.iter().flat_map(TestPackage::wanted);
    Tests {
        run: Runs::Targets(wanted.collect()),
        setup: None,
        smoke: None,
    }
}

/// What is there, else a test of our own.
pub(super) fn tests(root: &Path, published: &[Published], checks: &[Check]) -> Tests {
    let found = |command: String| Tests {
        run: Runs::Command(command),
        setup: None,
        smoke: None,
    };
    for folder in ["e2e/tests", "e2e", "tests/e2e", "test/e2e"] {
        let names = names(&root.join(folder));
        let has = |of: fn(&str) -> bool| names.iter().any(|name| of(name));
        if let Some(script) = ["run.sh", "test.sh", "smoke.sh"]
            .iter()
            .find(|script| root.join(folder).join(script).is_file())
        {
            return found(shell(root, &format!("{folder}/{script}")));
        }
        if has(is_python_test) {
            return found(format!("python3 -m pytest {folder}"));
        }
        if has(|name| name.ends_with("_test.go")) && root.join("go.mod").is_file() {
            return found(format!("go test -count=1 ./{folder}/..."));
        }
    }
    if let Some(tests) = node(root) {
        return tests;
    }
    Tests {
        run: Runs::Command(format!("sh {SMOKE}")),
        setup: None,
        smoke: Some(smoke(published, checks)),
    }
}

fn is_python_test(name: &str) -> bool {
    let is_python = Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "py");
    is_python && (name.starts_with("test_") || name.ends_with("_test.py"))
}

/// The names of all files below a folder that git would ship.
fn names(folder: &Path) -> Vec<String> {
    if !folder.is_dir() {
        return Vec::new();
    }
    WalkBuilder::new(folder)
        .require_git(false)
        .max_depth(Some(6))
        .build()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// A script by the shell that its first line names.
fn shell(root: &Path, script: &str) -> String {
    let text = std::fs::read_to_string(root.join(script)).unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    let shell = if first.starts_with("#!") && first.ends_with("bash") {
        "bash"
    } else {
        "sh"
    };
    format!("{shell} {script}")
}

/// A script of package.json, with what it needs: `node_modules` does not travel.
fn node(root: &Path) -> Option<Tests> {
    let text = std::fs::read_to_string(root.join("package.json")).ok()?;
    let package: serde_json::Value = serde_json::from_str(&text).ok()?;
    let script = ["test:e2e", "e2e", "e2e:test"]
        .into_iter()
        .find(|script| package["scripts"][script].is_string())?;
    let is_there = |name: &str| root.join(name).is_file();
    let (command, setup) = if is_there("pnpm-lock.yaml") {
        (
            format!("pnpm run {script}"),
            "pnpm install --frozen-lockfile",
        )
    } else if is_there("yarn.lock") {
        (
            format!("yarn run {script}"),
            "yarn install --frozen-lockfile",
        )
    } else if is_there("package-lock.json") {
        (format!("npm run {script} --"), "npm ci")
    } else {
        (format!("npm run {script} --"), "npm install")
    };
    Some(Tests {
        run: Runs::Command(command),
        setup: Some(setup),
        smoke: None,
    })
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
        if done.contains(&variable) {
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

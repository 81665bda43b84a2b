//! Exit codes and messages.

use std::collections::BTreeSet;

use super::HOST;
use super::desk::{Desk, alone, said};
use super::pages::{parse, rows, section};

/// Each code with its verdict, or `none`.
fn codes(prose: &[String], heading: &str) -> BTreeSet<(String, String)> {
    let lines = section(prose, heading);
    let mut found = BTreeSet::new();
    for row in rows(&lines) {
        for verdict in row[1]
            .split([',', ' '])
            .filter(|word| word.starts_with('`'))
        {
            found.insert((row[0].to_owned(), verdict.to_owned()));
        }
        found.insert((row[0].to_owned(), String::new()));
    }
    found
}

#[test]
fn the_runbook_explains_every_exit_code() {
    let explained = codes(&parse("RUNBOOK.md").1, "## Exit codes");
    let page = codes(&parse("docs/src/reference/exit-codes.md").1, "# Exit codes");
    let (by_signal, mut expected): (BTreeSet<_>, BTreeSet<_>) =
        page.into_iter().partition(|(code, _)| code == "128+n");
    for code in ["130", "143"] {
        expected.extend(
            by_signal
                .iter()
                .map(|(_, verdict)| (code.to_owned(), verdict.clone())),
        );
    }
    assert_eq!(explained, expected);
}

/// The RUNBOOK's row for a code has this text, and the tool prints it with that code.
pub(crate) fn comes_with(desk: &Desk, spec: &str, command: &str, code: i32, printed: &str) {
    desk.write("e2e/e2e.yml", &format!("name: hello\n{spec}"));
    let output = desk.sh(command);
    let said = said(&output);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{command}: {spec}\n{said}"
    );
    let plain = printed.replace('`', "");
    let (_, prose) = parse("RUNBOOK.md");
    let lines = section(&prose, "## Exit codes");
    let rows = rows(&lines);
    let mut of_code = rows.iter().filter(|cells| cells[0] == code.to_string());
    // The row leaves out what differs from run to run: `…`.
    for part in plain.split('…') {
        assert!(
            said.replace('`', "").contains(part.trim()),
            "{part:?}\n{said}"
        );
    }
    assert!(
        of_code.any(|cells| cells[2].replace('`', "").contains(&plain)),
        "the RUNBOOK has no {printed:?} with {code}"
    );
}

#[test]
fn the_tool_prints_what_the_runbook_quotes() {
    let _turn = alone();
    let desk = Desk::new();
    let run = format!("cargo e2e --host {HOST}");
    let test = "test_command: 'true'\n";
    let with = |line: &str| format!("{test}{line}\n");
    let says = |spec: &str, command: &str, code, printed| {
        comes_with(&desk, spec, command, code, printed);
    };
    says(test, "cargo e2e --nonsense", 2, "unexpected argument");
    says(
        test,
        &format!("cargo e2e down not-there --host {HOST}"),
        2,
        "no sandbox",
    );
    says(
        test,
        &format!("cargo e2e down {} --host {HOST}", "0".repeat(26)),
        2,
        "no resources of run … on …",
    );
    says(test, "cd / && cargo e2e", 96, "no e2e/e2e.yml found");
    says(&with("healthcheks: []"), &run, 96, "unknown key");
    says(
        &with("compose_file: nope.yml"),
        &run,
        96,
        "names the compose file …, which does not exist",
    );
    says(
        &with("compose_file: e2e/tests/run.sh"),
        &run,
        96,
        "Compose refuses",
    );
    says(
        test,
        "cargo e2e --host nowhere.invalid",
        97,
        "Could not resolve hostname",
    );
    says(
        test,
        "sed 's|UserKnownHostsFile .*|UserKnownHostsFile /dev/null|' \"$CARGO_E2E_SSH_CONFIG\" >../strange\n\
         CARGO_E2E_SSH_CONFIG=../strange cargo e2e --host railiance01",
        97,
        "Host key verification failed",
    );
    says(
        &with("health_checks: [{name: web, url: 'http://localhost:18080/nope', timeout: 1}]"),
        &run,
        98,
        "health check … still failing after … s (…; last answer: …)",
    );
    says(
        "test_command: exit 3\n",
        &run,
        100,
        "the tests failed (exit status …)",
    );
    says(
        "test_command: no-such-program\n",
        &run,
        100,
        "which was not found …",
    );
    says(
        "test_command: sleep 60\ntimeout: 1\n",
        &run,
        100,
        "tests exceeded `timeout` (… s) and were terminated",
    );
    says(
        &with("build_command: exit 3"),
        &run,
        101,
        "`build_command` ended with exit status",
    );
    says(
        &with("setup_command: exit 3"),
        &run,
        105,
        "`…` ended with exit status",
    );
    says(
        "test_command: sleep 60\n",
        &format!("{run} & run=$!; sleep 3; kill -TERM $run; wait $run"),
        143,
        "Interrupted … (SIGTERM)",
    );
    desk.left_nothing();
}

//! Exit codes and messages.

use std::collections::BTreeSet;

use super::HOST;
use super::desk::{Desk, alone, said};
use super::pages::{parse, read, rows, section};

/// The codes that `cargo e2e --help` lists; 128+n is a rule, not a code.
pub(crate) fn exit_codes() -> BTreeSet<String> {
    let desk = Desk::new();
    let help = desk.passes("cargo e2e --help");
    let (_, list) = help
        .split_once("Exit codes:")
        .expect("the help lists exit codes");
    let codes = list.split([',', '\n', '.']).filter_map(|part| {
        let word = part.split_whitespace().next()?;
        word.parse::<u8>().is_ok().then(|| word.to_owned())
    });
    let codes: BTreeSet<String> = codes.collect();
    assert!(codes.len() >= 10, "{help}");
    codes
}

#[test]
fn the_runbook_explains_every_exit_code() {
    let (_, prose) = parse("RUNBOOK.md");
    let lines = section(&prose, "## Exit codes");
    let explained: BTreeSet<String> = rows(&lines)
        .iter()
        .map(|cells| cells[0].to_owned())
        .collect();
    let mut expected = exit_codes();
    expected.extend(["130".to_owned(), "143".to_owned()]);
    assert_eq!(explained, expected);
    // The verdicts too, as the record names them.
    let outcome = read("cargo-e2e/src/record/outcome.rs");
    let (_, names) = outcome
        .split_once("impl Verdict")
        .expect("outcome.rs has the verdicts");
    let (names, _) = names.split_once("\n    }\n").expect("`name` ends");
    for name in names.split('"').skip(1).step_by(2) {
        let shown = format!("| `{name}` |");
        assert!(lines.iter().any(|line| line.contains(&shown)), "{name}");
    }
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
        "health check … did not pass within … s (…; last answer: …)",
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
        "`setup_command` ended with exit status",
    );
    says(
        "test_command: sleep 60\n",
        &format!("{run} & run=$!; sleep 3; kill -TERM $run; wait $run"),
        143,
        "Interrupted … (SIGTERM)",
    );
    desk.left_nothing();
}

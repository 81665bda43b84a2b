//! Names of commands, options and keys.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::desk::{Desk, said};
use super::pages::{code_spans, parse, read, rows, section};

#[test]
fn commands_in_the_prose_exist() {
    let help = {
        let desk = Desk::new();
        // Completions know the options of every command.
        desk.passes("cargo e2e --help; cargo e2e completions bash")
    };
    for name in ["README.md", "RUNBOOK.md"] {
        for line in parse(name).1 {
            // What is not built is named there, and only there.
            if line.starts_with("These do not exist yet") {
                continue;
            }
            for span in code_spans(&line) {
                for word in span
                    .split_whitespace()
                    .filter(|word| word.starts_with("--"))
                {
                    let foreign = ["ssh", "docker", "cargo install", "up ", "--env-file", "--"];
                    if foreign.iter().any(|other| span.starts_with(other)) && word != span {
                        continue;
                    }
                    let known = help.contains(word) || ["--", "--env-file"].contains(&word);
                    assert!(known, "{name}: `{word}` in: {line}");
                }
            }
        }
    }
}

/// Keys that e2e.yml may have, by the level that holds them, as the parser lists them.
pub(crate) fn known_keys() -> BTreeSet<String> {
    let desk = Desk::new();
    desk.write(
        "e2e/e2e.yml",
        "name: hello\ntest_command: 'true'\nqqqqqqqq: 1\nhealth_checks:\n  - {name: a, tcp: 'a:1', qqqqqqqq: 1}\n\
         sync: {qqqqqqqq: 1}\ntimeouts: {qqqqqqqq: 1}\nreport: {qqqqqqqq: 1}\n",
    );
    let output = desk.sh("cargo e2e check");
    assert_eq!(output.status.code(), Some(96), "{}", said(&output));
    let said = said(&output);
    let lists: Vec<Vec<&str>> = said
        .lines()
        .filter(|line| line.contains("known here: "))
        .map(code_spans)
        .collect();
    let [top, check, sync, timeouts, report] = lists.as_slice() else {
        panic!("five lists of keys are expected:\n{said}");
    };
    let mut keys: BTreeSet<String> = top.iter().map(|key| (*key).to_owned()).collect();
    for (level, names) in [
        ("health_checks", check),
        ("sync", sync),
        ("timeouts", timeouts),
        ("report", report),
    ] {
        if level != "health_checks" {
            assert!(keys.remove(level), "{level}");
        }
        keys.extend(names.iter().map(|name| format!("{level}.{name}")));
    }
    keys
}

#[test]
fn the_readme_lists_the_keys_that_the_parser_knows() {
    let (_, prose) = parse("README.md");
    let first = |lines: &[&str], prefix: &str| -> BTreeSet<String> {
        let rows = rows(lines);
        let names = rows.iter().map(|cells| code_spans(cells[0]).concat());
        names.map(|name| format!("{prefix}{name}")).collect()
    };
    let lines = section(&prose, "## e2e.yml");
    let split = lines.iter().position(|line| line.starts_with("### "));
    let (fields, checks) = lines.split_at(split.expect("health checks have their own part"));
    let mut documented = first(fields, "");
    documented.extend(first(checks, "health_checks."));
    assert_eq!(documented, known_keys());
}

#[test]
fn the_readme_lists_what_the_parser_refuses() {
    let fields = read("cargo-e2e/src/spec/fields.rs");
    let (_, refused) = fields
        .split_once("NOT_BUILT: &[NotBuilt] =")
        .expect("fields.rs has the list");
    // `Some("isolated")` and `"grpc"` alike.
    let text = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let mut expected: Vec<String> = Vec::new();
    for line in refused.lines().map(str::trim) {
        if line.starts_with("key: ") {
            expected.extend(text(line));
        } else if line.starts_with("value: Some") {
            let key = expected.last_mut().expect("a key comes first");
            let _ = write!(key, ": {}", text(line).expect("its value"));
        }
    }
    let (_, prose) = parse("README.md");
    let lines = section(&prose, "## Not built yet");
    let line = lines
        .iter()
        .find(|line| line.contains("refuses these keys"));
    let documented = line.map_or_else(Vec::new, |line| code_spans(line));
    let documented: BTreeSet<&str> = documented.into_iter().collect();
    let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
    assert_eq!(documented, expected);
}

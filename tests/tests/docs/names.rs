//! Names of commands, options and keys.

use std::collections::BTreeSet;

use super::desk::{Desk, said};
use super::pages::{code_spans, documents, parse, read, rows, section};

#[test]
fn commands_in_the_prose_exist() {
    let help = {
        let desk = Desk::new();
        // Completions know the options of every command.
        desk.passes("cargo e2e --help; cargo e2e completions bash")
    };
    let commands = commands(&help);
    let makefile = read("Makefile");
    for name in documents() {
        if ["ARCHITECTURE.md", "CHANGELOG.md"].contains(&name.as_str()) {
            continue;
        }
        for line in parse(&name).1 {
            for span in code_spans(&line) {
                let mut words = span.split_whitespace();
                let begins = (words.next(), words.next(), words.next());
                if let (Some("cargo"), Some("e2e"), Some(word)) = begins {
                    // What is no lower-case word is an option, or stands for something.
                    let is_command = word.bytes().all(|byte| byte.is_ascii_lowercase());
                    assert!(!is_command || commands.contains(word), "{name}: `{span}`");
                }
                if let (Some("make"), Some(target), _) = begins {
                    let is_there = makefile.contains(&format!("\n{target}:"));
                    assert!(is_there, "{name}: `{span}`");
                }
                for word in span
                    .split_whitespace()
                    .filter(|word| word.starts_with("--"))
                {
                    let foreign = [
                        "ssh",
                        "docker",
                        "cargo install",
                        "cargo test",
                        "python3",
                        "npx",
                        "up ",
                        "--env-file",
                        "--",
                    ];
                    if foreign.iter().any(|other| span.starts_with(other)) && word != span {
                        continue;
                    }
                    let of_compose = ["--", "--env-file", "--exit-code-from"];
                    let known = help.contains(word) || of_compose.contains(&word);
                    assert!(known, "{name}: `{word}` in: {line}");
                }
            }
        }
    }
}

/// The names of the commands that the help lists.
pub(crate) fn commands(help: &str) -> BTreeSet<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = list.map_while(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
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
fn the_reference_lists_the_keys_that_the_parser_knows() {
    let (_, prose) = parse("docs/src/reference/e2e-yml.md");
    let first = |lines: &[&str], prefix: &str| -> BTreeSet<String> {
        let rows = rows(lines);
        let names = rows.iter().map(|cells| code_spans(cells[0]).concat());
        names.map(|name| format!("{prefix}{name}")).collect()
    };
    let mut documented = first(&section(&prose, "## Fields"), "");
    documented.extend(first(
        &section(&prose, "## Health checks"),
        "health_checks.",
    ));
    assert_eq!(documented, known_keys());
}

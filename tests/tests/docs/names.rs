//! Names of commands, options and keys.

use std::collections::BTreeSet;

use super::desk::Desk;
use super::pages::{code_spans, documents, parse, read};

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
            for span in code_spans(&line).into_iter().map(without_variables) {
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
                    let of_others = ["--", "--env-file", "--exact", "--exit-code-from"];
                    let known = help.contains(word) || of_others.contains(&word);
                    assert!(known, "{name}: `{word}` in: {line}");
                }
            }
        }
    }
}

/// Returns a command without the variables that stand before it.
fn without_variables(span: &str) -> &str {
    let is_variable = |word: &str| word.contains('=') && !word.starts_with('-');
    let mut command = span;
    while let Some((word, rest)) = command.split_once(' ')
        && is_variable(word)
    {
        command = rest;
    }
    command
}

/// The names of the commands that the help lists.
pub(crate) fn commands(help: &str) -> BTreeSet<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = list.map_while(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

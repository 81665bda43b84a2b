//! Every command is run.

use std::fmt::Write as _;

use super::desk::{Desk, alone, said};
use super::pages::{Block, book, parse, root};
use super::{BOOK, NOT_RUN};

/// What a CI system would have as its secrets, for the lab's host.
pub(crate) const CI_SECRETS: &str = r#"
RAILIANCE01_KNOWN_HOSTS=$(cat "$(dirname "$CARGO_E2E_SSH_CONFIG")/known_hosts")
RAILIANCE01_KEY=$(cat "$(dirname "$CARGO_E2E_SSH_CONFIG")/id")
RAILIANCE01_ADDRESS=$(ssh -G railiance01 | awk '$1 == "hostname" { print $2 }')
RAILIANCE01_PORT=$(ssh -G railiance01 | awk '$1 == "port" { print $2 }')
RAILIANCE01_USER=$(ssh -G railiance01 | awk '$1 == "user" { print $2 }')
"#;

/// Runs every block of a document's section, in one shell.
pub(crate) fn run_section(desk: &Desk, name: &str, title: &str, blocks: &[&Block]) {
    let mut script = CI_SECRETS.to_owned();
    for block in blocks {
        let how = block
            .info
            .strip_prefix("sh")
            .expect("only sh is run")
            .trim();
        let _ = writeln!(script, "printf '\\n== {name}:{}\\n' >&2", block.line);
        match how {
            "" => {
                let _ = writeln!(script, "cd '{}'\n{}", desk.repo().display(), block.text);
            }
            "checkout" => {
                let _ = writeln!(script, "cd '{}'\n{}", root().display(), block.text);
            }
            "dry" => {
                let _ = writeln!(script, "cd '{}'", root().display());
                for line in block.text.lines() {
                    let rest = line.strip_prefix("make ");
                    let rest = rest.unwrap_or_else(|| panic!("{name}: only make is run dry"));
                    let _ = writeln!(script, "make -n {rest} >/dev/null");
                }
            }
            file if file.starts_with("file=") => desk.write(&file["file=".len()..], &block.text),
            other => panic!("{name}:{}: `{other}` is not known", block.line),
        }
    }
    let output = desk.sh(&script);
    assert!(
        output.status.success(),
        "{name}, section {title:?}: {}\n{}",
        output.status,
        said(&output)
    );
}

/// Runs all that can be run in a document, and returns what can't.
pub(crate) fn run_document(name: &str) -> Vec<(String, String)> {
    let (blocks, _) = parse(name);
    let mut sections: Vec<(&str, Vec<&Block>)> = Vec::new();
    let mut not_run = Vec::new();
    for block in &blocks {
        let kind = block.info.split_whitespace().next().unwrap_or_default();
        match kind {
            "sh" => {}
            // `rust.rs` runs what is Rust.
            "text" | "toml" | "rust" => continue,
            "yaml" if block.info.contains("file=") => continue,
            // `book.rs` reads a whole e2e.yml.
            "yaml" if block.info == "yaml spec" => continue,
            // `ci.rs` runs jobs.
            "yaml" if block.info.starts_with("yaml ci=") => continue,
            _ => panic!("{name}:{}: a block of no known kind", block.line),
        }
        if let Some(reason) = block.info.strip_prefix("sh no-run:") {
            assert!(!reason.trim().is_empty(), "{name}:{}: why?", block.line);
            let first = block.text.lines().next().unwrap_or_default();
            not_run.push((name.to_owned(), first.to_owned()));
            continue;
        }
        // A page of the book is about one subject, and short.
        let shell = if name.starts_with(BOOK) {
            name
        } else {
            &block.section
        };
        match sections.last_mut() {
            Some((title, blocks)) if *title == shell => blocks.push(block),
            _ => sections.push((shell, vec![block])),
        }
    }
    for (title, blocks) in sections {
        let desk = Desk::new();
        run_section(&desk, name, title, &blocks);
        // What is run dry makes nothing.
        if blocks.iter().any(|block| block.info != "sh dry") {
            desk.left_nothing();
        }
    }
    not_run
}

/// Runs all that can be run in some documents; what can't is what [`NOT_RUN`] names.
fn run_documents(names: &[String]) {
    let _turn = alone();
    let of_them = NOT_RUN
        .iter()
        .filter(|(document, _)| names.iter().any(|name| name == document));
    let expected: Vec<(String, String)> = of_them
        .map(|(document, command)| ((*document).to_owned(), (*command).to_owned()))
        .collect();
    let not_run: Vec<(String, String)> = names.iter().flat_map(|name| run_document(name)).collect();
    assert_eq!(not_run, expected);
}

#[test]
fn every_command_of_the_readme_runs() {
    run_documents(&["README.md".to_owned(), "CONTRIBUTING.md".to_owned()]);
}

#[test]
fn every_command_of_the_runbook_runs() {
    run_documents(&["RUNBOOK.md".to_owned()]);
}

#[test]
fn every_command_of_the_book_runs() {
    run_documents(&book());
}

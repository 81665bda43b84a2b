//! Pages that repeat what the program prints or its source declares. `E2E_BLESS=1` writes these
//! parts anew.

#[path = "../../../cargo-e2e/src/page.rs"]
mod page;

use std::fmt::Write as _;

use super::desk::Desk;
use super::names::commands;
use super::pages::read;

#[test]
fn the_command_line_is_what_the_help_prints() {
    let desk = Desk::new();
    // As wide as where there is no terminal.
    let help = |command: &str| desk.passes(&format!("unset COLUMNS\ncargo e2e {command} --help"));
    let main = help("");
    let mut printed = format!("## `cargo e2e`\n\n```text\n{}```\n", tidy(&main));
    for command in commands(&main) {
        let help = help(&command);
        let _ = write!(
            printed,
            "\n## `cargo e2e {command}`\n\n```text\n{}```\n",
            tidy(&help)
        );
    }
    page::has("docs/src/reference/command-line.md", "help", &printed);
}

/// The help without blanks at the ends of lines.
fn tidy(help: &str) -> String {
    let lines = help.trim_end().lines();
    lines
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// The variables that a source declares as constants, each with its comment.
fn declared(source: &str) -> Vec<(String, String)> {
    let (mut found, mut doc) = (Vec::new(), String::new());
    for line in read(source).lines() {
        if let Some(comment) = line.strip_prefix("///") {
            doc.push_str(comment);
            continue;
        }
        let doc = std::mem::take(&mut doc);
        let is_constant = line.starts_with("pub const ") && line.contains(": &str = ");
        if let Some(name) = line.split('"').nth(1).filter(|_| is_constant)
            && !doc.starts_with(" Internal")
            && !name.contains(' ')
        {
            let doc = doc.trim().replace("[`", "`").replace("`]", "`");
            found.push((name.to_owned(), doc));
        }
    }
    found
}

#[test]
fn the_variables_are_those_of_the_source() {
    const PAGE: &str = "docs/src/reference/variables.md";
    let (required, tests): (Vec<_>, Vec<_>) = declared("e2e-harness/src/protocol.rs")
        .into_iter()
        .partition(|(name, _)| name == "E2E_REQUIRED");
    let mut client = declared("cargo-e2e/src/environment.rs");
    client.extend(required);
    for (part, variables) in [("tests see", tests), ("client", client)] {
        assert!(variables.len() >= 10, "{variables:?}");
        let mut table = "| variable | meaning |\n|---|---|\n".to_owned();
        for (name, meaning) in variables {
            let _ = writeln!(table, "| `{name}` | {meaning} |");
        }
        page::has(PAGE, part, &table);
    }
}

/// The long names of the flags that a help shows, but for those that have rules of their own.
fn flags(help: &str) -> Vec<String> {
    let options = help.lines().filter(|line| line.starts_with("  "));
    let options = options.map(str::trim_start);
    // Not the items of a list.
    let is_option = |line: &&str| line.starts_with('-') && !line.starts_with("- ");
    let options = options.filter(is_option);
    options
        .filter_map(|line| {
            line.split_whitespace()
                .find_map(|word| word.strip_prefix("--"))
        })
        .filter(|name| !["host", "json", "all", "all-users", "help", "version"].contains(name))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_variables_of_flags_are_those_of_the_help() {
    let desk = Desk::new();
    let help = |command: &str| desk.passes(&format!("unset COLUMNS\ncargo e2e {command} --help"));
    let main = help("");
    let of_run = flags(&main);
    assert!(of_run.len() >= 20, "{main}");
    let mut table = "| variable | flag | in config.toml |\n|---|---|---|\n".to_owned();
    let variable = |words: &str| words.to_ascii_uppercase().replace(['-', ' '], "_");
    for name in &of_run {
        let in_config = if CONFIG.contains(&name.as_str()) {
            format!("`{name}`")
        } else {
            String::new()
        };
        let variable = variable(name);
        let _ = writeln!(
            table,
            "| `CARGO_E2E_{variable}` | `--{name}` | {in_config} |"
        );
    }
    for command in commands(&main) {
        for name in flags(&help(&command))
            .iter()
            .filter(|name| !of_run.contains(name))
        {
            let variable = variable(&format!("{command} {name}"));
            let _ = writeln!(
                table,
                "| `CARGO_E2E_{variable}` | `{command} --{name}` |  |"
            );
        }
    }
    let known = read("cargo-e2e/src/cli/config.rs");
    for key in CONFIG {
        assert!(known.contains(&format!("\"{key}\",")), "{key}");
    }
    page::has("docs/src/reference/variables.md", "flags", &table);
}

const CONFIG: [&str; 11] = [
    "keep",
    "keep-on-failure",
    "keep-for",
    "strict",
    "no-wait",
    "nextest",
    "locked",
    "offline",
    "verbose",
    "quiet",
    "color",
];

//! Pages that repeat what the program prints. `E2E_BLESS=1` writes a part that is the program's
//! words alone anew; what people wrote beside them is compared.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::desk::Desk;
use super::links::sources;
use super::names::commands;
use super::pages::{code_spans, parse, read, root, rows, section};

/// Ends what people write on a page; below it is what the program prints.
const MARK: &str = "<!-- Below is what the program prints.";

#[test]
fn the_command_line_is_what_the_help_prints() {
    const PAGE: &str = "docs/src/reference/command-line.md";
    let desk = Desk::new();
    // As wide as where there is no terminal.
    let help = |command: &str| desk.passes(&format!("unset COLUMNS\ncargo e2e {command} --help"));
    let main = help("");
    let mut printed = format!("\n## `cargo e2e`\n\n```text\n{}```\n", tidy(&main));
    for command in commands(&main) {
        let help = help(&command);
        let _ = write!(
            printed,
            "\n## `cargo e2e {command}`\n\n```text\n{}```\n",
            tidy(&help)
        );
    }
    let page = read(PAGE);
    let mark = page.find(MARK).expect("the page has its mark");
    let start = mark + page[mark..].find('\n').expect("the mark is a line") + 1;
    if std::env::var_os("E2E_BLESS").is_some() {
        fs::write(root().join(PAGE), page[..start].to_owned() + &printed).expect("it is written");
        return;
    }
    assert!(
        page[start..] == printed,
        "{PAGE} is not what the help prints: E2E_BLESS=1 cargo test -p e2e-tests --test docs"
    );
}

/// The help without blanks at the ends of lines.
fn tidy(help: &str) -> String {
    let lines = help.trim_end().lines();
    lines
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// The codes that the help lists, each with its words.
fn exit_codes(help: &str) -> Vec<(String, String)> {
    let (_, list) = help
        .split_once("Exit codes:")
        .expect("the help lists exit codes");
    let list = list.split_whitespace().collect::<Vec<&str>>().join(" ");
    let codes = list.trim_end_matches('.').split(", ").map(|code| {
        let (code, words) = code.split_once(' ').expect("a code has words");
        (code.to_owned(), words.to_owned())
    });
    codes.collect()
}

#[test]
fn the_exit_codes_are_those_of_the_help() {
    let help = Desk::new().passes("cargo e2e --help");
    let (_, prose) = parse("docs/src/reference/exit-codes.md");
    let lines = section(&prose, "# Exit codes");
    let rows = rows(&lines);
    let codes = exit_codes(&help);
    assert_eq!(rows.len(), codes.len());
    for (row, (code, words)) in rows.iter().zip(codes) {
        let meaning = row[2].replace('`', "");
        assert!(
            row[0] == code && meaning.starts_with(&words),
            "{code} is `{words}` in the help: {row:?}"
        );
    }
}

/// The part of a schema to which a `$ref` points.
fn followed<'a>(schema: &'a Value, part: &'a Value) -> &'a Value {
    let Some(target) = part["$ref"].as_str() else {
        return part;
    };
    let pointer = target.trim_start_matches('#');
    schema
        .pointer(pointer)
        .expect("a reference leads somewhere")
}

/// Every default, and every value of a choice, by the keys of the reference's tables.
fn stated(schema: &Value, level: &Value, prefix: &str, found: &mut Vec<(String, String)>) {
    let Some(properties) = level["properties"].as_object() else {
        return;
    };
    for (name, property) in properties {
        let key = format!("{prefix}{name}");
        let mut say = |value: &Value| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            found.push((key.clone(), text));
        };
        for part in [property, followed(schema, property)] {
            if let Some(value) = part.get("default") {
                say(value);
            }
            for value in part["enum"].as_array().into_iter().flatten() {
                say(value);
            }
        }
        stated(
            schema,
            followed(schema, property),
            &format!("{key}."),
            found,
        );
    }
}

#[test]
fn the_reference_has_the_schemas_defaults_and_choices() {
    let schema = Desk::new().passes("cargo e2e schema spec");
    let schema: Value = serde_json::from_str(&schema).expect("it is JSON");
    let mut found = Vec::new();
    stated(&schema, &schema, "", &mut found);
    assert!(found.len() >= 10, "{found:?}");
    let (_, prose) = parse("docs/src/reference/e2e-yml.md");
    let lines = section(&prose, "## Fields");
    for (key, value) in found {
        let name = format!("`{key}`");
        let row = rows(&lines).into_iter().find(|row| row[0] == name);
        let row = row.unwrap_or_else(|| panic!("{name} has no row"));
        let mut words = row[1..]
            .iter()
            .flat_map(|cell| cell.split([' ', '`', ',', ';']));
        let says = words.any(|word| word == value);
        assert!(says, "{key} is {value:?} in the schema: {row:?}");
    }
}

/// The names of variables in string literals of a folder's sources.
fn variables(folder: &Path) -> BTreeSet<String> {
    let mut text = String::new();
    sources(folder, &mut text);
    let is_name = |word: &&str| {
        let begins = ["E2E_", "CARGO_E2E_", "STATE_HUB_"];
        begins
            .iter()
            .any(|begin| word.starts_with(begin) && word != begin)
            && word
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
            && !word.ends_with('_')
    };
    text.split('"').filter(is_name).map(str::to_owned).collect()
}

#[test]
fn the_reference_has_every_variable_of_the_source() {
    // How tests hold a run still and shorten a lease, and how the tool greets a test target.
    const INTERNAL: &[&str] = &["CARGO_E2E_FAILPOINT", "CARGO_E2E_LEASE", "E2E_HELLO"];
    let mut known = variables(&root().join("cargo-e2e/src"));
    known.extend(variables(&root().join("e2e-harness/src")));
    assert!(known.len() >= 15, "{known:?}");
    let (_, prose) = parse("docs/src/reference/variables.md");
    let listed: BTreeSet<&str> = rows_of(&prose).into_iter().flatten().collect();
    for name in known {
        let is_listed = listed.contains(&*name) || INTERNAL.contains(&&*name);
        assert!(is_listed, "{name} is not on the page");
    }
}

/// What the first cell of every row names.
fn rows_of(prose: &[String]) -> Vec<Vec<&str>> {
    let rows = prose.iter().filter(|line| line.starts_with('|'));
    let cells = rows.filter_map(|line| line.trim_matches('|').split(" | ").next());
    cells.map(code_spans).collect()
}

//! The documents, taken apart.

use std::fs;
use std::path::{Path, PathBuf};

use super::{AT_ROOT, BOOK};

#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) section: String,
    /// The words after the fence.
    pub(crate) info: String,
    pub(crate) line: usize,
    pub(crate) text: String,
}

pub(crate) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests/ is in the workspace").into()
}

pub(crate) fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The book's pages, each by its path from the root.
pub(crate) fn book() -> Vec<String> {
    let mut pages = Vec::new();
    let mut folders = vec![root().join(BOOK)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the book is there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root()).expect("it is below the root");
            pages.push(name.to_str().expect("names are text").to_owned());
        }
    }
    pages.sort();
    pages
}

/// All documents.
pub(crate) fn documents() -> Vec<String> {
    let at_root = AT_ROOT.iter().map(|name| (*name).to_owned());
    at_root.chain(book()).collect()
}

/// The fenced blocks of a document, and the lines outside of them.
pub(crate) fn parse(name: &str) -> (Vec<Block>, Vec<String>) {
    let (mut blocks, mut prose) = (Vec::new(), Vec::new());
    let (mut section, mut open) = (String::new(), None::<Block>);
    for (index, line) in read(name).lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(Block {
                    section: section.clone(),
                    info: info.trim().to_owned(),
                    line: index + 1,
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {
                if let Some(title) = line.strip_prefix("## ") {
                    title.clone_into(&mut section);
                }
                prose.push(line.to_owned());
            }
        }
    }
    assert!(open.is_none(), "{name}: a block is not closed");
    (blocks, prose)
}

/// The lines below a heading, up to the next one of its level or above.
pub(crate) fn section<'a>(prose: &'a [String], heading: &str) -> Vec<&'a str> {
    let level = heading.bytes().take_while(|byte| *byte == b'#').count();
    let ends = |line: &&String| {
        let hashes = line.bytes().take_while(|byte| *byte == b'#').count();
        (1..=level).contains(&hashes)
    };
    let start = prose.iter().position(|line| line == heading);
    let start = start.unwrap_or_else(|| panic!("there is no `{heading}`")) + 1;
    let rest = prose[start..].iter();
    rest.take_while(|line| !ends(line))
        .map(String::as_str)
        .collect()
}

/// What stands between backticks, one or two of them.
pub(crate) fn code_spans(line: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let ticks = if rest[start..].starts_with("``") {
            "``"
        } else {
            "`"
        };
        let after = &rest[start + ticks.len()..];
        let Some((span, beyond)) = after.split_once(ticks) else {
            break;
        };
        spans.push(span.trim());
        rest = beyond;
    }
    spans
}

/// The cells of a table's rows, without its head.
pub(crate) fn rows<'a>(lines: &[&'a str]) -> Vec<Vec<&'a str>> {
    let is_row = |line: &&&str| line.starts_with('|');
    lines
        .iter()
        .filter(is_row)
        .skip(2)
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

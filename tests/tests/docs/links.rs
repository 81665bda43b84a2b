//! Links, and the modules that the architecture names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::pages::{code_spans, documents, parse, root, rows, section};

/// How a page of the book names a file outside of it, since the built book has none of those.
const BLOB: &str = "https://github.com/railiance/cargo-e2e/blob/main/";

/// Every program below a folder, without comments, tests, and the line breaks inside of literals.
pub(crate) fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == "tests" || name.ends_with("tests.rs") {
            continue;
        }
        if path.is_dir() {
            sources(&path, text);
            continue;
        }
        let comment = match name.rsplit_once('.') {
            Some((_, "rs")) => "//",
            Some((_, "sh")) => "#",
            _ => continue,
        };
        let source = fs::read_to_string(&path).expect("a source");
        let (source, _) = source
            .split_once("#[cfg(test)]\nmod tests {")
            .unwrap_or((&source, ""));
        for line in source
            .lines()
            .filter(|line| !line.trim_start().starts_with(comment))
        {
            match line.strip_suffix('\\') {
                Some(begun) => text.push_str(begun),
                None => text.extend([line, "\n"]),
            }
        }
    }
}

#[test]
fn every_message_that_the_runbook_quotes_is_in_the_source() {
    // What other programs say, and what is put together of pieces that are in no row.
    const FOREIGN: &[&str] = &[
        "unexpected argument",
        "Could not resolve hostname",
        "no e2e/e2e.yml found",
        "has only",
    ];
    // Too short to be told from other words; the first two are names of commands.
    const SHORT: &[&str] = &[
        "down",
        "report",
        "no package",
        "no sandbox",
        "not an id",
        "Passed … cleaned up",
        "could be",
        "nothing of … is on …",
        "no test ran",
        "unknown key",
        "restarted … times",
        "…, … not run",
        "Interrupted … (SIGINT)",
        "Interrupted … (SIGTERM)",
    ];
    let mut source = String::new();
    sources(&root().join("cargo-e2e/src"), &mut source);
    let (_, prose) = parse("RUNBOOK.md");
    let lines = section(&prose, "## Exit codes");
    let mut vague = Vec::new();
    for cells in rows(&lines) {
        for quoted in code_spans(cells[2]) {
            let parts = quoted
                .split('…')
                .map(|part| part.trim_matches([' ', '(', ')', ';', ',']));
            let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
            for part in &parts {
                let known = FOREIGN.contains(part) || source.contains(part);
                assert!(known, "{part:?} of {quoted:?} is nowhere in the source");
            }
            let tells = parts.iter().any(|part| part.len() >= 12);
            if !tells && !SHORT.contains(&quoted) {
                vague.push(quoted);
            }
        }
    }
    assert!(vague.is_empty(), "these could be anything: {vague:?}");
}

/// GitHub's name for a heading.
pub(crate) fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_leads_somewhere() {
    for name in documents() {
        let (_, prose) = parse(&name);
        let folder = Path::new(&name).parent().expect("a file is in a folder");
        for line in &prose {
            for link in line.split("](").skip(1) {
                let (target, _) = link.split_once(')').expect("a link is closed");
                let (file, part) = target.split_once('#').unwrap_or((target, ""));
                let file = match file.strip_prefix(BLOB) {
                    Some(file) => PathBuf::from(file),
                    None if file.starts_with("https://") => continue,
                    None if file.is_empty() => PathBuf::from(&name),
                    None => folder.join(file),
                };
                assert!(root().join(&file).exists(), "{name}: {target}");
                if !part.is_empty() {
                    let (_, there) = parse(&file.to_string_lossy());
                    let headings = there.iter().filter(|line| line.starts_with('#'));
                    let mut anchors = headings.map(|heading| anchor(heading));
                    assert!(anchors.any(|it| it == part), "{name}: {target}");
                }
            }
        }
    }
}

#[test]
fn the_fault_matrix_lists_faults_that_are_injected_and_files_that_exist() {
    let tests = root().join("tests/tests");
    let mut injected = String::new();
    sources(&tests.join("faults"), &mut injected);
    let (_, prose) = parse("docs/src/design/faults.md");
    let lines: Vec<&str> = prose.iter().map(String::as_str).collect();
    for table in lines.split(|line| line.is_empty()) {
        for cells in rows(table) {
            if cells.len() == 5 {
                let name = format!("\"{}\"", cells[0]);
                assert!(injected.contains(&name), "{name} is injected nowhere");
            }
            for file in code_spans(cells[1]).iter().map(Path::new) {
                let is_test = file.extension().is_some_and(|extension| extension == "rs");
                assert!(
                    !is_test || tests.join(file).exists(),
                    "the fault matrix names {file:?}"
                );
            }
        }
    }
}

/// All files and folders below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it is there").flatten();
    let paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    let inner = paths.iter().filter(|path| path.is_dir());
    let inner: Vec<PathBuf> = inner.flat_map(|path| below(path)).collect();
    [paths, inner].concat()
}

/// Every file that a document names in backticks exists. It may be named by the end of its path.
fn names_files_that_exist(name: &str) {
    let sources = root().join("cargo-e2e/src");
    let files = [below(&sources), below(&root().join("e2e-harness/src"))].concat();
    for line in parse(name).1 {
        for span in code_spans(&line) {
            let ends = [".rs", ".sh", ".yml", ".md", ".json", "/"];
            let is_file = ends.iter().any(|end| span.ends_with(end)) || span.starts_with("tests/");
            if !is_file || span.contains(' ') {
                continue;
            }
            let exists = root().join(span).exists()
                || sources.join(span).exists()
                || files.iter().any(|file| file.ends_with(span))
                || span == "e2e.yml";
            assert!(exists, "{name} names {span}: {line}");
        }
    }
}

#[test]
fn the_recipes_name_files_that_exist() {
    names_files_that_exist("CONTRIBUTING.md");
}

#[test]
fn the_architecture_names_what_exists_and_every_module() {
    let (_, prose) = parse("ARCHITECTURE.md");
    let sources = root().join("cargo-e2e/src");
    let modules = section(&prose, "## Modules");
    let harness = root().join("e2e-harness/src");
    names_files_that_exist("ARCHITECTURE.md");
    let mut named = BTreeSet::new();
    for line in &prose {
        let spans = code_spans(line);
        if modules.contains(&line.as_str()) && line.starts_with('|') {
            named.extend(spans.iter().map(|span| span.trim_end_matches('/')));
        }
    }
    let all = [&sources, &harness].map(|folder| fs::read_dir(folder).expect("it is there"));
    for entry in all.into_iter().flatten() {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(
            named.contains(&*name),
            "ARCHITECTURE.md does not name {name}"
        );
    }
}

//! Links, and the modules that the architecture names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::DOCUMENTS;
use super::pages::{code_spans, parse, root, rows, section};

/// Every `.rs` file below a folder, as one text without line breaks inside of literals.
pub(crate) fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, text);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "rs" || extension == "sh")
        {
            text.push_str(&fs::read_to_string(&path).expect("a source"));
        }
    }
}

#[test]
fn every_message_that_the_runbook_quotes_is_in_the_source() {
    // What other programs say.
    const FOREIGN: &[&str] = &["unexpected argument", "Could not resolve hostname"];
    let mut source = String::new();
    sources(&root().join("cargo-e2e/src"), &mut source);
    let (_, prose) = parse("RUNBOOK.md");
    let lines = section(&prose, "## Exit codes");
    for cells in rows(&lines) {
        for quoted in code_spans(cells[2]) {
            for part in quoted.split('…') {
                let part = part.trim_matches([' ', '(', ')', ';', ',']);
                let known = FOREIGN.contains(&part) || source.contains(part);
                assert!(known, "{part:?} of {quoted:?} is nowhere in the source");
            }
        }
    }
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
fn every_relative_link_leads_somewhere() {
    for name in DOCUMENTS {
        let (_, prose) = parse(name);
        let mut links = 0;
        for line in &prose {
            for link in line.split("](").skip(1) {
                let (target, _) = link.split_once(')').expect("a link is closed");
                if target.starts_with("https://") {
                    continue;
                }
                links += 1;
                let (file, part) = target.split_once('#').unwrap_or((target, ""));
                let file = if file.is_empty() { name } else { file };
                assert!(root().join(file).exists(), "{name}: {target}");
                if !part.is_empty() {
                    let (_, there) = parse(file);
                    let headings = there.iter().filter(|line| line.starts_with('#'));
                    let mut anchors = headings.map(|heading| anchor(heading));
                    assert!(anchors.any(|it| it == part), "{name}: {target}");
                }
            }
        }
        assert!(links > 0 || !["README.md", "RUNBOOK.md"].contains(name));
    }
}

#[test]
fn the_architecture_names_what_exists_and_every_module() {
    let (_, prose) = parse("ARCHITECTURE.md");
    let sources = root().join("cargo-e2e/src");
    let modules = section(&prose, "## Modules");
    let mut named = BTreeSet::new();
    for line in &prose {
        let spans = code_spans(line);
        for span in &spans {
            let is_file = [".rs", ".sh", ".yml", ".md"]
                .iter()
                .any(|end| span.ends_with(end))
                || span.ends_with('/')
                || span.starts_with("tests/");
            if !is_file || span.contains(' ') {
                continue;
            }
            // A file may be named beside its folder, in the same line.
            let harness = root().join("e2e-harness/src");
            let mut places = vec![root().join(span), sources.join(span), harness.join(span)];
            for folder in spans.iter().filter(|other| other.ends_with('/')) {
                places.extend([&sources, &harness].map(|all| all.join(folder).join(span)));
            }
            places
                .extend(["compose", "host", "spec"].map(|folder| sources.join(folder).join(span)));
            let exists = places.iter().any(|place| place.exists()) || *span == "e2e.yml";
            assert!(exists, "ARCHITECTURE.md names {span}: {line}");
        }
        if modules.contains(&line.as_str()) && line.starts_with('|') {
            named.extend(spans.iter().map(|span| span.trim_end_matches('/')));
        }
    }
    for entry in fs::read_dir(&sources).expect("the sources are there") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(
            named.contains(&*name),
            "ARCHITECTURE.md does not name {name}"
        );
    }
}

//! The book as a whole: its contents are complete, and what two pages show is the same in both.

use std::collections::BTreeMap;

use e2e_tests::Repo;

use super::pages::{book, documents, parse, read};
use super::{BOOK, FIRST_REPO};

/// The most lines that a README may have and still be read.
const README_LINES: usize = 150;

/// The targets of a document's links.
fn targets(name: &str) -> Vec<String> {
    let prose = parse(name).1.join("\n");
    let links = prose.split("](").skip(1);
    let targets = links.filter_map(|link| Some(link.split_once(')')?.0.to_owned()));
    targets.collect()
}

#[test]
fn the_contents_name_every_page() {
    let (summary, index) = (format!("{BOOK}/SUMMARY.md"), targets("llms.txt"));
    let contents = targets(&summary);
    for page in book() {
        assert!(index.contains(&page), "llms.txt does not name {page}");
        let below = page
            .strip_prefix(&format!("{BOOK}/"))
            .expect("it is a page");
        let is_listed = page == summary || contents.iter().any(|target| target == below);
        assert!(is_listed, "SUMMARY.md does not name {below}");
    }
}

#[test]
fn the_readme_is_short() {
    let lines = read("README.md").lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines");
}

#[test]
fn a_file_that_two_pages_show_is_the_same_in_both() {
    let mut shown = BTreeMap::new();
    for name in documents() {
        for block in parse(&name).0 {
            if block.info.contains("file=") || ["toml", "rust"].contains(&block.info.as_str()) {
                let first = shown
                    .entry(block.info)
                    .or_insert_with(|| block.text.clone());
                assert_eq!(*first, block.text, "{name}:{}", block.line);
            }
        }
    }
    assert!(shown.len() >= 6, "{FIRST_REPO} and README.md show six");
}

#[test]
fn every_whole_spec_in_the_book_is_sound() {
    let mut specs = 0;
    for page in documents() {
        for block in parse(&page)
            .0
            .into_iter()
            .filter(|block| block.info == "yaml spec")
        {
            specs += 1;
            let mut repo = Repo::new("recipe");
            for line in block
                .text
                .lines()
                .filter(|line| line.starts_with("compose_file:"))
            {
                let files =
                    line.split(|c: char| !(c.is_ascii_alphanumeric() || "./-_".contains(c)));
                for file in files.filter(|file| file.contains(".yml")) {
                    repo = repo.file(file, "services: {web: {image: x}}\n");
                }
            }
            repo = repo.file("e2e/compose.yml", "services: {web: {image: x}}\n");
            repo = repo.file("e2e/e2e.yml", &block.text);
            repo = repo.file("docker/e2e.env", "");
            // Without Compose, so that only the spec is judged.
            let checked = repo.env("PATH", "/nowhere").cargo_e2e(&["check"]);
            assert_eq!(checked.code, Some(0), "{page}:{}: {checked}", block.line);
        }
    }
    assert!(specs >= 8, "guides/recipes.md has eight");
}

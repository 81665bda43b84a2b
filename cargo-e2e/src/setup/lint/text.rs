//! Places in a repo's files that name a port by its number, or an `E2E_…` variable.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::spec;
use crate::text::{LazyRegex, has_extension, printable};

/// A larger file is data, not tests.
const LARGEST: u64 = 1 << 20;

/// A line of a file, as `path:line`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Relative to the repo's root.
    pub(super) file: String,
    /// Counted from 1.
    pub(super) line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// `localhost:8080` in a text: as written, and the number.
///
/// Not what a variable with that default says (`${E2E_WEB_80:-localhost:8080}`), and no entry of
/// `ports` (`127.0.0.1:8080:80`).
pub(super) fn addresses(line: &str) -> Vec<(&str, u16)> {
    static ADDRESS: LazyRegex =
        LazyRegex::new(r"(?:^|[^\w.-])((?:localhost|127\.0\.0\.1|\[::1\]):([0-9]{1,5}))");
    // A default is what counts outside of a sandbox, in whichever language.
    if line.contains("E2E_") {
        return Vec::new();
    }
    ADDRESS
        .captures_iter(line)
        .filter_map(|found| {
            let whole = found.get(1)?;
            let number = found.get(2)?.as_str().parse().ok()?;
            let mut after = line[whole.end()..].chars();
            let first = after.next();
            let is_longer = first.is_some_and(|c| c.is_ascii_digit());
            let is_mapping = first == Some(':') && after.next().is_some_and(|c| c.is_ascii_digit());
            (!is_longer && !is_mapping).then(|| (whole.as_str(), number))
        })
        .collect()
}

/// Returns the first `E2E_…` variable of a line.
pub(super) fn variable(line: &str) -> Option<&str> {
    static VARIABLE: LazyRegex = LazyRegex::new(r"\bE2E_[A-Z0-9_]+");
    VARIABLE.find(line).map(|found| found.as_str())
}

/// Returns the tests' text files: below `e2e/`, and what `test_command` names. Documentation is for
/// people.
pub(super) fn files(root: &Path, test_command: &str, not: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let named = test_command
        .split_whitespace()
        .map(|word| word.trim_matches(['"', '\'']))
        .map(|word| word.strip_prefix("./").unwrap_or(word))
        .filter(|word| !word.is_empty() && *word != "." && !word.starts_with(".."))
        .filter(|word| !word.starts_with(['/', '-', '~']))
        .map(|word| root.join(word))
        .filter(|path| path.exists());
    let mut found = BTreeSet::new();
    for start in std::iter::once(root.join("e2e")).chain(named) {
        let results = root.join("e2e/results");
        let walk = WalkBuilder::new(start)
            .require_git(false)
            .max_filesize(Some(LARGEST))
            .filter_entry(move |entry| {
                let name = entry.file_name();
                entry.path() != results && name != "node_modules" && name != "target"
            })
            .build();
        let files = walk.filter_map(Result::ok);
        let files = files.filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
        found.extend(files.map(ignore::DirEntry::into_path));
    }
    let is_prose = |path: &Path| has_extension(path, &["md", "txt", "rst"]);
    // For `--spec`: it speaks of a sandbox with ports of its own.
    let is_another_spec = |path: &Path| {
        has_extension(path, &["yml", "yaml"])
            && std::fs::read(path).is_ok_and(|text| spec::is_meant(&text))
    };
    found.retain(|path| !is_prose(path) && !is_another_spec(path) && !not.contains(path));
    found.into_iter().collect()
}

/// Returns a file's lines with their places; none of a file that is no text.
pub(super) fn lines(root: &Path, path: &Path) -> Vec<(Place, String)> {
    let Ok(text) = std::fs::read_to_string(path) else {
        return Vec::new();
    };
    let shown = path.strip_prefix(root).unwrap_or(path).display();
    let place = |line: usize| Place {
        file: shown.to_string(),
        line,
    };
    let lines = (1..).zip(text.lines());
    lines
        .map(|(number, line)| (place(number), printable(line)))
        .collect()
}

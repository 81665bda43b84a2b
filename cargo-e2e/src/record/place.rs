//! Places in a repo's code that a text names: file and line, in the words of every runner. Called by
//! the run, which looks which files are there, and by views.

use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::assertion::is_foreign;

/// Endings of files with code: a name and a number may be a host and its port.
const CODE: &[&str] = &[
    "rs", "py", "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "go", "rb", "java", "kt",
    "scala", "php", "cs", "c", "cc", "cpp", "h", "hpp", "swift", "ex", "exs", "sh", "bats", "vue",
    "svelte", "feature",
];

/// Returns the first place that is likely in the repo's own code.
pub(crate) fn place(text: &str) -> Option<(&str, &str)> {
    let is_code = |file: &str| {
        let ending = Path::new(file)
            .extension()
            .and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| CODE.contains(&ending)) && !is_foreign(file)
    };
    places(text).find(|(file, _)| is_code(file))
}

/// Returns possible places, file and line, in the order of the text. The head of a message of
/// Playwright, which names the begin of the test, comes last.
pub(crate) fn places(text: &str) -> impl Iterator<Item = (&str, &str)> {
    static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let name = r"(?:/|\.{1,2}/)?[\w@][\w@.+/\[\]-]*\.[A-Za-z]+";
        Regex::new(&format!(
            "(?m)(?:^|[\\s(\"'])(?:file://)?({name})[:(]([0-9]+)|File \"([^\"\\n]+)\", line ([0-9]+)"
        ))
        .ok()
    });
    let head = text.lines().next().unwrap_or_default();
    let titled = |line: &str| line.contains(" › ");
    let is_head = head.len() < text.len() && text.lines().skip(1).take(3).any(titled);
    let (first, rest) = if is_head {
        let rest = text[head.len()..].trim_start();
        let title = rest.lines().next().unwrap_or_default().len();
        (&text[..text.len() - rest.len() + title], &rest[title..])
    } else {
        ("", text)
    };
    [rest, first].into_iter().flat_map(|text| {
        let all = PLACE.as_ref().map(|place| place.captures_iter(text));
        all.into_iter().flatten().filter_map(|found| {
            let file = found.get(1).or_else(|| found.get(3))?;
            let line = found.get(2).or_else(|| found.get(4))?;
            Some((file.as_str(), line.as_str()))
        })
    })
}

/// Returns the file in one of these folders that a test means. A path of another root, such as one
/// in a container, is found by its end.
pub(crate) fn find(
    file: &str,
    folders: &[PathBuf],
    is_file: &mut dyn FnMut(&Path) -> bool,
) -> Option<PathBuf> {
    let path = Path::new(file);
    let parts: Vec<Component<'_>> = path.components().collect();
    let is_up = |part: &Component<'_>| *part == Component::ParentDir;
    if parts.iter().any(is_up) || is_foreign(file) {
        return None;
    }
    for folder in folders {
        if path.is_relative() || path.starts_with(folder) {
            let there = folder.join(path);
            if is_file(&there) {
                return Some(there);
            }
        }
    }
    if path.is_relative() {
        return None;
    }
    // A name alone may be that of many files.
    (1..parts.len().saturating_sub(1)).find_map(|from| {
        let end: PathBuf = parts[from..].iter().collect();
        let there = folders.iter().map(|folder| folder.join(&end));
        there.into_iter().find(|path| is_file(path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runner_names_places_in_its_own_words() {
        for (text, expected) in [
            (
                "E  x\n\ntests/test_a.py:14: AssertionError",
                Some(("tests/test_a.py", "14")),
            ),
            (
                "  at Object.toBe (/app/jest/a.test.js:1:116)",
                Some(("/app/jest/a.test.js", "1")),
            ),
            (
                "cause\n    at file:///app/a.test.mjs:2:8",
                Some(("/app/a.test.mjs", "2")),
            ),
            (" ❯ vi/a.test.js:2:89", Some(("vi/a.test.js", "2"))),
            ("    shop_test.go:17: got 3", Some(("shop_test.go", "17"))),
            (
                "thread 'x' panicked at tests/a.rs:7:5:",
                Some(("tests/a.rs", "7")),
            ),
            ("src/a.ts(12,5): error", Some(("src/a.ts", "12"))),
            (
                "  File \"/app/e2e/a.py\", line 3, in x",
                Some(("/app/e2e/a.py", "3")),
            ),
            (
                "a.spec.ts:3:5 pays\n  [api] › a.spec.ts:3:5 › pays ──\n\n    at /app/e2e/a.spec.ts:9:1",
                Some(("/app/e2e/a.spec.ts", "9")),
            ),
            (
                "a.spec.ts:3:5 pays\n  [api] › a.spec.ts:3:5 › pays ──\n\n  timeout",
                Some(("a.spec.ts", "3")),
            ),
            ("at x (/app/node_modules/jest/run.js:9:2)", None),
            ("no answer from db.internal:5432", None),
        ] {
            assert_eq!(place(text), expected, "{text}");
        }
    }

    #[test]
    fn a_file_is_found_from_folders_and_by_the_end_of_another_root() {
        let there = ["/r/web/src/a.test.ts", "/r/tests/b.py", "/r/c.py"];
        let mut is_file = |path: &Path| there.iter().any(|one| Path::new(one) == path);
        let folders = ["/r", "/r/web/out", "/r/web"].map(PathBuf::from);
        for (file, expected) in [
            ("src/a.test.ts", Some(there[0])),
            ("./tests/b.py", Some(there[1])),
            ("/r/tests/b.py", Some(there[1])),
            ("/app/tests/b.py", Some(there[1])),
            ("/usr/src/app/web/src/a.test.ts", Some(there[0])),
            ("/app/c.py", None),
            ("../tests/b.py", None),
            ("/r/nothing.py", None),
        ] {
            let found = find(file, &folders, &mut is_file);
            assert_eq!(found.as_deref(), expected.map(Path::new), "{file}");
        }
    }
}

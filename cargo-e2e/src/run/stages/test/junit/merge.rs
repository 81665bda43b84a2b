//! Makes one list of the tests of several files, in which names stay apart.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::record::outcome::TestRecord;

/// What one file says.
pub(super) struct FileTests {
    pub(super) path: String,
    pub(super) tests: Vec<TestRecord>,
}

/// Joins them. A name that several files have gets the file's before it: `vitest::orders::ship`.
pub(super) fn merged(files: Vec<FileTests>) -> Vec<TestRecord> {
    let mut having: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (number, file) in files.iter().enumerate() {
        for test in &file.tests {
            having.entry(test.name.clone()).or_default().insert(number);
        }
    }
    let labels = labels(&files);
    let mut tests = Vec::new();
    for (file, label) in files.into_iter().zip(labels) {
        let apart = |name: String| match having.get(&name) {
            Some(files) if files.len() > 1 => format!("{label}::{name}"),
            _ => name,
        };
        for mut test in file.tests {
            test.name = apart(test.name);
            tests.push(test);
        }
    }
    tests
}

/// Names of files alone, or their paths where those would not tell them apart.
fn labels(files: &[FileTests]) -> Vec<String> {
    let stems = files.iter().map(|file| {
        let stem = Path::new(&file.path).file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    });
    let stems: Vec<String> = stems.collect();
    let distinct: BTreeSet<&String> = stems.iter().collect();
    if distinct.len() == stems.len() {
        return stems;
    }
    let paths = files.iter().map(|file| {
        let path = file.path.strip_suffix(".xml");
        path.unwrap_or(&file.path).to_owned()
    });
    paths.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::outcome::StageStatus::Passed;
    use crate::record::samples::test;

    fn file(path: &str, names: &[&str]) -> FileTests {
        FileTests {
            path: path.to_owned(),
            tests: names.iter().map(|name| test(name, Passed)).collect(),
        }
    }

    fn names(files: Vec<FileTests>) -> Vec<String> {
        merged(files).into_iter().map(|test| test.name).collect()
    }

    #[test]
    fn only_names_that_collide_get_their_files() {
        let all = names(vec![
            file("e2e/vitest.xml", &["cart::adds", "cart::adds", "pays"]),
            file("e2e/playwright.xml", &["pays", "ships"]),
        ]);
        assert_eq!(
            all,
            [
                "cart::adds",
                "cart::adds",
                "vitest::pays",
                "playwright::pays",
                "ships"
            ]
        );
    }

    #[test]
    fn files_of_one_name_are_told_apart_by_their_folders() {
        let all = names(vec![
            file("api/junit.xml", &["pays"]),
            file("web/junit.xml", &["pays"]),
        ]);
        assert_eq!(all, ["api/junit::pays", "web/junit::pays"]);
    }
}

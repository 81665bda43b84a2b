//! Files of JUnit XML as tools write them, each with what is read of it. pytest, jest-junit, vitest,
//! mocha-junit-reporter, node:test and nextest wrote theirs; the others follow the tools' documents.

use std::path::Path;

use crate::record::junit;

/// A line for each test: its status, its name, the first line of why.
fn told(xml: &str) -> String {
    let tests = match junit::read(xml) {
        Ok(tests) => tests,
        Err(error) => return format!("{error}\n"),
    };
    let line = |test: &crate::record::outcome::TestRecord| {
        let why = test.message.as_deref().and_then(|why| why.lines().next());
        let why = why.map_or_else(String::new, |why| format!(" | {why}"));
        format!("{:7} {}{why}\n", test.status.name(), test.name)
    };
    tests.iter().map(line).collect()
}

#[test]
fn files_are_read_as_their_tools_mean_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/junit");
    let mut files = 0;
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "xml") {
            continue;
        }
        files += 1;
        let is = told(&std::fs::read_to_string(&path).unwrap());
        let expected = std::fs::read_to_string(path.with_extension("txt")).unwrap_or_default();
        if is != expected {
            wrong.push(format!("{}:\n{is}", path.display()));
        }
    }
    assert!(files >= 16, "{files} files in {}", folder.display());
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
}

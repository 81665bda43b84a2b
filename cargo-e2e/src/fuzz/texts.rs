//! Files that users and their tools write.

use std::path::Path;
use std::sync::LazyLock;

use jiff::Timestamp;

use crate::compose::scan;
use crate::record::junit;
use crate::setup::init;
use crate::spec;

use super::{assert_one_line, parts, text};

/// An e2e.yml: read or refused, at a place that an editor finds.
pub(super) fn spec(bytes: &[u8]) {
    let Err(errors) = spec::parse(Path::new("e2e/e2e.yml"), bytes) else {
        return;
    };
    assert!(!errors.diagnostics.is_empty());
    let text = text(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines: Vec<&str> = text.split('\n').collect();
    for one in &errors.diagnostics {
        assert!((1..=lines.len()).contains(&one.line), "{one:?}");
        let width = lines[one.line - 1].chars().count();
        assert!((1..=width + 1).contains(&one.column), "{one:?}");
        assert!(one.len >= 1, "{one:?}");
        assert!(!one.message.is_empty(), "{one:?}");
        assert!(!one.message.contains('\n'), "{one:?}");
    }
    let shown = errors.to_string();
    let harmless = |c: char| !c.is_control() || c == '\n' || c == '\t';
    assert!(shown.chars().all(harmless), "{shown:?}");
}

/// Compose files that name each other: the look that decides what travels, and `init`'s own.
pub(super) fn scan(bytes: &[u8]) {
    static FOLDER: LazyLock<tempfile::TempDir> =
        LazyLock::new(|| tempfile::tempdir().expect("a folder"));
    let folder = FOLDER.path();
    let all = parts(bytes);
    for (number, name) in ["compose.yml", "other.yml"].into_iter().enumerate() {
        let text = all.get(number).map_or("", |text| text);
        std::fs::write(folder.join(name), text).expect("a file");
    }
    let found = scan::scan(&[folder.join("compose.yml")], folder);
    for name in &found.variables {
        assert!(!name.is_empty() && !name.contains('$'), "{name:?}");
    }
    let e2e = found.variables.iter().any(|name| name.starts_with("E2E_"));
    assert_eq!(found.uses_endpoints, e2e);
    let _ = init::light::model(folder, &["compose.yml".to_owned()]);
}

/// A JUnit file, and when its tests ran.
pub(super) fn junit(bytes: &[u8]) {
    let text = text(bytes);
    let read = junit::read(&text);
    let day =
        ["2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"].map(|at| at.parse().unwrap_or_default());
    for ran in [(day[0], day[1]), (Timestamp::MIN, Timestamp::MAX)] {
        let timed = junit::read_with_times(&text, ran);
        assert_eq!(read.is_ok(), timed.is_ok());
        let spans = timed
            .unwrap_or_default()
            .into_iter()
            .filter_map(|test| test.span());
        assert!(spans.into_iter().all(|(from, to)| from <= to));
    }
    match read {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(tests) => {
            // A file that is read has what failed in it, however it is nested.
            let nested = format!(
                "<testsuites><testsuite>{}</testsuite></testsuites>",
                body(&text)
            );
            if let Ok(again) = junit::read(&nested) {
                assert_eq!(failed(&again), failed(&tests), "{text}");
            }
        }
    }
}

/// Without what may stand at the beginning of a file alone.
fn body(text: &str) -> &str {
    text.find("<testsuite").map_or("", |at| &text[at..])
}

fn failed(tests: &[crate::record::outcome::TestRecord]) -> usize {
    use crate::record::outcome::StageStatus::Failed;
    for test in tests {
        assert!(test.steps.is_empty());
        if !test.name.contains(['\n', '\t']) {
            assert_one_line(&test.name);
        }
    }
    tests.iter().filter(|test| test.status == Failed).count()
}

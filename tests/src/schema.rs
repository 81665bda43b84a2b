//! Records are what the schema says that the tool publishes, and the files for CI systems what
//! theirs say.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use jsonschema::Validator;
use serde_json::Value;

use crate::binary;
use crate::process::{Ended, Running};

/// What the tool publishes of what a command answers, and of `run`s.
fn published(command: &str) -> Validator {
    let mut printed = Command::new(binary::cargo_e2e());
    printed.args(["e2e", "schema", command]);
    let printed = Running::start(printed, None).finish(Duration::from_secs(20));
    let schema: Value = serde_json::from_str(&printed.stdout).expect("it prints JSON");
    jsonschema::validator_for(&schema).expect("it is a schema")
}

/// Checks that `junit.xml` is as Jenkins' xUnit plugin wants it, and `ctrf.json` as its format says.
#[track_caller]
pub(crate) fn as_ci_systems_read(bundle: &Path) {
    static CTRF: OnceLock<Validator> = OnceLock::new();
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cargo-e2e/tests/schemas");
    let mut xmllint = Command::new("xmllint");
    xmllint
        .args(["--nonet", "--noout", "--schema"])
        .arg(schemas.join("junit-10.xsd"))
        .arg(bundle.join("junit.xml"));
    let checked = Running::start(xmllint, None).finish(Duration::from_mins(1));
    assert_eq!(checked.code, Some(0), "{checked}");
    let read = |path: &Path| {
        let text =
            std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_slice::<Value>(&text).expect("JSON")
    };
    let schema = CTRF.get_or_init(|| {
        let schema = read(&schemas.join("ctrf.schema.json"));
        jsonschema::validator_for(&schema).expect("it is a schema")
    });
    let report = read(&bundle.join("ctrf.json"));
    let errors = errors(schema, &report);
    assert!(errors.is_empty(), "{errors:?}\n{report:#}");
}

/// Where a document is not as its schema says, and how.
fn errors(schema: &Validator, document: &Value) -> Vec<String> {
    let errors = schema.iter_errors(document);
    let errors = errors.map(|error| format!("{}: {error}", error.instance_path()));
    errors.collect()
}

/// Checks that what a command answered with `--format json` is as its published schema says, and
/// returns it.
#[track_caller]
#[must_use]
pub fn conforms(command: &str, ended: &Ended) -> Value {
    let answer: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}\n{ended}"));
    let errors = errors(&published(command), &answer);
    assert!(errors.is_empty(), "{errors:?}\n{ended}");
    assert_eq!(answer["schema"], 1, "{ended}");
    answer
}

/// Checks that a record is as the published schema says.
#[track_caller]
pub fn as_published(record: &Value) {
    static SCHEMA: OnceLock<Validator> = OnceLock::new();
    assert_eq!(record["schema"], 1, "{record:#}");
    let errors = errors(SCHEMA.get_or_init(|| published("run")), record);
    assert!(
        errors.is_empty(),
        "a record is not as its schema says: {errors:?}\n{record:#}"
    );
}

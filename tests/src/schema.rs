//! Records are what the schema says that the tool publishes, and the files for CI systems what
//! theirs say.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use crate::binary;
use crate::process::{Ended, Running};

fn schema() -> &'static jsonschema::Validator {
    static SCHEMA: OnceLock<jsonschema::Validator> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut command = Command::new(binary::cargo_e2e());
        command.args(["e2e", "schema", "run"]);
        let printed = Running::start(command, None).finish(Duration::from_secs(20));
        let schema: Value = serde_json::from_str(&printed.stdout).expect("it prints JSON");
        jsonschema::validator_for(&schema).expect("it is a schema")
    })
}

/// Checks that `junit.xml` is as Jenkins' xUnit plugin wants it, and `ctrf.json` as its format says.
#[track_caller]
pub(crate) fn as_ci_systems_read(bundle: &Path) {
    static CTRF: OnceLock<jsonschema::Validator> = OnceLock::new();
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
    let errors: Vec<String> = schema
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}\n{report:#}");
}

/// Checks that what a command answered with `--format json` is as its published schema says, and
/// returns it.
#[track_caller]
#[must_use]
pub fn conforms(command: &str, ended: &Ended) -> Value {
    let mut printed = Command::new(binary::cargo_e2e());
    printed.args(["e2e", "schema", command]);
    let printed = Running::start(printed, None).finish(Duration::from_secs(20));
    let read = |text: &str| -> Value {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{ended}"))
    };
    let schema = jsonschema::validator_for(&read(&printed.stdout)).expect("it is a schema");
    let answer = read(&ended.stdout);
    let errors: Vec<String> = schema
        .iter_errors(&answer)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:?}\n{ended}");
    assert_eq!(answer["schema"], 1, "{ended}");
    answer
}

/// Checks that a record is as the published schema says.
#[track_caller]
pub fn as_published(record: &Value) {
    assert_eq!(record["schema"], 1, "{record:#}");
    let errors: Vec<String> = schema()
        .iter_errors(record)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "a record is not as its schema says: {errors:?}\n{record:#}"
    );
}

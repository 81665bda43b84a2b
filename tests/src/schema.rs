//! Records are what the schema says that the tool publishes.

use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use crate::binary;
use crate::process::Running;

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

//! The schema for editors agrees with the parser.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::fields::{HEALTH_CHECK, LEVELS, Level, is_built};
use super::{MODELINE, SCHEMA, parse};

fn schema() -> Value {
    serde_json::from_str(SCHEMA).expect("JSON")
}

/// The keys that the schema has at a level.
fn keys(schema: &Value, level: &Level) -> BTreeSet<String> {
    let map = match level.what {
        "e2e.yml" => schema,
        what if what == HEALTH_CHECK.what => &schema["$defs"]["health_check"],
        other => &schema["properties"][other.trim_matches('`')],
    };
    let properties = map["properties"].as_object();
    properties
        .into_iter()
        .flatten()
        .map(|(key, _)| key.clone())
        .collect()
}

#[test]
fn it_has_the_keys_that_are_built() {
    let schema = schema();
    for level in LEVELS {
        // A level whose own key is not built is not there at all.
        if !is_built(level.what.trim_matches('`')) {
            continue;
        }
        let built: BTreeSet<String> = level.built().map(str::to_owned).collect();
        assert_eq!(keys(&schema, level), built, "{}", level.what);
    }
    let url = MODELINE.split_once('=').map(|(_, url)| url);
    assert_eq!(schema["$id"].as_str(), url);
}

#[test]
fn it_takes_and_refuses_what_the_parser_does() {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    let base = "name: shop\ntest_command: pytest\n";
    let with = |text: &str| format!("{base}{text}");
    for text in [
        base.to_owned(),
        "name: shop\ntest_service: tests\n".to_owned(),
        with(
            "health_checks:\n  - {name: a, url: 'http://localhost/', expect_status: [200, 204]}\n  - {name: b, tcp: 'db:5432', timeout: 0.5}\n",
        ),
        with("health_checks: [{name: a, exec: [pg_isready], service: db}]\n"),
        with(
            "env: {A: x, B: '1'}\nsecrets: [TOKEN]\nsync: {include: [target/*.jar]}\ntimeouts: {up: 5}\n",
        ),
        with("timeouts: {up: 0}\n"),
        with("timeout: -1\n"),
        with("compose_file: ../x.yml\n"),
        with("compose_file: []\n"),
        with("cleanup: sometimes\n"),
        with("secrets: [not-a-name]\n"),
        with("healthchecks: []\n"),
        with("health_checks: [{name: a}]\n"),
        with("health_checks: [{name: a, tcp: 'db:1', url: 'http://db/'}]\n"),
        with("health_checks: [{name: a, url: 'ftp://db/'}]\n"),
        with("health_checks: [{name: a, url: 'http://db/', expect_status: 99}]\n"),
        "name: No Slug\ntest_command: x\n".to_owned(),
        "[]".to_owned(),
    ] {
        let value: Value = serde_yaml::from_str(&text).expect("YAML");
        let parsed = parse(Path::new("e2e/e2e.yml"), &text);
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|one| one.to_string())
            .collect();
        assert_eq!(
            errors.is_empty(),
            parsed.is_ok(),
            "{text}\n{errors:?}\n{parsed:?}"
        );
    }
}

//! What editors and people are told of e2e.yml, made of `fields`.

use serde_json::json;

use super::fields::Spec;
use super::level::Level as _;

/// What an editor reads in the first line of an `e2e.yml` to find `e2e.schema.json`, which is [`schema`].
pub const MODELINE: &str = "# yaml-language-server: $schema=https://raw.githubusercontent.com/railiance/cargo-e2e/main/cargo-e2e/src/spec/e2e.schema.json";

/// Returns the JSON Schema of `e2e.yml`, for editors.
pub fn schema() -> String {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": MODELINE.split_once('=').map_or("", |(_, url)| url),
        "title": "e2e.yml",
        "description": "The stack and the end-to-end tests of a repo, version 1.",
    });
    for (key, value) in Spec::KEYS.schema() {
        schema[key] = value;
    }
    schema["required"] = json!(["name"]);
    format!("{schema:#}\n")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;

    use serde_json::Value;

    use super::super::keys::{Keys, Shape, listed};
    use super::super::parse;
    use super::*;

    /// Returns a Markdown table of every key, with its type, its default and what it means.
    fn reference() -> String {
        let mut table = "| key | type | default | meaning |\n|---|---|---|---|\n".to_owned();
        rows(Spec::KEYS, "", &mut table);
        table
    }

    fn rows(keys: &Keys, above: &str, table: &mut String) {
        for field in keys.fields {
            let name = format!("{above}{}", field.name);
            let default = field.default.map(|default| format!("`{default}`"));
            // Writing to a String can't fail.
            let _ = writeln!(
                table,
                "| `{name}` | {} | {} | {} |",
                kind(&field.shape),
                default.unwrap_or_default(),
                field.doc.trim()
            );
            if let Some(keys) = field.shape.keys {
                rows(keys, &format!("{name}."), table);
            }
        }
    }

    fn kind(shape: &Shape) -> String {
        let schema = (shape.schema)();
        let words = schema["enum"].as_array().map(|words| {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            listed(&words, "or")
        });
        words.unwrap_or_else(|| shape.name.to_owned())
    }

    #[test]
    fn the_schema_is_what_the_fields_say() {
        let made = schema();
        if std::env::var_os("E2E_BLESS").is_some() {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/spec/e2e.schema.json");
            std::fs::write(file, &made).expect("it can be written");
        } else {
            assert_eq!(
                include_str!("e2e.schema.json"),
                made,
                "E2E_BLESS=1 writes it anew"
            );
        }
    }

    #[test]
    fn the_generated_reference_has_every_key() {
        crate::page::has("docs/src/reference/e2e-yml.md", "fields", &reference());
    }

    #[test]
    fn it_takes_and_refuses_what_the_parser_does() {
        let validator = jsonschema::validator_for(&serde_json::from_str(&schema()).expect("JSON"))
            .expect("a schema");
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
            with("junit: [out.xml, 'e2e/**/*.xml']\nimages: ['app:dev']\nprepare_command: make\n"),
            with("test_service: tests\nentrypoint: []\n"),
            with("allow: [fixed-port, compose]\n"),
            with("allow: [fixed-ports]\n"),
            with("junit: out/\n"),
            with("images: ['app@sha256:1']\n"),
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
}

//! What a compose model says of credentials.

use std::collections::BTreeSet;

use serde_json::Value;

use super::guess;

/// Values that stand beside the name of a credential, and passwords in URLs.
pub(super) fn credentials(model: &Value) -> Vec<String> {
    let mut found = all(model);
    let shown = Shown::of(model);
    found.retain(|value| !shown.has(value));
    found
}

/// The same in a file that nothing is put into yet. Whether a plain word is one, the model says.
pub(super) fn written(file: &Value) -> Vec<String> {
    let mut found = all(file);
    found.retain(|value| !guess::is_plain(value) && !value.contains("${"));
    found
}

fn all(model: &Value) -> Vec<String> {
    let mut found = Vec::new();
    each_text(model, "", &mut |name, text| {
        // Compose's dollars are doubled.
        let text = text.replace("$$", "$");
        found.extend(guess::values(name, &text));
        if let Some((name, value)) = guess::assignment(&text) {
            found.extend(guess::values(name, value));
        }
    });
    found
}

/// What the model's `secrets` are read from: each `file`, or each variable of the `environment`.
pub(super) fn secrets<'m>(model: &'m Value, from: &str) -> impl Iterator<Item = &'m str> {
    objects(&model["secrets"]).filter_map(move |(_, secret)| secret[from].as_str())
}

fn objects(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Every text, with the name that stands before it.
fn each_text<'m>(value: &'m Value, name: &'m str, take: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => take(name, text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, name, take)),
        Value::Object(map) => {
            for (name, value) in map {
                each_text(value, name, take);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Plain words that a model shows under other names: a password which is one of them is no secret,
/// and masked it would be missing from every sentence about the stack.
struct Shown {
    names: Vec<String>,
    values: BTreeSet<String>,
}

impl Shown {
    fn of(model: &Value) -> Self {
        let mut names = Vec::new();
        for kind in ["services", "networks", "volumes", "secrets", "configs"] {
            names.extend(objects(&model[kind]).map(|(name, _)| name.clone()));
        }
        let images = objects(&model["services"]).filter_map(|(_, one)| one["image"].as_str());
        names.extend(images.map(str::to_owned));
        let variables = objects(&model["services"]).flat_map(|(_, service)| {
            objects(&service["environment"]).chain(objects(&service["build"]["args"]))
        });
        let values = variables
            .filter(|(name, _)| !guess::is_credential(name))
            .filter_map(|(_, value)| Some(value.as_str()?.to_owned()))
            .collect();
        Self { names, values }
    }

    /// Returns whether a value is a word, and one of a name or the value of what is no credential.
    fn has(&self, value: &str) -> bool {
        let in_names = || self.names.iter().any(|name| has_word(name, value));
        guess::is_plain(value) && (self.values.contains(value) || in_names())
    }
}

/// Returns whether a word stands in a name, and no letter or digit beside it.
fn has_word(name: &str, word: &str) -> bool {
    name.match_indices(word).any(|(at, _)| {
        let (before, after) = (&name[..at], &name[at + word.len()..]);
        !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(environment: &Value, more: &Value) -> Vec<String> {
        let mut model = json!({ "services": { "db": {
            "image": "example/inventory-db:16", "environment": environment } } });
        model["services"]["web"] = more.clone();
        credentials(&model)
    }

    #[test]
    fn a_plain_word_that_the_model_shows_is_no_secret() {
        let none = Value::Null;
        for (password, user) in [
            ("inventory", "somebody"),
            ("inventory-db", "somebody"),
            ("warehouse", "warehouse"),
        ] {
            let environment = json!({ "DB_PASSWORD": password, "DB_USER": user });
            assert!(found(&environment, &none).is_empty(), "{password}");
        }
        // It is part of a word there, or nowhere.
        for password in ["invent", "warehouse"] {
            let environment = json!({ "DB_PASSWORD": password, "DB_USER": "somebody" });
            assert_eq!(found(&environment, &none), [password]);
        }
    }

    #[test]
    fn what_is_no_word_is_secret_whatever_else_it_is_called() {
        for token in [
            "ghp_16C7e42F292c69",
            "s3cret-s3cret",
            "inventory/db:16",
            "correcthorsebatterystaple",
        ] {
            let environment = json!({ "A_TOKEN": token, "GH_AUTH": token });
            assert_eq!(found(&environment, &json!({ "image": token })), [token]);
        }
    }

    #[test]
    fn a_file_says_what_is_certain_before_it_is_a_model() {
        let file =
            json!({ "environment": ["A_TOKEN=s3cret-1", "B_TOKEN=${X}", "DB_PASSWORD=warehouse"] });
        assert_eq!(written(&file), ["s3cret-1"]);
    }

    #[test]
    fn names_are_looked_for_everywhere() {
        let more = json!({
            "build": { "args": { "NPM_TOKEN": "npm-a$$b" } },
            "labels": { "api.token": "in-a-label" },
            "logging": { "options": { "splunk-token": "in-options" } },
            "command": ["serve", "--db=amqp://me:in-a-url@mq/"],
            "x-more": ["AN_API_KEY=in-a-list"],
        });
        let all = found(&json!({}), &more);
        for value in [
            "npm-a$b",
            "in-a-label",
            "in-options",
            "in-a-url",
            "in-a-list",
        ] {
            assert!(all.iter().any(|one| one == value), "{value}: {all:?}");
        }
    }
}

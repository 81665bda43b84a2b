//! What looks like a credential though nobody said so.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::MASK;

/// Names that end like this, whatever stands before.
static CREDENTIAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|API_?KEY|(?:SECRET|ACCESS|PRIVATE|SIGNING|ENCRYPTION|AUTH|MASTER)_?KEY|SECRET_KEY_BASE|.[_.-](?:PASS|PWD|PSK))[0-9]*$",
    )
    .ok()
});

/// The password in `scheme://user:password@host`.
static IN_URL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@]*:([^\s@/]+)@").ok());

/// Whether a variable of this name holds a credential.
fn is_credential(name: &str) -> bool {
    CREDENTIAL
        .as_ref()
        .is_some_and(|names| names.is_match(name))
        && name != "OLDPWD"
}

/// What people put where the value does not matter. Masked, it would be missing from every
/// sentence about passwords, and from names of files.
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^(?:PASSWORDS?|PASSWD|PASSPHRASE|SECRETS?|TOKENS?|CREDENTIALS?|(?:API|SECRET|ACCESS|PRIVATE|SIGNING|ENCRYPTION|AUTH|MASTER)[_-]?KEYS?)$",
    )
    .ok()
});

/// Whether a value is no more than a word for a credential.
pub(super) fn is_word(value: &str) -> bool {
    WORD.as_ref().is_some_and(|word| word.is_match(value))
}

/// What of a variable is secret by its looks: its value, or the password in a URL.
pub(super) fn values(name: &str, value: &str) -> Vec<String> {
    if is_credential(name) {
        // A place is not what is kept there.
        let is_path = value.starts_with('/') || value.starts_with("./");
        return if is_path {
            Vec::new()
        } else {
            vec![value.to_owned()]
        };
    }
    IN_URL
        .iter()
        .flat_map(|urls| urls.captures_iter(value))
        .map(|found| found[1].to_owned())
        // Of a file of variables, in which another one stands.
        .filter(|value| !value.starts_with("${"))
        .collect()
}

/// The same for all variables of a compose model.
pub(super) fn in_model(model: &Value) -> Vec<String> {
    variables(model)
        // Compose prints dollars twice.
        .flat_map(|(name, value)| values(name, &value.replace("$$", "$")))
        .collect()
}

/// Files that the model's `secrets` are read from.
pub(super) fn secret_files(model: &Value) -> impl Iterator<Item = &str> {
    objects(&model["secrets"]).filter_map(|(_, secret)| secret["file"].as_str())
}

/// Variables that the model's `secrets` are read from.
pub(super) fn secret_variables(model: &Value) -> impl Iterator<Item = &str> {
    objects(&model["secrets"]).filter_map(|(_, secret)| secret["environment"].as_str())
}

fn objects(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn variables(model: &Value) -> impl Iterator<Item = (&str, &str)> {
    objects(&model["services"])
        .flat_map(|(_, service)| {
            objects(&service["environment"]).chain(objects(&service["build"]["args"]))
        })
        .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

/// What a model shows without being asked.
pub(super) struct InPlainSight {
    names: Vec<String>,
    values: BTreeSet<String>,
}

impl InPlainSight {
    /// Whether a value is part of a name, or is the value of what is no credential.
    pub(super) fn has(&self, value: &str) -> bool {
        self.values.contains(value) || self.names.iter().any(|name| name.contains(value))
    }
}

pub(super) fn in_plain_sight(model: &Value) -> InPlainSight {
    let mut names = Vec::new();
    for kind in ["services", "networks", "volumes", "secrets", "configs"] {
        names.extend(objects(&model[kind]).map(|(name, _)| name.clone()));
    }
    let images = objects(&model["services"]).filter_map(|(_, one)| one["image"].as_str());
    names.extend(images.map(str::to_owned));
    let values = variables(model)
        .filter(|(name, _)| !is_credential(name))
        .map(|(_, value)| value.to_owned())
        .collect();
    InPlainSight { names, values }
}

/// Masks what stands beside the name of a credential: `{"NAME": "value"}`, `"NAME=value"`.
pub(super) fn mask_beside_names(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((name, value)) = text.split_once('=')
                && !value.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                && is_credential(name)
            {
                *text = format!("{name}={MASK}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_beside_names),
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if is_credential(name) && !text.is_empty() => {
                        MASK.clone_into(text);
                    }
                    _ => mask_beside_names(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_say_what_is_a_credential() {
        for name in [
            "PGPASSWORD",
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "api_key",
            "DB_PASS",
            "MYSQL_PWD",
            "JWT_SECRET",
            "SECRET_KEY_BASE",
            "Kafka.Password",
            "TOKEN2",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in [
            "PWD",
            "OLDPWD",
            "PATH",
            "POSTGRES_PASSWORD_FILE",
            "SSH_AUTH_SOCK",
            "TOKEN_URL",
            "KEY",
            "COMPASS",
            "AWS_ACCESS_KEY_ID",
            "MONKEY",
        ] {
            assert!(!is_credential(name), "{name}");
        }
    }

    #[test]
    fn a_url_has_its_password() {
        assert_eq!(
            values("DATABASE_URL", "postgres://app:s3cret@db:5432/app"),
            ["s3cret"]
        );
        assert_eq!(
            values("URL", "http://localhost:8080/a@b"),
            Vec::<String>::new()
        );
        assert_eq!(
            values("A_TOKEN", "/run/secrets/token"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn what_stands_beside_a_credentials_name_goes() {
        let mut document = json!({
            "Env": ["POSTGRES_PASSWORD=x", "PATH=/bin", "EMPTY_TOKEN="],
            "environment": { "API_TOKEN": "y", "USER": "me" },
            "secrets": { "db_password": { "name": "kept" } },
        });
        mask_beside_names(&mut document);
        assert_eq!(
            document,
            json!({
                "Env": ["POSTGRES_PASSWORD=***", "PATH=/bin", "EMPTY_TOKEN="],
                "environment": { "API_TOKEN": "***", "USER": "me" },
                "secrets": { "db_password": { "name": "kept" } },
            })
        );
    }
}

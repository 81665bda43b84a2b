//! Registry credentials of this machine's user, as Docker keeps them: in `config.json`, or with the
//! credential helpers that it names. Read for the registries that are asked for, and no others. The
//! caller makes them known as secrets, and sends them on.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// The registry of images without one in their name.
pub const DOCKER_HUB: &str = "docker.io";
/// A helper may ask a keychain, or its user.
const PATIENCE: Duration = Duration::from_secs(30);
/// How Docker calls its own registry.
const HUB_ADDRESS: &str = "https://index.docker.io/v1/";
/// What helpers name the user of a token.
const TOKEN: &str = "<token>";

/// What was found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RegistryLogins {
    /// The `auths` of a `config.json`.
    pub auths: Map<String, Value>,
    /// All in it that must not be shown.
    pub secrets: Vec<String>,
    /// Why something was not found that should be there.
    pub problems: Vec<String>,
}

/// Looks for those of these registries.
pub async fn registry_logins(registries: &BTreeSet<String>) -> RegistryLogins {
    let mut found = RegistryLogins::default();
    let Some(path) = config_path() else {
        return found;
    };
    let config = match tokio::fs::read(&path).await {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return found,
        Err(error) => {
            let problem = format!("failed to read {}: {error}", path.display());
            found.problems.push(problem);
            return found;
        }
    };
    let config: Value = match serde_json::from_slice(&config) {
        Ok(config) => config,
        Err(error) => {
            let problem = format!("failed to read {}: {error}", path.display());
            found.problems.push(problem);
            return found;
        }
    };
    for registry in registries {
        let address = address(registry);
        let asked = match helper(&config, address) {
            Some(helper) => ask(&helper, address).await,
            None => Ok(None),
        };
        match asked {
            Ok(Some(answer)) => found.add(address, answer),
            Ok(None) => found.add_written(&config, address),
            Err(problem) => found.problems.push(problem),
        }
    }
    found
}

impl RegistryLogins {
    fn add(&mut self, address: &str, entry: Value) {
        for key in ["auth", "password", "identitytoken", "registrytoken"] {
            let Some(text) = entry[key].as_str().filter(|text| !text.is_empty()) else {
                continue;
            };
            self.secrets.push(text.to_owned());
            let decoded = STANDARD.decode(text).ok().filter(|_| key == "auth");
            let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
            if let Some((_, password)) = decoded.as_deref().and_then(|text| text.split_once(':')) {
                self.secrets
                    .push(password.trim_end_matches('\0').to_owned());
            }
        }
        self.auths.insert(address.to_owned(), entry);
    }

    /// Adds what stands in `auths` itself.
    fn add_written(&mut self, config: &Value, address: &str) {
        let auths = config["auths"].as_object().into_iter().flatten();
        let hostname = hostname(address);
        let mut of_it = auths.filter(|(key, _)| hostname == self::hostname(key));
        let entry =
            of_it.find(|(_, entry)| entry.as_object().is_some_and(|entry| !entry.is_empty()));
        if let Some((_, entry)) = entry {
            self.add(address, entry.clone());
        }
    }
}

/// Where Docker's own program reads it.
fn config_path() -> Option<PathBuf> {
    let folder = std::env::var_os("DOCKER_CONFIG").filter(|folder| !folder.is_empty());
    let folder = folder.map(PathBuf::from).or_else(|| {
        let home = std::env::var_os("HOME").filter(|home| !home.is_empty())?;
        Some(PathBuf::from(home).join(".docker"))
    });
    folder.map(|folder| folder.join("config.json"))
}

/// The key under which Docker keeps the credentials of a registry.
fn address(registry: &str) -> &str {
    if registry == DOCKER_HUB {
        HUB_ADDRESS
    } else {
        registry
    }
}

/// Old versions wrote addresses with a scheme and a path.
fn hostname(key: &str) -> &str {
    let key = key.split_once("://").map_or(key, |(_, rest)| rest);
    key.split('/').next().unwrap_or_default()
}

/// The program that keeps the credentials of a registry, where one does.
fn helper(config: &Value, address: &str) -> Option<String> {
    let of_registry = config["credHelpers"][address].as_str();
    let of_all = config["credsStore"].as_str();
    let name = of_registry.or(of_all).filter(|name| !name.is_empty())?;
    Some(format!("docker-credential-{name}"))
}

/// Asks a helper; none when it has no credentials for that registry.
async fn ask(helper: &str, address: &str) -> Result<Option<Value>, String> {
    let failed = |why: &dyn std::fmt::Display| {
        format!(
            "failed to get credentials for {} from `{helper}`: {why}",
            hostname(address)
        )
    };
    let child = Command::new(helper)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let mut child = child.map_err(|error| failed(&error))?;
    let asked = async {
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read its input says why by its status.
            let _ = stdin.write_all(address.as_bytes()).await;
        }
        child.wait_with_output().await
    };
    let output = tokio::time::timeout(PATIENCE, asked).await;
    let output =
        output.map_err(|_| failed(&format!("no answer within {} s", PATIENCE.as_secs())))?;
    let output = output.map_err(|error| failed(&error))?;
    if !output.status.success() {
        // Its words for this are the same in all helpers.
        let said = String::from_utf8_lossy(&output.stdout);
        let none = said.contains("credentials not found");
        return if none {
            Ok(None)
        } else {
            Err(failed(&output.status))
        };
    }
    let answer: Value =
        serde_json::from_slice(&output.stdout).map_err(|_| failed(&"its answer is not JSON"))?;
    let (user, secret) = (answer["Username"].as_str(), answer["Secret"].as_str());
    let (Some(user), Some(secret)) = (user, secret) else {
        return Err(failed(&"its answer has no `Username` and `Secret`"));
    };
    Ok(Some(if user == TOKEN {
        json!({ "identitytoken": secret })
    } else {
        json!({ "auth": STANDARD.encode(format!("{user}:{secret}")) })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logins(config: &Value, address: &str) -> RegistryLogins {
        let mut found = RegistryLogins::default();
        found.add_written(config, address);
        found
    }

    #[test]
    fn an_entry_is_found_by_its_host_and_all_in_it_is_secret() {
        let auth = STANDARD.encode("ann:pa55:word");
        let config = json!({"auths": {
            "https://index.docker.io/v1/": {"auth": "aHViOmh1Yg=="},
            "https://registry.example.org/v2/": {"auth": auth},
            "empty.example.org": {},
        }});
        let found = logins(&config, "registry.example.org");
        assert_eq!(found.auths["registry.example.org"]["auth"], auth.as_str());
        assert_eq!(found.secrets, [auth, "pa55:word".to_owned()]);
        let hub = logins(&config, address(DOCKER_HUB));
        assert_eq!(hub.auths.keys().collect::<Vec<_>>(), [HUB_ADDRESS]);
        for other in ["empty.example.org", "example.org"] {
            assert_eq!(logins(&config, other), RegistryLogins::default());
        }
    }

    #[test]
    fn a_registrys_own_helper_counts_more_than_that_for_all() {
        let config = json!({"credsStore": "pass", "credHelpers": {"ecr.example.org": "ecr-login"}});
        for (registry, expected) in [
            ("ecr.example.org", "docker-credential-ecr-login"),
            (DOCKER_HUB, "docker-credential-pass"),
        ] {
            assert_eq!(
                helper(&config, address(registry)).as_deref(),
                Some(expected)
            );
        }
        assert_eq!(helper(&json!({"credsStore": ""}), "x"), None);
    }

    #[tokio::test]
    async fn a_helper_is_asked_and_its_failure_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let helper = |name: &str, script: &str| {
            use std::os::unix::fs::PermissionsExt as _;
            let path = folder.path().join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            path.display().to_string()
        };
        let ours = helper(
            "ours",
            r#"[ "$1" = get ] && printf '{"ServerURL":"%s","Username":"ann","Secret":"pa55"}' "$(cat)""#,
        );
        let answer = ask(&ours, "registry.example.org").await.unwrap();
        assert_eq!(answer, Some(json!({"auth": STANDARD.encode("ann:pa55")})));
        let token = helper(
            "token",
            r#"printf '{"Username":"<token>","Secret":"t0ken"}'"#,
        );
        let answer = ask(&token, "registry.example.org").await.unwrap();
        assert_eq!(answer, Some(json!({"identitytoken": "t0ken"})));
        let none = helper(
            "none",
            "echo credentials not found in native keychain; exit 1",
        );
        assert_eq!(ask(&none, "registry.example.org").await, Ok(None));
        let locked = ask(
            &helper("locked", "echo locked; exit 3"),
            "registry.example.org",
        )
        .await;
        let why = locked.unwrap_err();
        assert!(
            why.starts_with("failed to get credentials for registry.example.org from `"),
            "{why}"
        );
        assert!(why.ends_with("exit status: 3"), "{why}");
    }
}

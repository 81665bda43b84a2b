//! Variables for commands and for Compose: what they are, and how they are written down.

use e2e_harness::protocol::{self, Endpoints};

use crate::sandbox::{Existing, Identity, Sandbox};
use crate::shell::quote;

/// Names that mean the machine they are set on: they never travel to another.
const OF_THE_MACHINE: [&str; 12] = [
    "HOME", "PATH", "PWD", "OLDPWD", "USER", "LOGNAME", "SHELL", "TERM", "TMPDIR", "HOSTNAME",
    "LANG", "_",
];
const PREFIXES_OF_THE_MACHINE: [&str; 5] = ["COMPOSE_", "DOCKER_", "SSH_", "XDG_", "E2E_"];

/// Returns whether a variable of the client may go to Compose on the host.
pub fn travels(name: &str) -> bool {
    let begins = |prefix: &&str| name.starts_with(prefix);
    name != protocol::E2E
        && !OF_THE_MACHINE.contains(&name)
        && !PREFIXES_OF_THE_MACHINE.iter().any(begins)
}

/// Returns what tests and `setup_command` see, before the repo's own `env`.
pub fn for_tests(
    identity: &Identity,
    endpoints: &Endpoints,
    artifacts: &str,
    cache: &str,
) -> Vec<(String, String)> {
    let document = serde_json::to_string(endpoints).unwrap_or_default();
    let mut variables: Vec<(String, String)> = [
        (protocol::E2E, "1"),
        (protocol::RUN_ID, &identity.run_id),
        (protocol::PROJECT, &identity.project),
        (protocol::REPO, &identity.slug),
        (protocol::HOST, "127.0.0.1"),
        (protocol::ENDPOINTS, &document),
        (protocol::ARTIFACTS, artifacts),
        (protocol::CACHE, cache),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    variables.extend(endpoints.variables());
    variables
}

/// Returns what Compose sees of a sandbox on its host, where a script calls it: the rewritten model.
pub fn for_compose(sandbox: &Sandbox) -> [(String, String); 2] {
    let (project, file) = (&sandbox.identity.project, sandbox.dir() + "/compose.json");
    [
        (protocol::COMPOSE_PROJECT_NAME.to_owned(), project.clone()),
        (protocol::COMPOSE_FILE.to_owned(), file),
    ]
}

/// Returns what a shell sees that works with a sandbox which is up.
pub fn of_sandbox(existing: &Existing) -> Vec<(String, String)> {
    let sandbox = &existing.sandbox;
    for_tests(
        &sandbox.identity,
        &existing.state.endpoints,
        &format!("{}/collected/artifacts", sandbox.dir()),
        &format!("{}/cache/{}", sandbox.root, sandbox.identity.slug),
    )
}

/// A variable of the repo's `env` as a shell sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Own {
    Set {
        name: String,
        value: String,
    },
    /// It is made of a secret.
    Secret {
        name: String,
        value: String,
    },
    /// It is made of a variable that is not set here.
    Missing {
        name: String,
        of: String,
    },
}

/// Returns the repo's `env` on top of what is set; `environment` is asked for secrets.
pub fn own(
    existing: &Existing,
    set: &[(String, String)],
    environment: impl Fn(&str) -> Option<String>,
) -> Vec<Own> {
    let state = &existing.state;
    let mut plain = set.to_vec();
    let mut secret = set.to_vec();
    for name in &state.secrets {
        secret.extend(environment(name).map(|value| (name.clone(), value)));
    }
    let mut all = Vec::new();
    for (name, written) in &state.env {
        let name = name.clone();
        all.push(match (expand(written, &plain), expand(written, &secret)) {
            (Ok(value), _) => {
                plain.push((name.clone(), value.clone()));
                secret.push((name.clone(), value.clone()));
                Own::Set { name, value }
            }
            (Err(_), Ok(value)) => {
                secret.push((name.clone(), value.clone()));
                Own::Secret { name, value }
            }
            (Err(_), Err(of)) => Own::Missing { name, of },
        });
    }
    all
}

/// Fills `${NAME}` in a value of `env` from what is set so far; `$$` is a dollar.
///
/// # Errors
/// The name that is not set.
pub fn expand(value: &str, set: &[(String, String)]) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = value;
    while let Some(dollar) = rest.find('$') {
        filled.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            filled.push('$');
            rest = after;
        } else if let Some((name, after)) =
            rest.strip_prefix('{').and_then(|rest| rest.split_once('}'))
        {
            let found = set.iter().rev().find(|(set, _)| set == name);
            filled.push_str(&found.ok_or_else(|| name.to_owned())?.1);
            rest = after;
        } else {
            filled.push('$');
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

/// `export` lines for a shell script, and the proxy exceptions that every sandbox needs.
pub fn exports(variables: &[(String, String)]) -> String {
    let exports = variables
        .iter()
        .map(|(name, value)| format!("export {name}={}\n", quote(value)));
    exports.collect()
}

/// Returns variables as a script sets them for itself.
pub(super) fn assignments(variables: &[(&str, &str)]) -> String {
    let lines = variables
        .iter()
        .map(|(name, value)| format!("{name}={}\n", quote(value)));
    lines.collect()
}

/// What `NO_PROXY` and `no_proxy` gain, as shell lines.
pub const NO_PROXY: &str = "export NO_PROXY=\"${NO_PROXY:+$NO_PROXY,}127.0.0.1,localhost\"\n\
    export no_proxy=\"${no_proxy:+$no_proxy,}127.0.0.1,localhost\"\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_filled_from_what_is_set() {
        let set = [("E2E_DB_5432".to_owned(), "127.0.0.1:5432".to_owned())];
        assert_eq!(
            expand("postgres://${E2E_DB_5432}/x?cost=$$5&a=$b", &set).as_deref(),
            Ok("postgres://127.0.0.1:5432/x?cost=$5&a=$b")
        );
        assert_eq!(expand("${NOPE}", &set), Err("NOPE".to_owned()));
    }

    #[test]
    fn what_means_this_machine_stays_here() {
        for name in [
            "PATH",
            "HOME",
            protocol::COMPOSE_FILE,
            "DOCKER_HOST",
            "E2E_DB_5432",
        ] {
            assert!(!travels(name), "{name}");
        }
        assert!(travels("POSTGRES_IMAGE"));
    }
}

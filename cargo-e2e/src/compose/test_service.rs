//! Tests that run as a service of the stack: what that service needs besides its own definition.

use std::collections::BTreeMap;

use e2e_harness::protocol::{Check, Endpoint, Endpoints};
use serde_json::{Value, json};

use crate::shell::{Shell, quote};

use super::model::{entries, items};
use super::ports::Published;

/// Where `E2E_ARTIFACTS` is in the service's container.
pub const ARTIFACTS: &str = "/e2e/artifacts";
/// Where `E2E_CACHE` is in the service's container.
pub const CACHE: &str = "/e2e/cache";

/// Takes a service that no active profile has into the model, with what it alone uses. False when
/// there is no such service at all.
pub fn take_in(model: &mut Value, all: &Value, service: &str) -> bool {
    let Some(definition) = all["services"].get(service) else {
        return false;
    };
    model["services"][service] = definition.clone();
    for kind in ["networks", "volumes", "secrets", "configs"] {
        for (name, value) in entries(&all[kind]) {
            if model[kind].get(name).is_none() {
                model[kind][name] = value.clone();
            }
        }
    }
    true
}

/// Returns the stack as the service sees it: the compose network's own addresses.
pub fn endpoints(
    published: &[Published],
    health: BTreeMap<String, String>,
    checks: Vec<Check>,
) -> Endpoints {
    Endpoints {
        ports: published
            .iter()
            .map(|one| Endpoint {
                service: one.service.clone(),
                container_port: one.container_port,
                transport: one.transport,
                host: one.service.clone(),
                port: one.container_port,
            })
            .collect(),
        health,
        checks,
    }
}

/// Gives the service its variables and folders, and an entrypoint of e2e.yml, and takes away what is
/// for services that stay.
pub fn equip(
    model: &mut Value,
    service: &str,
    entrypoint: Option<&[String]>,
    variables: &[(String, String)],
    (artifacts, cache): (&str, &str),
) {
    let Some(definition) = model["services"][service].as_object_mut() else {
        return;
    };
    definition.remove("restart");
    // Compose reads the model again, and would interpolate.
    let literal = |text: &String| json!(text.replace('$', "$$"));
    if let Some(words) = entrypoint {
        let words = words.iter().map(literal).collect();
        definition.insert("entrypoint".to_owned(), Value::Array(words));
    }
    let environment = definition.entry("environment").or_insert_with(|| json!({}));
    if environment.is_null() {
        *environment = json!({});
    }
    if let Some(environment) = environment.as_object_mut() {
        for (name, value) in variables {
            environment.insert(name.clone(), literal(value));
        }
    }
    let volumes = definition.entry("volumes").or_insert_with(|| json!([]));
    if let Some(volumes) = volumes.as_array_mut() {
        for (source, target) in [(artifacts, ARTIFACTS), (cache, CACHE)] {
            volumes.push(json!({ "type": "bind", "source": source, "target": target }));
        }
    }
}

/// Returns the words after the service in `docker compose run`: none for its own command.
pub fn command(
    model: &Value,
    service: &str,
    (own, shell): (Option<&str>, Shell<'_>),
    arguments: &[String],
) -> Vec<String> {
    if let Some(own) = own {
        return shell.words(own, arguments);
    }
    if arguments.is_empty() {
        return Vec::new();
    }
    // Compose replaces the command by what is given; arguments are to follow it.
    let written = items(&model["services"][service]["command"]).filter_map(Value::as_str);
    let written = written.map(|word| word.replace("$$", "$"));
    written.chain(arguments.iter().cloned()).collect()
}

/// Returns all services but this one, as words of a shell.
pub fn others(model: &Value, service: &str) -> Vec<String> {
    let names = entries(&model["services"]).map(|(name, _)| name);
    let others = names.filter(|name| *name != service);
    others.map(|name| quote(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_of_an_inactive_profile_comes_with_what_it_uses() {
        let mut model = json!({ "services": { "db": {} }, "networks": { "default": {} } });
        let all = json!({
            "services": { "db": {}, "e2e": { "networks": { "tests": null } } },
            "networks": { "default": {}, "tests": {} },
            "volumes": { "cache": {} },
        });
        assert!(take_in(&mut model, &all, "e2e"));
        assert_eq!(model["networks"]["tests"], json!({}));
        assert_eq!(model["volumes"]["cache"], json!({}));
        assert!(!take_in(&mut model, &all, "nope"));
        assert_eq!(others(&model, "e2e"), ["'db'"]);
    }

    #[test]
    fn values_survive_that_compose_reads_them_again() {
        let mut model =
            json!({ "services": { "e2e": { "restart": "always", "environment": { "A": "1" } } } });
        let variables = [("B".to_owned(), "cost $5".to_owned())];
        let entrypoint = ["say".to_owned(), "$HOME".to_owned()];
        let folders = ("/box/artifacts", "/box/cache");
        equip(&mut model, "e2e", Some(&entrypoint), &variables, folders);
        let service = &model["services"]["e2e"];
        assert_eq!(service["entrypoint"], json!(["say", "$$HOME"]));
        assert_eq!(service["environment"], json!({ "A": "1", "B": "cost $$5" }));
        assert_eq!(service["volumes"][0]["target"], json!(ARTIFACTS));
        assert_eq!(service.get("restart"), None);
    }

    #[test]
    fn arguments_follow_the_services_own_command() {
        let model = json!({ "services": { "e2e": { "command": ["pytest", "-q", "$$HOME"] } } });
        let words = |own, arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
            command(&model, "e2e", (own, Shell::new(&[])), &arguments)
        };
        assert_eq!(words(None, &[]), Vec::<String>::new());
        assert_eq!(
            words(None, &["-k", "x"]),
            ["pytest", "-q", "$HOME", "-k", "x"]
        );
        assert_eq!(
            words(Some("run it"), &["x"]),
            Shell::new(&[]).words("run it", &["x".to_owned()])
        );
    }
}

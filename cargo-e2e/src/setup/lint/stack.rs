//! Mistakes in the stack that Compose accepts, and with which a run must fail.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::compose::places::joined;
use crate::compose::ports::is_here;
use crate::compose::{Published, risks};
use crate::plan::Plan;
use crate::spec::{Lint, Ports, Warning};

/// Looks at the canonical model. Reads files of the repo.
pub(super) fn stack(plan: &Plan, model: &Value) -> Vec<String> {
    let empty = Map::new();
    let services = model["services"].as_object().unwrap_or(&empty);
    let mut errors = Vec::new();
    if services.is_empty() {
        let none = "no service is active: name one in `profiles`, or give a service no profile";
        errors.push(none.to_owned());
    }
    for (name, service) in services {
        errors.extend(image(name, service));
        errors.extend(dockerfile(plan, name, service));
    }
    if plan.ports == Ports::Declared {
        errors.extend(twice(services));
    }
    errors
}

/// An image of whose name a part is a variable that is not set. One that is built has a name of the
/// run's own.
fn image(name: &str, service: &Value) -> Option<String> {
    let image = service["image"].as_str().unwrap_or_default();
    if !service["build"].is_null() || !service["provider"].is_null() {
        return None;
    }
    let is_open =
        |part: &str| part.is_empty() || part.starts_with([':', '@']) || part.ends_with([':', '@']);
    image.split('/').any(is_open).then(|| {
        format!("service {name} has the image `{image}`, of which a part is empty: is a variable not set?")
    })
}

/// Returns whether a command of e2e.yml may make files before Compose reads them.
pub(super) fn may_be_made(plan: &Plan) -> bool {
    plan.spec.build_command.is_some() || plan.spec.prepare_command.is_some()
}

fn dockerfile(plan: &Plan, name: &str, service: &Value) -> Option<String> {
    let build = &service["build"];
    if !build["dockerfile_inline"].is_null() || may_be_made(plan) {
        return None;
    }
    let context = Path::new(build["context"].as_str()?);
    let file = context.join(build["dockerfile"].as_str().unwrap_or("Dockerfile"));
    let is_missing = context.is_absolute() && context.is_dir() && file.symlink_metadata().is_err();
    is_missing.then(|| {
        let shown = file.strip_prefix(&plan.repo.root).unwrap_or(&file);
        let shown = shown.display();
        format!("{shown} does not exist; it is the Dockerfile of {name}")
    })
}

/// Ports of this host that two services publish.
fn twice(services: &Map<String, Value>) -> Vec<String> {
    let mut holders: BTreeMap<(&str, &str), Vec<(&str, &str)>> = BTreeMap::new();
    let mut errors = Vec::new();
    for (name, service) in services {
        for port in service["ports"].as_array().into_iter().flatten() {
            let number = port["published"].as_str().unwrap_or_default();
            if matches!(number, "" | "0") {
                continue;
            }
            let transport = port["protocol"].as_str().unwrap_or("tcp");
            let address = port["host_ip"].as_str().unwrap_or("0.0.0.0");
            let others = holders.entry((number, transport)).or_default();
            let is_all = |one: &str| matches!(one, "0.0.0.0" | "::" | "");
            let overlaps = |other: &str| is_all(other) || is_all(address) || other == address;
            if let Some((other, _)) = others.iter().find(|(_, there)| overlaps(there)) {
                let why = format!("services {other} and {name} both publish port {number}");
                errors.push(why);
            }
            others.push((name, address));
        }
    }
    errors
}

/// What a model may do beyond its sandbox, as `risks`; and what it names outside of the repo that
/// never comes to a host, so that no sandbox shares it. `root` is the repo's folder where the model
/// was read. Reads files of the repo.
pub fn reaches(plan: &Plan, model: &Value, root: &str) -> (Vec<Warning>, Vec<Warning>) {
    let outside = outside(plan);
    let folder = format!("{root}/{}", plan.project_dir);
    let is_outside = |risk: &Warning| {
        outside.iter().any(|(_, path)| {
            let path = joined(&folder, path);
            risk.text.contains(&format!(" {path} on the host"))
        })
    };
    let mut risks = risks::risks(model, root, plan.ports);
    risks.retain(|risk| risk.lint != Lint::OutsidePath || !is_outside(risk));
    let outside = outside.into_iter().map(|(warning, _)| warning);
    (risks, outside.collect())
}

/// Sources of bind mounts and contexts that are written relative to the repo and lead out of it,
/// each with that path: a host does not have them.
fn outside(plan: &Plan) -> Vec<(Warning, String)> {
    let mut found = Vec::new();
    let parts = plan.project_dir.split('/');
    let depth = parts.filter(|part| !matches!(*part, "" | ".")).count();
    for file in &plan.compose_files {
        let text = std::fs::read_to_string(plan.repo.root.join(file)).unwrap_or_default();
        let mut read: serde_yaml::Value = serde_yaml::from_str(&text).unwrap_or_default();
        let _ = read.apply_merge();
        for (name, service) in read["services"].as_mapping().into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            let mounts = service["volumes"].as_sequence().into_iter().flatten();
            let mounts = mounts.filter_map(|mount| match mount {
                serde_yaml::Value::String(short) => short.split(':').next(),
                long => long["source"].as_str(),
            });
            let build = &service["build"];
            let context = build.as_str().or(build["context"].as_str());
            for path in mounts.chain(context) {
                if leads_out(path, depth) {
                    let why = "which is outside the repo and is not sent to a host";
                    let text = format!("{file}: {name} uses {path}, {why}");
                    found.push((Warning::new(Lint::OutsidePath, text), path.to_owned()));
                }
            }
        }
    }
    found.dedup();
    found
}

/// Whether a relative path leaves a root that is `depth` folders above.
fn leads_out(path: &str, depth: usize) -> bool {
    if !path.starts_with("..") && !path.starts_with("./") {
        return false;
    }
    let mut below = i64::try_from(depth).unwrap_or(i64::MAX);
    path.split('/').any(|part| {
        below += match part {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        below < 0
    })
}

/// Health checks of ports at which nobody can answer, each with what to do.
pub fn unpublished(plan: &Plan, model: &Value, published: &[Published]) -> Vec<(String, String)> {
    let mut services = model["services"].as_object().into_iter().flatten();
    // Such a service listens where it likes.
    if services.any(|(_, service)| service["network_mode"] == "host") {
        return Vec::new();
    }
    let checks = plan.spec.health_checks.iter();
    let asked = checks.filter_map(|check| Some((check, check.probe.kind().address()?)));
    asked
        .filter(|(_, (host, port))| {
            is_here(host) && published.iter().all(|one| one.declared != Some(*port))
        })
        .map(|(check, (host, port))| {
            let declared = |one: &Published| Some(format!("{} of {}", one.declared?, one.service));
            let mut there: Vec<String> = published.iter().filter_map(declared).collect();
            there.dedup();
            let help = if there.is_empty() {
                "no service publishes a port: add `ports:` to the compose file, or use an `exec` check".to_owned()
            } else {
                format!("the compose file publishes {}", there.join(", "))
            };
            let error = format!("health check {} asks {host}:{port}, which no service publishes", check.name);
            (error, help)
        })
        .collect()
}

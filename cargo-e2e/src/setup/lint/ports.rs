//! Whether runs of a repo can go side by side: who names a port by its number.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use e2e_harness::protocol::{ENDPOINTS, env_name};
use serde_yaml::Value;

use crate::compose::Published;
use crate::plan::Plan;
use crate::spec::{Lint, Warning};

use super::text::{Place, addresses, files, lines, variable};

/// The number of warnings that people still read.
const MOST: usize = 20;

/// With ports of each run's own: what still names one by its number.
pub(super) fn named(plan: &Plan, published: &[Published]) -> Vec<Warning> {
    let mentioned = mentions(plan, published).into_iter();
    let own = "each sandbox has its own port: use";
    let mut mentioned: Vec<String> = mentioned
        .map(|(place, said, at)| format!("{place} names {said}, but {own} {}", at.variable()))
        .collect();
    let more = mentioned.len().saturating_sub(MOST);
    if more > 0 {
        mentioned.truncate(MOST);
        mentioned.push(format!("and {more} more places name a fixed port"));
    }
    let root = &plan.repo.root;
    let files = plan.compose_files.iter();
    let advertised = files.flat_map(|file| advertised(root, file, published));
    Warning::each(Lint::FixedPort, mentioned)
        .chain(Warning::each(Lint::AdvertisedAddress, advertised))
        .collect()
}

/// With ports as written: what that costs, and how to have it otherwise.
pub(super) fn queue(plan: &Plan, published: &[Published]) -> Option<String> {
    published.iter().find(|one| one.declared.is_some())?;
    let mut note =
        "with `ports: declared`, runs of this repo on one host wait for each other".to_owned();
    if plan.spec.ports.is_some() {
        return Some(note);
    }
    note = format!("{note}; it is the default for test_command");
    let Some((place, variable)) = reads(plan, published) else {
        return Some(note);
    };
    let add = format!(
        "add the line `ports: isolated` to {}",
        plan.spec_name().display()
    );
    let fixed = mentions(plan, published);
    let what = match fixed.first() {
        None => format!("{add}, and runs go side by side"),
        Some((other, said, at)) => {
            let more = match fixed.len() - 1 {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            format!(
                "use {} for {said} too ({other}{more}), then {add}",
                at.variable()
            )
        }
    };
    let reads = format!("the tests read {variable} already ({place})");
    Some(format!("{note}\n  help: {reads}: {what}"))
}

/// Who publishes a number, by the compose file.
fn publisher(published: &[Published], number: u16) -> Option<&Published> {
    published.iter().find(|one| one.declared == Some(number))
}

/// Returns the lines of tests, and of e2e.yml where it speaks for them.
fn spoken(plan: &Plan) -> Vec<(Place, String)> {
    let root = &plan.repo.root;
    let compose_files = plan.compose_files.iter();
    let mut not: BTreeSet<PathBuf> = compose_files.map(|file| root.join(file)).collect();
    not.insert(plan.repo.spec_path.clone());
    let command = plan.spec.test_command.clone();
    let command = command.unwrap_or_else(|| sources(plan).join(" "));
    let files = files(root, &command, &not);
    let mut spoken: Vec<_> = files.iter().flat_map(|file| lines(root, file)).collect();
    // A health check's address is translated; these are not.
    let mut of_tests = false;
    for (mut place, line) in lines(root, &plan.repo.spec_path) {
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let key = line.split(':').next().unwrap_or_default();
            of_tests = matches!(key, "test_command" | "setup_command" | "env");
        }
        if of_tests && !line.trim_start().starts_with('#') {
            place.file = plan.spec_name().display().to_string();
            spoken.push((place, line));
        }
    }
    spoken
}

/// Returns the folders of Cargo's test targets, relative to the repo's root.
fn sources(plan: &Plan) -> Vec<String> {
    let harness = plan.tests.harness().into_iter();
    let targets = harness.flat_map(|harness| &harness.targets);
    let folders = targets.filter_map(|target| {
        let folder = target.package.folder().join("tests");
        let inside = folder.strip_prefix(&plan.repo.root).ok()?;
        Some(inside.to_string_lossy().into_owned())
    });
    folders.collect()
}

/// Returns every `localhost:PORT` of the tests that means a published port.
fn mentions<'p>(plan: &Plan, published: &'p [Published]) -> Vec<(Place, String, &'p Published)> {
    let mut found = Vec::new();
    for (place, line) in spoken(plan) {
        for (said, number) in addresses(&line) {
            if let Some(at) = publisher(published, number) {
                found.push((place.clone(), said.to_owned(), at));
            }
        }
    }
    found
}

/// Returns where the tests read an address from the environment.
fn reads(plan: &Plan, published: &[Published]) -> Option<(Place, String)> {
    let is_address = |variable: &str| {
        let of_service = |one: &Published| {
            let service = format!("E2E_{}_", env_name(&one.service));
            variable.starts_with(&service)
        };
        variable == ENDPOINTS
            || variable.starts_with("E2E_HEALTH_")
            || published.iter().any(of_service)
    };
    spoken(plan).into_iter().find_map(|(place, line)| {
        let variable = variable(&line).filter(|variable| is_address(variable))?;
        Some((place, variable.to_owned()))
    })
}

/// Returns what services tell their clients to call: addresses in environment and command lines. A
/// container's own health check means the container itself.
fn advertised(root: &Path, file: &str, published: &[Published]) -> Vec<String> {
    let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
    // What is no YAML is Compose's to complain about, and it has passed there.
    let Ok(mut model) = serde_yaml::from_str::<Value>(&text) else {
        return Vec::new();
    };
    let _ = model.apply_merge();
    let mut found = Vec::new();
    for (service, definition) in model["services"].as_mapping().into_iter().flatten() {
        let service = service.as_str().unwrap_or_default();
        for key in ["environment", "command", "entrypoint"] {
            for said in texts(&definition[key]) {
                for (address, number) in addresses(&said) {
                    let Some(at) = publisher(published, number) else {
                        continue;
                    };
                    // There it means the other's container.
                    let mode = definition["network_mode"].as_str();
                    if mode.is_some_and(|mode| at.answers_within(mode)) {
                        continue;
                    }
                    let has_it = |line: &str| addresses(line).iter().any(|one| one.0 == address);
                    let line = text.lines().position(has_it);
                    let line = line.map_or_else(String::new, |line| format!(":{}", line + 1));
                    let warning = format!(
                        "{file}{line}: {service} names {address} in its {key}; if that is for clients outside of its \
                         container, write ${{{}:-{address}}}",
                        at.variable()
                    );
                    if !found.contains(&warning) {
                        found.push(warning);
                    }
                }
            }
        }
    }
    found
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Sequence(all) => all.iter().flat_map(texts).collect(),
        Value::Mapping(all) => all.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

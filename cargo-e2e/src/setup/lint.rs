//! What can be said of a repo without a host: mistakes, and what keeps its runs from going side
//! by side.

use std::path::Path;

use e2e_harness::protocol::collision;
use serde_json::Value;

use crate::compose::{Isolation, PortRule, Published, isolate, needs};
use crate::plan::Plan;
use crate::setup::init::other_stacks;
use crate::spec::{Lint, Ports, Warning};

mod copies;
mod ports;
mod stack;
mod statuses;
mod text;
mod unused;

pub use copies::copies;
pub use stack::{reaches, unpublished};
pub use statuses::statuses;

/// What was found, a line or a few each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// A run would fail.
    pub errors: Vec<String>,
    /// A run may not do what is meant; without those that e2e.yml accepts.
    pub warnings: Vec<Warning>,
    /// What could be better.
    pub notes: Vec<String>,
}

/// Looks at a repo's e2e.yml, its compose model and its tests. Reads files of the repo.
pub fn lint(plan: &Plan, model: &Value) -> Findings {
    let (mut errors, mut warnings) = (Vec::new(), plan.targets_not_run());
    let root = plan.repo.root.to_string_lossy();
    for (path, need) in needs::paths(model, &root) {
        let is_there = || plan.repo.root.join(&path).symlink_metadata().is_ok();
        if !need.is_made && !stack::may_be_made(plan) && !is_there() {
            errors.push(format!("{path} does not exist; it is {}", need.why));
        }
    }
    let services = || model["services"].as_object().into_iter().flatten();
    let names = || services().map(|(name, _)| name.as_str());
    if let Some((one, other)) = collision(names()) {
        errors.push(format!(
            "services {one} and {other} would share their E2E_… variables"
        ));
    }
    let (risks, outside) = reaches(plan, model, &root);
    let isolation = Isolation::without_host("e2e-check", PortRule::Declared(&[]));
    let rewritten = isolate(model.clone(), &isolation);
    for check in &plan.spec.health_checks {
        if let Some(service) = check.probe.kind().service()
            && !names().any(|name| name == service)
        {
            errors.push(format!(
                "health check {} names the service {service}, which the compose file does not have",
                check.name
            ));
        }
    }
    errors.extend(old_results(plan));
    errors.extend(stack::stack(plan, model));
    errors.extend(outside.into_iter().map(|outside| outside.text));
    let unpublished = unpublished(plan, model, &rewritten.published).into_iter();
    errors.extend(unpublished.map(|(error, help)| format!("{error}\n  help: {help}")));
    warnings.extend(addresses(plan, &rewritten.published));
    warnings.extend(statuses(plan));
    warnings.extend(own_stacks(plan));
    warnings.extend(rewritten.shared);
    warnings.extend(risks);
    warnings.extend(unused::unused(plan, model, &warnings));
    let warnings = plan.not_allowed(&warnings).cloned().collect();
    let mut notes = Vec::new();
    if plan.ports == Ports::Declared {
        notes.extend(ports::queue(plan, &rewritten.published));
    }
    Findings {
        errors,
        warnings,
        notes,
    }
}

/// Returns warnings of addresses at which no service would answer, also those that e2e.yml accepts.
/// Reads files of the repo.
pub fn addresses(plan: &Plan, published: &[Published]) -> Vec<Warning> {
    if plan.ports == Ports::Isolated {
        ports::named(plan, published)
    } else {
        Vec::new()
    }
}

/// Returns entries of `junit` in the folder of results, which are of earlier runs.
fn old_results(plan: &Plan) -> Vec<String> {
    let Ok(results) = plan.repo.results_dir.strip_prefix(&plan.repo.root) else {
        return Vec::new();
    };
    let is_old = |entry: &&String| {
        let path = Path::new(entry.trim_start_matches("./"));
        plan.tests.service().is_none() && path.starts_with(results)
    };
    let why = "names results of earlier runs, which never count: name what the tests write";
    let old = plan.spec.junit.iter().filter(is_old);
    old.map(|entry| format!("`junit`: {entry} {why}")).collect()
}

/// Returns warnings of commands that start a stack beside the sandbox.
fn own_stacks(plan: &Plan) -> Vec<Warning> {
    let spec = &plan.spec;
    let tests = spec.test_command.as_ref();
    let tests = tests.filter(|_| spec.test_service.is_none());
    let commands = [
        ("setup_command", spec.setup_command.as_ref()),
        ("test_command", tests),
    ];
    let found = commands.into_iter().filter_map(|(name, command)| {
        let files = other_stacks(&plan.repo.root, command?, &plan.compose_files);
        (!files.is_empty()).then(|| {
            let (files, spec) = (files.join(", "), plan.spec_name().display());
            format!(
                "`{name}` starts the stack of {files} beside the sandbox, and `cargo e2e` does not remove \
                 it: name it in `compose_file` of {spec}"
            )
        })
    });
    Warning::each(Lint::OtherStack, found).collect()
}

#[cfg(test)]
mod tests;

//! Entries of `allow` that accept nothing: the next warning of that name would not be seen.

use serde_json::Value;

use crate::compose::preview::remote;
use crate::compose::strict::Judge;
use crate::plan::Plan;
use crate::spec::{Lint, Warning};

/// Returns a warning for each entry that none of these warnings needs, nor `--strict`. Reads files of
/// the repo.
pub(super) fn unused(plan: &Plan, model: &Value, warnings: &[Warning]) -> Vec<Warning> {
    let is_used = |lint: Lint| match lint {
        // These depend on Compose's version and on the shell's variables, here and on each host.
        Lint::UnsetVariable | Lint::Compose | Lint::UnusedAllow => true,
        Lint::RemoteFile => !remote(plan).is_empty(),
        _ => warnings.iter().any(|one| one.lint == lint) || strict_needs(plan, model, lint),
    };
    let spec = plan.spec_name().display();
    let allow = plan.spec.allow.iter().copied();
    let unused = allow.filter(|lint| !is_used(*lint)).map(|lint| {
        format!("`allow` in {spec} names {lint}, but there is no such warning: remove it")
    });
    Warning::each(Lint::UnusedAllow, unused).collect()
}

/// Returns whether `--strict` refuses more without this entry: it refuses what `check` is silent about,
/// such as capabilities that end with their container.
fn strict_needs(plan: &Plan, model: &Value, lint: Lint) -> bool {
    let root = &plan.repo.root;
    let refused = |allow: &[Lint]| {
        let judge = Judge {
            root: &root.to_string_lossy(),
            here: root,
            ports: plan.ports,
            allow,
        };
        judge.model(model).len()
    };
    let allow = &plan.spec.allow;
    let others: Vec<Lint> = allow.iter().copied().filter(|one| *one != lint).collect();
    refused(&others) > refused(allow)
}

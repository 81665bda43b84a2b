//! Entries of `junit` that can name nothing that counts.

use std::path::Path;

use crate::plan::Plan;

/// Returns those in the folder of results, which are of earlier runs.
pub(super) fn junit(plan: &Plan) -> Vec<String> {
    let Ok(results) = plan.repo.results_dir.strip_prefix(&plan.repo.root) else {
        return Vec::new();
    };
    let is_of_results = |entry: &&String| {
        let path = Path::new(entry.trim_start_matches("./"));
        plan.tests.service().is_none() && path.starts_with(results)
    };
    let why = "names results of earlier runs, which never count: name what the tests write";
    let named = plan.spec.junit.iter().filter(is_of_results);
    named
        .map(|entry| format!("`junit`: {entry} {why}"))
        .collect()
}

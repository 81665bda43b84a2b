//! Entries of `junit` that can name nothing that counts.

use crate::plan::Plan;

/// Returns those in the folder of results, which are of earlier runs.
pub(super) fn junit(plan: &Plan) -> Vec<String> {
    let Ok(results) = plan.repo.results_dir.strip_prefix(&plan.repo.root) else {
        return Vec::new();
    };
    let named = plan.spec.junit.iter();
    let of_results = named.filter(|entry| {
        let path = entry.trim_start_matches("./");
        plan.tests.service().is_none() && std::path::Path::new(path).starts_with(results)
    });
    of_results
        .map(|entry| {
            format!("`junit`: {entry} names results of earlier runs, which never count: name what the tests write")
        })
        .collect()
}

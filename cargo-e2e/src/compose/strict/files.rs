//! The files that Compose opens while it reads the compose files, before there is a model.

use std::path::Path;

use super::super::risks;
use super::super::scan::{Opened, Scan};
use super::paths;
use crate::plan::Plan;

/// Returns a line for each that is refused: of what the compose files name, and of the files with
/// variables. Reads links of the repo. A file that is not there yet is judged by its path, and
/// again when it is.
pub fn files(plan: &Plan, mut scan: Scan) -> Vec<String> {
    let here = &plan.repo.root;
    scan.opened.extend(plan.env_files().into_iter().map(|path| {
        let name = path.strip_prefix(here).unwrap_or(&path);
        Opened {
            by: plan.repo.spec_path.clone(),
            key: "env_files".to_owned(),
            written: name.display().to_string(),
            path: path.clone(),
        }
    }));
    let remote = risks::fetched(&scan.remote);
    let remote = plan.not_allowed(&remote).map(|one| one.text.clone());
    let mut found: Vec<String> = remote.collect();
    let name = |path: &Path| {
        path.strip_prefix(here)
            .unwrap_or(path)
            .display()
            .to_string()
    };
    for opened in &scan.opened {
        let refused = why(opened, here);
        found.extend(refused.map(|why| format!("{}: {}: {why}", name(&opened.by), opened.key)));
    }
    for (path, why) in &scan.unread {
        found.push(format!("{}: `--strict` can't judge it: {why}", name(path)));
    }
    found
}

fn why(opened: &Opened, here: &Path) -> Option<String> {
    let written = &opened.written;
    if written.contains('$') {
        return Some(format!(
            "`{written}` is unknown before Compose resolves it; write a literal path"
        ));
    }
    let (root, path) = (here.to_string_lossy(), opened.path.to_string_lossy());
    let why = paths::leads_out(&root, here, &path)?;
    Some(why.replace(&*path, written))
}

//! A hash of what a sandbox is made from: it decides whether a sandbox that is up can be used
//! again.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::compose::scan;
use crate::plan::Plan;
use crate::sandbox::variables;
use crate::text::hex;

/// Hashes the stack's part of e2e.yml, the compose files, the files that these read, and the
/// variables of this machine that they use. The code that goes into images is not part of it.
pub async fn definition(plan: &Plan) -> String {
    let plan = plan.clone();
    // An empty hash equals no other, so that no sandbox is reused.
    tokio::task::spawn_blocking(move || hash(&plan))
        .await
        .unwrap_or_default()
}

fn hash(plan: &Plan) -> String {
    let root = &plan.repo.root;
    let compose: Vec<PathBuf> = plan
        .compose_files
        .iter()
        .map(|file| root.join(file))
        .collect();
    let scan = scan::scan(&compose, &root.join(&plan.project_dir));
    let mut hash = Sha256::new();
    let mut add = |name: &str, content: &[u8]| {
        // Hashes lengths too, so that no two lists of parts are the same.
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update((content.len() as u64).to_le_bytes());
        hash.update(content);
    };
    // How long tests may take, or where their result goes, does not change the stack.
    let spec = &plan.spec;
    let of_stack = (
        (&spec.name, &spec.compose_file, &spec.profiles),
        (&spec.services, &spec.test_service, &spec.env_files),
        (&spec.ports, &spec.health_checks, &spec.sync),
        (&spec.prepare_command, &spec.setup_command, &spec.shell),
        (&spec.env, &spec.secrets),
    );
    add("e2e.yml", format!("{of_stack:?}").as_bytes());
    let files = compose
        .into_iter()
        .chain(scan.files)
        .chain(plan.env_files());
    for file in files {
        add(
            &file.to_string_lossy(),
            &std::fs::read(&file).unwrap_or_default(),
        );
    }
    for name in scan
        .variables
        .iter()
        .filter(|name| variables::travels(name))
    {
        add(name, std::env::var(name).unwrap_or_default().as_bytes());
    }
    hex(&hash.finalize())
}

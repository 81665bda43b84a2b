//! What Compose makes of the repo's files: `docker compose config`, on the host. As a rule its answer is the
//! last run's, so it is asked while files travel: see [`Early`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::compose::scan::Scan;
use crate::compose::{env_file, places};
use crate::plan::Plan;
use crate::record::outcome::Verdict;
use crate::run::{Context, StageError};
use crate::sandbox::compose::{self, ConfigError};
use crate::sandbox::variables;

/// Compose's answer about the files that an earlier run left in the workspace. It counts where the sync
/// changed none of those that Compose reads.
#[derive(Debug)]
pub struct Early {
    profiles: Vec<String>,
    interpolation: Vec<(String, String)>,
    said: (Value, Vec<String>),
}

impl Early {
    /// Asks Compose, where it can be known which files it reads. What it refuses is none: it is asked
    /// again once the files are those of this run.
    pub(super) async fn ask(context: &Context<'_>, scan: &Scan) -> Option<Self> {
        let plan = context.plan;
        let is_plain = |written: &str| !written.contains('$');
        // `prepare_command` may write files, and strict mode judges them before Compose reads them.
        if plan.spec.prepare_command.is_some()
            || plan.options.strict
            || !scan.unread.is_empty()
            || !scan.remote.is_empty()
            || !scan.opened.iter().all(|one| is_plain(&one.written))
        {
            return None;
        }
        let (profiles, interpolation) = (plan.profiles(), from_client(context, scan));
        let said = config(context, &profiles, &interpolation).await.ok()?;
        Some(Self {
            profiles,
            interpolation,
            said,
        })
    }

    /// Returns the model and Compose's warnings, where they were asked for with the same words.
    pub(super) fn of(
        &self,
        profiles: &[String],
        interpolation: &[(String, String)],
    ) -> Option<(Value, Vec<String>)> {
        let is_same = self.profiles == profiles && self.interpolation == interpolation;
        is_same.then(|| self.said.clone())
    }
}

/// Returns the files that Compose reads, by their paths here.
pub(super) fn read_files(plan: &Plan, scan: &Scan) -> Vec<PathBuf> {
    let root = &plan.repo.root;
    let own = plan.compose_files.iter().map(|file| root.join(file));
    let opened = scan.opened.iter().map(|one| one.path.clone());
    own.chain(plan.env_files()).chain(opened).collect()
}

/// Returns whether any of these files is one that Compose `reads`, or may be: where one is a link, what it
/// leads to is not followed. `changed` are names from the root on. Asks the filesystem.
pub(super) fn is_read(root: &Path, reads: &[PathBuf], changed: &BTreeSet<PathBuf>) -> bool {
    if changed.iter().any(|name| root.join(name).is_symlink()) {
        return true;
    }
    let real_root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let is_changed = |path: &Path| path.ancestors().any(|one| changed.contains(one));
    reads.iter().any(|path| {
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        path.strip_prefix(root).is_ok_and(is_changed)
            || real.strip_prefix(&real_root).is_ok_and(is_changed)
    })
}

/// Returns the variables of this machine that the compose files use.
pub(super) fn from_client(context: &Context<'_>, scan: &Scan) -> Vec<(String, String)> {
    let secrets = context.events.secrets().variables();
    let mut all: Vec<(String, String)> = scan
        .variables
        .iter()
        .filter(|name| variables::travels(name) && !secrets.iter().any(|one| one.0 == **name))
        .filter_map(|name| Some((name.clone(), std::env::var(name).ok()?)))
        .collect();
    all.extend_from_slice(secrets);
    all
}

/// Asks Compose for the model, and what it warns of.
pub(super) async fn config(
    context: &Context<'_>,
    profiles: &[String],
    interpolation: &[(String, String)],
) -> Result<(Value, Vec<String>), StageError> {
    let plan = context.plan;
    let (host, sandbox) = (context.host, context.sandbox);
    match compose::config(host, sandbox, plan, profiles, interpolation).await {
        Ok((mut model, warnings)) => {
            let folder = format!("{}/{}", context.sandbox.repo_dir(), plan.project_dir);
            places::make_devices_absolute(&mut model, &folder);
            Ok((model, warnings))
        }
        Err(ConfigError::Host(error)) => Err(error.into()),
        Err(ConfigError::Refused { said }) => {
            let refused = format!("Compose refuses {}", plan.compose_files.join(", "));
            let said = said.trim();
            let error = if said.lines().count() == 1 {
                StageError::new(Verdict::SpecError, format!("{refused}: {said}"))
            } else {
                StageError::new(Verdict::SpecError, refused).excerpt("docker compose config", said)
            };
            let folder = context.sandbox.repo_dir();
            Err(match env_file::help(said, &folder, &plan.repo.root) {
                Some(help) => error.help(help),
                None => error,
            })
        }
        Err(error @ ConfigError::NoModel(_)) => {
            Err(StageError::new(Verdict::SpecError, error.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_that_compose_reads_is_known_by_every_name_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["e2e", "stacks/small"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        for path in ["e2e/compose.yml", "stacks/small/db.yml", "src.rs"] {
            fs::write(root.join(path), "").unwrap();
        }
        symlink("small", root.join("stacks/now")).unwrap();
        let reads = ["e2e/compose.yml", "e2e/../stacks/now/db.yml", "e2e/.env"];
        let reads = reads.map(|path| root.join(path));
        let is_read = |name: &str| is_read(root, &reads, &[PathBuf::from(name)].into());
        assert!(is_read("e2e/compose.yml"));
        assert!(is_read("stacks/small/db.yml"), "what a link leads to");
        assert!(is_read("stacks/now"), "a link");
        assert!(is_read("e2e/.env"), "it is not here");
        assert!(!is_read("src.rs"));
        assert!(!is_read("e2e/compose.yml.old"));
    }
}

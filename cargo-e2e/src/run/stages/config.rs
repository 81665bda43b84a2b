//! What Compose makes of the repo's files: `docker compose config`, on the host. As a rule its answer is the
//! last run's, so it is asked while files travel: see [`Early`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::compose::scan::Scan;
use crate::compose::{env_file, places};
use crate::plan::Plan;
use crate::record::outcome::Verdict;
use crate::run::{Context, StageError};
use crate::sandbox::compose::{self, ConfigError};
use crate::sandbox::variables;
use crate::secrets;
use crate::text::hex;

/// Compose's answer about the files that an earlier run left in the workspace. It counts where the sync
/// changed none of those that Compose reads.
#[derive(Debug)]
pub struct Early {
    profiles: Vec<String>,
    interpolation: Vec<(String, String)>,
    said: (Value, Vec<String>),
}

impl Early {
    /// Asks Compose about files that are the same as this run's, where it can be known which it reads. What it
    /// refuses is none: it is asked again once all files are there.
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

/// The files that Compose reads, as they are here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inputs {
    root: PathBuf,
    pub(super) files: Vec<PathBuf>,
    /// What they say.
    text: String,
    /// The same for the same files with the same content.
    pub(super) digest: String,
}

impl Inputs {
    /// Reads them. Asks the filesystem.
    pub(super) fn read(root: PathBuf, files: Vec<PathBuf>) -> Self {
        let (mut hash, mut text) = (Sha256::new(), String::new());
        for file in &files {
            let content = secrets::read_yaml(file);
            hash.update(file.as_os_str().as_encoded_bytes());
            hash.update([0, u8::from(content.is_some())]);
            let content = content.unwrap_or_default();
            hash.update(content.len().to_le_bytes());
            hash.update(&content);
            text += &content;
        }
        Self {
            root,
            digest: hex(&hash.finalize()[..8]),
            files,
            text,
        }
    }

    /// Returns whether any of these files, by their names from the root on, is one of them, or may be: what a
    /// link leads to is not followed, and a look at compose files may miss a name. Asks the filesystem.
    pub(super) fn may_have_any(&self, changed: &BTreeSet<PathBuf>) -> bool {
        if changed.iter().any(|name| self.may_have(name)) {
            return true;
        }
        let real_root = self.root.canonicalize();
        let real_root = real_root.unwrap_or_else(|_| self.root.clone());
        let is_changed = |path: &Path| path.ancestors().any(|one| changed.contains(one));
        self.files.iter().any(|path| {
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            path.strip_prefix(&self.root).is_ok_and(is_changed)
                || real.strip_prefix(&real_root).is_ok_and(is_changed)
        })
    }

    fn may_have(&self, changed: &Path) -> bool {
        let name = changed.file_name().unwrap_or_default().to_string_lossy();
        let ends = ["yml", "yaml", "env"];
        let is_of_composes = changed
            .extension()
            .is_some_and(|end| ends.iter().any(|one| end == *one));
        is_of_composes
            || name.starts_with(".env")
            || self.text.contains(&*name)
            || self.root.join(changed).is_symlink()
    }
}

/// Returns the files that Compose reads, by their paths here.
pub(super) fn read_files(plan: &Plan, scan: &Scan) -> Vec<PathBuf> {
    let root = &plan.repo.root;
    let own = plan.compose_files.iter().map(|file| root.join(file));
    let opened = scan.opened.iter().map(|one| one.path.clone());
    own.chain(plan.env_files()).chain(opened).collect()
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
        for path in ["e2e/labels", "stacks/small/labels", "src.rs"] {
            fs::write(root.join(path), "").unwrap();
        }
        fs::write(
            root.join("e2e/compose.yml"),
            "label_file: !override [../own]",
        )
        .unwrap();
        symlink("small", root.join("stacks/now")).unwrap();
        let files = ["e2e/compose.yml", "e2e/../stacks/now/labels", "e2e/values"];
        let files = files.map(|path| root.join(path)).to_vec();
        let inputs = Inputs::read(root.to_owned(), files.clone());
        let may_have = |name: &str| inputs.may_have_any(&[PathBuf::from(name)].into());
        assert!(may_have("e2e/compose.yml"));
        assert!(may_have("stacks/small/labels"), "what a link leads to");
        assert!(may_have("stacks/now"), "a link");
        assert!(may_have("e2e/values"), "it is not here");
        assert!(may_have("own"), "it is only named");
        assert!(may_have("deploy/.env.local") && may_have("more.yaml"));
        assert!(!may_have("src.rs") && !may_have("e2e/labels"));
        assert_eq!(Inputs::read(root.to_owned(), files.clone()), inputs);
        fs::write(root.join("e2e/values"), "").unwrap();
        assert_ne!(Inputs::read(root.to_owned(), files).digest, inputs.digest);
    }
}

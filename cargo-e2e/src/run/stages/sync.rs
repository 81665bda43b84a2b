//! Sends the repo: what git would ship, then ignored files that the run needs, and images.

mod extra;
mod images;
mod listing;
mod past_syncs;
mod sent;
mod tree;
mod workspace;
mod young;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::compose::scan::{self, Scan};
use crate::record::outcome::Verdict;
use crate::repo::files;
use crate::run::{Context, StageError, StageOutput};
use crate::text::count;

pub use extra::Extra;
pub use sent::Sent;
use workspace::Workspace;

/// What was sent, and what the compose files name.
#[derive(Debug)]
pub struct Synced {
    pub scan: Scan,
    /// What syncs have put into the workspace.
    pub sent: Sent,
    /// Ignored files that this sync has sent so far.
    pub extra: Extra,
    /// The `images` of e2e.yml that were sent, with their ids on the host.
    pub images: Vec<(String, String)>,
}

pub async fn sync(context: &Context<'_>) -> Result<StageOutput<Synced>, StageError> {
    let plan = context.plan;
    let spec_error =
        |error: files::FilesError| StageError::new(Verdict::SpecError, error.to_string());
    let filters = async {
        let found = files::filters(&plan.repo.root, &plan.spec.sync.exclude).await;
        found.map_err(spec_error)
    };
    let taking = async {
        match context.before {
            None => Ok((Some(Workspace::take(context).await?), Sent::default())),
            Some(_) => Ok((None, Sent::read(context).await?)),
        }
    };
    let (filters, (workspace, mut sent)) = tokio::try_join!(filters, taking)?;
    let mut extra = Extra::default();
    let amount = tree::send(context, &filters, workspace.as_ref(), &mut sent).await?;

    let root = plan.repo.root.clone();
    let patterns = plan.spec.sync.include.clone();
    let compose: Vec<_> = plan
        .compose_files
        .iter()
        .map(|file| root.join(file))
        .collect();
    let project = root.join(&plan.project_dir);
    let looking = tokio::task::spawn_blocking(move || {
        (
            files::included(&root, &patterns),
            scan::scan(&compose, &project),
        )
    });
    let settling = async {
        match workspace {
            Some(workspace) => workspace.settle(context, amount.kb).await,
            None => Ok(()),
        }
    };
    let looking = async {
        let (included, scan) = looking
            .await
            .map_err(|error| StageError::new(Verdict::InternalError, error.to_string()))?;
        let included = included.map_err(spec_error)?;
        let missing = missing_inputs(context, &scan, &sent).await?;
        Ok::<_, StageError>((included, scan, missing))
    };
    // Both to their ends: a workspace that is not settled is not given back.
    let (settled, looked) = tokio::join!(settling, looking);
    settled?;
    let (included, scan, missing) = looked?;
    // Not earlier: files that git ignores do not stay in the workspace.
    if !missing.is_empty() {
        context.events.note(format!(
            "git ignores {}, which Compose reads: sent too",
            listed(&missing)
        ));
    }
    let missing = missing.into_iter().map(PathBuf::from);
    let paths: BTreeSet<PathBuf> = included.into_iter().chain(missing).collect();
    extra.send(context, &mut sent, &paths).await?;
    let mut detail = count(amount.files + paths.len(), "file");
    if !paths.is_empty() {
        let _ = write!(detail, " ({} git-ignored)", paths.len());
    }
    let images = images::send(context).await?;
    if !images.is_empty() {
        let _ = write!(detail, ", {}", count(images.len(), "image"));
    }
    let synced = Synced {
        scan,
        sent,
        extra,
        images,
    };
    Ok(StageOutput::new(synced, detail))
}

/// Returns files that Compose opens and that exist here, but were not sent, or were sent only
/// because Compose opens them.
async fn missing_inputs(
    context: &Context<'_>,
    scan: &Scan,
    sent: &Sent,
) -> Result<BTreeSet<String>, StageError> {
    let plan = context.plan;
    let root = &plan.repo.root;
    let wanted: BTreeSet<String> = scan
        .files
        .iter()
        .cloned()
        .chain(plan.env_files())
        .filter_map(|path| inside(root, &path))
        .collect();
    for file in &plan.spec.env_files {
        if !exists(&root.join(file)).await {
            return Err(StageError::new(
                Verdict::SpecError,
                format!("`env_files` names {file}, which does not exist"),
            ));
        }
    }
    let mut here = BTreeSet::new();
    for path in wanted {
        if exists(&root.join(&path)).await {
            here.insert(path);
        }
    }
    if here.is_empty() {
        return Ok(here);
    }
    let missing = context
        .sandbox
        .missing(context.host, here.iter().map(String::as_str))
        .await?;
    here.retain(|path| sent.has_root(path) || missing.contains(path));
    Ok(here)
}

async fn exists(path: &Path) -> bool {
    tokio::fs::try_exists(path).await.unwrap_or(false)
}

/// Returns a path relative to the root without `..` and `.`, if it lies in the root.
fn inside(root: &Path, path: &Path) -> Option<String> {
    use std::path::Component;
    let mut parts: Vec<_> = Vec::new();
    for part in path.strip_prefix(root).ok()?.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            Component::ParentDir => {
                parts.pop()?;
            }
            _ => {}
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

pub(super) fn listed(paths: &BTreeSet<String>) -> String {
    paths
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_in_the_repo_are_sent() {
        let inside = |path: &str| inside(Path::new("/r"), Path::new(path));
        assert_eq!(inside("/r/e2e/../.env").as_deref(), Some(".env"));
        assert_eq!(inside("/r/../etc/passwd"), None);
        assert_eq!(inside("/etc/passwd"), None);
        assert_eq!(inside("/r"), None);
    }
}

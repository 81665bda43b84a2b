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
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;

use crate::compose::scan::{self, Scan};
use crate::record::outcome::Verdict;
use crate::repo::files;
use crate::run::{Context, StageError, StageOutput};
use crate::text::count;

use super::config::{self, Early, Inputs};
pub use extra::Extra;
pub use sent::Sent;
use workspace::Workspace;

/// What was sent, and what the compose files name.
#[derive(Debug)]
pub struct Synced {
    pub scan: Scan,
    /// What Compose said of them while they travelled, where that counts.
    pub early: Option<Early>,
    /// What syncs have put into the workspace.
    pub sent: Sent,
    /// Ignored files that this sync has sent so far.
    pub extra: Extra,
    /// The `images` of e2e.yml that were sent, with their ids on the host.
    pub images: Vec<(String, String)>,
}

/// Sends files and images. Calls `ahead` while they travel, once there is an early answer of Compose and the repo
/// has many files.
pub async fn sync<A>(
    context: &Context<'_>,
    ahead: impl AsyncFnOnce(&Context<'_>, &Scan, &Early) -> Result<Option<A>, StageError>,
) -> Result<StageOutput<(Synced, Option<A>)>, StageError> {
    let plan = context.plan;
    let filters = async {
        let found = files::filters(&plan.repo.root, &plan.spec.sync.exclude).await;
        found.map_err(|error| spec_error(&error))
    };
    let taking = async {
        match context.before {
            None => Ok((Some(Workspace::take(context).await?), Sent::default())),
            Some(_) => Ok((None, Sent::read(context).await?)),
        }
    };
    let (filters, (workspace, sent), scan) = tokio::try_join!(filters, taking, look(context))?;
    let (root, files) = (plan.repo.root.clone(), config::read_files(plan, &scan));
    let inputs = tokio::task::spawn_blocking(move || Inputs::read(root, files));
    let inputs = Arc::new(inputs.await.map_err(|error| internal(&error))?);
    let asked = async {
        // What git leaves out, no workspace has.
        let is_all_there = workspace.as_ref().is_some_and(|one| one.knows(&inputs))
            && plan.spec.sync.include.is_empty()
            && !inputs
                .files
                .iter()
                .filter_map(|file| inside(&plan.repo.root, file))
                .any(|file| filters.leaves_out(Path::new(&file)));
        if is_all_there {
            Early::ask(context, &scan).await
        } else {
            None
        }
    };
    let travel = travel(context, &filters, workspace.as_ref(), sent, &scan, &inputs);
    let has_many_files = workspace.as_ref().is_some_and(Workspace::has_many_files);
    let ahead = async |early: &Early| {
        if has_many_files {
            ahead(context, &scan, early).await
        } else {
            Ok(None)
        }
    };
    let (early, ahead, travelled) = beside(asked, ahead, travel).await?;
    let StageOutput { value, detail, .. } = travelled;
    let Travelled {
        sent,
        extra,
        images,
        counts,
    } = value;
    let synced = Synced {
        early: early.filter(|_| counts),
        scan,
        sent,
        extra,
        images,
    };
    Ok(StageOutput::new((synced, ahead), detail))
}

/// Waits for all; nobody waits for an answer that does not count, and what has arrived needs nothing made ahead.
async fn beside<A>(
    asked: impl Future<Output = Option<Early>>,
    ahead: impl AsyncFnOnce(&Early) -> Result<Option<A>, StageError>,
    travel: impl Future<Output = Result<StageOutput<Travelled>, StageError>>,
) -> Result<(Option<Early>, Option<A>, StageOutput<Travelled>), StageError> {
    let (mut asked, mut travel) = (pin!(asked), pin!(travel));
    tokio::select! {
        biased;
        travelled = &mut travel => {
            let travelled = travelled?;
            let early = if travelled.value.counts { asked.await } else { None };
            Ok((early, None, travelled))
        }
        early = &mut asked => {
            let ahead = async {
                match &early {
                    Some(early) => ahead(early).await,
                    None => Ok(None),
                }
            };
            let (ahead, travelled) = tokio::try_join!(ahead, travel)?;
            Ok((early, ahead, travelled))
        }
    }
}

fn internal(error: &tokio::task::JoinError) -> StageError {
    StageError::new(Verdict::InternalError, error.to_string())
}

fn spec_error(error: &files::FilesError) -> StageError {
    StageError::new(Verdict::SpecError, error.to_string())
}

/// Looks at the compose files.
async fn look(context: &Context<'_>) -> Result<Scan, StageError> {
    let plan = context.plan;
    let root = &plan.repo.root;
    let compose: Vec<_> = plan
        .compose_files
        .iter()
        .map(|file| root.join(file))
        .collect();
    let project = root.join(&plan.project_dir);
    tokio::task::spawn_blocking(move || scan::scan(&compose, &project))
        .await
        .map_err(|error| internal(&error))
}

struct Travelled {
    sent: Sent,
    extra: Extra,
    images: Vec<(String, String)>,
    /// Whether the workspace had all that Compose reads as it is now.
    counts: bool,
}

/// Sends the files and images.
async fn travel(
    context: &Context<'_>,
    filters: &files::Filters,
    workspace: Option<&Workspace>,
    mut sent: Sent,
    scan: &Scan,
    inputs: &Arc<Inputs>,
) -> Result<StageOutput<Travelled>, StageError> {
    let plan = context.plan;
    let mut extra = Extra::default();
    let (amount, change) = tree::send(context, filters, workspace, &mut sent).await?;
    crate::run::failpoint::reached("sent").await;
    let settling = async {
        match workspace {
            Some(workspace) => {
                workspace
                    .settle(context, (amount.files, amount.kb), inputs)
                    .await
            }
            None => Ok(()),
        }
    };
    let root = plan.repo.root.clone();
    let patterns = plan.spec.sync.include.clone();
    let including = tokio::task::spawn_blocking(move || files::included(&root, &patterns));
    let looking = async {
        let included = including.await.map_err(|error| internal(&error))?;
        let included = included.map_err(|error| spec_error(&error))?;
        let missing = missing_inputs(context, scan, &sent).await?;
        Ok::<_, StageError>((included, missing))
    };
    // Both to their ends: a workspace that is not settled is not given back.
    let (settled, looked) = tokio::join!(settling, looking);
    settled?;
    let (included, missing) = looked?;
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
    let changed = change
        .names
        .iter()
        .map(|name| OsStr::from_bytes(name).into())
        .collect();
    let inputs = Arc::clone(inputs);
    let is_read = tokio::task::spawn_blocking(move || inputs.may_have_any(&changed));
    let travelled = Travelled {
        // What was removed, Compose may have read.
        counts: !change.removes && paths.is_empty() && !is_read.await.unwrap_or(true),
        sent,
        extra,
        images,
    };
    Ok(StageOutput::new(travelled, detail))
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

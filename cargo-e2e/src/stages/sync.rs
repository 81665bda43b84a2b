//! Send the repo: what git would ship, then what is needed although git ignores it.

mod mirror;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::compose::scan::{self, Scan};
use crate::files;
use crate::host::{HostError, List, Transfer, rsync, rsync_in_one};
use crate::outcome::Verdict;
use crate::sandbox::Mirror;

use super::{Context, Done, Trouble, count};

/// A connection that breaks more often in one sync is none.
const TRIES: usize = 3;

/// Sends.
pub async fn sync(context: &Context<'_>) -> Result<Done<Scan>, Trouble> {
    let plan = context.plan;
    let spec_error = |error: files::FilesError| Trouble::new(Verdict::SpecError, error.to_string());
    let filters = files::filters(&plan.repo.root, &plan.spec.sync.exclude)
        .await
        .map_err(spec_error)?;
    let sent = tree(context, &filters).await?;

    let root = plan.repo.root.clone();
    let patterns = plan.spec.sync.include.clone();
    let compose: Vec<_> = plan
        .compose_files
        .iter()
        .map(|file| root.join(file))
        .collect();
    let project = root.join(&plan.project_dir);
    let (included, scan) = tokio::task::spawn_blocking(move || {
        (
            files::included(&root, &patterns),
            scan::scan(&compose, &project),
        )
    })
    .await
    .map_err(|error| Trouble::new(Verdict::InternalError, error.to_string()))?;
    let included = included.map_err(spec_error)?;
    let missing = missing_inputs(context, &scan).await?;
    if !missing.is_empty() {
        context.events.note(format!(
            "git ignores {}, which Compose reads: sent too",
            listed(&missing)
        ));
    }
    let missing = missing.into_iter().map(PathBuf::from);
    let extra: BTreeSet<PathBuf> = included.into_iter().chain(missing).collect();
    send_extra(context, &extra).await?;
    let mut detail = count(sent, "file");
    if !extra.is_empty() {
        let _ = write!(detail, " and {} that git ignores", extra.len());
    }
    Ok(Done::new(scan, detail))
}

/// The tree as git has it: into a mirror that is kept, then into the sandbox's own copy.
async fn tree(context: &Context<'_>, filters: &files::Filters) -> Result<usize, Trouble> {
    let (host, sandbox, plan) = (context.host, context.sandbox, context.plan);
    let mut arguments = vec![
        "--delete".to_owned(),
        "--delete-excluded".to_owned(),
        "--safe-links".to_owned(),
        // `symsafe` says nothing unless names are said too.
        "--info=stats2,symsafe1,name1".to_owned(),
    ];
    arguments.extend_from_slice(&filters.arguments);
    let source = format!("{}/", plan.repo.root.display());
    let transfer = |target| Transfer {
        arguments: &arguments,
        source: &source,
        target,
        fetch: false,
        list: Some(List::Without(&filters.ignored)),
        deadline: plan.limits.sync,
    };
    let said = if host.is_local() {
        // No wire to spare: straight into the sandbox.
        rsync(host, &transfer(&format!("{}/", sandbox.repo_dir()))).await?
    } else {
        let mirror = mirror::of(&plan.repo.root, &sandbox.identity.slug).await;
        let target = format!("{}/mirrors/{}/", sandbox.root, mirror.name);
        by_way_of(context, &mirror, &transfer(&target)).await?
    };
    for line in said.lines().filter(|line| line.contains("unsafe symlink")) {
        context.events.warn(format!(
            "{}: it leads out of the repo",
            crate::text::printable(line)
        ));
    }
    Ok(files_in(&said))
}

/// Sends to a mirror, and copies that. The mirror is held over a connection: where that was lost
/// meanwhile, another run may have had it, and all is done again.
async fn by_way_of(
    context: &Context<'_>,
    mirror: &Mirror,
    transfer: &Transfer<'_>,
) -> Result<String, HostError> {
    let (host, sandbox, limit) = (context.host, context.sandbox, transfer.deadline);
    for attempt in 0..TRIES {
        let before = host.connections();
        let held = sandbox.hold_mirror(host, mirror, limit).await?;
        let mut arguments = transfer.arguments.to_vec();
        if !held.is_known {
            // Two checkouts of one moment have files of the same size and time that differ.
            arguments.push("--checksum".to_owned());
        }
        let arguments = arguments.as_slice();
        let sent = rsync_in_one(
            host,
            &Transfer {
                arguments,
                ..transfer.clone()
            },
        )
        .await?;
        let Some(said) = sent else { continue };
        // What was copied while another had the mirror goes.
        sandbox
            .copy_mirror(host, mirror, attempt > 0, limit)
            .await?;
        if host.connections() == before {
            return Ok(said);
        }
    }
    Err(HostError::Lost {
        host: host.name().to_owned(),
        doing: "sync",
    })
}

/// Of the files that Compose opens, those that exist here but did not travel.
async fn missing_inputs(context: &Context<'_>, scan: &Scan) -> Result<BTreeSet<String>, Trouble> {
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
            return Err(Trouble::new(
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
    Ok(missing.into_iter().collect())
}

async fn exists(path: &Path) -> bool {
    tokio::fs::try_exists(path).await.unwrap_or(false)
}

/// Sends these paths, folders whole, into the sandbox's own copy.
pub async fn send_extra(context: &Context<'_>, paths: &BTreeSet<PathBuf>) -> Result<(), Trouble> {
    if paths.is_empty() {
        return Ok(());
    }
    let mut list = Vec::new();
    for path in paths {
        list.extend_from_slice(path.as_os_str().as_encoded_bytes());
        list.push(0);
    }
    let transfer = Transfer {
        // A link that leads out of the repo stands for the file that it leads to.
        arguments: &["-r".to_owned(), "--copy-unsafe-links".to_owned()],
        source: &format!("{}/", context.plan.repo.root.display()),
        target: &format!("{}/", context.sandbox.repo_dir()),
        fetch: false,
        list: Some(List::Only(&list)),
        deadline: context.plan.limits.sync,
    };
    rsync(context.host, &transfer).await?;
    Ok(())
}

/// A path relative to the root, if it lies in it, without `..` and `.`.
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

/// `Number of files: 312 (reg: 300, dir: 12)` → 300.
fn files_in(stats: &str) -> usize {
    stats
        .lines()
        .find_map(|line| line.strip_prefix("Number of files: "))
        .and_then(|line| line.split_once("reg: "))
        .map(|(_, rest)| {
            rest.chars()
                .take_while(|c| c.is_ascii_digit() || *c == ',')
                .filter(char::is_ascii_digit)
                .collect::<String>()
        })
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
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
    fn rsyncs_own_count_is_read() {
        assert_eq!(
            files_in("x\nNumber of files: 1,312 (reg: 1,300, dir: 12)\n"),
            1300
        );
        assert_eq!(files_in(""), 0);
    }

    #[test]
    fn only_paths_in_the_repo_are_sent() {
        let inside = |path: &str| inside(Path::new("/r"), Path::new(path));
        assert_eq!(inside("/r/e2e/../.env").as_deref(), Some(".env"));
        assert_eq!(inside("/r/../etc/passwd"), None);
        assert_eq!(inside("/etc/passwd"), None);
        assert_eq!(inside("/r"), None);
    }
}

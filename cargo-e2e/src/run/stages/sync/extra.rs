//! Ignored files that are sent: those that Compose reads, that the stack mounts, or that
//! `sync.include` names.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use crate::host::{List, Transfer, rsync};
use crate::record::outcome::Verdict;
use crate::run::{Context, StageError};

use super::listing::{self, Listing};
use super::sent::Sent;
use super::tree;

/// What of git's own folder never travels: credentials, and what only this machine has.
const PRIVATE_IN_GIT: [&str; 4] = ["config", "config.worktree", "hooks", "logs"];

/// What one sync sends of them.
#[derive(Debug, Clone, Default)]
pub struct Extra {
    /// The requested paths.
    roots: BTreeSet<Vec<u8>>,
    /// All files at these, each with its stamp.
    files: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Extra {
    /// Sends these paths, folders with their content, into the workspace. A sandbox that is up
    /// gets only what changed here: containers may have written there.
    pub(in crate::run::stages) async fn send(
        &mut self,
        context: &Context<'_>,
        sent: &mut Sent,
        paths: &BTreeSet<PathBuf>,
    ) -> Result<(), StageError> {
        if paths.is_empty() {
            return Ok(());
        }
        let (root, roots) = (context.plan.repo.root.clone(), paths.clone());
        // Stamped before it is sent: a file that changes meanwhile has another stamp next time.
        let files = tokio::task::spawn_blocking(move || files_at(&root, &roots));
        let files = files
            .await
            .map_err(|error| StageError::new(Verdict::InternalError, error.to_string()))?;
        let bytes = paths.iter().map(|path| path.as_os_str().as_bytes());
        self.roots.extend(bytes.clone().map(<[u8]>::to_vec));
        if context.before.is_none() {
            copy(context, &nul_separated(bytes), &[]).await?;
            self.files.extend(files);
            return Ok(());
        }
        let changed = files
            .iter()
            .filter(|(name, stamp)| stamp.is_empty() || sent.extra.get(*name) != Some(*stamp));
        let list = nul_separated(changed.map(|(name, _)| name.as_slice()));
        self.files.extend(files);
        if list.is_empty() {
            return Ok(());
        }
        let again = ["--checksum", "--inplace", "--force"];
        let looked = copy(context, &list, &[&again[..], &["-n"]].concat()).await?;
        sent.extend_pending(Listing::read(&looked).changed);
        sent.write(context).await?;
        copy(context, &list, &again).await?;
        Ok(())
    }

    /// Removes files that earlier syncs sent and this one did not, and stores what there is now.
    pub(in crate::run::stages) async fn finish(
        self,
        context: &Context<'_>,
        sent: &mut Sent,
    ) -> Result<(), StageError> {
        let is_gone =
            |name: &&Vec<u8>| !self.files.contains_key(*name) && !sent.tree.contains(*name);
        let gone: BTreeSet<_> = sent.extra.keys().filter(is_gone).cloned().collect();
        if !gone.is_empty() {
            tree::forget(context, sent, &gone).await?;
        }
        sent.roots = self.roots;
        sent.extra = self.files;
        sent.write(context).await
    }
}

/// Returns all files and links at these paths below a root, also within folders. A changed file has
/// another stamp; an empty stamp means unknown.
fn files_at(root: &Path, paths: &BTreeSet<PathBuf>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let stamp = |found: Metadata| {
        let (inode, seconds) = (found.ino(), found.ctime());
        format!("{inode} {seconds} {} ", found.ctime_nsec())
    };
    let mut files = BTreeMap::new();
    let mut next: Vec<_> = paths.iter().cloned().collect();
    while let Some(path) = next.pop() {
        if is_private(&path) {
            continue;
        }
        let full = root.join(&path);
        let Ok(found) = full.symlink_metadata() else {
            continue;
        };
        if found.is_dir() {
            let entries = full.read_dir().into_iter().flatten().filter_map(Result::ok);
            next.extend(entries.map(|entry| path.join(entry.file_name())));
            continue;
        }
        let own = stamp(found);
        let stamp = match full.metadata() {
            // A link to a folder may be sent as that folder.
            Ok(found) if found.is_dir() => String::new(),
            Ok(found) => own + &stamp(found),
            Err(_) => own,
        };
        files.insert(path.as_os_str().as_bytes().to_vec(), stamp.into_bytes());
    }
    files
}

fn is_private(path: &Path) -> bool {
    let parts: Vec<_> = path.components().map(Component::as_os_str).collect();
    let Some(git) = parts.iter().position(|part| *part == ".git") else {
        return false;
    };
    let private = |part: &OsStr| PRIVATE_IN_GIT.iter().any(|name| part == *name);
    match parts[git + 1..] {
        [first, ..] if private(first) => true,
        [first, .., last] => first == "modules" && private(last),
        _ => false,
    }
}

fn nul_separated<'a>(names: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut list = Vec::new();
    for name in names {
        list.extend_from_slice(name);
        list.push(0);
    }
    list
}

async fn copy(context: &Context<'_>, list: &[u8], more: &[&str]) -> Result<String, StageError> {
    // A link that leads out of the repo is sent as its target.
    let arguments = ["-r", "--copy-unsafe-links"];
    let arguments = arguments.iter().chain(&listing::ARGUMENTS).chain(more);
    let mut arguments: Vec<String> = arguments.map(|&word| word.to_owned()).collect();
    for name in PRIVATE_IN_GIT {
        arguments.push(format!("--exclude=.git/{name}"));
        arguments.push(format!("--exclude=.git/modules/**/{name}"));
    }
    let transfer = Transfer {
        arguments: &arguments,
        source: &format!("{}/", context.plan.repo.root.display()),
        target: &format!("{}/", context.sandbox.repo_dir()),
        fetch: false,
        list: Some(List::Only(list)),
        deadline: context.plan.limits.sync,
    };
    Ok(rsync(context.host, &transfer).await?)
}

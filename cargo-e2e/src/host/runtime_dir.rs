//! Folders of this process on this machine, for sockets. One that a killed client left behind is
//! known by its lock, which no process holds.

use std::fs::File;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// A folder younger than this may be one that is just being made.
const YOUNG: Duration = Duration::from_secs(5);
const PREFIX: &str = "m.";

/// A folder that only this user can enter, with a short path. Removed when it is dropped.
#[derive(Debug)]
pub struct RuntimeDir {
    folder: TempDir,
    /// Locked for as long as this process lives: so others see that the folder is in use.
    _owner: File,
}

impl RuntimeDir {
    /// Makes it. Blocks for as long as a disk does.
    pub fn make() -> std::io::Result<Self> {
        Self::below(&parent()?)
    }

    fn below(parent: &Path) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        let owner = File::create_new(folder.path().join("owner"))?;
        owner.lock()?;
        Ok(Self {
            folder,
            _owner: owner,
        })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Folders that killed clients left. Blocks for as long as a disk does.
pub(super) fn left_by_killed_clients() -> std::io::Result<Vec<PathBuf>> {
    parent().map(|parent| orphans(&parent))
}

fn orphans(parent: &Path) -> Vec<PathBuf> {
    let is_orphan = |folder: &PathBuf| {
        let ours = folder
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
        let old = |then| {
            let age = SystemTime::now().duration_since(then);
            age.is_ok_and(|age| age > YOUNG)
        };
        let is_old = |data: std::fs::Metadata| data.is_dir() && data.modified().is_ok_and(old);
        ours && folder.symlink_metadata().is_ok_and(is_old)
            && match File::open(folder.join("owner")) {
                Ok(owner) => owner.try_lock().is_ok(),
                // Killed before it made one, or half removed.
                Err(error) => error.kind() == std::io::ErrorKind::NotFound,
            }
    };
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(is_orphan)
        .collect()
}

/// Above all of them. Short, because sockets have 108 bytes (104 on
/// macOS), of which ssh takes 17 for itself.
fn parent() -> std::io::Result<PathBuf> {
    let uid = rustix::process::getuid().as_raw();
    let parent = match std::env::var_os(crate::environment::RUNTIME_DIR).map(PathBuf::from) {
        Some(runtime)
            if runtime.is_absolute() && runtime.as_os_str().len() < 50 && runtime.is_dir() =>
        {
            runtime.join("cargo-e2e")
        }
        _ => PathBuf::from(format!("/tmp/cargo-e2e-{uid}")),
    };
    match std::fs::DirBuilder::new().mode(0o700).create(&parent) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = std::fs::symlink_metadata(&parent)?;
    if !found.is_dir() || found.uid() != uid || found.mode() & 0o077 != 0 {
        return Err(std::io::Error::other(format!(
            "{} is not a private folder of this user",
            parent.display()
        )));
    }
    Ok(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_dead_clients_are_orphans() {
        let parent = tempfile::tempdir().expect("a folder");
        let make = || RuntimeDir::below(parent.path()).expect("a folder");
        let living = make();
        // Without its lock, as when its process is gone.
        let RuntimeDir { folder: dead, .. } = make();
        let RuntimeDir { folder: _young, .. } = make();
        let bare = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(parent.path());
        let bare = bare.expect("a folder");
        for old in [living.path(), dead.path(), bare.path()] {
            let folder = File::open(old).expect("it is there");
            folder
                .set_modified(SystemTime::now() - 2 * YOUNG)
                .expect("it is ours");
        }
        let mut found = orphans(parent.path());
        let mut expected = [dead.path(), bare.path()];
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }
}

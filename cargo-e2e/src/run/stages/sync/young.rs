//! Files that changed since a moment, by the inode's change time, which no program can set. Called
//! by the sync stage.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds of tolerance: file systems count coarsely.
const MARGIN: i64 = 2;

/// Returns this moment, in seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

pub(super) struct Young<'a> {
    root: &'a Path,
    since: i64,
    folders: BTreeMap<Vec<u8>, bool>,
}

impl<'a> Young<'a> {
    /// Looks for changes since a moment. A moment in the future is useless: the clock was set back,
    /// and everything may have changed.
    pub(super) fn since(root: &'a Path, moment: i64) -> Self {
        let since = if moment > now() {
            i64::MIN
        } else {
            moment - MARGIN
        };
        Self {
            root,
            since,
            folders: BTreeMap::new(),
        }
    }

    /// Returns whether the file of this name may have changed since the moment. A folder that was
    /// moved here brings files with old times.
    pub(super) fn is(&mut self, name: &[u8]) -> bool {
        let found = self.root.join(OsStr::from_bytes(name)).symlink_metadata();
        found.is_ok_and(|found| self.has(&found)) || self.is_below(name)
    }

    fn has(&self, found: &Metadata) -> bool {
        found.ctime() >= self.since
    }

    fn is_below(&mut self, name: &[u8]) -> bool {
        let Some(slash) = name.iter().rposition(|byte| *byte == b'/') else {
            return false;
        };
        let folder = &name[..slash];
        if let Some(known) = self.folders.get(folder) {
            return *known;
        }
        let is = self.is(folder);
        self.folders.insert(folder.to_vec(), is);
        is
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_took_anothers_place_is_young_with_all_below() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("file"), "").unwrap();
        let made = deep.join("file").metadata().unwrap().ctime();
        let is = |moment| Young::since(root.path(), moment).is(b"a/b/file");
        assert!(is(made));
        assert!(is(made + MARGIN));
        assert!(is(now() + 1000), "the clock was set back");
        let mut young = Young::since(root.path(), 0);
        young.since = made + 1000;
        assert!(!young.is(b"a/b/file"));
        young.folders.clear();
        young.folders.insert(b"a".to_vec(), true);
        assert!(young.is(b"a/b/file"));
    }
}

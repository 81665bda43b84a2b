//! The files of a repo that git would ship.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// No file that says how a repo is tested lies deeper.
const DEPTH: usize = 6;
/// No file that people write is longer.
const LONGEST: u64 = 1 << 20;

/// The paths of a repo's files, relative to its root and sorted.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: PathBuf,
    pub(super) files: Vec<String>,
}

impl Tree {
    /// Lists the files below a folder.
    pub(super) fn of(root: &Path) -> Self {
        let walk = WalkBuilder::new(root)
            .require_git(false)
            .hidden(false)
            .max_depth(Some(DEPTH))
            .filter_entry(|entry| {
                let name = entry.file_name();
                !["node_modules", "vendor", ".git", "target", "third_party"]
                    .iter()
                    .any(|skipped| name == *skipped)
            })
            .build();
        let mut files: Vec<String> = walk
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
            .filter_map(|entry| {
                let path = entry.path().strip_prefix(root).ok()?;
                path.to_str().map(str::to_owned)
            })
            .collect();
        files.sort_by(|one, other| {
            let depth = |path: &str| path.matches('/').count();
            (depth(one), one).cmp(&(depth(other), other))
        });
        Self {
            root: root.to_owned(),
            files,
        }
    }

    /// Whether there is this file.
    pub(super) fn has(&self, file: &str) -> bool {
        self.files.iter().any(|there| there == file)
    }

    /// Whether there is this folder; the root is empty.
    pub(super) fn has_folder(&self, folder: &str) -> bool {
        folder.is_empty() || self.any(folder, |_| true)
    }

    /// Whether there is a file whose name ends like this, below a folder.
    pub(super) fn any(&self, folder: &str, is_one: impl Fn(&str) -> bool) -> bool {
        self.files.iter().any(|file| {
            let below = folder.is_empty()
                || file
                    .strip_prefix(folder)
                    .is_some_and(|rest| rest.starts_with('/'));
            below && is_one(file.rsplit('/').next().unwrap_or(file))
        })
    }

    /// The text of a file; empty where it is long, or no text.
    pub(super) fn read(&self, file: &str) -> String {
        let path = self.root.join(file);
        let is_short = path.metadata().is_ok_and(|about| about.len() <= LONGEST);
        let text = is_short
            .then(|| std::fs::read_to_string(path).ok())
            .flatten();
        text.unwrap_or_default()
    }
}

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
    pub(super) fn of(root: &Path) -> Self {
        let walk = WalkBuilder::new(root)
            .require_git(false)
            .hidden(false)
            .max_depth(Some(DEPTH))
            .filter_entry(|entry| {
                let skipped = ["node_modules", "vendor", ".git", "target", "third_party"];
                !skipped.iter().any(|name| entry.file_name() == *name)
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
        files.sort_by_cached_key(|path| (path.matches('/').count(), path.clone()));
        Self {
            root: root.to_owned(),
            files,
        }
    }

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
            let below = file.strip_prefix(folder);
            (folder.is_empty() || below.is_some_and(|rest| rest.starts_with('/')))
                && is_one(file.rsplit('/').next().unwrap_or(file))
        })
    }

    pub(super) fn package_manager(&self) -> &'static str {
        let locks = [
            ("pnpm-lock.yaml", "pnpm"),
            ("yarn.lock", "yarn"),
            ("bun.lock", "bun"),
            ("bun.lockb", "bun"),
        ];
        let found = locks.iter().find(|(lock, _)| self.has(lock));
        found.map_or("npm", |(_, manager)| manager)
    }

    /// The text of a file; empty where it is long, or no text.
    pub(super) fn read(&self, file: &str) -> String {
        let path = self.root.join(file);
        if path.metadata().is_ok_and(|about| about.len() <= LONGEST) {
            std::fs::read_to_string(path).unwrap_or_default()
        } else {
            String::new()
        }
    }
}

//! Folders to be searched.

use std::fs;
use std::path::{Path, PathBuf};

use indoc::indoc;

use super::super::{FindError, Repo, Selection, find};

/// A folder without a git repo around it.
pub(super) struct Tree {
    _folder: tempfile::TempDir,
    pub(super) root: PathBuf,
}

impl Tree {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("it works");
        let root = folder.path().canonicalize().expect("it works");
        Self {
            _folder: folder,
            root,
        }
    }

    pub(super) fn file(self, path: &str, text: &str) -> Self {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("it works")).expect("it works");
        fs::write(path, text).expect("it works");
        self
    }

    pub(super) fn folder(self, path: &str) -> Self {
        fs::create_dir_all(self.root.join(path)).expect("it works");
        self
    }

    pub(super) fn spec(self, folder: &str) -> Self {
        self.file(&format!("{folder}/e2e/e2e.yml"), "name: x\n")
    }

    pub(super) fn package(self, folder: &str, more: &str) -> Self {
        let name = Path::new(folder)
            .file_name()
            .expect("it works")
            .to_str()
            .expect("it works");
        let manifest = format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n{more}");
        self.file(&format!("{folder}/Cargo.toml"), &manifest)
            .file(&format!("{folder}/src/lib.rs"), "")
    }

    /// A workspace `w` with the members `api`, `web` (both with an e2e.yml) and `lib` (without).
    pub(super) fn workspace() -> Self {
        Self::new()
            .file(
                "w/Cargo.toml",
                indoc! {r#"
                    [workspace]
                    members = ["web", "api", "lib"]
                    resolver = "3"
                    [workspace.metadata.e2e]
                    host = "shared"
                "#},
            )
            .folder("w/.git")
            .package("w/web", "[package.metadata.e2e]\nhost = \"own\"\n")
            .spec("w/web")
            .package("w/api", "")
            .spec("w/api")
            .package("w/lib", "")
    }

    pub(super) fn find(&self, cwd: &str, selection: &Selection) -> Result<Vec<Repo>, FindError> {
        find(&self.root.join(cwd), selection)
    }

    #[track_caller]
    pub(super) fn one(&self, cwd: &str, selection: &Selection) -> Repo {
        let mut repos = self.find(cwd, selection).expect("it works");
        assert_eq!(repos.len(), 1);
        repos.remove(0)
    }
}

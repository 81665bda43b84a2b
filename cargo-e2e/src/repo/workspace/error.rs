//! Why no repo was found.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use super::model::SPEC;
use crate::shell::word;

/// Why no repo was found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("{first} and {second} can't be used together")]
    Conflict {
        first: &'static str,
        second: &'static str,
    },
    /// What was typed isn't there, or can't be read.
    #[error("{what} {} can't be used", path.display())]
    Path {
        /// What it was to be: `REPO`, `--spec`, ….
        what: &'static str,
        /// Made absolute.
        path: PathBuf,
        source: io::Error,
    },
    /// `--spec` is a glob that means nothing.
    #[error("--spec {} {problem}\n  help: quote the glob; it is relative to the current directory", pattern.display())]
    Glob {
        /// As typed.
        pattern: PathBuf,
        problem: String,
    },
    /// REPO is a file beside `--spec`: the shell replaced a glob.
    #[error("REPO is a file beside --spec: {}\n  help: quote a glob, as in --spec 'e2e/*.yml', or write --spec before each file", file.display())]
    SpecAsRepo {
        /// As typed.
        file: PathBuf,
    },
    /// No `e2e/e2e.yml` in a folder or above it.
    #[error("{}", not_found(looked, misnamed.as_deref(), stack.as_ref(), typed.as_deref()))]
    NotFound {
        /// All folders, innermost first.
        looked: Vec<PathBuf>,
        /// An `e2e.yaml` that was seen on the way.
        misnamed: Option<PathBuf>,
        /// The nearest folder with a compose file, and that file.
        stack: Option<(PathBuf, String)>,
        /// REPO, where it was typed.
        typed: Option<PathBuf>,
    },
    /// `-p` names no member of the workspace.
    #[error("no package `{package}` in the workspace {}{}", workspace.display(), did_you_mean(nearest.as_deref()))]
    UnknownPackage {
        /// As typed.
        package: String,
        workspace: PathBuf,
        /// The member that was likely meant.
        nearest: Option<String>,
    },
    /// `-p` names a member without an `e2e.yml`.
    #[error("the package `{package}` has no {}\n  help: `{}` writes one, or set `spec` in [package.metadata.e2e]", looked.display(), init(looked.parent().and_then(Path::parent)))]
    PackageWithoutSpec {
        /// As typed.
        package: String,
        /// The file that would count.
        looked: PathBuf,
    },
    /// `--workspace`, and no member has an `e2e.yml`.
    #[error("no member of the workspace {} has an e2e/e2e.yml\n  looked in {}", workspace.display(), members.join(", "))]
    NoMembers {
        workspace: PathBuf,
        members: Vec<String>,
    },
    /// Cargo could not read the project.
    #[error("cargo metadata failed for {}", manifest.display())]
    Cargo {
        /// The manifest; for `-p` and `--workspace` the folder from which Cargo looked for one.
        manifest: PathBuf,
        source: Box<cargo_metadata::Error>,
    },
    /// A `metadata.e2e` table has something in it that means nothing.
    #[error("{}: {table} {problem}", manifest.display())]
    Metadata {
        manifest: PathBuf,
        /// Such as `[package.metadata.e2e]`.
        table: &'static str,
        problem: String,
    },
}

fn not_found(
    looked: &[PathBuf],
    misnamed: Option<&Path>,
    stack: Option<&(PathBuf, String)>,
    typed: Option<&Path>,
) -> String {
    if let (Some((folder, file)), None) = (stack, misnamed) {
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        return format!(
            "{} has {file} but no {SPEC}\n  help: `{}` writes one",
            name.to_string_lossy(),
            init(typed)
        );
    }
    let mut text = format!("no {SPEC} found");
    for folder in looked {
        // Writing to a String can't fail.
        let _ = write!(text, "\n  looked in {}", folder.display());
    }
    let _ = match misnamed {
        Some(path) => write!(text, "\n  help: rename {} to e2e.yml", path.display()),
        None => write!(
            text,
            "\n  help: run it in a repo that has one, or name the repo; `{}` writes one",
            init(typed)
        ),
    };
    text
}

/// Returns the command that writes an e2e.yml in a folder, or in the current repo.
fn init(folder: Option<&Path>) -> String {
    let folder = folder.map(|folder| format!(" {}", word(&folder.to_string_lossy())));
    format!("cargo e2e init{}", folder.unwrap_or_default())
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| {
        format!("\n  help: did you mean `{name}`?")
    })
}

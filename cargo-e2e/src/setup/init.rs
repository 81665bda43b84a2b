//! A first `e2e/e2e.yml`, written from what is there. Asks nothing, overwrites nothing.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::compose::preview::{PreviewError, preview};
use crate::compose::{Isolation, PortRule, Published, isolate};
use crate::plan::{HostVariables, Options, Plan};
use crate::repo::workspace::{self, Repo, TestPackage};
use crate::spec;

mod built;
mod calls;
mod candidates;
mod error;
mod guess;
mod health;
mod history;
pub(crate) mod light;
mod other_stacks;
mod place;
mod recipe;
mod recipes;
mod render;
mod runners;
mod shell;
mod stack;
mod test_services;
mod tree;
mod typed;

pub use error::InitError;
use guess::{Runs, Tests};
pub(super) use other_stacks::other_stacks;
use recipes::Recipes;
use stack::{Stack, Use};
use tree::Tree;

/// How many alternatives the file names.
const OTHERS: usize = 3;
/// The stack that is written where a repo has none.
const SAMPLE: &str = "e2e/compose.yml";
const SAMPLE_TEXT: &str = "# A stack to begin with, written by `cargo e2e init`: put your services here.\n\
    services:\n  web:\n    image: nginx:1-alpine\n    ports: [\"8080:80\"]\n    healthcheck:\n      \
    test: [CMD, wget, -qO, /dev/null, \"http://127.0.0.1/\"]\n      interval: 1s\n";

/// The variables that a recipe sets for its stack.
const VARIABLES: &str = "e2e/compose.env";

/// What was written, and from what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The files, relative to the repo's root, in the order they were written.
    pub files: Vec<String>,
    /// The compose files that the stack is read from.
    pub compose_files: Vec<String>,
    /// The recipe that starts that stack, where one does.
    pub started_by: Option<String>,
    pub health_checks: usize,
    /// How the tests are run: the command, or the names of Cargo's test targets.
    pub tests: String,
    /// The recipe that runs them, where one does.
    pub run_by: Option<String>,
    /// How many other stacks and ways to run the tests the file names.
    pub others: usize,
    /// Why `docker compose` did not read the compose file, where it did not.
    pub unread: Option<String>,
}

/// Writes `e2e/e2e.yml` for the repo in `root`, and a first test where there is none.
///
/// # Errors
/// [`InitError`]; then nothing of it is left.
pub async fn init(root: &Path) -> Result<Written, InitError> {
    let mut files = Files::default();
    let made = write_first(root, &mut files).await;
    if made.is_err() {
        files.remove();
    }
    made
}

async fn write_first(root: &Path, files: &mut Files) -> Result<Written, InitError> {
    let root = &root.canonicalize().map_err(|source| InitError::File {
        path: root.to_owned(),
        source,
    })?;
    let spec_path = root.join("e2e/e2e.yml");
    if spec_path.symlink_metadata().is_ok() {
        return Err(InitError::Exists(spec_path));
    }
    let name = root
        .file_name()
        .and_then(|name| spec::slug_of(&name.to_string_lossy()))
        .unwrap_or_else(|| "my-repo".to_owned());
    let mut tree = Tree::of(root);
    let recipes = Recipes::of(&tree);
    let uses = recipes.all.iter();
    let uses: Vec<Use<'_>> = uses
        .map(|recipe| Use::of(recipe, recipes.steps(recipe, &[]), &tree))
        .collect();
    let mut stacks = stack::find(&tree, &uses);
    if stacks.is_empty() {
        files.write(root, SAMPLE, SAMPLE_TEXT, 0o644)?;
        tree = Tree::of(root);
        stacks = stack::find(&tree, &uses);
    }
    if !stacks[0].variables.is_empty() {
        let lines = stacks[0].variables.iter();
        let text = lines.fold(String::new(), |text, (name, value)| {
            text + name + "='" + value + "'\n"
        });
        files.write(root, VARIABLES, &text, 0o644)?;
        stacks[0].env_files.push(VARIABLES.to_owned());
    }
    let mut read = model(root, &name, &stacks[0]).await?;
    let is_idle = read.services["services"]
        .as_object()
        .is_none_or(serde_json::Map::is_empty);
    if is_idle && stacks[0].profiles.is_empty() {
        stacks[0].profiles = stack::profiles(&tree, &stacks[0].files);
        read = model(root, &name, &stacks[0]).await?;
    }
    stacks.truncate(OTHERS + 1);
    let published = published(&read.services);
    let checks = health::checks(&read.services, &published);
    let targets = targets(root, &spec_path).await;
    let mut ways = ways(&tree, &uses, &stacks[0], &targets);
    ways.truncate(OTHERS + 1);
    if ways.is_empty() {
        ways.push(guess::of_nothing(&published, &checks));
    }
    let (tests, others) = (&ways[0], &ways[1..]);
    let compose_files = stacks[0].files.clone();
    let text = render::spec(&render::Found {
        name: &name,
        stacks: &stacks,
        checks: &checks,
        tests,
        others,
        published: &published,
        built: &built::find(&read.services, &uses),
        needs_git: history::is_built_with_git(&tree, &stacks[0]),
    });
    let path = Path::new("e2e/e2e.yml");
    let parsed = match &tests.run {
        Runs::Command(_) | Runs::Service(..) => spec::parse(path, &text),
        Runs::Targets(_) => spec::parse_in_cargo(path, &text),
    }
    .map_err(InitError::Own)?;

    if let Some(smoke) = &tests.smoke {
        files.write(root, guess::SMOKE, smoke, 0o755)?;
    }
    files.write(root, "e2e/e2e.yml", &text, 0o644)?;
    Ok(Written {
        files: files.names.clone(),
        compose_files,
        started_by: stacks[0].source.clone(),
        health_checks: parsed.health_checks.len(),
        tests: tests.run.to_string(),
        run_by: tests.source.clone(),
        others: stacks.len() - 1 + others.len(),
        unread: read.unread,
    })
}

/// Cargo's test targets where a package depends on e2e-harness: they are what is meant to run.
async fn targets(root: &Path, spec_path: &Path) -> Vec<TestPackage> {
    let (root, spec_path) = (root.to_owned(), spec_path.to_owned());
    // What Cargo can't read, `cargo e2e check` will complain of.
    let repo = tokio::task::spawn_blocking(move || workspace::repo(root, spec_path).ok()).await;
    let cargo = repo.ok().flatten().and_then(|repo| repo.cargo);
    let packages = cargo.map_or_else(Vec::new, |cargo| cargo.tests);
    packages
        .into_iter()
        .filter(|package| package.has_harness && !package.targets.is_empty())
        .collect()
}

/// All ways to run the tests, the likeliest first.
fn ways(tree: &Tree, uses: &[Use<'_>], stack: &Stack, targets: &[TestPackage]) -> Vec<Tests> {
    if !targets.is_empty() {
        return vec![guess::of_cargo(targets)];
    }
    // A repo with `e2e/` keeps to the convention already.
    let own = guess::of_folders(tree, &["e2e/tests", "e2e"]);
    let said = candidates::find(tree, uses, stack);
    let mut ways: Vec<Tests> = own.into_iter().chain(said).collect();
    if ways.is_empty() {
        let folders = guess::of_folders(tree, &["tests/e2e", "test/e2e"]);
        ways.extend(folders.or_else(|| guess::of_language(tree)));
    }
    ways
}

/// A stack as it was read.
struct Model {
    services: serde_json::Value,
    /// Why Compose did not read it, where it did not.
    unread: Option<String>,
}

/// The stack as Compose reads it; by a look of our own where Compose is not on this machine, or misses
/// a file or a value that git does not ship.
async fn model(root: &Path, name: &str, stack: &Stack) -> Result<Model, InitError> {
    let draft = render::draft(name, stack);
    let spec_path = root.join("e2e/e2e.yml");
    let spec = spec::parse(&spec_path, draft).map_err(InitError::Own)?;
    let repo = Repo::without_cargo(root.to_owned(), spec_path);
    let looked = |reason: String| {
        Ok(Model {
            services: light::model(root, &stack.files)?,
            unread: Some(reason),
        })
    };
    let read = match Plan::new(repo, spec, Options::default(), &HostVariables::default()) {
        Ok(plan) => preview(&plan, "e2e-init").await,
        Err(error) => return looked(error.to_string()),
    };
    match read {
        Ok((services, _)) => Ok(Model {
            services,
            unread: None,
        }),
        Err(PreviewError::NoCompose) => looked(PreviewError::NoCompose.to_string()),
        // The draft names no service.
        Err(PreviewError::Absent { message, .. }) => looked(message),
        Err(PreviewError::Refused(reason)) => {
            let misses = [
                "not found",
                "no such file",
                "required variable",
                "is missing a value",
                "variable is not set",
            ];
            if misses.iter().any(|text| reason.contains(text)) {
                let last = reason.lines().last().unwrap_or_default();
                return looked(last.trim().to_owned());
            }
            Err(InitError::Refused {
                file: stack.files.join(", "),
                reason: format!("Compose refuses it: {reason}"),
            })
        }
    }
}

fn published(model: &serde_json::Value) -> Vec<Published> {
    let isolation = Isolation::without_host("e2e-init", PortRule::Declared(&[]));
    isolate(model.clone(), &isolation).published
}

/// What was written so far, files and folders, in that order.
#[derive(Default)]
struct Files {
    names: Vec<String>,
    made: Vec<PathBuf>,
}

impl Files {
    /// Writes a new file; one that is there already stays as it is.
    fn write(&mut self, root: &Path, name: &str, text: &str, mode: u32) -> Result<(), InitError> {
        let path = root.join(name);
        let written = self.create(&path, mode).and_then(|mut file| {
            self.names.push(name.to_owned());
            file.write_all(text.as_bytes())
        });
        written.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => InitError::Exists(path),
            _ => InitError::File { path, source },
        })
    }

    fn create(&mut self, path: &Path, mode: u32) -> io::Result<File> {
        let missing = path
            .ancestors()
            .skip(1)
            .take_while(|folder| !folder.exists());
        let missing: Vec<&Path> = missing.collect();
        for folder in missing.into_iter().rev() {
            std::fs::create_dir(folder)?;
            self.made.push(folder.to_owned());
        }
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(mode).open(path)?;
        self.made.push(path.to_owned());
        Ok(file)
    }

    /// Removes all of it: nothing was adopted. One that can't be removed stays, and is whole.
    fn remove(self) {
        for path in self.made.into_iter().rev() {
            let removed = if path.is_dir() {
                std::fs::remove_dir(path)
            } else {
                std::fs::remove_file(path)
            };
            drop(removed);
        }
    }
}

#[cfg(test)]
mod tests;

//! A first `e2e/e2e.yml`, written from what is there. Asks nothing, overwrites nothing.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::compose::preview::{PreviewError, preview};
use crate::compose::{Isolation, PortRule, Published, isolate};
use crate::plan::{HostVariables, Options, Plan};
use crate::repo::workspace::{self, Repo, TestPackage};
use crate::spec;

mod error;
mod guess;
mod health;
pub(crate) mod light;
mod render;
mod stack;

pub use error::InitError;
use guess::Runs;

/// What was written, and from what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The files, relative to the repo's root, in the order they were written.
    pub files: Vec<String>,
    /// The compose files that the stack is read from.
    pub compose_files: Vec<String>,
    /// How many health checks there are.
    pub health_checks: usize,
    /// How the tests are run: the command, or the names of Cargo's test targets.
    pub tests: String,
    /// Whether `docker compose` has read the compose file; else it was a light look.
    pub read_by_compose: bool,
}

/// Writes `e2e/e2e.yml` for the repo in `root`, and a first test where there is none.
///
/// # Errors
/// [`InitError`]; then nothing was written, unless it is a file that could not be.
pub async fn init(root: &Path) -> Result<Written, InitError> {
    let root = &root.canonicalize().map_err(|source| InitError::File {
        path: root.to_owned(),
        source,
    })?;
    let spec_path = root.join("e2e/e2e.yml");
    if spec_path.symlink_metadata().is_ok() {
        return Err(InitError::Exists(spec_path));
    }
    let compose_files = stack::find(root);
    if compose_files.is_empty() {
        return Err(InitError::NoComposeFile(root.clone()));
    }
    let name = root
        .file_name()
        .and_then(|name| spec::slug_of(&name.to_string_lossy()))
        .unwrap_or_else(|| "my-repo".to_owned());
    let (model, read_by_compose) = model(root, &name, &compose_files).await?;
    let published = published(&model);
    let checks = health::checks(&model, &published);
    let targets = targets(root, &spec_path).await;
    let tests = if targets.is_empty() {
        guess::tests(root, &published, &checks)
    } else {
        guess::of_cargo(&targets)
    };
    let text = render::spec(&name, &compose_files, &checks, &tests, &published);
    let path = Path::new("e2e/e2e.yml");
    let parsed = match &tests.run {
        Runs::Command(_) => spec::parse(path, &text),
        Runs::Targets(_) => spec::parse_in_cargo(path, &text),
    }
    .map_err(InitError::Own)?;

    let mut files = Vec::new();
    if let Some(smoke) = &tests.smoke {
        write(&root.join(guess::SMOKE), smoke, 0o755)?;
        files.push(guess::SMOKE.to_owned());
    }
    write(&spec_path, &text, 0o644)?;
    files.push("e2e/e2e.yml".to_owned());
    Ok(Written {
        files,
        compose_files,
        health_checks: parsed.health_checks.len(),
        tests: tests.run.to_string(),
        read_by_compose,
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

/// The stack as Compose reads it; by a look of our own where Compose is not on this machine.
async fn model(
    root: &Path,
    name: &str,
    compose_files: &[String],
) -> Result<(serde_json::Value, bool), InitError> {
    let draft = render::draft(name, compose_files);
    let spec_path = root.join("e2e/e2e.yml");
    let repo = Repo {
        root: root.to_owned(),
        results_dir: root.join("e2e/results"),
        spec_path: spec_path.clone(),
        cargo: None,
        host: None,
    };
    let spec = spec::parse(&spec_path, draft).map_err(InitError::Own)?;
    let plan = Plan::new(repo, spec, Options::default(), &HostVariables::default())?;
    match preview(&plan, "e2e-init").await {
        Ok(model) => Ok((model, true)),
        Err(PreviewError::NoCompose) => Ok((light::model(root, compose_files)?, false)),
        Err(PreviewError::Refused(reason)) => Err(InitError::Refused {
            file: compose_files.join(", "),
            reason: format!("Compose refuses it:\n{reason}"),
        }),
    }
}

fn published(model: &serde_json::Value) -> Vec<Published> {
    let isolation = Isolation {
        project: "e2e-init",
        labels: &[],
        ports: PortRule::Declared(&[]),
        ipv6: false,
        engine: (25, 0),
    };
    isolate(model.clone(), &isolation).published
}

/// A new file; one that is there already stays as it is.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), InitError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => InitError::Exists(path.to_owned()),
        _ => InitError::File {
            path: path.to_owned(),
            source,
        },
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(failed)
}

#[cfg(test)]
mod tests;

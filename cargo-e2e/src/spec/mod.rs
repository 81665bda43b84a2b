//! `e2e/e2e.yml`, version 1: what a repo says about its stack and its tests.
//!
//! The text is read once, as a tree of located nodes (`locate`), by YAML 1.2. Each key of `fields`
//! has a type (`types`, `probes`) that checks a node and returns its value; mistakes go to the
//! `decoder`, so that a person gets every one of the file at once, each with its line. What other
//! readers would read differently is refused or read as YAML 1.2 has it.
//! `serde_yaml` knows no lines inside a value and stops at the first error: it reads files that
//! Compose reads as well (`compose/scan.rs`, `secrets`, `setup`), and nothing here.

use std::path::Path;

mod allow;
mod choice;
mod count;
mod decoder;
mod diagnostic;
mod fields;
mod file;
mod health_checks;
mod keys;
mod level;
mod locate;
mod name;
mod nearest;
mod need;
mod node;
mod pattern;
mod probes;
mod schema;
mod seconds;
mod source;
#[cfg(test)]
mod tests;
mod types;

pub use allow::{Lint, Warning};
pub use diagnostic::SpecErrors;
pub use fields::{Cleanup, Flaky, Need, Ports, Pull, RegistryAuth, Report, Side, Spec};
pub use file::is_meant;
pub use health_checks::HealthCheck;
pub(crate) use name::slug_of;
pub use name::{is_slug, name_in};
pub(crate) use nearest::{did_you_mean, nearest};
pub use need::{cpus, memory};
pub use schema::{MODELINE, schema};

/// Reads one `e2e.yml`. `path` is only for messages; nothing is opened.
///
/// # Errors
/// Every mistake that can be found in one pass, at least one. After a mistake in the YAML itself
/// there is only that one, since what follows has no certain meaning.
pub fn parse(path: &Path, text: impl AsRef<[u8]>) -> Result<Spec, SpecErrors> {
    read(path, text.as_ref(), false)
}

/// As [`parse`], in a Cargo project: there the tests may be Cargo's test targets.
pub fn parse_in_cargo(path: &Path, text: impl AsRef<[u8]>) -> Result<Spec, SpecErrors> {
    read(path, text.as_ref(), true)
}

fn read(path: &Path, text: &[u8], in_cargo: bool) -> Result<Spec, SpecErrors> {
    let errors = |(diagnostics, more)| SpecErrors {
        path: path.to_path_buf(),
        diagnostics,
        more,
    };
    let source = source::Source::decode(text).map_err(|one| errors((vec![one], 0)))?;
    locate::read(&source)
        .map_err(|finding| vec![finding])
        .and_then(|root| file::read(path, &source, &root, in_cargo))
        .map_err(|findings| errors(source.diagnostics(findings)))
}

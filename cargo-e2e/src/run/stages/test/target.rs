//! A test target that was compiled, and the commands that start one.

use std::path::PathBuf;

use tokio::process::Command;

use crate::plan::{Plan, Target};

/// A harness ends with this when it does not understand its arguments.
pub(super) const USAGE: i32 = 2;
/// Lists the tests, in place of running them.
pub(super) const LIST: &str = "--list";

/// A test target that was compiled.
#[derive(Debug, Clone)]
pub struct BuiltTarget {
    /// The target.
    pub target: Target,
    /// Its program on this machine.
    pub program: PathBuf,
    /// What its tests are called; nothing where it can't be started on this machine.
    pub tests: Vec<String>,
}

/// Returns `$CARGO`, which runs us as `cargo e2e`; else the one in the path.
pub(super) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Whether cargo-nextest runs the targets.
pub(super) fn uses_nextest(plan: &Plan) -> bool {
    let harness = plan.tests.harness();
    harness.is_some_and(|harness| harness.nextest)
}

/// Returns the command that runs a target as `cargo test` would.
pub(super) fn command(plan: &Plan, built: &BuiltTarget) -> Command {
    let package = &built.target.package;
    let mut command = Command::new(&built.program);
    command
        .args(&plan.arguments)
        .current_dir(package.folder())
        .env("CARGO_MANIFEST_DIR", package.folder())
        .env("CARGO_PKG_NAME", &package.name)
        .env("CARGO_PKG_VERSION", &package.version);
    command
}

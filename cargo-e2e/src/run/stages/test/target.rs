//! A test target that was compiled, and the commands that start one.

use std::path::PathBuf;

use tokio::process::Command;

use crate::plan::{Plan, Target};

/// The exit status of a harness that does not accept its arguments.
pub(super) const USAGE: i32 = 2;
/// Lists the tests instead of running them.
pub(super) const LIST: &str = "--list";

#[derive(Debug, Clone)]
pub struct BuiltTarget {
    pub target: Target,
    /// Its program on this machine.
    pub program: PathBuf,
    /// The names of its tests; empty where it can't be started on this machine.
    pub tests: Vec<String>,
}

/// Returns `$CARGO`, which is the Cargo that runs us as `cargo e2e`; else the one in the path.
pub(super) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Returns the command by which cargo-nextest does this with a target: `run` or `list`.
pub(super) fn nextest(plan: &Plan, verb: &str, target: &Target) -> Command {
    let mut command = cargo();
    command
        .args(["nextest", verb, "--manifest-path"])
        .arg(&target.package.manifest)
        .args(["-p", &target.package.name, "--test", &target.name])
        .args(plan.options.cargo.words(true))
        .args(&plan.options.arguments)
        .current_dir(&plan.repo.root);
    command
}

/// Returns the command that runs a target as `cargo test` would.
pub(super) fn command(plan: &Plan, built: &BuiltTarget) -> Command {
    let package = &built.target.package;
    let mut command = Command::new(&built.program);
    command
        .args(&plan.options.arguments)
        .current_dir(package.folder())
        .env("CARGO_MANIFEST_DIR", package.folder())
        .env("CARGO_PKG_NAME", &package.name)
        .env("CARGO_PKG_VERSION", &package.version);
    command
}

/// Returns whether the arguments only ask a test target, so that no stack is needed.
pub fn only_asks(plan: &Plan) -> bool {
    let options = plan.options.arguments.iter().take_while(|one| *one != "--");
    plan.tests.harness().is_some()
        && !plan.tests.by_nextest()
        && options
            .into_iter()
            .any(|one| matches!(one.as_str(), LIST | "--help" | "-h"))
}

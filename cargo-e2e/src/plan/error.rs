//! Why there is no plan.

use std::path::PathBuf;

use super::harness::HarnessError;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The repo's path can't be told to a host.
    #[error("the path of the repo is not UTF-8: {}", root.display())]
    NotUtf8 { root: PathBuf },
    #[error("invalid {name} `{value}`: expected whole seconds from 4 to 3600")]
    NotSeconds { name: &'static str, value: String },
    #[error("invalid CARGO_E2E_MAX_SANDBOXES `{value}`: expected a whole number from 1 to 99999")]
    NotSlots { value: String },
    #[error("{} names the compose file {file}, which does not exist", spec.display())]
    NoComposeFile { spec: PathBuf, file: String },
    #[error("the compose file {file} is a link to {}, which is outside the repo", target.display())]
    OutsideTheRepo { file: String, target: PathBuf },
    /// Cargo's test targets can't be the tests.
    #[error(transparent)]
    Harness(#[from] HarnessError),
}

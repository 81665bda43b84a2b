//! Why nothing was written.

use std::io;
use std::path::PathBuf;

use crate::spec;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is one already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// Compose refuses the file, or it is no YAML.
    #[error("{file}: {reason}")]
    Refused { file: String, reason: String },
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// What was made up is no good: our bug.
    #[error("what init would write is not sound, which is a mistake of cargo-e2e:\n{0}")]
    Own(spec::SpecErrors),
}

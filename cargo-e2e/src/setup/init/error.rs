//! Why nothing was written.

use std::io;
use std::path::PathBuf;

use crate::spec::SpecErrors;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is one already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// Compose refuses the file, or it is no YAML.
    #[error("{file}: {reason}")]
    Refused {
        /// The compose file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What was made up is no good: our bug.
    #[error("what init would write is not sound, which is a mistake of cargo-e2e:\n{0}")]
    Own(SpecErrors),
}

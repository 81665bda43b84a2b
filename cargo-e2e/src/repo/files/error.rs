//! Why the files could not be listed.

use std::path::PathBuf;

/// Why the files could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// git did not answer as it should.
    #[error("`git {command}` failed in {}: {reason}", folder.display())]
    Git {
        command: &'static str,
        folder: PathBuf,
        reason: String,
    },
    #[error("invalid pattern in `sync.include`: {pattern}: {reason}")]
    Pattern { pattern: String, reason: String },
    #[error("`sync.include` names {pattern}, which does not exist")]
    NothingIncluded { pattern: String },
}

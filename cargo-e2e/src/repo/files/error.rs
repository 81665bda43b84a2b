//! Why the files could not be listed.

use std::path::PathBuf;

/// Why the files could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// git did not answer as it should.
    #[error("`git {command}` failed in {}: {reason}", folder.display())]
    Git {
        /// What was asked.
        command: &'static str,
        /// The folder.
        folder: PathBuf,
        /// What it said.
        reason: String,
    },
    /// A pattern of `sync.include` is not one.
    #[error("invalid pattern in `sync.include`: {pattern}: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A pattern of `sync.include` matches nothing.
    #[error("`sync.include` names {pattern}, which does not exist")]
    NothingIncluded {
        /// The pattern.
        pattern: String,
    },
}

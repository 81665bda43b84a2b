//! The repo under test: which one it is, which of its files travel to a host, and which commit
//! they are. Called by the plan and the sync. It may not know hosts.

pub mod files;
pub mod git;
pub mod workspace;

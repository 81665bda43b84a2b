//! What helps a repo and its hosts to begin: `init`, `doctor`, and the lints of `check`. Called by
//! the command line, and by a run for its warnings. It may not change a host.

pub mod cluster;
pub mod doctor;
pub mod init;
pub mod lint;

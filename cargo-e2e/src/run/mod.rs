//! A run: `lifecycle` orders the stages, `stages` has each of them, `ready` decides whether the
//! stack is ready, `control` lets tests change it; `keeping` says where the result goes, and
//! `finish` puts it there. What they share lies beside them. Called by the command line. It may not
//! know clap.

mod context;
pub mod control;
pub mod definition;
mod endpoints;
mod explain;
mod failpoint;
mod failure_places;
pub mod finish;
pub mod keeping;
pub mod killed_runs;
pub mod lifecycle;
pub mod ready;
mod stack;
mod stage_error;
mod stage_output;
pub mod stages;
mod tail;
mod test_env;
mod waited;

pub use context::Context;
pub use stack::Stack;
pub use stage_error::StageError;
pub use stage_output::StageOutput;
pub use tail::Tail;
pub use waited::Waited;

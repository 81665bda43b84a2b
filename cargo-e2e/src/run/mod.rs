//! A run: `lifecycle` orders the stages, `stages` does what each of them is for, `ready` decides
//! whether the stack is ready, `control` lets tests change it; `keeping` says where its result goes,
//! and `finish` puts it there. Called by the command line. It may not know clap.

pub mod control;
pub mod definition;
mod failpoint;
pub mod finish;
pub mod keeping;
pub mod killed_runs;
pub mod lifecycle;
pub mod ready;
pub mod stages;

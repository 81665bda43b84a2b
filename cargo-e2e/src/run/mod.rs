//! A run: `lifecycle` orders the stages, `stages` does what each of them is for, `ready` decides
//! whether the stack is ready, `control` lets tests change it. Called by the command line. It may
//! not know clap.

pub mod control;
pub mod definition;
mod failpoint;
pub mod lifecycle;
pub mod ready;
pub mod stages;

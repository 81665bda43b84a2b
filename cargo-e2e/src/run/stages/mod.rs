//! The stages of a run. `run/lifecycle` has their order.

pub mod build;
mod build_output;
pub mod collect;
mod config;
pub mod connect;
pub mod full_disk;
mod model;
mod network_plan;
pub mod node;
pub mod place;
mod ports;
pub mod queue;
pub mod ready;
mod repo_command;
pub mod setup;
pub mod strict;
pub mod sync;
pub mod test;
pub mod up;

//! The same tests under `cargo test`, under nextest, and as `cargo e2e` runs them.

mod crashes;
mod fixtures;
mod forms;
mod locks;
mod play;
mod processes;
mod stack;
mod verdicts;

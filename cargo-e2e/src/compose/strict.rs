//! What `--strict` lets a stack have: what is on the lists here, with every path inside the repo.
//! All else is refused by name, also what only a later Compose knows.
//!
//! `check` and `plan` ask it, a run before it reaches a host ([`look`]), and `up` of every model
//! that the host's Compose reads ([`Judge::model`]). It knows no host.

mod build;
mod files;
mod judge;
mod look;
mod parts;
mod paths;
mod refusals;
mod service;
#[cfg(test)]
mod tests;
mod values;

pub use files::files;
pub use look::{HELP, look, message};
pub use refusals::Judge;

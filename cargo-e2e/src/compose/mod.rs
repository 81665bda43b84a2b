//! The compose file: what it needs, what it says, and what is run instead.
//!
//! Compose itself reads the user's files, on the host: `docker compose config` gives the
//! canonical model. That model is rewritten here as JSON and is all that `up` ever sees.

mod advertised;
mod changes;
#[cfg(test)]
mod corpus_tests;
mod dockerfile;
pub mod dockerfiles;
pub mod duration;
pub mod env_file;
#[cfg(test)]
mod expected_tests;
pub mod external;
pub mod gateway;
mod health;
pub mod images;
#[cfg(test)]
mod invariants_tests;
pub mod isolate;
mod labels;
mod model;
mod names;
pub mod needs;
pub mod places;
pub mod ports;
pub mod preview;
#[cfg(test)]
mod properties_tests;
mod publish;
pub mod pulls;
pub mod registries;
pub mod risks;
pub mod scan;
pub mod select;
mod service_names;
pub mod shared;
pub mod start_order;
pub mod strict;
pub mod subnets;
pub mod test_service;

pub use health::is_heavy;
pub use isolate::{Isolation, Rewritten, isolate};
pub use model::{entries, is_built};
pub use ports::{PortRule, Published};
pub use service_names::service_names;

//! The end-to-end tests: `cargo e2e` brings the stack up and runs them.
//!
//! `e2e/database.rs` and `e2e/own_database.rs` have fixtures of this repo's own; the modules beside it are the tests.

#[path = "e2e/database.rs"]
mod database;
#[path = "e2e/outages.rs"]
mod outages;
#[path = "e2e/own_database.rs"]
mod own_database;
#[path = "e2e/placing.rs"]
mod placing;
#[path = "e2e/shipping.rs"]
mod shipping;

e2e_harness::main!();

//! End-to-end tests as ordinary Rust test functions, against a real stack.
//!
//! [`cargo e2e`](https://github.com/railiance/cargo-e2e) brings up the stack of a compose file in a
//! sandbox of its own, here or on another machine, waits until it is healthy, compiles and runs the
//! tests, and takes it down. This crate is what the tests are written with.
//!
//! # A first test
//!
//! `Cargo.toml` of the service:
//!
//! ```toml
//! [dev-dependencies]
//! anyhow = "1"
//! e2e-harness = "0.1"
//! serde_json = "1"
//!
//! [[test]]
//! name = "e2e"
//! harness = false
//! ```
//!
//! Without `harness = false` the target has one test, which fails and says so.
//!
//! `e2e/compose.yml` says what runs; here a service built from the crate's own Dockerfile:
//!
//! ```yaml
//! services:
//!   api:
//!     build: ..
//!     ports:
//!       - "8080:8080"
//! ```
//!
//! `e2e/e2e.yml` says when it is ready (`cargo e2e init` writes a first one):
//!
//! ```yaml
//! name: shop
//! health_checks:
//!   - name: api
//!     url: http://localhost:8080/healthz
//! ```
//!
//! `tests/e2e.rs`:
//!
//! ```no_run
//! use e2e_harness::{Poll, Sandbox, eventually};
//!
//! #[e2e_harness::test]
//! async fn an_order_is_shipped(sandbox: Sandbox) -> anyhow::Result<()> {
//!     let api = sandbox.http("api").await?; // waits on the service's health check
//!     let order = serde_json::json!({ "item": "tea" });
//!     let order = sandbox.step("place an order", api.post("/orders").json(&order).send()).await?;
//!     let path = format!("/orders/{}", order.text().await?);
//!     eventually("it is shipped", || async {
//!         let state = api.get(&path).send().await?.text().await?;
//!         let seen = if state == "shipped" { Poll::Ready(()) } else { Poll::NotYet(state) };
//!         Ok::<_, anyhow::Error>(seen)
//!     })
//!     .await?;
//!     Ok(())
//! }
//!
//! e2e_harness::main!();
//! ```
//!
//! `cargo e2e` runs it, `cargo e2e -- shipped` only the tests with that word in their name.
//!
//! # What a test can be
//!
//! `#[e2e_harness::test]` goes on an `fn` or `async fn`, in any module of the target. It returns
//! `()` or `Result<(), E>`, with an `E` that is `Debug` or `Display`. An `async` test runs on a
//! tokio runtime of its own, on one thread; its fixtures are made and closed there, too. The options:
//!
//! | option | meaning | without it |
//! |---|---|---|
//! | `timeout = 90` | seconds for the test and its fixtures; `0.5` is half a second. Waiting for other tests and for `needs` is not counted | 60 |
//! | `retries = 2` | how often a failed test is tried again; each try is recorded | 0 |
//! | `ignore = "why"` | not run, unless `--ignored` or `--include-ignored` asks for it | |
//! | `should_panic`, `should_panic(expected = "…")` | passes when it panics, with that in the message | |
//! | `serial = "group"` | no other test of that group runs beside it | |
//! | `exclusive` | no other test at all runs beside it; it may use [`Sandbox::service`] | |
//! | `needs = ["db", "api"]` | services and health checks awaited before it | all health checks |
//! | `cases(eur("EUR", 3), usd("USD", 4))` | one test for each case; the last arguments take the values | |
//!
//! Its arguments are fixtures: [`Sandbox`], or a type that implements [`Fixture`], as `&T` or as
//! `T` when it is `Clone`.
//!
//! ```no_run
//! use e2e_harness::Sandbox;
//!
//! #[e2e_harness::test(retries = 1, cases(eur("EUR", 3), usd("USD", 4)))]
//! async fn a_price(sandbox: &Sandbox, currency: &str, cents: u32) -> anyhow::Result<()> {
//!     let path = format!("/price?in={currency}");
//!     let price = sandbox.http("api").await?.get(&path).send().await?.text().await?;
//!     assert_eq!(price, cents.to_string());
//!     Ok(())
//! }
//! # fn main() {}
//! ```
//!
//! Their names are `a_price::eur` and `a_price::usd`. A name is the path without the crate, so a
//! target refuses to run when it has two tests of one name, also when a shared crate brings one.
//!
//! # Where it runs
//!
//! | | processes | output |
//! |---|---|---|
//! | `cargo e2e` | each test is one; all run, also after a failure | shown for failures, live with `-- --nocapture` |
//! | `cargo e2e --nextest` | each test is one; none begins after a failure, unless `-- --no-fail-fast` is given | nextest's |
//! | `cargo test` after `eval "$(cargo e2e env)"` | threads of one; a test that uses [`Sandbox::service`] is ignored | not captured |
//! | `cargo test` elsewhere | | every test is ignored, exit code 0; with `E2E_REQUIRED=1` it fails |
//!
//! Only `cargo e2e` can stop or look into services. Under `cargo test`, a test that asks for that is
//! ignored, with the reason; with `E2E_REQUIRED=1`, and under nextest without `cargo e2e`, it fails:
//! nextest would count it as passed.
//!
//! Where each test is a process, a test that panics, hangs, aborts or exits is one failed test, and
//! is said to have done that; whatever it leaves behind in its process group is killed. On threads
//! a panic and a timeout are told the same way, but an abort or exit ends all tests: `exit(0)` in a
//! test makes such a `cargo test` **green**, whatever the other tests would have said. A test that
//! blocks for ever leaves its thread behind there.
//!
//! The target's own exit code is 0, 101 when a test failed, 4 when it has no test; `cargo e2e` has
//! [codes of its own](https://github.com/railiance/cargo-e2e/blob/main/RUNBOOK.md#exit-codes), 100 for failed tests.
//! The target takes libtest's arguments: a filter, `--exact`, `--skip`, `--list`, `--ignored`,
//! `--include-ignored`, `--nocapture`, `--format pretty|terse|json`, `--test-threads` (as many as
//! there are cores, at most 8).
//!
//! Outside a sandbox nextest sees only ignored tests; when it has no other, it ends with its code 4
//! for that, unless `--no-tests=pass` is given.
//!
//! # What tests can share
//!
//! Each test is a process, so no object in memory is shared. What can be shared lives in the sandbox: rows,
//! files, accounts. [`Sandbox::once`] makes such a thing once for all tests of a run, and gives each of them
//! the same value (an id, a token). It ends with the sandbox. `serial` and `exclusive` are locks
//! between processes.
//!
//! # Limits
//!
//! - Linux and macOS; Rust 1.92.
//! - Tests register themselves before `main`, so the test target can't `forbid(unsafe_code)`;
//!   `deny` works.
//! - `#[test]` and `#[tokio::test]` never run in a target with `harness = false`. In the file of
//!   [`main!`] they are an error; in its modules, which other targets may share, nobody can tell.
//! - A test is not generic, and fixtures are not taken as `&mut`: the harness closes them afterwards.
//! - A fixture is not closed when its process is killed or aborts.
//! - `cargo test` and `cargo e2e` take one filter; nextest takes more.
//! - [`Service::stop`] waits up to Docker's grace period of 10 seconds, within the test's timeout.
//! - nextest's own `slow-timeout` also counts the time in which a test waits for an `exclusive` one.
//!
//! # Features
//!
//! | feature | |
//! |---|---|
//! | `harness` (default) | all of the above |
//! | `wait` | only [`wait`], besides [`protocol`] |
//!
//! No TLS is built in. For `https:` in [`Sandbox::http`], name the same reqwest beside this crate,
//! and Cargo builds one of both: `reqwest = { version = "0.13", default-features = false, features
//! = ["rustls"] }`.
//!
//! With `default-features = false` only [`protocol`] is left: the names and documents that
//! `cargo e2e` and tests in any language agree on.
#![forbid(unsafe_code)]

mod chain;
pub mod protocol;
#[cfg(feature = "wait")]
pub mod wait;

#[cfg(feature = "harness")]
mod body;
#[cfg(feature = "harness")]
mod control;
#[cfg(feature = "harness")]
mod doing;
#[cfg(feature = "harness")]
mod environment;
#[cfg(feature = "harness")]
mod error;
#[cfg(feature = "harness")]
mod eventually;
#[cfg(feature = "harness")]
mod exchange;
#[cfg(feature = "harness")]
mod fixture;
#[cfg(feature = "harness")]
mod health;
#[cfg(feature = "harness")]
mod http;
#[cfg(feature = "harness")]
mod json;
#[cfg(feature = "harness")]
mod lock;
#[cfg(feature = "harness")]
mod once;
#[cfg(feature = "harness")]
mod recorder;
#[cfg(feature = "harness")]
mod registry;
#[cfg(feature = "harness")]
mod returned;
#[cfg(feature = "harness")]
mod run;
#[cfg(feature = "harness")]
mod sandbox;
#[cfg(feature = "harness")]
mod service;
#[cfg(feature = "harness")]
mod stack;
#[cfg(feature = "harness")]
mod step;
#[cfg(feature = "harness")]
mod unique;

pub use chain::chain;

/// Makes a function an end-to-end test; the [crate's page](crate) has the options.
///
/// ```
/// #[e2e_harness::test(timeout = 5)]
/// fn two_and_two() {
///     assert_eq!(2 + 2, 4);
/// }
/// # fn main() {}
/// ```
#[cfg(feature = "harness")]
pub use e2e_harness_macros::test;

/// The `main` of a test target with `harness = false`: finds every `#[e2e_harness::test]` of the
/// target and runs it.
///
/// ```no_run
/// #[e2e_harness::test]
/// fn two_and_two() {
///     assert_eq!(2 + 2, 4);
/// }
///
/// e2e_harness::main!();
/// ```
///
/// A `#[test]` or `#[tokio::test]` in its file does not compile: rustc would drop it there, and
/// nobody would see that it never runs. In other modules of the target, it is dropped.
#[cfg(feature = "harness")]
pub use e2e_harness_macros::main;
#[cfg(feature = "harness")]
pub use {
    self::http::{Http, HttpRequest},
    error::{BoxError, Error},
    eventually::{Eventually, Look, eventually},
    fixture::Fixture,
    reqwest,
    sandbox::Sandbox,
    service::{Exec, Logs, Output, Service},
    wait::Poll,
};

#[cfg(all(doctest, feature = "harness"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// What the macros' output names; not for use by hand.
#[cfg(feature = "harness")]
#[doc(hidden)]
pub mod __private {
    pub use crate::__submit as submit;
    pub use crate::body::Body;
    pub use crate::fixture::{borrowed, owned};
    pub use crate::json::{equal, includes};
    pub use crate::registry::{Definition, Options, register};
    pub use crate::returned::{ByBox, ByDebug, ByDisplay, BySource, Returned, Said};
    pub use crate::run::main;
    pub use ctor::declarative::ctor;
}

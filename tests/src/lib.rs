//! Cross-crate tests of cargo-e2e against real Docker, ssh and rsync: no fakes.
//!
//! A test builds a throw-away repo, runs `cargo e2e` in it on a host, and says how it should
//! have ended. What every run must hold is checked by [`Repo::run`] itself, so that no test can
//! forget it: the process ends in time, and nothing of the run is left on either side.
//!
//! Tests run beside each other: every repo has a slug and ports of its own, and only a few
//! repos (`machine.rs`) are in use at once, whichever process they belong to.
//!
//! ```no_run
//! use e2e_tests::{Host, Repo};
//! Repo::new("hello")
//!     .compose("services: {web: {image: BUSYBOX, command: [sleep, '60'], ports: ['PORT_A:80']}}")
//!     .spec("test_command: 'true'")
//!     .run(Host::Root, &[])
//!     .ended(0, "passed");
//! ```
#![allow(
    clippy::missing_panics_doc,
    reason = "assertions are what this crate is for"
)]

mod binary;
mod browser;
mod hub;
mod lab;
mod leaks;
mod machine;
mod process;
mod ran;
pub mod registry;
mod repo;
pub mod rust;
mod schema;
pub mod stacks;
mod started;

pub use binary::cargo_e2e;
pub use browser::Browser;
pub use hub::hub_for_one;
pub use lab::{Account, Host, Spare, image, ssh_config};
pub use leaks::Everything;
pub use machine::{Alone, Turn, exclusive, free_ports};
pub use process::{Ended, Running, on_a_terminal, wait_for, without_runner};
pub use ran::Ran;
pub use registry::{Fault, Registry};
pub use repo::Repo;
pub use schema::{as_published, conforms};
pub use started::Started;

/// One test a host for each scenario: on this machine, over ssh as root, and over ssh as a user.
///
/// The scenario's name becomes a module, a host's name a test in it.
#[macro_export]
macro_rules! on_each_host {
    ($($scenarios:tt)*) => {
        $crate::scenarios! { [local: Local, ssh_as_root: Root, ssh_as_user: Dev] $($scenarios)* }
    };
}

/// Two tests for a scenario that who one is on the host makes no difference to: on this
/// machine, and over ssh.
#[macro_export]
macro_rules! here_and_over_ssh {
    ($($scenarios:tt)*) => {
        $crate::scenarios! { [local: Local, ssh_as_user: Dev] $($scenarios)* }
    };
}

/// A module for each scenario.
#[doc(hidden)]
#[macro_export]
macro_rules! scenarios {
    ($hosts:tt $($(#[$about:meta])* fn $name:ident($host:ident) $body:block)*) => {$(
        $(#[$about])*
        mod $name {
            #[allow(unused_imports, reason = "what a scenario needs differs")]
            use super::*;

            fn scenario($host: $crate::Host) $body

            $crate::on_hosts! $hosts;
        }
    )*};
}

/// A test for each of these hosts, of the `scenario` beside it.
#[doc(hidden)]
#[macro_export]
macro_rules! on_hosts {
    ($($test:ident: $host:ident),*) => {$(
        #[test]
        fn $test() {
            scenario($crate::Host::$host);
        }
    )*};
}

//! End-to-end tests as ordinary Rust test functions.
#![forbid(unsafe_code)]

pub mod protocol;
#[cfg(feature = "wait")]
pub mod wait;

#[cfg(feature = "harness")]
mod body;
#[cfg(feature = "harness")]
mod control;
#[cfg(feature = "harness")]
mod error;
#[cfg(feature = "harness")]
mod eventually;
#[cfg(feature = "harness")]
mod fixture;
#[cfg(feature = "harness")]
mod health;
#[cfg(feature = "harness")]
mod http;
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
mod step;

#[cfg(feature = "harness")]
pub use {
    e2e_harness_macros::test,
    error::{BoxError, Error},
    eventually::{Eventually, Look, eventually},
    fixture::Fixture,
    http::Http,
    reqwest,
    sandbox::Sandbox,
    service::{Exec, Logs, Output, Service},
    wait::Poll,
};

/// What the macros' output names; not for use by hand.
#[cfg(feature = "harness")]
#[doc(hidden)]
pub mod __private {
    pub use crate::__submit as submit;
    pub use crate::body::Body;
    pub use crate::fixture::{borrowed, owned};
    pub use crate::registry::{Definition, Options, register};
    pub use crate::returned::{ByBox, ByDebug, ByDisplay, BySource, Returned, Said};
    pub use crate::run::main;
    pub use ctor::declarative::ctor;
}

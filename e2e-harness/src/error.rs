//! What goes wrong in a test's dealings with its sandbox.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::time::Duration;

/// Any error that can go to another thread; `?` makes one of almost everything.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Why something in the sandbox could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no sandbox.
    #[error("there is no sandbox here ({0} is not set): run `cargo e2e`")]
    NoSandbox(&'static str),
    /// A variable that `cargo e2e` sets can't be read.
    #[error("unexpected value of {name}: `cargo e2e` did not write it")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A name that the sandbox does not have.
    #[error("{what}; there are: {known}")]
    Unknown {
        /// What was asked for.
        what: String,
        /// What there is.
        known: String,
    },
    /// A wait ran out of time.
    #[error("{what} did not happen within {:.1} s; last status: {status}", elapsed.as_secs_f64())]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        elapsed: Duration,
        /// The last answer.
        status: String,
    },
    /// A wait ended with an error.
    #[error("{what} can no longer happen")]
    Failed {
        /// What was waited for.
        what: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// A test without `exclusive` reached for the stack.
    #[error(
        "`{test}` uses service(\"{service}\"), which changes or looks into the stack that other tests use: write #[e2e_harness::test(exclusive)]"
    )]
    NotExclusive {
        /// The test.
        test: String,
        /// The service.
        service: String,
    },
    /// Nothing listens to requests for the stack.
    #[error(
        "only `cargo e2e` can control the stack ({} is not set): run `cargo e2e`, or `cargo e2e --reuse` on a sandbox that is up",
        crate::protocol::CONTROL
    )]
    NoControl,
    /// `cargo e2e` could not do it.
    #[error("{what} failed: {why}")]
    Control {
        /// What was asked.
        what: String,
        /// What `cargo e2e` said, or how the connection ended.
        why: String,
    },
    /// A command in a service ended with another status than 0.
    #[error("`{command}` in {service} ended with {status}: {stderr}")]
    Exec {
        /// The service.
        service: String,
        /// The command.
        command: String,
        /// The exit status.
        status: i32,
        /// Its standard error.
        stderr: String,
    },
    /// A header that HTTP does not allow.
    #[error("header `{name}` is not valid")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong with it; not its value, which may be secret.
        #[source]
        source: BoxError,
    },
    /// No answer came to a request.
    #[error("{request} has no answer")]
    Request {
        /// Method and path.
        request: String,
        /// Why not.
        #[source]
        source: reqwest::Error,
    },
    /// An answer has another status than it should.
    #[error("{request}: status {status}, expected {expected}; {}", of_body(body))]
    Status {
        /// Method and path.
        request: String,
        /// The answer's status.
        status: u16,
        /// What it should be.
        expected: u16,
        /// The start of the answer's body, at most 2,000 characters.
        body: String,
    },
    /// A file or folder of the run could not be used.
    #[error("{what}")]
    File {
        /// What was tried with which path.
        what: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn file(what: impl Into<String>, source: std::io::Error) -> Self {
        Self::File {
            what: what.into(),
            source,
        }
    }
}

fn of_body(body: &str) -> String {
    if body.is_empty() {
        return "its body is empty".to_owned();
    }
    format!("its body: {body}")
}

/// Returns names in order and once each, for [`Error::Unknown`].
pub(crate) fn list(names: impl Iterator<Item = String>) -> String {
    let names: BTreeSet<String> = names.collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    Vec::from_iter(names).join(", ")
}

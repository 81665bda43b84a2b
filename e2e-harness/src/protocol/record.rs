//! The lines that tests append to the file in [`EVENTS`], one JSON object each, while they run.
//!
//! A reader goes by the order of lines of one test; lines of several tests may mix.
//!
//! A name may be that of several tests, as where one command runs two programs. What tells another
//! test from another attempt is the attempt's number: 2 and above repeat the test of this name that
//! failed before, and count in its place; 1, or none, is a test of its own. Of several tests of one
//! name, the worst result counts.
//!
//! [`EVENTS`]: super::EVENTS

use serde::{Deserialize, Serialize};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Entry {
    /// An attempt at a test begins.
    TestStarted {
        /// Its name: the module's path in the test crate, and the function.
        test: String,
        /// 1, and one more for each retry, of the harness or of cargo-nextest; none stands for 1.
        #[serde(default = "first")]
        attempt: u32,
        /// When, RFC 3339 UTC.
        at: String,
    },
    /// A step begins.
    StepStarted {
        /// The test.
        test: String,
        /// The step's name.
        step: String,
        /// 0, and one more inside each other step.
        depth: u32,
        /// When, RFC 3339 UTC.
        at: String,
    },
    /// A step ended.
    StepEnded {
        /// The test.
        test: String,
        /// The step's name.
        step: String,
        /// As when it started.
        depth: u32,
        /// How.
        status: Status,
        /// How long it took.
        duration_ms: u64,
        /// Why it failed.
        message: Option<String>,
    },
    /// An attempt at a test ended. The worst that is said of one attempt counts.
    TestEnded {
        /// Its name.
        test: String,
        /// As when it started.
        #[serde(default = "first")]
        attempt: u32,
        /// How.
        status: Status,
        /// How long it took.
        duration_ms: u64,
        /// Why it failed, or why it is ignored.
        message: Option<String>,
        /// When, RFC 3339 UTC.
        at: String,
    },
}

fn first() -> u32 {
    1
}

/// How a test or a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should.
    Passed,
    /// It failed, panicked, hung or aborted; the message says which.
    Failed,
    /// It was not run.
    Ignored,
}

#[cfg(feature = "harness")]
impl Status {
    pub(crate) fn of(failure: Option<&str>) -> Self {
        failure.map_or(Self::Passed, |_| Self::Failed)
    }
}

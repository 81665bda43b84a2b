//! What tests ask of `cargo e2e` while they run, over the Unix socket in [`CONTROL`].
//!
//! One connection is one test's session: a JSON line for each [`Request`], answered by a JSON line
//! with an [`Answer`], one at a time. When the connection ends, whichever way, what the session
//! changed of the stack is put back. A test opens its session with [`Request::Begin`], which is
//! answered once nothing that another session changed is left.
//!
//! [`CONTROL`]: super::CONTROL

use serde::{Deserialize, Serialize};

/// What a test asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// The first of a session: waits until the stack is as it was, and marks the test's start.
    Begin {
        /// The test's name.
        test: String,
    },
    /// Change the state of a service's containers.
    Change {
        /// The compose service.
        service: String,
        /// What to do with it.
        change: Change,
    },
    /// What a service printed.
    Logs {
        /// The compose service.
        service: String,
        /// Only since the session's [`Request::Begin`], by the host's clock.
        since_begin: bool,
    },
    /// Run a command in a service's first container.
    Exec {
        /// The compose service.
        service: String,
        /// Program and arguments, not read by a shell.
        command: Vec<String>,
        /// What it reads on its standard input.
        stdin: String,
    },
    /// The states of a service's containers.
    State {
        /// The compose service.
        service: String,
    },
    /// Make one health check of e2e.yml, once, from the host.
    Check {
        /// Its name.
        name: String,
    },
    /// Put back what this session changed. [`Answer::Failed`] says what can't be, and the test fails.
    Restore,
}

/// A change of a service's containers; each is what `docker` calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Change {
    /// Stop, with the container's own grace.
    Stop,
    /// Start what is stopped.
    Start,
    /// Stop and start.
    Restart,
    /// Freeze every process.
    Pause,
    /// Let them go on.
    Unpause,
    /// Send a signal.
    Kill {
        /// Its name, such as `KILL` or `TERM`.
        signal: String,
    },
}

/// What `cargo e2e` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It is done.
    Done,
    /// To [`Request::Logs`].
    Logs {
        /// The text, both streams, without time stamps.
        text: String,
    },
    /// To [`Request::Exec`].
    Output {
        /// The exit status.
        status: i32,
        /// Its standard output.
        stdout: String,
        /// Its standard error.
        stderr: String,
    },
    /// To [`Request::State`].
    States {
        /// One for each container, by number.
        containers: Vec<ContainerState>,
    },
    /// To [`Request::Check`].
    Checked {
        /// Whether it passed.
        passed: bool,
        /// What was answered.
        said: String,
    },
    /// It could not be done.
    Failed {
        /// Why, for people.
        message: String,
    },
}

/// A container of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerState {
    /// `running`, `exited`, `paused`, `restarting`, …
    pub state: String,
    /// `healthy`, `unhealthy` or `starting`; none without a health check.
    pub health: Option<String>,
    /// The last exit code; none while it runs.
    pub exit_code: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_that_says_what_is_asked() {
        let request = Request::Change {
            service: "db".into(),
            change: Change::Kill {
                signal: "KILL".into(),
            },
        };
        let line = serde_json::to_string(&request).expect("it serializes");
        assert_eq!(
            line,
            r#"{"ask":"change","service":"db","change":{"to":"kill","signal":"KILL"}}"#
        );
        assert_eq!(
            serde_json::from_str::<Request>(&line).expect("it reads"),
            request
        );
    }
}

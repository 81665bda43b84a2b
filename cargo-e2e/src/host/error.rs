//! What can go wrong with a host, and what to do about it.

use std::time::Duration;

use super::preflight::finding::{Problem, unusable};

/// Why a host can't be used, or was lost.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// What was given as a host is not one.
    #[error("`{given}` is not a host: {reason}")]
    NotAHost {
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// ssh could not connect.
    #[error("failed to connect to `{host}`: {reason}")]
    Connect {
        host: String,
        reason: String,
        /// What to do about it.
        help: String,
    },
    /// The host can be reached, but not used.
    #[error("{}", unusable(host, problems))]
    Unusable {
        host: String,
        /// Everything that is missing, at once.
        problems: Vec<Problem>,
    },
    /// The connection broke while something ran.
    #[error("the connection to `{host}` was lost during {doing}")]
    Lost {
        host: String,
        /// The script that ran.
        doing: &'static str,
    },
    /// sshd takes no further channel.
    #[error("sshd on `{host}` allows too few sessions in one connection (`MaxSessions`)")]
    Sessions { host: String },
    /// The sandbox is the run's no more.
    #[error("the sandbox on `{host}` is lost: {why}")]
    Lease {
        host: String,
        /// What became of it.
        why: String,
    },
    /// A script did not end in time.
    #[error("{doing} on `{host}` timed out after {} s", after.as_secs())]
    TimedOut {
        host: String,
        /// The script that ran.
        doing: &'static str,
        after: Duration,
    },
    /// Commands printed more than anybody reads.
    #[error("{doing} on `{host}` printed more than {} MB and was terminated", most >> 20)]
    TooMuch {
        host: String,
        doing: &'static str,
        /// What it may print, in bytes.
        most: u64,
    },
    /// A script failed in a way that it should not.
    #[error("{doing} failed on `{host}` (exit status {status}): {stderr}")]
    Script {
        host: String,
        /// The script that ran.
        doing: &'static str,
        status: i32,
        stderr: String,
    },
    #[error("rsync {direction} `{host}` failed (exit status {status}): {stderr}")]
    Rsync {
        host: String,
        /// `to` or `from`.
        direction: &'static str,
        status: i32,
        stderr: String,
        /// What to do about it.
        help: &'static str,
    },
    /// A port of the host could not be brought here.
    #[error("failed to forward port {port} from `{host}`: {reason}")]
    Forward {
        host: String,
        /// The port on this machine.
        port: u16,
        reason: String,
    },
    /// A socket of this machine could not be brought to the host.
    #[error("failed to forward a socket to `{host}`: {reason}")]
    ForwardSocket { host: String, reason: String },
    /// A program of this machine could not be started.
    #[error("failed to start `{program}` on this machine")]
    Start {
        program: String,
        #[source]
        source: std::io::Error,
    },
}

/// What to do where sshd takes no further channel.
const MAX_SESSIONS: &str = "a run needs 4, and up to 9 where its tests run commands in services side by side: \
     set `MaxSessions 10`, which is sshd's own default, in the host's sshd_config";

impl HostError {
    /// Returns what to do about it, where that is known.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Connect { help, .. } if !help.is_empty() => Some(help),
            Self::Sessions { .. } => Some(MAX_SESSIONS),
            Self::Rsync { help, .. } if !help.is_empty() => Some(help),
            _ => None,
        }
    }
}

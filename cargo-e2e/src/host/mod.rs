//! A sandbox host: this machine, or one that ssh reaches.
//!
//! A host can do three things: run a POSIX script, be one end of an rsync, and bring one of
//! its ports here. Everything else is built from these, so that both kinds behave alike.

pub mod client;
mod command;
mod local;
mod own;
mod preflight;
mod rsync;
mod script;
#[cfg(test)]
pub(crate) mod scripted;
mod ssh;

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

pub use command::{Lines, Output, Stream, ending, lines, pour, run, stream};
pub use local::Local;
pub use own::Own;
pub use preflight::{Check, Examined, Facts, Finding, Problem, Purpose, examine, preflight};
pub use rsync::{List, Transfer, rsync, rsync_in_one};
pub use script::Script;
pub use ssh::Ssh;

/// Where a sandbox lives.
#[async_trait]
pub trait Host: Send + Sync {
    /// The name by which people know it: `local`, or what they typed.
    fn name(&self) -> &str;

    /// Whether it is this machine.
    fn is_local(&self) -> bool;

    /// Starts a script in a process group of its own.
    async fn start(&self, script: &Script) -> Result<Channel, HostError>;

    /// How rsync reaches it.
    fn rsync_end(&self) -> RsyncEnd;

    /// Makes `there`, an address as the host sees it, answer at `here` on this machine until
    /// [`Host::close`].
    async fn forward(&self, here: SocketAddr, there: SocketAddr) -> Result<(), HostError>;

    /// Makes the unix socket `here` of this machine answer at the path `there` on the host, which
    /// does not exist yet, until [`Host::close`].
    async fn forward_socket(&self, there: &str, here: &Path) -> Result<(), HostError>;

    /// Makes the connection anew, with its forwards, where it was lost; does nothing where it
    /// was not.
    async fn reconnect(&self) -> Result<(), HostError>;

    /// How often it had to be connected to: more than before means that it was lost meanwhile.
    fn connections(&self) -> u32 {
        1
    }

    /// Ends the connection and removes what it left on this machine. Bounded in time.
    async fn close(&self);
}

/// How rsync reaches a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsyncEnd {
    /// The program rsync is started with: `rsync`, except in tests.
    pub program: String,
    /// rsync's `--rsh`, none for this machine.
    pub rsh: Option<String>,
    /// What goes before a path: `host:`, or nothing for this machine.
    pub prefix: String,
}

/// The pipes of a script that runs on a host.
pub struct Channel {
    /// The script's standard input; dropping it is the end of the file.
    pub stdin: Pin<Box<dyn AsyncWrite + Send>>,
    /// The script's standard output.
    pub stdout: Pin<Box<dyn AsyncRead + Send>>,
    /// The script's standard error, with its status as the last line.
    pub stderr: Pin<Box<dyn AsyncRead + Send>>,
    /// Resolves when the script has ended; an error is the connection's, never the script's.
    pub done: Pin<Box<dyn Future<Output = Result<(), HostError>> + Send>>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel")
    }
}

/// Why a host can't be used, or was lost.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// What was given as a host is not one.
    #[error("`{given}` is not a host: {reason}")]
    NotAHost {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// ssh could not connect.
    #[error("can't connect to `{host}`: {reason}")]
    Connect {
        /// The host.
        host: String,
        /// What ssh said.
        reason: String,
        /// What to do about it.
        help: String,
    },
    /// The host can be reached, but not used.
    #[error("{}", preflight::unusable(host, problems))]
    Unusable {
        /// The host.
        host: String,
        /// Everything that is missing, at once.
        problems: Vec<Problem>,
    },
    /// The connection broke while something ran.
    #[error("the connection to `{host}` was lost during {doing}")]
    Lost {
        /// The host.
        host: String,
        /// The script that ran.
        doing: &'static str,
    },
    /// sshd takes no further channel.
    #[error("sshd on `{host}` allows too few sessions in one connection (`MaxSessions`)")]
    Sessions {
        /// The host.
        host: String,
    },
    /// The sandbox is the run's no more.
    #[error("the sandbox on `{host}` is lost: {why}")]
    Lease {
        /// The host.
        host: String,
        /// What became of it.
        why: String,
    },
    /// A script did not end in time.
    #[error("{doing} on `{host}` did not end within {} s", after.as_secs())]
    TimedOut {
        /// The host.
        host: String,
        /// The script that ran.
        doing: &'static str,
        /// The deadline.
        after: Duration,
    },
    /// Commands printed more than anybody reads.
    #[error("{doing} on `{host}` printed more than {} MB and was ended", most >> 20)]
    TooMuch {
        /// The host.
        host: String,
        /// What printed it.
        doing: &'static str,
        /// What it may print, in bytes.
        most: u64,
    },
    /// A script failed in a way that it should not.
    #[error("{doing} failed on `{host}` (exit status {status}): {stderr}")]
    Script {
        /// The host.
        host: String,
        /// The script that ran.
        doing: &'static str,
        /// Its exit status.
        status: i32,
        /// What it said.
        stderr: String,
    },
    /// rsync failed.
    #[error("rsync {direction} `{host}` failed (exit status {status}): {stderr}")]
    Rsync {
        /// The host.
        host: String,
        /// `to` or `from`.
        direction: &'static str,
        /// rsync's exit status.
        status: i32,
        /// What it said.
        stderr: String,
        /// What to do about it.
        help: &'static str,
    },
    /// A port of the host could not be brought here.
    #[error("port {port} can't be forwarded from `{host}`: {reason}")]
    Forward {
        /// The host.
        host: String,
        /// The port on this machine.
        port: u16,
        /// What ssh said.
        reason: String,
    },
    /// A socket of this machine could not be brought to the host.
    #[error("a socket can't be forwarded to `{host}`: {reason}")]
    ForwardSocket {
        /// The host.
        host: String,
        /// What ssh said.
        reason: String,
    },
    /// A program of this machine could not be started.
    #[error("can't start `{program}` on this machine")]
    Start {
        /// The program.
        program: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

/// What to do where sshd takes no further channel.
const MAX_SESSIONS: &str = "a run needs 4, and up to 9 where its tests run commands in services side by side: \
     set `MaxSessions 10`, which is sshd's own default, in the host's sshd_config";

impl HostError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Connect { help, .. } if !help.is_empty() => Some(help),
            Self::Sessions { .. } => Some(MAX_SESSIONS),
            Self::Rsync { help, .. } if !help.is_empty() => Some(help),
            _ => None,
        }
    }
}

/// Connects to a host by its name.
///
/// Nothing is created on it; ssh's control folder here is removed by [`Host::close`].
pub async fn connect(name: &str) -> Result<Box<dyn Host>, HostError> {
    // Nobody waits for it.
    tokio::spawn(own::tidy());
    if name == "local" {
        return Ok(Box::new(Local));
    }
    Ok(Box::new(Ssh::connect(name).await?))
}

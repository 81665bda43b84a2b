//! A sandbox host: this machine, or one that ssh reaches.
//!
//! A host can do three things: run a POSIX script, be one end of an rsync, and bring one of
//! its ports here. Everything else is built from these, so that both kinds behave alike.

pub mod client;
pub mod cluster;
mod command;
mod connect;
mod error;
mod kind;
mod local;
mod preflight;
mod rsync;
mod runtime_dir;
mod script;
#[cfg(test)]
pub(crate) mod scripted;
mod ssh;
mod ssh_names;
mod waiting_shell;

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

pub use command::{Lines, Output, Stream, feed, lines, pour, run, split_status, stream};
pub use connect::connect;
pub use error::HostError;
pub use kind::{HostKind, LOCAL, members};
pub use local::Local;
pub use preflight::{
    Check, Examined, Facts, Finding, Problem, Purpose, examine, examine_and_wait, preflight,
};
pub use rsync::{List, Transfer, rsync};
pub use runtime_dir::RuntimeDir;
pub use script::Script;
pub use ssh::Ssh;
pub use ssh_names::named_hosts;
pub use waiting_shell::WaitingShell;

/// Where a sandbox lives.
#[async_trait]
pub trait Host: Send + Sync {
    /// Returns the name by which people know it: `local`, or what they typed.
    fn name(&self) -> &str;

    /// Returns whether it is this machine.
    fn is_local(&self) -> bool;

    /// Starts a script in a process group of its own.
    async fn start(&self, script: &Script) -> Result<Channel, HostError>;

    /// Returns how rsync reaches it.
    fn rsync_end(&self) -> RsyncEnd;

    /// Makes `there`, an address as the host sees it, answer at `here` on this machine until
    /// [`Host::close`].
    async fn forward(&self, here: SocketAddr, there: SocketAddr) -> Result<(), HostError>;

    /// Makes the unix socket `here` of this machine answer at the path `there` on the host, which
    /// does not exist yet, until [`Host::close`].
    async fn forward_socket(&self, there: &str, here: &Path) -> Result<(), HostError>;

    /// Makes the connection end when this process is killed, with what is open through it. Else it
    /// stays for a while, by which the host tells a killed client from a lost connection.
    async fn end_with_client(&self) {}

    /// Makes the connection anew, with its forwards, where it was lost; does nothing where it
    /// was not.
    async fn reconnect(&self) -> Result<(), HostError>;

    /// Returns how often it had to be connected to: more than before means that it was lost
    /// meanwhile.
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

//! What a host's name says: its kind, and the command lines that reach it.

use std::path::PathBuf;

use crate::shell::{quote, word};

/// The name of this machine.
pub const LOCAL: &str = "local";

/// Returns the hosts of a pool: the names between commas, each once. A single one is its own.
pub fn members(name: &str) -> Vec<&str> {
    let mut all: Vec<&str> = Vec::new();
    for one in name.split(',').map(str::trim) {
        if !one.is_empty() && !all.contains(&one) {
            all.push(one);
        }
    }
    if all.is_empty() { vec![name] } else { all }
}

/// How a host is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostKind<'a> {
    /// It is this machine.
    Local,
    /// By ssh, with this destination.
    Ssh(&'a str),
}

impl<'a> HostKind<'a> {
    /// Reads a name.
    pub fn of(name: &'a str) -> Self {
        if name == LOCAL {
            Self::Local
        } else {
            Self::Ssh(name)
        }
    }

    /// Returns whether it is this machine.
    pub fn is_local(self) -> bool {
        self == Self::Local
    }

    /// Returns the words that run a command of `sh` there, on a terminal of its own.
    pub fn interactive(self, command: &str, terminal: bool) -> Vec<String> {
        let Self::Ssh(destination) = self else {
            return ["sh", "-c", command].map(str::to_owned).to_vec();
        };
        let mut words = ssh();
        if terminal {
            // Else its last words are that the connection was closed.
            words.extend(["-t", "-o", "LogLevel=error"].map(str::to_owned));
        }
        // One word for the login shell, whichever that is.
        let command = format!("exec sh -c {}", quote(command));
        words.extend([destination.to_owned(), command]);
        if terminal {
            return words;
        }
        // An interrupted ssh ends with 255, which says nothing.
        let waits = ["sh", "-c", "trap 'exit 130' INT; \"$@\"", "sh"];
        waits
            .iter()
            .map(|&word| word.to_owned())
            .chain(words)
            .collect()
    }

    /// Returns a command to paste here that runs there, on a terminal where it asks something.
    pub fn paste_command(self, command: &str, terminal: bool) -> String {
        let Self::Ssh(destination) = self else {
            return command.to_owned();
        };
        let terminal = if terminal { " -t" } else { "" };
        format!("{}{terminal} {destination} {command}", ssh_to_paste())
    }

    /// Returns a command to paste here that makes ports of its loopback answer here; none where
    /// they do so by themselves.
    pub fn forward_command(self, ports: &[u16]) -> Option<String> {
        let Self::Ssh(destination) = self else {
            return None;
        };
        let forward = |port: &u16| format!(" -L {port}:127.0.0.1:{port}");
        let forwards: String = ports.iter().map(forward).collect();
        let any = !ports.is_empty();
        any.then(|| format!("{} -N{forwards} {destination}", ssh_to_paste()))
    }
}

/// Returns the file of `CARGO_E2E_SSH_CONFIG`, in place of the user's own config.
pub(super) fn ssh_config() -> Option<PathBuf> {
    let config = std::env::var_os(crate::environment::SSH_CONFIG).map(PathBuf::from);
    config.filter(|path| !path.as_os_str().is_empty())
}

fn ssh_to_paste() -> String {
    let words: Vec<String> = ssh().iter().map(|part| word(part)).collect();
    words.join(" ")
}

/// The ssh program and its options.
fn ssh() -> Vec<String> {
    let mut words = vec!["ssh".to_owned()];
    if let Some(config) = ssh_config() {
        words.extend(["-F".to_owned(), config.to_string_lossy().into_owned()]);
    }
    words
}

//! A host that ssh reaches, over one multiplexed connection.
//!
//! The openssh crate speaks to the master itself (native-mux): with one `ssh` process a command,
//! Ctrl-C on a terminal would end a running teardown. What the crate leaves open is closed
//! here: every wait has a deadline, at most four channels are open at once (sshd allows ten,
//! but refuses earlier under load), and the master is ended for sure, because one that lingers
//! keeps the pipes of `cargo e2e | tail` open.

use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Stdio as ProcessStdio;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use openssh::{ControlPersist, ForwardType, KnownHosts, Session, SessionBuilder, Stdio};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Channel, Host, HostError, RsyncEnd, Script};

const CONNECT: Duration = Duration::from_secs(20);
const OPEN_CHANNEL: Duration = Duration::from_secs(15);
const CLOSE: Duration = Duration::from_secs(2);
const KEEPALIVE: Duration = Duration::from_secs(5);
const CHANNELS: usize = 4;

/// One connection to a remote host.
pub struct Ssh {
    name: String,
    session: Arc<Session>,
    control: PathBuf,
    channels: Arc<Semaphore>,
    folder: TempDir,
    /// The master's pid, asked for while it still answers: one that is stopped hangs on every
    /// request.
    master: Mutex<Option<JoinHandle<Option<rustix::process::Pid>>>>,
}

impl Ssh {
    /// Connects, with the user's own ssh config, agent and known hosts. `CARGO_E2E_SSH_CONFIG`
    /// names another config file, as `ssh -F` does.
    pub async fn connect(destination: &str) -> Result<Self, HostError> {
        check_destination(destination)?;
        let config = std::env::var_os("CARGO_E2E_SSH_CONFIG").map(PathBuf::from);
        let refused = |reason: String, help: String| HostError::Connect {
            host: destination.to_owned(),
            reason,
            help,
        };
        let parent = tokio::task::spawn_blocking(control_parent)
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .map_err(|error| {
                refused(
                    format!("no folder for ssh's socket: {error}"),
                    String::new(),
                )
            })?;

        let mut builder = SessionBuilder::default();
        builder
            .known_hosts_check(KnownHosts::Strict)
            .connect_timeout(CONNECT)
            .server_alive_interval(KEEPALIVE)
            .control_directory(parent)
            .control_persist(ControlPersist::IdleFor(
                std::num::NonZeroUsize::new(60).unwrap_or(std::num::NonZeroUsize::MIN),
            ));
        if let Some(config) = &config {
            builder.config_file(config);
        }
        let (builder, host) = builder.resolve(destination);
        let folder = timeout(CONNECT + KEEPALIVE, builder.launch_master(host))
            .await
            .map_err(|_| refused("ssh did not answer".to_owned(), String::new()))?
            .map_err(|error| {
                let reason = reason(&error);
                let help = help(&reason, destination, config.as_deref());
                refused(reason, help)
            })?;
        let control = folder.path().join("master");
        let log = folder.path().join("log");
        // `resume`, because the crate's own close leaves a master with open channels behind.
        let session = Session::resume_mux(control.clone().into(), Some(log.into()));
        let asked = control_command(control.clone(), "check");
        let master = tokio::spawn(async move {
            let output = asked.await?;
            master_pid(&String::from_utf8_lossy(&output.stderr))
        });
        Ok(Self {
            name: destination.to_owned(),
            session: Arc::new(session),
            control,
            channels: Arc::new(Semaphore::new(CHANNELS)),
            folder,
            master: Mutex::new(Some(master)),
        })
    }

    fn lost(&self, doing: &'static str) -> HostError {
        HostError::Lost {
            host: self.name.clone(),
            doing,
        }
    }
}

impl Ssh {
    /// Waits for the answer to a request to forward something; an error is why not.
    async fn asked(
        &self,
        request: impl Future<Output = Result<(), openssh::Error>>,
    ) -> Result<(), String> {
        let Ok(answer) = timeout(OPEN_CHANNEL, request).await else {
            return Err("no answer".to_owned());
        };
        let Err(error) = answer else {
            return Ok(());
        };
        // The crate says only "failed"; why is in the master's log.
        let log = tokio::fs::read_to_string(self.folder.path().join("log")).await;
        let last = log
            .ok()
            .and_then(|log| Some(log.lines().last()?.to_owned()));
        Err(last.unwrap_or_else(|| reason(&error)))
    }
}

/// Asks the master something, bounded.
async fn control_command(control: PathBuf, command: &'static str) -> Option<std::process::Output> {
    let run = Command::new("ssh")
        .args(["-F", "none", "-S"])
        .arg(control)
        .args(["-O", command, "cargo-e2e"])
        .stdin(ProcessStdio::null())
        .kill_on_drop(true)
        .output();
    timeout(CLOSE, run).await.ok()?.ok()
}

#[async_trait]
impl Host for Ssh {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_local(&self) -> bool {
        false
    }

    async fn start(&self, script: &Script) -> Result<Channel, HostError> {
        let lost = || self.lost(script.name());
        let permit = timeout(OPEN_CHANNEL, Arc::clone(&self.channels).acquire_owned())
            .await
            .map_err(|_| lost())?
            .map_err(|_| lost())?;
        let mut command = Arc::clone(&self.session).arc_command("sh");
        command
            .args(script.sh_arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = timeout(OPEN_CHANNEL, command.spawn())
            .await
            .map_err(|_| lost())?
            .map_err(|_| lost())?;
        let pipes = (
            child.stdin().take(),
            child.stdout().take(),
            child.stderr().take(),
        );
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(lost());
        };
        Ok(Channel {
            stdin: Box::pin(stdin),
            stdout: Box::pin(stdout),
            stderr: Box::pin(stderr),
            done: Box::pin(async move {
                // Whether it ended well is in the script's own status line.
                let _ = child.wait().await;
                drop(permit);
                Ok(())
            }),
        })
    }

    fn rsync_end(&self) -> RsyncEnd {
        // ProxyCommand=false: without its master, ssh would dial anew and ask for a password.
        let control = super::quote(&self.control.to_string_lossy());
        RsyncEnd {
            program: "rsync".to_owned(),
            rsh: Some(format!(
                "ssh -F none -S {control} -o ProxyCommand=false -o BatchMode=yes"
            )),
            prefix: "cargo-e2e:".to_owned(),
        }
    }

    async fn forward(&self, here: SocketAddr, there: SocketAddr) -> Result<(), HostError> {
        let refused = |reason: String| HostError::Forward {
            host: self.name.clone(),
            port: here.port(),
            reason,
        };
        let request = self
            .session
            .request_port_forward(ForwardType::Local, here, there);
        self.asked(request).await.map_err(refused)
    }

    async fn forward_socket(&self, there: &str, here: &Path) -> Result<(), HostError> {
        let there = Path::new(there);
        let request = self
            .session
            .request_port_forward(ForwardType::Remote, there, here);
        self.asked(request)
            .await
            .map_err(|reason| HostError::ForwardSocket {
                host: self.name.clone(),
                reason,
            })
    }

    async fn close(&self) {
        let ended = control_command(self.control.clone(), "exit")
            .await
            .is_some_and(|output| output.status.success());
        let pid = match self.master.lock().await.take() {
            Some(asked) => asked.await.ok().flatten(),
            None => None,
        };
        if !ended && let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        let _ = tokio::fs::remove_dir_all(self.folder.path()).await;
    }
}

/// `Master running (pid=123)`
fn master_pid(text: &str) -> Option<rustix::process::Pid> {
    let digits = text.split_once("pid=")?.1.split_once(')')?.0;
    rustix::process::Pid::from_raw(digits.parse().ok()?)
}

/// ssh takes a destination without `--`, so one that starts with `-` would be an option.
fn check_destination(given: &str) -> Result<(), HostError> {
    let reason = if given.is_empty() {
        "it is empty"
    } else if given.starts_with('-') {
        "it starts with `-`"
    } else if given.chars().any(|c| c.is_control() || c.is_whitespace()) {
        "it holds a space or a control character"
    } else if given.contains(['\'', '"', '\\', '$', '`', ';', '|', '&', '<', '>', '(', ')']) {
        "it holds a character with a meaning for shells"
    } else if given.contains("://") && !given.starts_with("ssh://") {
        "only ssh:// addresses are known; give `local`, an ssh alias, user@name or ssh://user@name:port"
    } else if given.split(['@', '/']).any(|part| part.starts_with('-')) {
        "a part of it starts with `-`"
    } else {
        return Ok(());
    };
    Err(HostError::NotAHost {
        given: given.escape_debug().to_string(),
        reason,
    })
}

/// A folder of our own for control sockets, with a short path: sockets have 108 bytes (104 on
/// macOS), of which ssh takes 17 for itself.
fn control_parent() -> std::io::Result<PathBuf> {
    let uid = rustix::process::getuid().as_raw();
    let parent = match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
        Some(runtime)
            if runtime.is_absolute() && runtime.as_os_str().len() < 50 && runtime.is_dir() =>
        {
            runtime.join("cargo-e2e")
        }
        _ => PathBuf::from(format!("/tmp/cargo-e2e-{uid}")),
    };
    match std::fs::DirBuilder::new().mode(0o700).create(&parent) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = std::fs::symlink_metadata(&parent)?;
    if !found.is_dir() || found.uid() != uid || found.mode() & 0o077 != 0 {
        return Err(std::io::Error::other(format!(
            "{} is not a folder of this user alone",
            parent.display()
        )));
    }
    Ok(parent)
}

fn reason(error: &openssh::Error) -> String {
    let mut text = String::new();
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        text = error.to_string();
        next = error.source();
    }
    text.trim().to_owned()
}

fn help(reason: &str, destination: &str, config: Option<&Path>) -> String {
    let ssh = config.map_or_else(
        || "ssh".to_owned(),
        |config| format!("ssh -F {}", config.display()),
    );
    let has = |needle: &str| reason.contains(needle);
    if has("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        format!(
            "the host's key is not the one you know. If that is meant, remove the old one with `ssh-keygen -R`, \
             then add the new one: {ssh} -o StrictHostKeyChecking=accept-new {destination} true"
        )
    } else if has("host key is known") || has("Host key verification failed") {
        format!(
            "this machine does not know the host's key. Compare its fingerprint with the host's owner, \
             then add it: {ssh} -o StrictHostKeyChecking=accept-new {destination} true"
        )
    } else if has("Permission denied") {
        format!("the host refused your keys; try `{ssh} {destination} true`, and `ssh-add -l`")
    } else if has("Could not resolve") {
        "check the name, or add an entry for it to ~/.ssh/config".to_owned()
    } else if has("Connection refused") || has("timed out") || has("No route") {
        format!("check that the host is up and its sshd answers: {ssh} -v {destination} true")
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ssh_would_take_for_an_option_is_no_destination() {
        for bad in [
            "",
            "-oProxyCommand=reboot",
            "ssh://-oProxyCommand=x",
            "user@-host",
            "a b",
            "a\nb",
            "a;b",
            "tcp://x:2375",
        ] {
            assert!(check_destination(bad).is_err(), "{bad:?}");
        }
        for good in [
            "railiance01",
            "me@railiance01",
            "ssh://me@railiance01:2222",
            "ssh://[::1]:22",
        ] {
            assert!(check_destination(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn the_masters_pid_is_read_from_what_ssh_says() {
        assert_eq!(
            master_pid("Master running (pid=4711)\r\n").map(rustix::process::Pid::as_raw_nonzero),
            std::num::NonZero::new(4711)
        );
        assert_eq!(master_pid("no such file"), None);
    }

    #[test]
    fn an_unknown_key_comes_with_the_command_that_adds_it() {
        let text = help("Host key verification failed.", "railiance01", None);
        assert!(
            text.ends_with("ssh -o StrictHostKeyChecking=accept-new railiance01 true"),
            "{text}"
        );
    }
}

//! The ssh process that holds the connection, and its folder on this machine.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::control::control_command;
use crate::host::client::Watcher;
use crate::host::kind::LOCAL;
use crate::host::runtime_dir::RuntimeDir;
use crate::host::ssh_names::named_hosts;
use crate::spec::nearest;

const CONNECT: Duration = Duration::from_secs(20);
/// No sign of life for three of these, and the connection is given up.
const KEEPALIVE: Duration = Duration::from_secs(5);
/// It outlives a killed client by this: the host must see that the connection is there still, and
/// who spoke over it is not.
const IDLE: Duration = Duration::from_secs(8);
/// sshd refuses at random while many others log in (`MaxStartups 10:30:100`): asked again for this long.
const CROWDED: Duration = Duration::from_secs(15);

/// A master that runs, in a folder of its own.
pub(super) struct Master {
    folder: RuntimeDir,
    /// Asked for while it still answers: one that is stopped hangs on every request.
    pid: Mutex<Option<JoinHandle<Option<rustix::process::Pid>>>>,
    watcher: Mutex<Option<Watcher>>,
}

/// Why there is no connection.
pub(super) struct Refused {
    pub(super) reason: String,
    pub(super) help: String,
}

impl Master {
    /// Connects. Dropping the future ends ssh, as long as it has not logged in.
    pub(super) async fn launch(destination: &str, config: Option<&Path>) -> Result<Self, Refused> {
        let began = tokio::time::Instant::now();
        loop {
            let refused = match Self::connect(destination, config).await {
                Ok(master) => return Ok(master),
                Err(refused) => refused,
            };
            if !is_crowded(&refused.reason) || began.elapsed() >= CROWDED {
                return Err(refused);
            }
            // Those that were refused together do not come back together.
            tokio::time::sleep(Duration::from_millis(fastrand::u64(100..1000))).await;
        }
    }

    /// Tries it once.
    async fn connect(destination: &str, config: Option<&Path>) -> Result<Self, Refused> {
        let refused = |reason: String| Refused {
            help: help(&reason, destination, config),
            reason,
        };
        let folder = tokio::task::spawn_blocking(RuntimeDir::make)
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .map_err(|error| {
                refused(format!("failed to make a folder for ssh's socket: {error}"))
            })?;
        let log = folder.path().join("log");
        let mut ssh = Command::new("ssh");
        ssh.arg("-E").arg(&log);
        ssh.arg("-S").arg(folder.path().join("master"));
        ssh.args(["-M", "-f", "-N"]);
        if let Some(config) = config {
            ssh.arg("-F").arg(config);
        }
        let options = [
            format!("ControlPersist={}", IDLE.as_secs()),
            "BatchMode=yes".to_owned(),
            "StrictHostKeyChecking=yes".to_owned(),
            format!("ConnectTimeout={}", CONNECT.as_secs()),
            format!("ServerAliveInterval={}", KEEPALIVE.as_secs()),
            "ServerAliveCountMax=3".to_owned(),
            // What a person's config may want of a shell, and no test should get.
            "ForwardAgent=no".to_owned(),
            "ForwardX11=no".to_owned(),
            "PermitLocalCommand=no".to_owned(),
            "ClearAllForwardings=yes".to_owned(),
        ];
        for option in &options {
            ssh.args(["-o", option]);
        }
        let ended = ssh
            .arg("--")
            .arg(destination)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .status();
        let status = timeout(CONNECT + KEEPALIVE, ended)
            .await
            .map_err(|_| refused("no response from ssh".to_owned()))?
            .map_err(|error| refused(format!("failed to start `ssh` on this machine: {error}")))?;
        if !status.success() {
            let said = tokio::fs::read_to_string(&log).await.unwrap_or_default();
            return Err(refused(why(&said)));
        }
        let asked = control_command(folder.path().join("master"), "check");
        let pid = tokio::spawn(async move {
            let output = asked.await?;
            master_pid(&String::from_utf8_lossy(&output.stderr))
        });
        Ok(Self {
            folder,
            pid: Mutex::new(Some(pid)),
            watcher: Mutex::default(),
        })
    }

    pub(super) fn control(&self) -> PathBuf {
        self.folder.path().join("master")
    }

    /// Returns what it complains of.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Returns whether it runs: it ends itself when the connection does.
    pub(super) async fn runs(&self) -> bool {
        let asked = control_command(self.control(), "check").await;
        asked.is_some_and(|output| output.status.success())
    }

    /// Makes it end when this process is killed, also while something is open through it.
    pub(super) async fn end_with_client(&self) {
        *self.watcher.lock().await = Some(Watcher::of_master(self.folder.path()));
    }

    /// Ends it, bounded in time, and removes its folder.
    pub(super) async fn end(&self) {
        let ended = control_command(self.control(), "exit")
            .await
            .is_some_and(|output| output.status.success());
        let pid = match self.pid.lock().await.take() {
            Some(asked) => asked.await.ok().flatten(),
            None => None,
        };
        if !ended && let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        let _ = tokio::fs::remove_dir_all(self.folder.path()).await;
        if let Some(watcher) = self.watcher.lock().await.take() {
            watcher.end().await;
        }
    }
}

/// `Master running (pid=123)`
fn master_pid(text: &str) -> Option<rustix::process::Pid> {
    let digits = text.split_once("pid=")?.1.split_once(')')?.0;
    rustix::process::Pid::from_raw(digits.parse().ok()?)
}

/// Returns whether sshd closed the connection before it asked who we are.
fn is_crowded(reason: &str) -> bool {
    let closed = ["Connection closed by", "Connection reset by"];
    reason.contains("kex_exchange_identification")
        || closed.iter().any(|start| reason.starts_with(start))
}

/// Returns the line of ssh's log that says why.
fn why(log: &str) -> String {
    const CHANGED: &str = "REMOTE HOST IDENTIFICATION HAS CHANGED";
    if log.contains(CHANGED) {
        return CHANGED.to_owned();
    }
    let mut lines = log
        .lines()
        .map(|line| line.trim().trim_start_matches("ssh: "));
    let last =
        lines.rfind(|line| !line.is_empty() && !line.starts_with("Warning: Permanently added"));
    crate::text::printable(last.unwrap_or("ssh ended without a message"))
}

/// Explains a name that nobody knows, by the nearest of ssh's config.
fn did_you_mean(destination: &str) -> String {
    let name = destination.strip_prefix("ssh://").unwrap_or(destination);
    let name = name.rsplit('@').next().unwrap_or(name);
    let name = name.split([':', '/']).next().unwrap_or(name);
    let mut known = named_hosts();
    known.push(LOCAL.to_owned());
    // A cluster's name begins with its engine's.
    let rest = destination.strip_prefix(name);
    let rest = rest
        .filter(|rest| rest.starts_with(':'))
        .unwrap_or_default();
    let engines: &[&str] = if rest.is_empty() {
        &[]
    } else {
        &["slurm", "swarm"]
    };
    let names = known.iter().map(String::as_str);
    match nearest(name, names.chain(engines.iter().copied())) {
        Some(near) if engines.contains(&near) => format!("did you mean `{near}{rest}`?"),
        Some(near) => format!("did you mean `{near}`?"),
        None => "check the name, or add an entry for it to ~/.ssh/config".to_owned(),
    }
}

fn help(reason: &str, destination: &str, config: Option<&Path>) -> String {
    let ssh = config.map_or_else(
        || "ssh".to_owned(),
        |config| format!("ssh -F {}", config.display()),
    );
    let has = |needle: &str| reason.contains(needle);
    if has("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        format!(
            "the host's key has changed. If you expect that, remove the old one with `ssh-keygen -R`, \
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
        did_you_mean(destination)
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
    fn a_misspelt_engine_is_told_with_what_follows_it() {
        let means = |name: &str| did_you_mean(name);
        assert_eq!(means("slrum:e2e"), "did you mean `slurm:e2e`?");
        let said = means("swram://login-one");
        assert_eq!(said, "did you mean `swarm://login-one`?");
        assert!(!means("slrum").contains("slurm"), "it has no colon");
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

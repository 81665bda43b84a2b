//! The hosts and images of tests/lab. Without them tests fail and say how to get them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use indoc::formatdoc;

use crate::machine::{Turn, exclusive};
use crate::process::{Ended, Running};

const START: &str = "start the lab: tests/lab/up 2 && eval \"$(tests/lab/env)\"";

/// Where a run happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// This machine.
    Local,
    /// `railiance01` as root.
    Root,
    /// `railiance01` as a user in the group docker.
    Dev,
    /// `railiance02` as root: the host whose faults disturb nobody else.
    Other,
    /// `railiance02` as an account that a test made there.
    Account(&'static str),
    /// One of a test's own, which may be harmed: see [`Spare`].
    Spare(&'static str),
    /// A destination of which nothing else is known.
    Named(&'static str),
}

impl Host {
    /// What `--host` takes.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Local => "local".to_owned(),
            Self::Root => "railiance01".to_owned(),
            Self::Dev => "railiance01-dev".to_owned(),
            Self::Other => "railiance02".to_owned(),
            Self::Account(user) => format!("{user}@railiance02"),
            Self::Spare(name) | Self::Named(name) => name.to_owned(),
        }
    }

    fn container(self) -> Option<String> {
        let name = match self {
            Self::Local | Self::Named(_) => return None,
            Self::Root | Self::Dev => "railiance01",
            Self::Other | Self::Account(_) => "railiance02",
            Self::Spare(name) => name,
        };
        Some(format!("e2e-lab-{name}"))
    }

    /// The tool's folder there.
    #[must_use]
    pub fn root(self) -> String {
        match self {
            Self::Local | Self::Named(_) => state("cargo-e2e").display().to_string(),
            Self::Root | Self::Other | Self::Spare(_) => "/root/.local/state/cargo-e2e".to_owned(),
            Self::Dev => "/home/dev/.local/state/cargo-e2e".to_owned(),
            Self::Account(user) => format!("/home/{user}/.local/state/cargo-e2e"),
        }
    }

    /// Runs shell commands there, as root on the lab's hosts and without ssh, so that a test
    /// sees and repairs what a sandbox's own user and connection could not.
    #[track_caller]
    #[must_use]
    pub fn sh(self, script: &str) -> Ended {
        let mut command = Command::new("sh");
        if let Some(container) = self.container() {
            command = Command::new("docker");
            command.args(["exec", "-i", &container, "sh"]);
        }
        command.arg("-s");
        let ended = Running::start(command, Some(script)).finish(Duration::from_mins(1));
        let is_there = self.container().is_none() || !ended.stderr.contains("No such container");
        assert!(is_there, "{} is not there: {START}", self.name());
        ended
    }

    /// What shell commands print there; they must succeed.
    #[track_caller]
    #[must_use]
    pub fn says(self, script: &str) -> String {
        let ended = self.sh(script);
        assert_eq!(ended.code, Some(0), "on {}: {script}\n{ended}", self.name());
        ended.stdout
    }

    /// The TCP ports on which something listens there.
    #[must_use]
    pub fn listening(self) -> BTreeSet<u16> {
        let port = |line: &str| {
            let address = line.split_whitespace().nth(3)?;
            address.rsplit(':').next()?.parse().ok()
        };
        self.says("ss -Hltn").lines().filter_map(port).collect()
    }
}

/// The lab's ssh config.
#[track_caller]
#[must_use]
pub fn ssh_config() -> PathBuf {
    let named = std::env::var_os("CARGO_E2E_SSH_CONFIG").map(PathBuf::from);
    let config = named.unwrap_or_else(|| {
        // As `tests/lab/lib.sh` has it.
        let lab = std::env::var_os("E2E_LAB_STATE").map(PathBuf::from);
        lab.unwrap_or_else(|| state("e2e-lab")).join("ssh_config")
    });
    let path = config.display();
    assert!(config.is_file(), "{path} does not exist; {START}");
    config
}

/// Where a program of this machine's user keeps its state.
fn state(program: &str) -> PathBuf {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let in_home = || PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".local/state");
    state.unwrap_or_else(in_home).join(program)
}

/// One of the lab's images by its variable: `BUSYBOX_IMAGE`, `POSTGRES_IMAGE`, `PYTHON_IMAGE`, `TEMPORAL_IMAGE`.
#[must_use]
pub fn image(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        let image = match variable {
            "BUSYBOX_IMAGE" => "e2e-lab/busybox:1",
            "POSTGRES_IMAGE" => "e2e-lab/postgres:16",
            "PYTHON_IMAGE" => "e2e-lab/python:3",
            "TEMPORAL_IMAGE" => "e2e-lab/temporal:1",
            other => panic!("the lab has no {other}"),
        };
        image.to_owned()
    })
}

/// A host that only one test has, to kill and to cut off. Gone when it is dropped.
#[derive(Debug)]
pub struct Spare {
    name: &'static str,
    folder: tempfile::TempDir,
    _turn: Turn,
}

impl Spare {
    /// Makes it; `name` must be no other host's.
    #[track_caller]
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        let turn = exclusive(&format!("spare-{name}"));
        let folder = tempfile::tempdir().expect("a folder");
        // What a test that was killed left behind goes first.
        Self::lab(&["down", name]);
        Self::lab(&["up", name, &folder.path().display().to_string()]);
        Self {
            name,
            folder,
            _turn: turn,
        }
    }

    #[track_caller]
    fn lab(arguments: &[&str]) {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lab/spare"));
        command.args(arguments);
        let ended = Running::start(command, None).finish(Duration::from_mins(2));
        let what = format!("tests/lab/spare {arguments:?}: {START}");
        assert_eq!(ended.code, Some(0), "{what}\n{ended}");
    }

    /// As a host.
    #[must_use]
    pub fn host(&self) -> Host {
        Host::Spare(self.name)
    }

    /// How ssh reaches it, for `CARGO_E2E_SSH_CONFIG`.
    #[must_use]
    pub fn ssh_config(&self) -> String {
        self.folder.path().join("ssh_config").display().to_string()
    }

    /// Does something to the machine itself: `docker VERB… CONTAINER`.
    #[track_caller]
    pub fn machine(&self, verb: &[&str]) {
        let container = format!("e2e-lab-{}", self.name);
        let mut command = Command::new("docker");
        command.args(verb).arg(&container);
        let ended = Running::start(command, None).finish(Duration::from_mins(1));
        assert_eq!(ended.code, Some(0), "docker {verb:?} {container}\n{ended}");
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        Self::lab(&["down", self.name]);
    }
}

/// A user of railiance02 that lacks something. The lab's key opens every account there.
#[derive(Debug)]
pub struct Account {
    user: &'static str,
    _turn: Turn,
}

impl Account {
    /// Makes it, in the given groups (`""` for none), and with `prepare` run as root.
    #[track_caller]
    #[must_use]
    pub fn new(user: &'static str, groups: &str, prepare: &str) -> Self {
        let turn = exclusive(&format!("account-{user}"));
        // What a test that was killed left behind goes first.
        let made = Host::Other.sh(&formatdoc!(
            "
                set -e
                {}
                useradd -m -s /bin/sh -G '{groups}' {user}
                usermod -p '*' {user}
                cd /home/{user}
                {prepare}
            ",
            remove(user)
        ));
        assert_eq!(made.code, Some(0), "account {user}:\n{made}");
        Self { user, _turn: turn }
    }

    /// As a host.
    #[must_use]
    pub fn host(&self) -> Host {
        Host::Account(self.user)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let gone = Host::Other.sh(&remove(self.user));
        let is_fine = gone.code == Some(0) || std::thread::panicking();
        assert!(is_fine, "account {} stays:\n{gone}", self.user);
    }
}

fn remove(user: &str) -> String {
    format!(
        "for mount in $(awk '{{ print $5 }}' /proc/self/mountinfo | grep '^/home/{user}/'); do umount \"$mount\"; done\n\
         if id {user} >/dev/null 2>&1; then pkill -KILL -u {user} || :; userdel -f -r {user} 2>/dev/null; fi\n"
    )
}

/// For programs that a test starts itself.
pub(crate) fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

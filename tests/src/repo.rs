//! A throw-away repo, and runs of `cargo e2e` in it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use crate::lab::{Host, image, quiet, ssh_config};
use crate::leaks::Trace;
use crate::machine::{Slot, folder, free_ports};
use crate::process::{Ended, Running, on_a_terminal, under};
use crate::ran::Ran;
use crate::schema::as_published;
use crate::started::Started;
use crate::{binary, leaks};

/// What no run of these tests may need.
pub(crate) const LIMIT: Duration = Duration::from_mins(8);

/// A repo in a folder of its own that goes with it, known by a slug that no other has.
/// In text that is written to it, `PORT_A`, … become free ports, `SLUG` its slug, and `BUSYBOX`,
/// `PG_IMAGE` and `WF_IMAGE` the lab's images.
#[derive(Debug)]
#[must_use = "a repo does nothing until it is run"]
pub struct Repo {
    folder: TempDir,
    slug: String,
    ports: RefCell<BTreeMap<String, u16>>,
    environment: Vec<(String, String)>,
    hosts: RefCell<BTreeSet<Host>>,
    runs: Cell<u32>,
    _slot: Rc<Slot>,
}

impl Repo {
    /// A git repo with nothing in it.
    #[track_caller]
    pub fn new(name: &str) -> Self {
        let repo = Self::without_git(name);
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo
    }

    /// A folder that git knows nothing of.
    #[track_caller]
    pub fn without_git(name: &str) -> Self {
        let slot = Slot::take();
        let slug = format!("{}-{}", &name[..name.len().min(24)], unique());
        let prefix = format!("e2e-{name}-");
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir();
        Self {
            folder: folder.expect("a folder"),
            slug,
            ports: RefCell::default(),
            environment: Vec::new(),
            hosts: RefCell::default(),
            runs: Cell::new(0),
            _slot: slot,
        }
    }

    /// Writes e2e/e2e.yml; the name is put in front.
    #[track_caller]
    pub fn spec(self, yaml: &str) -> Self {
        self.file("e2e/e2e.yml", &format!("name: SLUG\n{yaml}"))
    }

    /// Writes e2e/compose.yml.
    #[track_caller]
    pub fn compose(self, yaml: &str) -> Self {
        self.file("e2e/compose.yml", yaml)
    }

    /// Writes a file, and the folders above it.
    #[track_caller]
    pub fn file(self, path: &str, text: &str) -> Self {
        let full = self.path(path);
        fs::create_dir_all(full.parent().expect("it is in the repo")).expect("writable");
        fs::write(full, self.filled_in(text)).expect("writable");
        self
    }

    /// Writes a file that can be run.
    #[track_caller]
    pub fn executable(self, path: &str, text: &str) -> Self {
        let repo = self.file(path, text);
        fs::set_permissions(repo.path(path), fs::Permissions::from_mode(0o755)).expect("ours");
        repo
    }

    /// Writes .gitignore.
    #[track_caller]
    pub fn gitignore(self, text: &str) -> Self {
        self.file(".gitignore", text)
    }

    /// Makes a symlink.
    #[track_caller]
    pub fn symlink(self, path: &str, target: &str) -> Self {
        let full = self.path(path);
        fs::create_dir_all(full.parent().expect("it is in the repo")).expect("writable");
        std::os::unix::fs::symlink(target, full).expect("writable");
        self
    }

    /// Sets a variable for every command that follows.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        let value = self.filled_in(value);
        self.environment.push((name.to_owned(), value));
        self
    }

    /// Notes that something else ran it there, so that what lives on goes with the repo.
    pub fn also_run_on(&self, host: Host) {
        self.hosts.borrow_mut().insert(host);
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A path in it.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Its name in e2e.yml.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// The number of `PORT_A` for `'A'`.
    #[must_use]
    pub fn port(&self, letter: char) -> u16 {
        let mut ports = self.ports.borrow_mut();
        *ports
            .entry(format!("PORT_{letter}"))
            .or_insert_with(|| free_ports::<1>()[0])
    }

    /// Text with this repo's own names in it.
    #[must_use]
    pub fn filled_in(&self, text: &str) -> String {
        let mut text = text
            .replace("SLUG", &self.slug)
            .replace("BUSYBOX", &image("BUSYBOX_IMAGE"))
            .replace("PG_IMAGE", &image("POSTGRES_IMAGE"))
            .replace("WF_IMAGE", &image("TEMPORAL_IMAGE"));
        for letter in 'A'..='E' {
            let token = format!("PORT_{letter}");
            if text.contains(&token) {
                text = text.replace(&token, &self.port(letter).to_string());
            }
        }
        text
    }

    /// Runs git in it.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) {
        let ended = quiet(&mut Command::new("git"))
            .args(["-c", "user.name=Test", "-c", "user.email=test@localhost"])
            .args(arguments)
            .current_dir(self.root())
            .status()
            .expect("git is installed");
        assert!(ended.success(), "git {arguments:?}");
    }

    /// `cargo e2e --host HOST ARGUMENTS` in it, to its end. Nothing of the run may be left.
    #[track_caller]
    pub fn run(&self, host: Host, arguments: &[&str]) -> Ran<'_> {
        let ran = self.start(host, arguments).finish();
        ran.leaves_nothing();
        ran
    }

    /// The same for a run that leaves its sandbox up: [`Ran::leaves_nothing`] is the caller's.
    #[track_caller]
    pub fn run_and_keep(&self, host: Host, arguments: &[&str]) -> Ran<'_> {
        self.start(host, arguments).finish()
    }

    /// Starts `cargo e2e --host HOST ARGUMENTS` in it; a command such as `up` goes first.
    #[track_caller]
    pub fn start(&self, host: Host, arguments: &[&str]) -> Started<'_> {
        self.start_by(host, arguments, |command| command)
    }

    /// The same, but nobody reads what it prints until [`Running::read`].
    #[track_caller]
    pub fn start_unread(&self, host: Host, arguments: &[&str]) -> Started<'_> {
        self.start_as(host, arguments, |command| {
            Running::start_unread(command, None)
        })
    }

    /// The same on a terminal of its own, on which `keys` are pressed once `marker` was printed:
    /// see `on_a_terminal.py`.
    #[track_caller]
    pub fn start_on_a_terminal(&self, host: Host, marker: &str, keys: &str) -> Started<'_> {
        self.start_by(host, &[], |command| on_a_terminal(&command, marker, keys))
    }

    /// The same on a terminal of so many columns, without a key.
    #[track_caller]
    pub fn start_on_a_terminal_of(&self, host: Host, columns: &str) -> Started<'_> {
        self.start_on_a_terminal(host, "Running", &format!("={columns}"))
    }

    /// The same under another program, such as `&["strace", "-f"]`.
    #[track_caller]
    pub fn start_under(&self, host: Host, program: &[&str], arguments: &[&str]) -> Started<'_> {
        self.start_by(host, arguments, |command| under(program, &command))
    }

    #[track_caller]
    fn start_by(
        &self,
        host: Host,
        arguments: &[&str],
        wrap: impl FnOnce(Command) -> Command,
    ) -> Started<'_> {
        self.start_as(host, arguments, |command| {
            Running::start(wrap(command), None)
        })
    }

    #[track_caller]
    fn start_as(
        &self,
        host: Host,
        arguments: &[&str],
        start: impl FnOnce(Command) -> Running,
    ) -> Started<'_> {
        self.hosts.borrow_mut().insert(host);
        let number = self.runs.get() + 1;
        self.runs.set(number);
        let trace = Trace::new(host, &self.slug, number);
        let mut command = self.command();
        let (first, rest) = match arguments.split_first() {
            Some((&"up", rest)) => (Some("up"), rest),
            _ => (None, arguments),
        };
        command
            .env("XDG_RUNTIME_DIR", &trace.runtime)
            .env("TMPDIR", &trace.temporary)
            .env(leaks::MARK, &trace.mark)
            .args(first)
            .args(["--host", &host.name()])
            .args(rest);
        Started {
            repo: self,
            running: start(command),
            trace,
        }
    }

    /// Another command, such as `&["check"]`, to its end.
    #[track_caller]
    #[must_use]
    pub fn cargo_e2e(&self, arguments: &[&str]) -> Ended {
        self.ended(arguments, |command| Running::start(command, None))
    }

    fn ended(&self, arguments: &[&str], start: impl FnOnce(Command) -> Running) -> Ended {
        let mut command = self.command();
        command.args(arguments);
        start(command).finish(LIMIT)
    }

    /// The same on a terminal of this width, whose text is `stderr`.
    #[track_caller]
    #[must_use]
    pub fn cargo_e2e_on_a_terminal(&self, columns: u16, arguments: &[&str]) -> Ended {
        self.ended(arguments, |command| {
            let command = on_a_terminal(&command, "no such text", &format!("={columns}"));
            Running::start(command, None)
        })
    }

    /// The same, with something to read.
    #[track_caller]
    #[must_use]
    pub fn cargo_e2e_with(&self, arguments: &[&str], input: &str) -> Ended {
        self.ended(arguments, |command| Running::start(command, Some(input)))
    }

    /// The same, from a folder in it.
    #[track_caller]
    #[must_use]
    pub fn command_in(&self, folder: &str, arguments: &[&str]) -> Ended {
        self.ended(arguments, |mut command| {
            command.current_dir(self.path(folder));
            Running::start(command, None)
        })
    }

    /// A `cargo e2e` in it, not started.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(binary::cargo_e2e());
        command.arg("e2e").current_dir(self.root());
        command
            .env_remove("CARGO_E2E_HOST")
            .env_remove("RAILIANCE01_HOST")
            .env_remove("STATE_HUB_URL")
            .env_remove("GITHUB_ACTIONS")
            // Records of tests are no part of this user's history.
            .env("XDG_STATE_HOME", self.state())
            .env("XDG_CACHE_HOME", self.state().join("cache-home"))
            .env("XDG_CONFIG_HOME", self.state().join("config-home"))
            .env("CARGO_E2E_ROOT", Host::Local.root())
            .env("CARGO_E2E_SSH_CONFIG", ssh_config())
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Where this machine's user keeps state, as its runs see it.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        folder().join(format!("{}.state", self.slug))
    }

    /// The record of a run in the store of this machine's user.
    #[track_caller]
    #[must_use]
    pub fn stored(&self, run_id: &str) -> Option<serde_json::Value> {
        let path = self.state().join(format!("cargo-e2e/runs/{run_id}.json"));
        let text = fs::read(path).ok()?;
        let record = serde_json::from_slice(&text).expect("a record is JSON");
        as_published(&record);
        Some(record)
    }

    /// Where its runs leave their results.
    pub(crate) fn results(&self) -> PathBuf {
        if self.path("Cargo.toml").exists() {
            return self.path("target/e2e");
        }
        self.path("e2e/results")
    }

    /// The id of the run that began last, of those that left a result.
    pub(crate) fn newest_result(&self) -> Option<String> {
        let bundles = fs::read_dir(self.results()).into_iter().flatten();
        let names = bundles.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter(|name| name.len() == 26).max()
    }
}

/// No other repo of this machine has had it since it was switched on.
fn unique() -> String {
    static REPOS: AtomicU32 = AtomicU32::new(0);
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since_1970.expect("a clock").as_secs() & 0xff_ffff;
    let number = REPOS.fetch_add(1, Ordering::Relaxed);
    format!("{seconds:x}{:x}n{number:x}", std::process::id())
}

impl Drop for Repo {
    fn drop(&mut self) {
        // What lives on for the next run would pile up: there is no next run of this slug.
        for host in self.hosts.borrow().iter() {
            let (root, slug) = (host.root(), &self.slug);
            let _ = host.sh(&format!(
                "rm -rf {root}/cache/{slug} {root}/workspaces/{slug}.*; \
                 grep -lsF '\"repo\":\"{slug}\"' {root}/ended/* | xargs -r rm -f"
            ));
        }
        let _ = fs::remove_dir_all(Host::Local.root() + "/cache/" + &self.slug);
        let _ = fs::remove_dir_all(self.state());
        for number in 1..=self.runs.get() {
            let _ = fs::remove_dir_all(folder().join(format!("{}.{number}", self.slug)));
        }
    }
}

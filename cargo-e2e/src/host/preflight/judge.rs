//! What a host's answers mean: one check after another, each with what to do about it.

use super::finding::{Check, Finding, Problem, Purpose};
use crate::host::{LOCAL, Output};
use crate::units::kilobytes;

/// The checks that idle workspaces of other repos stand in the way of.
pub(super) const ROOM: [&str; 2] = [SPACE, INODES];
const SPACE: &str = "free space";
const INODES: &str = "free inodes";

/// Less than this and `up` fails half way, with worse words than ours. storage.sh makes room for
/// twice as much.
const FREE_KB: u64 = 512 * 1024;
const FREE_INODES: u64 = 5_000;
const OLDEST_ENGINE: (u32, u32) = (20, 10);
const OLDEST_COMPOSE: (u32, u32) = (2, 20);

/// What a run needs, with the package that has it.
const TOOLS: [(&str, &str); 5] = [
    ("rsync", "rsync"),
    ("curl", "curl"),
    ("flock", "util-linux"),
    ("setsid", "util-linux"),
    ("tar", "tar"),
];

/// All that can be said of a host.
pub(super) fn checks(output: &Output, host: &str, purpose: Purpose) -> Vec<Check> {
    let mut judge = Judge {
        output,
        host,
        purpose,
        checks: Vec::new(),
    };
    if judge.shell() {
        judge.machine();
        judge.tools();
        judge.root();
        judge.docker();
    }
    judge.checks
}

struct Judge<'a> {
    output: &'a Output,
    host: &'a str,
    purpose: Purpose,
    checks: Vec<Check>,
}

impl Judge<'_> {
    fn value(&self, key: &str) -> String {
        self.output.value(key)
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.value(key).parse().ok()
    }

    fn fine(&mut self, name: &'static str, found: impl Into<String>) {
        let finding = Finding::Fine(found.into());
        self.checks.push(Check { name, finding });
    }

    fn less(&mut self, name: &'static str, found: impl Into<String>) {
        let finding = Finding::Less(found.into());
        self.checks.push(Check { name, finding });
    }

    fn missing(&mut self, name: &'static str, what: String, fix: &str) {
        let fix = fix.to_owned();
        let finding = Finding::Missing(Problem { what, fix });
        self.checks.push(Check { name, finding });
    }

    /// Returns whether the script was heard at all.
    fn shell(&mut self) -> bool {
        let text = self.output.text();
        let noise = text
            .split_once("cargo-e2e-preflight\n")
            .map_or("", |(noise, _)| noise.trim());
        let silent = self.value("system").is_empty();
        if !noise.is_empty() {
            let first = crate::text::printable(noise.lines().next().unwrap_or_default());
            self.missing(
                "login shell",
                format!("its login shell prints to standard output: {first}"),
                "rsync needs a silent shell: for commands, put e.g. `case $- in *i*) ;; *) return ;; esac` \
                 at the top of ~/.bashrc",
            );
        } else if !silent && self.host != LOCAL {
            self.fine("login shell", "prints nothing of its own");
        }
        if silent {
            self.missing(
                "login shell",
                "its login shell does not run commands cleanly".to_owned(),
                "`ssh HOST true` must print nothing; remove RemoteCommand and RequestTTY for it from ~/.ssh/config",
            );
        }
        !silent
    }

    fn machine(&mut self) {
        let system = self.value("system");
        if system == "Linux" {
            self.fine("system", format!("Linux, {}", self.value("hostname")));
        } else {
            self.missing(
                "system",
                format!("it runs {system}, not Linux"),
                "name a Linux host with --host",
            );
        }
        let machine = format!("{}, {} libc", self.value("arch"), self.value("libc"));
        self.fine("architecture", machine);
    }

    fn tools(&mut self) {
        if self.purpose == Purpose::Remove {
            return;
        }
        for (tool, package) in TOOLS {
            let path = self.value(tool);
            if path.is_empty() {
                self.missing(
                    tool,
                    format!("{tool} is not installed"),
                    &format!("on the host: sudo apt-get install {package}"),
                );
            } else {
                self.fine(tool, path);
            }
        }
    }

    fn root(&mut self) {
        let root = self.value("root");
        let error = self.value("root_error");
        if error.is_empty() {
            self.fine("folder", root.as_str());
        } else {
            self.missing(
                "folder",
                format!("its folder {root} is not usable: {error}"),
                "make it writable for this user, or set CARGO_E2E_ROOT on the host",
            );
        }
        if self.purpose == Purpose::Remove {
            return;
        }
        self.free_space(SPACE, "free_kb", &root);
        self.free_space("Docker's space", "engine_free_kb", "Docker's data folder");
        // A filesystem without a fixed number of inodes says 0 or -.
        match self.number("free_inodes").filter(|free| *free > 0) {
            Some(free) if free < FREE_INODES => self.missing(
                INODES,
                format!("only {free} inodes are free in {root}"),
                "remove small files there, or set CARGO_E2E_ROOT on the host",
            ),
            Some(free) => self.fine(INODES, free.to_string()),
            None if error.is_empty() => self.fine(INODES, "not limited"),
            None => {}
        }
        if self.value("invisible") == "yes" {
            self.missing(
                "bind mounts",
                format!("Docker does not see the folder {root}"),
                "an engine from a snap, in a VM or in another namespace sees only some folders: \
                 set CARGO_E2E_ROOT on the host to one that it sees, or install Docker from your distribution",
            );
        } else if !self.value("engine").is_empty() && error.is_empty() {
            self.fine("bind mounts", "containers see the folder");
        }
    }

    fn free_space(&mut self, name: &'static str, key: &str, place: &str) {
        match self.number(key) {
            Some(free) if free < FREE_KB => self.missing(
                name,
                format!(
                    "only {} are free in {place}, {} are needed",
                    kilobytes(free),
                    kilobytes(FREE_KB)
                ),
                "free some space: `cargo e2e gc --all` removes workspaces and caches, `docker system df` shows Docker's share; or set CARGO_E2E_ROOT on the host",
            ),
            Some(free) => self.fine(name, kilobytes(free)),
            None => {}
        }
    }

    fn docker(&mut self) {
        let docker = self.value("docker");
        if docker.is_empty() {
            self.missing(
                "docker",
                "`docker` is not on the PATH of a non-interactive shell".to_owned(),
                "install Docker Engine 20.10 or newer on the host, or add its folder to the PATH that \
                 non-interactive shells get",
            );
            return;
        }
        self.fine("docker", docker);
        let endpoint = self.value("endpoint");
        if !endpoint.is_empty() && !endpoint.starts_with("unix://") {
            self.missing(
                "endpoint",
                format!("Docker's endpoint there is {endpoint}, an engine on another machine"),
                "bind mounts would not reach it: unset DOCKER_HOST (or `docker context use default`) and name \
                 that machine with --host instead",
            );
            return;
        }
        if !endpoint.is_empty() {
            self.fine("endpoint", endpoint);
        }
        self.engine();
        self.compose();
        if self.checks.iter().all(|check| check.problem().is_none()) {
            self.notes();
        }
    }

    fn engine(&mut self) {
        let user = self.value("user");
        let error = self.value("engine_error");
        if error.contains("permission denied") {
            self.missing(
                "permission",
                format!("user {user} may not use Docker"),
                "on the host: sudo usermod -aG docker USER, then log in again (this makes USER as powerful as root there)",
            );
            return;
        }
        if !error.is_empty() {
            let fix = if self.host == LOCAL {
                "start it: sudo systemctl start docker (or name another machine with --host)"
            } else {
                "on the host: sudo systemctl start docker"
            };
            self.missing(
                "engine",
                format!("the Docker engine does not respond: {error}"),
                fix,
            );
            return;
        }
        self.fine("permission", format!("user {user} may use Docker"));
        let engine = self.value("engine");
        match version(&engine) {
            Some((major, minor)) if (major, minor) < OLDEST_ENGINE => self.missing(
                "engine",
                format!("Docker Engine {major}.{minor} is too old"),
                "install Docker Engine 20.10 or newer on the host",
            ),
            Some(_) => self.fine("engine", engine),
            None => {}
        }
    }

    fn compose(&mut self) {
        let compose = self.value("compose");
        match version(&compose) {
            None => self.missing(
                "compose",
                "Docker Compose v2 is not installed".to_owned(),
                "on the host: sudo apt-get install docker-compose-plugin (from Docker's repository), or \
                 docker-compose where that is version 2.20 or newer",
            ),
            Some(found) if found < OLDEST_COMPOSE => self.missing(
                "compose",
                format!("Docker Compose {}.{} is too old", found.0, found.1),
                "install Docker Compose 2.20 or newer on the host",
            ),
            Some(_) => self.fine("compose", compose),
        }
    }

    /// What makes a sandbox a little different, and no worse.
    fn notes(&mut self) {
        if self.value("ipv6") == "yes" {
            self.fine("::1", "declared ports answer there too");
        } else {
            self.less("::1", "none; ports answer on 127.0.0.1 only");
        }
        if self.value("http2") == "no" {
            self.less("HTTP/2", "this curl has none; `grpc` health checks need it");
        }
        if self.value("rootless") == "yes" {
            let text = "containers' own addresses can't be reached from the host";
            self.less("rootless", text);
        }
    }
}

/// Major and minor of `20.10.24+dfsg1`, `v2.26.1-4`, ….
pub(super) fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text
        .trim_start_matches('v')
        .split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

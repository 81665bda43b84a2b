//! Everything that a host lacks, in one look and one message.

use std::fmt::{self, Write as _};
use std::time::Duration;

use super::{Host, HostError, Output, Script, run};

/// Less than this and `up` fails half way, with worse words than ours.
const FREE_KB: u64 = 512 * 1024;
const FREE_INODES: u64 = 5_000;
const OLDEST_ENGINE: (u32, u32) = (20, 10);
const OLDEST_COMPOSE: (u32, u32) = (2, 20);
const DEADLINE: Duration = Duration::from_secs(30);

/// What later stages need to know of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The tool's folder on the host, without symlinks.
    pub root: String,
    /// Machine architecture as `uname -m` says it.
    pub arch: String,
    /// `gnu` or `musl`.
    pub libc: String,
    /// The user's number on the host.
    pub uid: u32,
    /// The host's own name, for records.
    pub hostname: String,
    /// Docker Engine version, major and minor.
    pub engine: (u32, u32),
    /// Compose version, major and minor.
    pub compose: (u32, u32),
    /// Whether `::1` exists, so that ports can be published there too.
    pub ipv6: bool,
    /// Whether containers' own addresses can be reached (not in rootless mode).
    pub rootless: bool,
}

/// One thing that makes a host unusable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    fix: {}", self.what, self.fix)
    }
}

/// The text of [`HostError::Unusable`].
pub(super) fn unusable(host: &str, problems: &[Problem]) -> String {
    let mut text = format!("`{host}` can't run sandboxes yet:");
    for problem in problems {
        let _ = write!(text, "\n  - {problem}");
    }
    text
}

/// What a host is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A run: it must have all.
    Run,
    /// To list or remove sandboxes, which must be possible on a host whose disk is full.
    Remove,
}

/// What a run needs, with the package that has it.
const TOOLS: [(&str, &str); 5] = [
    ("rsync", "rsync"),
    ("curl", "curl"),
    ("flock", "util-linux"),
    ("setsid", "util-linux"),
    ("tar", "tar"),
];

/// Looks at a host once and says everything that is missing.
///
/// # Errors
/// [`HostError::Unusable`] with every problem found, or what kept the look from happening.
pub async fn preflight(host: &dyn Host, purpose: Purpose) -> Result<Facts, HostError> {
    let script = Script::new("preflight", include_str!("sh/preflight.sh"));
    let output = run(host, &script, b"", DEADLINE).await?;
    let problems = problems(&output, host.name(), purpose);
    if !problems.is_empty() {
        return Err(HostError::Unusable {
            host: host.name().to_owned(),
            problems,
        });
    }
    Ok(Facts {
        root: output.value("root"),
        arch: output.value("arch"),
        libc: output.value("libc"),
        uid: output.value("uid").parse().unwrap_or_default(),
        hostname: output.value("hostname"),
        engine: version(&output.value("engine")).unwrap_or_default(),
        compose: version(&output.value("compose")).unwrap_or_default(),
        ipv6: output.value("ipv6") == "yes",
        rootless: output.value("rootless") == "yes",
    })
}

fn problems(output: &Output, host: &str, purpose: Purpose) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |what: String, fix: &str| {
        problems.push(Problem {
            what,
            fix: fix.to_owned(),
        });
    };
    let value = |key: &str| output.value(key);

    let noise = output.text();
    let noise = noise
        .split_once("cargo-e2e-preflight\n")
        .map(|(noise, _)| noise.trim());
    if let Some(noise) = noise.filter(|noise| !noise.is_empty()) {
        let first = crate::event::printable(noise.lines().next().unwrap_or_default());
        add(
            format!("its login shell prints to standard output: {first}"),
            "rsync can't work through that: make it silent for commands, e.g. put `case $- in *i*) ;; *) return ;; esac` \
             at the top of ~/.bashrc",
        );
    }
    if value("system").is_empty() {
        add(
            "its login shell does not run commands cleanly".to_owned(),
            "`ssh HOST true` must print nothing; remove RemoteCommand and RequestTTY for it from ~/.ssh/config",
        );
        return problems;
    }
    if value("system") != "Linux" {
        add(
            format!("it runs {}, not Linux", value("system")),
            "name a Linux host with --host",
        );
    }
    let tools: &[_] = match purpose {
        Purpose::Run => &TOOLS,
        Purpose::Remove => &[],
    };
    for (tool, package) in tools {
        if value(tool).is_empty() {
            add(
                format!("{tool} is not installed"),
                &format!("on the host: sudo apt-get install {package}"),
            );
        }
    }
    root_problems(output, purpose, &mut add);
    docker_problems(output, host, &mut add);
    problems
}

fn root_problems(output: &Output, purpose: Purpose, add: &mut impl FnMut(String, &str)) {
    let root = output.value("root");
    let error = output.value("root_error");
    if !error.is_empty() {
        add(
            format!("its folder {root} can't be used: {error}"),
            "make it writable for this user, or set CARGO_E2E_ROOT on the host",
        );
    }
    if purpose == Purpose::Remove {
        return;
    }
    let number = |key: &str| output.value(key).parse::<u64>().ok();
    for (key, place) in [
        ("free_kb", root.as_str()),
        ("engine_free_kb", "Docker's data folder"),
    ] {
        if let Some(free) = number(key).filter(|free| *free < FREE_KB) {
            add(
                format!(
                    "only {} MB are free in {place}, {} MB are needed",
                    free / 1024,
                    FREE_KB / 1024
                ),
                "free some space, e.g. `docker system df` shows what Docker holds; or set CARGO_E2E_ROOT on the host",
            );
        }
    }
    // A filesystem without a fixed number of inodes says 0 or -.
    if let Some(free) = number("free_inodes").filter(|free| (1..FREE_INODES).contains(free)) {
        add(
            format!("only {free} inodes are free in {root}"),
            "remove small files there, or set CARGO_E2E_ROOT on the host",
        );
    }
    if output.value("invisible") == "yes" {
        add(
            format!("Docker does not see the folder {root}"),
            "an engine from a snap, in a VM or in another namespace sees only some folders: \
             set CARGO_E2E_ROOT on the host to one that it sees, or install Docker from your distribution",
        );
    }
}

fn docker_problems(output: &Output, host: &str, add: &mut impl FnMut(String, &str)) {
    if output.value("docker").is_empty() {
        add(
            "docker is not found on the PATH of a non-interactive shell".to_owned(),
            "install Docker Engine 20.10 or newer on the host, or add its folder to the PATH that \
             non-interactive shells get",
        );
        return;
    }
    let endpoint = output.value("endpoint");
    if !endpoint.is_empty() && !endpoint.starts_with("unix://") {
        add(
            format!("Docker's endpoint there is {endpoint}, an engine on another machine"),
            "bind mounts would not reach it: unset DOCKER_HOST (or `docker context use default`) and name \
             that machine with --host instead",
        );
        return;
    }
    let error = output.value("engine_error");
    if error.contains("permission denied") {
        add(
            format!("user {} may not use Docker", output.value("user")),
            "on the host: sudo usermod -aG docker USER, then log in again (this makes USER as powerful as root there)",
        );
    } else if !error.is_empty() {
        let fix = if host == "local" {
            "start it: sudo systemctl start docker (or name another machine with --host)"
        } else {
            "on the host: sudo systemctl start docker"
        };
        add(format!("the Docker engine does not answer: {error}"), fix);
    } else if let Some((major, minor)) =
        version(&output.value("engine")).filter(|found| *found < OLDEST_ENGINE)
    {
        add(
            format!("Docker Engine {major}.{minor} is too old"),
            "install Docker Engine 20.10 or newer on the host",
        );
    }
    match version(&output.value("compose")) {
        None => add(
            "Docker Compose v2 is not installed".to_owned(),
            "on the host: sudo apt-get install docker-compose-plugin (from Docker's repository), or \
             docker-compose where that is version 2.20 or newer",
        ),
        Some(found) if found < OLDEST_COMPOSE => add(
            format!("Docker Compose {}.{} is too old", found.0, found.1),
            "install Docker Compose 2.20 or newer on the host",
        ),
        Some(_) => {}
    }
}

/// Major and minor of `20.10.24+dfsg1`, `v2.26.1-4`, ….
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text
        .trim_start_matches('v')
        .split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "system=Linux\narch=x86_64\nuid=0\nuser=dev\nhostname=h\ndocker=/usr/bin/docker\n\
        rsync=/usr/bin/rsync\ncurl=/usr/bin/curl\nflock=/f\nsetsid=/s\ntar=/t\nlibc=gnu\nipv6=yes\nroot=/r\n\
        free_kb=9000000\nfree_inodes=0\nengine=20.10.24+dfsg1\nengine_free_kb=9000000\ncompose=2.26.1-4\n\
        endpoint=unix:///var/run/docker.sock\n";

    fn found(text: &str) -> Vec<String> {
        let output = Output {
            status: 0,
            stdout: text.as_bytes().to_vec(),
            stderr: String::new(),
        };
        problems(&output, "railiance01", Purpose::Run)
            .into_iter()
            .map(|problem| problem.what)
            .collect()
    }

    #[test]
    fn a_good_host_has_no_problems() {
        assert_eq!(found(GOOD), Vec::<String>::new());
    }

    #[test]
    fn everything_that_is_missing_is_said_at_once() {
        let bare = GOOD
            .replace("rsync=/usr/bin/rsync", "rsync=")
            .replace("curl=/usr/bin/curl", "curl=")
            .replace("compose=2.26.1-4\n", "")
            .replace(
                "engine=20.10.24+dfsg1",
                "engine_error=dial: permission denied",
            )
            .replace("free_kb=9000000\nfree_inodes", "free_kb=1024\nfree_inodes");
        assert_eq!(
            found(&bare),
            [
                "rsync is not installed",
                "curl is not installed",
                "only 1 MB are free in /r, 512 MB are needed",
                "user dev may not use Docker",
                "Docker Compose v2 is not installed",
            ]
        );
    }

    #[test]
    fn old_versions_and_foreign_engines_are_refused() {
        assert_eq!(
            found(
                &GOOD
                    .replace("engine=20.10.24+dfsg1", "engine=19.03.1")
                    .replace("2.26.1", "2.3.3")
            ),
            [
                "Docker Engine 19.3 is too old",
                "Docker Compose 2.3 is too old"
            ]
        );
        assert_eq!(
            found(&GOOD.replace("unix:///var/run/docker.sock", "tcp://10.0.0.1:2375")),
            ["Docker's endpoint there is tcp://10.0.0.1:2375, an engine on another machine"]
        );
    }

    #[test]
    fn a_shell_that_talks_is_quoted() {
        let found = found(&format!("Welcome to x\ncargo-e2e-preflight\n{GOOD}"));
        assert_eq!(
            found,
            ["its login shell prints to standard output: Welcome to x"]
        );
    }

    #[test]
    fn a_shell_that_says_nothing_is_named_as_such() {
        assert_eq!(found("").len(), 1);
    }
}

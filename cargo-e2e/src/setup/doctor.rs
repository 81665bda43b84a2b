//! What this machine and a host have and lack, one check after another.
//!
//! What a host must have is judged in [`crate::host`], for runs and for this alike; here is
//! what else a person would look at: this machine's own programs, the connection, forwarding.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::host::{
    Check, Finding, Host, HostError, HostKind, Problem, Purpose, Script, connect, examine, run,
};
use crate::spec::Side;
use crate::text::chain;
use crate::units::duration;

/// How programs are installed on machines like this one, most likely.
const INSTALL: &str = if cfg!(target_os = "macos") {
    "brew install"
} else {
    "sudo apt-get install"
};
const NEXTEST: &[&str] = &["nextest", "--version"];
const ANSWER: Duration = Duration::from_secs(10);

/// What of this machine matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// The host is another machine.
    pub ssh: bool,
    /// The repo is in git.
    pub git: bool,
    /// The repo is a Cargo project.
    pub cargo: bool,
}

impl Needs {
    /// As it is for a folder and a host.
    pub fn of(folder: &Path, host: &str) -> Self {
        let above = |name: &str| folder.ancestors().any(|folder| folder.join(name).exists());
        Self {
            ssh: !HostKind::of(host).is_local(),
            git: above(".git"),
            cargo: above("Cargo.toml"),
        }
    }
}

/// Looks at the programs of this machine.
pub async fn client(needs: Needs) -> Vec<Check> {
    let (rsync, ssh, git, cargo, nextest, compose) = tokio::join!(
        says("rsync", &["--version"]),
        says("ssh", &["-V"]),
        says("git", &["--version"]),
        says("cargo", &["--version"]),
        says("cargo", NEXTEST),
        says("docker", &["compose", "version"]),
    );
    let for_ssh = needs.ssh.then_some("connects to the host");
    let for_git = needs.git.then_some("lists the files to send");
    let of_cargo = "reads this Cargo project, and compiles its tests";
    let for_cargo = needs.cargo.then_some(of_cargo);
    let no_compose = "without it, `plan` and `check` do not read the compose file";
    vec![
        program("rsync", rsync, Some("sends the repo"), ""),
        program("ssh", ssh, for_ssh, "needed for another host than `local`"),
        program("git", git, for_git, "needed for repos in git"),
        program("cargo", cargo, for_cargo, "needed for Cargo projects"),
        program("cargo-nextest", nextest, None, "needed for `--nextest`"),
        program("docker compose", compose, None, no_compose),
    ]
}

/// Returns whether `--nextest` can work here.
pub async fn has_nextest() -> bool {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    says(&cargo, NEXTEST).await.is_some()
}

/// `needed` says for what; `otherwise` when it is.
fn program(
    name: &'static str,
    found: Option<String>,
    needed: Option<&str>,
    otherwise: &str,
) -> Check {
    let finding = match (found, needed) {
        (Some(version), _) => Finding::Fine(version),
        (None, None) => Finding::Less(format!("not installed; {otherwise}")),
        (None, Some(what_for)) => {
            let is_ssh = name == "ssh";
            let package = if is_ssh { "openssh-client" } else { name };
            Finding::Missing(Problem {
                what: format!("{name} is not installed here; {what_for}"),
                fix: format!("install it: {INSTALL} {package}"),
            })
        }
    };
    Check { name, finding }
}

/// Returns the first line that a program prints; nothing when it is not here, fails or hangs.
async fn says(program: &str, arguments: &[&str]) -> Option<String> {
    let run = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(ANSWER, run).await.ok()?.ok()?;
    if !output.status.success() {
        return None;
    }
    // ssh says its version on standard error.
    let said = [output.stdout, output.stderr].concat();
    let said = crate::text::printable(&String::from_utf8_lossy(&said));
    let first = said.lines().find(|line| !line.trim().is_empty())?;
    Some(first.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The name of the check that nothing goes without.
pub const CONNECTION: &str = "connection";

/// Connects to a host and looks at it. `tests_on` is where the repo's tests run, if there is one.
pub async fn host(name: &str, tests_on: Option<Side>) -> Vec<Check> {
    let started = Instant::now();
    let host = match connect(name).await {
        Ok(host) => host,
        Err(error) => return vec![missing(CONNECTION, &error)],
    };
    let mut checks = Vec::new();
    if !host.is_local() {
        let finding = Finding::Fine(format!("ssh, {}", duration(started.elapsed())));
        let name = CONNECTION;
        checks.push(Check { name, finding });
    }
    match examine(host.as_ref(), Purpose::Run).await {
        Ok(examined) => checks.extend(examined.checks),
        Err(error) => checks.push(missing(CONNECTION, &error)),
    }
    // A forward keeps its port here until the connection closes, which is next.
    if !host.is_local() && checks.iter().all(|check| check.problem().is_none()) {
        checks.extend(forwarding(host.as_ref(), tests_on).await);
    }
    host.close().await;
    checks
}

pub(super) fn missing(name: &'static str, error: &HostError) -> Check {
    let what = chain(error);
    let fix = error.help().unwrap_or("try again").to_owned();
    let finding = Finding::Missing(Problem { what, fix });
    Check { name, finding }
}

/// Returns whether sshd lets this client reach a port of the host: its own, which surely answers.
async fn forwarding(host: &dyn Host, tests_on: Option<Side>) -> Option<Check> {
    let script = Script::new("sshd's address", "printf 'sshd=%s\\n' \"$SSH_CONNECTION\"");
    let output = run(host, &script, b"", ANSWER).await.ok()?;
    let there = own_address(&output.value("sshd"))?;
    let here = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .ok()?;
    let forwarded = host.forward(here, there).await.is_ok() && greets(here).await;
    let name = "forwarding";
    let finding = if forwarded {
        Finding::Fine("this machine can reach the host's ports".to_owned())
    } else if tests_on == Some(Side::Client) {
        Finding::Missing(Problem {
            what: "sshd forwards no ports; tests that run on this machine need them".to_owned(),
            fix:
                "on the host: `AllowTcpForwarding local` in /etc/ssh/sshd_config, or run the tests \
                  there: `tests_run_on: host`"
                    .to_owned(),
        })
    } else {
        Finding::Less("sshd forwards no ports; only `tests_run_on: client` needs them".to_owned())
    };
    Some(Check { name, finding })
}

/// Returns the server's half of `SSH_CONNECTION`: client, its port, server, its port.
fn own_address(connection: &str) -> Option<SocketAddr> {
    let mut words = connection.split_whitespace().skip(2);
    let (address, port) = (words.next()?, words.next()?);
    Some(SocketAddr::new(address.parse().ok()?, port.parse().ok()?))
}

/// Returns whether an sshd answers there.
async fn greets(address: SocketAddr) -> bool {
    let look = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let mut greeting = [0; 4];
        stream.read_exact(&mut greeting).await.ok()?;
        Some(&greeting == b"SSH-")
    };
    tokio::time::timeout(ANSWER, look).await.ok().flatten() == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sshd_says_where_it_was_reached() {
        assert_eq!(
            own_address("10.0.0.9 51234 10.0.0.1 22"),
            Some("10.0.0.1:22".parse().unwrap())
        );
        assert_eq!(
            own_address("::1 51234 ::1 2222"),
            Some("[::1]:2222".parse().unwrap())
        );
        assert_eq!(own_address(""), None);
    }

    #[test]
    fn what_nobody_needs_is_no_problem() {
        let needed = program("git", None, Some("it says which files travel"), "");
        assert_eq!(
            needed.problem().map(|problem| problem.fix.as_str()),
            Some(&*format!("install it: {INSTALL} git"))
        );
        let not = program("git", None, None, "needed for repos in git");
        assert_eq!(
            not.finding,
            Finding::Less("not installed; needed for repos in git".to_owned())
        );
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_says_nothing() {
        assert_eq!(says("cargo-e2e-no-such-program", &[]).await, None);
        assert_eq!(says("false", &[]).await, None);
        assert_eq!(
            says("echo", &["a   b"]).await.as_deref(),
            Some("a b"),
            "runs of blanks are one"
        );
    }
}

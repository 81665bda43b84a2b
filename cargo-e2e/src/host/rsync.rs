//! One rsync between this machine and a host.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::ssh::NO_MORE;
use super::{Host, HostError};

/// rsync's status when files vanished while it read them.
const VANISHED: i32 = 24;

/// rsync's statuses when the connection broke, or gave no answer for a minute.
const LOST: [i32; 3] = [12, 30, 255];

#[derive(Debug, Clone)]
pub struct Transfer<'a> {
    /// Further arguments, such as `--delete` or filters.
    pub arguments: &'a [String],
    /// Where from: a path on this machine, or on the host when `fetch` is set.
    pub source: &'a str,
    /// Where to: a path on the host, or on this machine when `fetch` is set.
    pub target: &'a str,
    /// Copy from the host instead of to it.
    pub fetch: bool,
    /// What of the source is meant, when it is not all.
    pub list: Option<List<'a>>,
    /// Give up after this long.
    pub deadline: Duration,
}

/// NUL-separated lists, which may be longer than a command line.
#[derive(Debug, Clone, Copy)]
pub enum List<'a> {
    /// Only these paths.
    Only(&'a [u8]),
    /// All but what these patterns match.
    Without(&'a [u8]),
}

/// Copies, and returns what rsync printed.
///
/// Files keep their modes, times and links; owners and devices do not travel.
///
/// # Errors
/// Any status but 0 is one: nothing goes on with half a tree. Files that vanished while they
/// were read (an editor, a build) are tried once more, and so is what a connection broke.
pub async fn rsync(host: &dyn Host, transfer: &Transfer<'_>) -> Result<String, HostError> {
    match once(host, transfer).await {
        Err(HostError::Rsync { status, .. }) if status == VANISHED => once(host, transfer).await,
        Err(lost @ HostError::Rsync { status, .. }) if LOST.contains(&status) => {
            host.reconnect().await.map_err(|_| lost)?;
            once(host, transfer).await
        }
        other => other,
    }
}

async fn once(host: &dyn Host, transfer: &Transfer<'_>) -> Result<String, HostError> {
    let end = host.rsync_end();
    let mut command = Command::new(&end.program);
    // -s: paths are never read by the host's shell.
    command.args([
        "-a",
        "-s",
        "--no-owner",
        "--no-group",
        "--no-devices",
        "--no-specials",
        "--timeout=60",
    ]);
    if let Some(rsh) = &end.rsh {
        command.arg("-z").arg("--rsh").arg(rsh);
    }
    command.args(transfer.arguments);
    let list = match transfer.list {
        None => None,
        Some(List::Only(list)) => Some(("--files-from=-", list)),
        Some(List::Without(list)) => Some(("--exclude-from=-", list)),
    };
    if let Some((option, _)) = list {
        command.args(["--from0", option]);
    }
    let (direction, source, target) = if transfer.fetch {
        let source = format!("{}{}", end.prefix, transfer.source);
        ("from", source, transfer.target.to_owned())
    } else {
        let target = format!("{}{}", end.prefix, transfer.target);
        ("to", transfer.source.to_owned(), target)
    };
    let mut child = command
        .arg("--")
        .args([source, target])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| HostError::Start {
            program: end.program.clone(),
            source,
        })?;
    let stdin = child.stdin.take();
    let feed = async {
        if let (Some(mut stdin), Some((_, list))) = (stdin, list) {
            let _ = stdin.write_all(list).await;
        }
    };
    let finish = async { tokio::join!(feed, child.wait_with_output()).1 };
    let output = tokio::time::timeout(transfer.deadline, finish)
        .await
        .map_err(|_| HostError::TimedOut {
            host: host.name().to_owned(),
            doing: "sync",
            after: transfer.deadline,
        })?
        .map_err(|source| HostError::Start {
            program: end.program.clone(),
            source,
        })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let status = output.status.code().unwrap_or(-1);
    let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if stderr.contains(NO_MORE) {
        return Err(HostError::Sessions {
            host: host.name().to_owned(),
        });
    }
    Err(HostError::Rsync {
        host: host.name().to_owned(),
        direction,
        status,
        help: help(status, &stderr),
        stderr,
    })
}

fn help(status: i32, stderr: &str) -> &'static str {
    if stderr.contains("No space left on device") {
        "the disk is full: free some space there, or set CARGO_E2E_ROOT to a folder on another disk"
    } else if stderr.contains("Permission denied") && status == 23 {
        "you can't read some files; make them readable, or exclude them with `sync: {exclude: […]}`"
    } else {
        match status {
            12 => "`ssh HOST true` must print nothing, and rsync must be installed on the host",
            VANISHED => {
                "files changed during the copy; stop the program that writes them, or exclude them with `sync: {exclude: […]}`"
            }
            30 => "no response from the host for 60 s",
            255 => "the ssh connection was lost",
            _ => "",
        }
    }
}

//! Commands that run on this machine: `build_command`, Cargo, and tests with `tests_run_on: client`.
//!
//! What a command starts ends with it: its process group, and on Linux also what left that group but
//! carries the command's mark in its environment; also when this process is killed.

mod mark;
mod registry_logins;
mod watcher;

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;

use e2e_harness::protocol::{COMPOSE_FILE, COMPOSE_PROJECT_NAME};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::watch;

use mark::Mark;
pub use registry_logins::{DOCKER_HUB, registry_logins};
pub(super) use watcher::Watcher;
pub use watcher::{WATCH, watch, watch_by};

/// How a command on this machine ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this exit status; a signal is 128 plus its number, as shells have it.
    Status(i32),
    /// It ran past its time, and was ended.
    TimedOut,
}

/// The end of a process group whose command is dropped before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// It is killed at once.
    Kills,
    /// It is told to end, and killed when it has not: for a program whose children are in groups
    /// of their own, which only it can end.
    Terminates,
}

/// What says which stack Compose works on. No command of a run inherits it.
const COMPOSE: [&str; 3] = [COMPOSE_FILE, COMPOSE_PROJECT_NAME, "COMPOSE_PROFILES"];
/// After SIGTERM, this long until SIGKILL.
const GRACE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(100);
/// After the end, this long for output that is on its way: a grandchild may hold the pipe open
/// for ever.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Runs the words of a command, see [`program`].
pub async fn run(
    words: &[String],
    folder: &Path,
    variables: &[(String, String)],
    deadline: Duration,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> std::io::Result<Ended> {
    let (first, rest) = words
        .split_first()
        .ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(first);
    command
        .args(rest)
        .current_dir(folder)
        .envs(variables.iter().map(|(name, value)| (name, value)));
    program(command, None, Dropped::Kills, deadline, sink).await
}

/// Runs a program in a process group of its own, and hands over what it prints, both streams in
/// one, unless its standard output goes to a file. Dropping the future ends the group by `dropped`;
/// [`settled`] waits for that. Whichever way it ends, so does what it left running.
pub async fn program(
    mut command: Command,
    stdout: Option<File>,
    dropped: Dropped,
    deadline: Duration,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> std::io::Result<Ended> {
    // A shell that worked with another stack would send this run's commands there.
    for name in COMPOSE {
        if command.as_std().get_envs().all(|(set, _)| set != name) {
            command.env_remove(name);
        }
    }
    // One pipe for both streams keeps their order.
    let (reader, writer) = std::io::pipe()?;
    let reader = Receiver::from_owned_fd(reader.into())?;
    let stdout = match stdout {
        Some(file) => Stdio::from(file),
        None => Stdio::from(writer.try_clone()?),
    };
    command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::from(writer))
        .process_group(0);
    let mark = Mark::new();
    mark.put_on(&mut command);
    let watcher = Watcher::of_mark(&mark);
    let spawned = command.spawn();
    // It holds our ends of the pipe.
    drop(command);
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            watcher.end().await;
            return Err(error);
        }
    };
    let started = Started::new(&child, mark, watcher, dropped);
    let ended = tokio::select! {
        ended = follow(&mut child, reader, sink) => Ended::Status(ended?),
        () = tokio::time::sleep(deadline) => {
            started.signal(Signal::TERM);
            if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
                started.signal(Signal::KILL);
                let _ = child.wait().await;
            }
            Ended::TimedOut
        }
    };
    started.end().await;
    Ok(ended)
}

/// How many commands without a waiting caller are being ended.
static ENDING: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Waits until commands whose futures were dropped have ended with all that they started.
pub async fn settled() {
    // The sender lives as long as the process does.
    let _ = ENDING.subscribe().wait_for(|ending| *ending == 0).await;
}

async fn follow(
    child: &mut Child,
    mut reader: impl AsyncRead + Unpin,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> std::io::Result<i32> {
    let mut buffer = vec![0; 16 << 10];
    let mut status = None;
    let mut last_words = None;
    loop {
        tokio::select! {
            read = reader.read(&mut buffer) => match read {
                Ok(0) | Err(_) => break,
                Ok(read) => sink(&buffer[..read]),
            },
            ended = child.wait(), if status.is_none() => {
                status = Some(ended?);
                last_words = Some(Box::pin(tokio::time::sleep(LAST_WORDS)));
            }
            () = async { if let Some(timer) = last_words.as_mut() { timer.await } },
                if last_words.is_some() => break,
        }
    }
    let status = match status {
        Some(status) => status,
        None => child.wait().await?,
    };
    Ok(code(status))
}

fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(-1)
}

/// What a command started; it does not outlive its owner.
struct Started {
    /// The leader of its group; none once all has ended.
    leader: Option<Pid>,
    mark: Mark,
    /// None once it was ended.
    watcher: Option<Watcher>,
    dropped: Dropped,
}

impl Started {
    fn new(child: &Child, mark: Mark, watcher: Watcher, dropped: Dropped) -> Self {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        Self {
            leader: pid.and_then(Pid::from_raw),
            mark,
            watcher: Some(watcher),
            dropped,
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.leader {
            // An error means that the group is empty.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Ends what is left of a command that has ended itself.
    async fn end(mut self) {
        self.dropped = Dropped::Kills;
        self.signal(Signal::KILL);
        self.mark.end_all().await;
        self.leader = None;
        if let Some(watcher) = self.watcher.take() {
            watcher.end().await;
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let Some(leader) = self.leader else { return };
        self.signal(match self.dropped {
            Dropped::Kills => Signal::KILL,
            Dropped::Terminates => Signal::TERM,
        });
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mark = self.mark.clone();
        let watcher = self.watcher.take();
        ENDING.send_modify(|ending| *ending += 1);
        // A teardown goes on meanwhile.
        runtime.spawn(async move {
            let deadline = tokio::time::Instant::now() + GRACE;
            while test_kill_process_group(leader).is_ok() {
                if tokio::time::Instant::now() >= deadline {
                    let _ = kill_process_group(leader, Signal::KILL);
                    break;
                }
                tokio::time::sleep(LOOK).await;
            }
            mark.end_all().await;
            if let Some(watcher) = watcher {
                watcher.end().await;
            }
            ENDING.send_modify(|ending| *ending -= 1);
        });
    }
}

#[cfg(test)]
mod tests {
    use e2e_harness::wait::{Patience, Poll};

    use super::*;

    async fn sh(command: &str, deadline: Duration) -> (Ended, String) {
        let mut said = Vec::new();
        let ended = run(
            &["sh", "-c", command, "sh", "an argument"].map(str::to_owned),
            Path::new("/"),
            &[("NAME".to_owned(), "value".to_owned())],
            deadline,
            &mut |bytes| said.extend_from_slice(bytes),
        )
        .await
        .expect("sh starts");
        (ended, String::from_utf8_lossy(&said).into_owned())
    }

    const LONG: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn output_of_both_streams_keeps_its_order() {
        let (ended, said) = sh("echo one; echo two >&2; echo $NAME $1 $(pwd); exit 7", LONG).await;
        assert_eq!(ended, Ended::Status(7));
        assert_eq!(said, "one\ntwo\nvalue an argument /\n");
    }

    #[tokio::test]
    async fn a_command_past_its_time_is_ended_with_all_it_started() {
        let marker = tempfile::NamedTempFile::new().expect("a file");
        let path = marker.path().display().to_string();
        let (ended, _) = sh(
            &format!("(trap '' TERM; sleep 30; echo alive >{path}) & echo $! >{path}; trap '' TERM; wait; sleep 30"),
            Duration::from_secs(2),
        )
        .await;
        assert_eq!(ended, Ended::TimedOut);
        let pid = std::fs::read_to_string(&path).expect("it wrote its pid");
        // The kernel takes a moment to bury what was killed.
        let gone = e2e_harness::wait::poll("its end", Patience::of(LONG), || async {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
            let state = stat.unwrap_or_default();
            Ok::<_, std::io::Error>(if state.is_empty() || state.contains(") Z ") {
                Poll::Ready(())
            } else {
                Poll::NotYet(state)
            })
        })
        .await;
        gone.expect("it was ended with its group");
    }

    #[tokio::test]
    async fn a_grandchild_that_holds_the_pipe_does_not_hold_the_run() {
        let (ended, said) = sh("echo done; sleep 30 &", LONG).await;
        assert_eq!((ended, said.as_str()), (Ended::Status(0), "done\n"));
    }

    /// Starts a process that leaves its group, in the background, and says its pid once it has.
    const DETACHED: &str = "setsid sleep 7034 >/dev/null 2>&1 & \
        until [ \"$(head -c 5 /proc/$!/cmdline)\" = sleep ]; do :; done; echo $!";

    fn runs(pid: &str) -> bool {
        let line = std::fs::read_to_string(format!("/proc/{}/cmdline", pid.trim()));
        line.is_ok_and(|line| line == "sleep\u{0}7034\u{0}")
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_left_the_group_ends_with_the_command_unless_it_has_no_mark() {
        let (ended, pid) = sh(DETACHED, LONG).await;
        assert_eq!((ended, runs(&pid)), (Ended::Status(0), false));
        let (ended, pid) = sh(&format!("{DETACHED}; sleep 30"), Duration::from_secs(1)).await;
        assert_eq!((ended, runs(&pid)), (Ended::TimedOut, false));
        let stays = DETACHED.replace("setsid", "env -u CARGO_E2E_RUN setsid");
        let (_, pid) = sh(&stays, LONG).await;
        assert!(runs(&pid));
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw);
        rustix::process::kill_process(pid.expect("a pid"), Signal::KILL).expect("it is ours");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_left_the_group_ends_when_nobody_waits_for_the_command() {
        let (told, mut pids) = tokio::sync::mpsc::unbounded_channel();
        let words = ["sh", "-c", &format!("{DETACHED}; sleep 30")].map(str::to_owned);
        let mut sink = |bytes: &[u8]| told.send(bytes.to_vec()).expect("it is received");
        let pid = tokio::select! {
            _ = run(&words, Path::new("/"), &[], LONG, &mut sink) => panic!("it sleeps"),
            pid = pids.recv() => String::from_utf8(pid.expect("it says it")).expect("digits"),
        };
        settled().await;
        assert!(!runs(&pid));
    }

    #[tokio::test]
    async fn a_signal_is_a_status_as_shells_have_it() {
        assert_eq!(sh("kill -9 $$", LONG).await.0, Ended::Status(137));
    }
}

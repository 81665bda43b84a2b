//! Commands that run on this machine: `build_command`, Cargo, and tests with `tests_run_on: client`.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};

/// How a command on this machine ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this exit status; a signal is 128 plus its number, as shells have it.
    Status(i32),
    /// It ran past its time, and was ended.
    TimedOut,
}

/// What becomes of a process group that nobody waits for any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// It is killed at once.
    Kills,
    /// It is told to end, and killed when it has not: for a program whose children are in groups
    /// of their own, which only it can end.
    Terminates,
}

/// After SIGTERM, this long until SIGKILL.
const GRACE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(100);
/// After the end, this long for output that is on its way: a grandchild may hold the pipe open
/// for ever.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Runs the words of a command, see [`program`].
///
/// # Errors
/// When the first of them can't be started.
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
/// one, unless its standard output goes to a file. Dropping the future ends the group as it is told.
///
/// # Errors
/// When the program can't be started.
pub async fn program(
    mut command: Command,
    stdout: Option<File>,
    dropped: Dropped,
    deadline: Duration,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> std::io::Result<Ended> {
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
    let mut child = command.spawn()?;
    // It holds our ends of the pipe.
    drop(command);
    let mut group = Group::of(&child, dropped);
    let ended = tokio::select! {
        ended = follow(&mut child, reader, sink) => Ended::Status(ended?),
        () = tokio::time::sleep(deadline) => {
            group.signal(Signal::TERM);
            if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
                group.signal(Signal::KILL);
                let _ = child.wait().await;
            }
            Ended::TimedOut
        }
    };
    // What is left of it has no one to wait for.
    group.dropped = Dropped::Kills;
    Ok(ended)
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

/// A process group that does not outlive its owner.
struct Group {
    leader: Option<Pid>,
    dropped: Dropped,
}

impl Group {
    fn of(child: &Child, dropped: Dropped) -> Self {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        Self {
            leader: pid.and_then(Pid::from_raw),
            dropped,
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.leader {
            // An error means that nobody is left in it.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.dropped == Dropped::Kills {
            return self.signal(Signal::KILL);
        }
        self.signal(Signal::TERM);
        let Some(leader) = self.leader else { return };
        // A teardown goes on meanwhile.
        tokio::spawn(async move {
            let deadline = tokio::time::Instant::now() + GRACE;
            while test_kill_process_group(leader).is_ok() {
                if tokio::time::Instant::now() >= deadline {
                    let _ = kill_process_group(leader, Signal::KILL);
                    return;
                }
                tokio::time::sleep(LOOK).await;
            }
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

    #[tokio::test]
    async fn a_signal_is_a_status_as_shells_have_it() {
        assert_eq!(sh("kill -9 $$", LONG).await.0, Ended::Status(137));
    }
}

//! The mark of one command on this machine, and the end of what carries it.
//!
//! A process that moves to another group or session keeps its environment. Only Linux shows it: on
//! other systems nothing is found, and a command ends with its process group alone.

use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Command;
use tokio::time::Instant;

use crate::environment::RUN;

/// After SIGTERM, this long until SIGKILL.
const GRACE: Duration = Duration::from_secs(2);
/// SIGKILL is repeated for this long: what is being killed can still start another.
const KILLING: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(20);

/// A value that no other command has.
#[derive(Debug, Clone)]
pub(super) struct Mark(String);

impl Mark {
    pub(super) fn new() -> Self {
        Self(format!("client-{}", ulid::Ulid::generate()))
    }

    /// One that was given before.
    pub(super) fn of(value: &str) -> Self {
        Self(value.to_owned())
    }

    pub(super) fn value(&self) -> &str {
        &self.0
    }

    pub(super) fn put_on(&self, command: &mut Command) {
        command.env(RUN, &self.0);
    }

    /// Ends all that carries it: politely, then not.
    pub(super) async fn end_all(&self) {
        let entry = format!("{RUN}={}", self.0);
        if send(&entry, Signal::TERM).await == 0 {
            return;
        }
        let began = Instant::now();
        while began.elapsed() < GRACE + KILLING {
            tokio::time::sleep(LOOK).await;
            let left = if began.elapsed() < GRACE {
                count(&entry).await
            } else {
                send(&entry, Signal::KILL).await
            };
            if left == 0 {
                return;
            }
        }
    }
}

async fn send(entry: &str, signal: Signal) -> usize {
    look(entry, Some(signal)).await
}

async fn count(entry: &str) -> usize {
    look(entry, None).await
}

async fn look(entry: &str, signal: Option<Signal>) -> usize {
    let entry = entry.to_owned();
    let looked = tokio::task::spawn_blocking(move || processes::each(entry.as_bytes(), signal));
    looked.await.unwrap_or(0)
}

#[cfg(target_os = "linux")]
mod processes {
    use std::ffi::OsStr;

    use rustix::io::Errno;
    use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

    /// Counts the processes whose environment has this entry, and sends them a signal.
    pub(super) fn each(entry: &[u8], signal: Option<Signal>) -> usize {
        let Ok(folders) = std::fs::read_dir("/proc") else {
            return 0;
        };
        let pids = folders.filter_map(|folder| pid(&folder.ok()?.file_name()));
        pids.filter(|pid| one(*pid, entry, signal)).count()
    }

    fn pid(name: &OsStr) -> Option<Pid> {
        Pid::from_raw(name.to_str()?.parse().ok()?)
    }

    fn one(pid: Pid, entry: &[u8], signal: Option<Signal>) -> bool {
        // Opened before the look: what is sent goes to who was looked at, or to nobody.
        let opened = pidfd_open(pid, PidfdFlags::empty());
        if opened.as_ref().err() == Some(&Errno::SRCH) {
            return false;
        }
        // That of others is not readable, and that of one that has ended is empty.
        let path = format!("/proc/{}/environ", pid.as_raw_nonzero());
        let environment = std::fs::read(path).unwrap_or_default();
        if !environment.split(|byte| *byte == 0).any(|one| one == entry) {
            return false;
        }
        if let Some(signal) = signal {
            let _ = match opened {
                Ok(process) => pidfd_send_signal(process, signal),
                // Linux before 5.3.
                Err(_) => kill_process(pid, signal),
            };
        }
        true
    }
}

#[cfg(not(target_os = "linux"))]
mod processes {
    use rustix::process::Signal;

    pub(super) fn each(_: &[u8], _: Option<Signal>) -> usize {
        0
    }
}

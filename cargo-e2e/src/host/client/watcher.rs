//! A process beside each command on this machine, and beside a connection that is held for its
//! forwards. When the client is killed, nobody else is left to end what the command started, or
//! ssh's master: the watcher sees its standard input end, and does.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use tokio::process::{Child, Command};

use super::mark::Mark;
use crate::host::ssh::end_orphan;

/// The argument with which the program below is a watcher; the mark follows, or a master's folder.
pub const WATCH: &str = "watch-client";

/// The program to start as one. None in tests of the library, whose program is another.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Names the program that calls [`watch`] when its arguments are [`WATCH`] and another.
pub fn watch_by(program: PathBuf) {
    // Only the first one counts: it is this process's own.
    let _ = PROGRAM.set(program);
}

/// Waits for the end of the client, then ends what carries the mark, or the master in a folder.
pub fn watch(what: &OsStr) -> io::Result<()> {
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    let folder = Path::new(what);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            if folder.is_absolute() {
                end_orphan(folder).await;
            } else {
                Mark::of(&what.to_string_lossy()).end_all().await;
            }
        });
    Ok(())
}

/// One that runs. Dropped, it does what it does for a client that was killed.
#[derive(Debug)]
pub(in crate::host) struct Watcher(Option<Child>);

impl Watcher {
    /// Starts it. A command without one runs all the same, and ends with a client that lives.
    pub(super) fn of_mark(mark: &Mark) -> Self {
        Self::start(mark.value().as_ref())
    }

    /// The same for ssh's master in this folder.
    pub(in crate::host) fn of_master(folder: &Path) -> Self {
        Self::start(folder.as_os_str())
    }

    fn start(what: &OsStr) -> Self {
        let start = |program| {
            Command::new(program)
                .arg(WATCH)
                .arg(what)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .process_group(0)
                .spawn()
        };
        Self(PROGRAM.get().and_then(|program| start(program).ok()))
    }

    /// Ends it: there is nothing left to end.
    pub(in crate::host) async fn end(mut self) {
        if let Some(process) = &mut self.0 {
            let _ = process.kill().await;
        }
    }
}

//! A process beside each command on this machine. When the client is killed, nobody else is left to
//! end what the command started: the watcher sees its standard input end, and does.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::OnceLock;

use tokio::process::{Child, Command};

use super::mark::Mark;

/// The argument with which the program below is a watcher; the mark follows.
pub const WATCH: &str = "watch-client";

/// The program to start as one. None in tests of the library, whose program is another.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Names the program that calls [`watch`] when its arguments are [`WATCH`] and a mark.
pub fn watch_by(program: PathBuf) {
    // Only the first one counts: it is this process's own.
    let _ = PROGRAM.set(program);
}

/// Waits for the end of the client, then ends what carries the mark.
///
/// # Errors
/// When standard input can't be read, or no runtime can be made.
pub fn watch(mark: &str) -> io::Result<()> {
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?
        .block_on(Mark::of(mark).end_all());
    Ok(())
}

/// One that runs. Dropped, it does what it does for a client that was killed.
#[derive(Debug)]
pub(super) struct Watcher(Option<Child>);

impl Watcher {
    /// Starts it. A command without one runs all the same, and ends with a client that lives.
    pub(super) fn start(mark: &Mark) -> Self {
        let start = |program| {
            Command::new(program)
                .args([WATCH, mark.value()])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .process_group(0)
                .spawn()
        };
        Self(PROGRAM.get().and_then(|program| start(program).ok()))
    }

    /// Ends it: all that carried the mark has ended.
    pub(super) async fn end(mut self) {
        if let Some(process) = &mut self.0 {
            let _ = process.kill().await;
        }
    }
}

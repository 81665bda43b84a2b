//! Answers tests that stop, start, read and exec services: a unix socket on this machine, forwarded
//! to the host for tests that run there. No test needs Docker or ssh of its own.
//!
//! A connection is a session. What it changed of the stack is put back at its end, whether the
//! test asked for that or died: `session.rs` is one of them, `changes.rs` knows what was
//! changed.

mod changes;
mod services;
mod session;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::SignedDuration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OnceCell, watch};

use crate::host::RuntimeDir;
use crate::record::outcome::Verdict;
use crate::run::{Context, Stack, StageError};

use changes::Changes;
use session::Session;

/// Bytes: a socket's path has at most 108 (104 on macOS), with the NUL at its end.
const LONGEST_PATH: usize = 100;
/// How long sessions may restore what they changed, once the tests are over.
const LAST: Duration = Duration::from_mins(5);
/// After a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// The socket, and what was changed through it.
pub struct Control<'a> {
    context: &'a Context<'a>,
    stack: &'a Stack,
    listener: UnixListener,
    path: PathBuf,
    changes: Changes<'a>,
    /// How far the host's clock is ahead, once that was asked.
    clock: OnceCell<SignedDuration>,
    closing: watch::Sender<bool>,
    _folder: RuntimeDir,
}

impl<'a> Control<'a> {
    /// Listens in a folder that only this user can enter.
    pub fn listen(context: &'a Context<'a>, stack: &'a Stack) -> std::io::Result<Self> {
        let folder = RuntimeDir::make()?;
        let path = folder.path().join("control");
        Ok(Self {
            context,
            stack,
            listener: UnixListener::bind(&path)?,
            path,
            changes: Changes::new(context),
            clock: OnceCell::new(),
            closing: watch::Sender::new(false),
            _folder: folder,
        })
    }

    /// Returns the socket's path on this machine.
    pub fn path(&self) -> String {
        self.path.display().to_string()
    }

    /// Forwards the socket to the host, and returns its path there.
    ///
    /// # Errors
    /// When the host refuses: sshd may not allow forwarded sockets.
    pub async fn on_host(&self) -> Result<String, String> {
        let (host, sandbox) = (self.context.host, self.context.sandbox);
        if host.is_local() {
            return Ok(self.path());
        }
        // A kept sandbox has the dead socket of an earlier run.
        let unique = self.path.parent().and_then(Path::file_name);
        let unique = unique.unwrap_or_default().to_string_lossy();
        let there = format!("{}/{unique}", sandbox.dir());
        if there.len() > LONGEST_PATH {
            // The sandbox's folder on the host is too deep.
            return Err(format!("the path {there} is too long for a socket"));
        }
        let forwarded = host.forward_socket(&there, &self.path).await;
        forwarded.map_err(|error| error.to_string())?;
        Ok(there)
    }

    /// Answers while the tests run, and until everything is restored. If the future is dropped,
    /// [`Control::put_back`] has to do the latter.
    pub async fn during<T>(&self, tests: impl Future<Output = T>) -> T {
        let mut tests = pin!(tests);
        let mut sessions = FuturesUnordered::new();
        let mut number = 0;
        let ended = loop {
            tokio::select! {
                ended = &mut tests => break ended,
                stream = accept(&self.listener) => {
                    number += 1;
                    let session = self.session(number);
                    sessions.push(session.answer_all(stream, self.closing.subscribe()));
                }
                Some(()) = sessions.next(), if !sessions.is_empty() => {}
            }
        };
        // A detached process may hold its connection open forever.
        self.closing.send_replace(true);
        let rest = async { while sessions.next().await.is_some() {} };
        if tokio::time::timeout(LAST, rest).await.is_err() {
            let limit = LAST.as_secs();
            let why = format!("failed to restore a service that a test changed within {limit} s");
            self.changes.warn(&why);
            self.changes.failed(why).await;
        }
        ended
    }

    fn session(&self, number: u64) -> Session<'_> {
        Session {
            context: self.context,
            stack: self.stack,
            changes: &self.changes,
            clock: &self.clock,
            number,
            begun: None,
        }
    }

    /// Restores everything that is still changed.
    pub async fn put_back(&self) {
        self.changes.settle(None).await;
    }

    /// Checks that everything tests changed was restored.
    ///
    /// # Errors
    /// When it was not: tests that ran later had another stack than they should.
    pub async fn is_as_before(&self) -> Result<(), StageError> {
        let Some(why) = self.changes.first_failure().await else {
            return Ok(());
        };
        let message = format!("failed to restore the services that a test changed: {why}");
        Err(StageError::new(Verdict::Failed, message)
            .help("a test that stops or breaks a service must leave it able to start again"))
    }

    /// Returns the ids of all containers that tests changed, restored or not.
    pub async fn changed(&self) -> BTreeSet<String> {
        self.changes.ever().await
    }
}

/// Returns the next connection; where none can be opened, because too many files are, say, tries
/// again after a pause.
async fn accept(listener: &UnixListener) -> UnixStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

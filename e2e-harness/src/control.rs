//! A test's session with `cargo e2e`, over the socket in `E2E_CONTROL`.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::Mutex;

use crate::error::Error;
use crate::protocol::control::{Answer, Request};

/// How long `cargo e2e` may take to connect, to put a stack back, to stop a slow container.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// One connection. It ends with the test, and with it what the test changed.
pub(crate) struct Session {
    // Empty once a request was cut off: what comes next on that stream is not our answer.
    stream: Mutex<Option<BufReader<UnixStream>>>,
    /// A change was asked for, and none was put back since.
    changed: AtomicBool,
}

impl Session {
    /// Connects, and waits until the stack is as it should be.
    pub(crate) async fn begin(socket: &Path, test: &str) -> Result<Self, Error> {
        let what = format!("the connection to `cargo e2e` at {}", socket.display());
        let connected = tokio::time::timeout(PATIENCE, UnixStream::connect(socket)).await;
        let stream = connected
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| Error::Control {
                what,
                why: format!("{error}; is it still running?"),
            })?;
        let session = Self {
            stream: Mutex::new(Some(BufReader::new(stream))),
            changed: AtomicBool::new(false),
        };
        let begin = Request::Begin {
            test: test.to_owned(),
        };
        let what = "starting the test's session";
        session.ask(what, &begin, PATIENCE).await?;
        Ok(session)
    }

    /// Asks, and waits for the answer.
    pub(crate) async fn ask(
        &self,
        what: &str,
        request: &Request,
        patience: Duration,
    ) -> Result<Answer, Error> {
        let failed = |why: String| Error::Control {
            what: what.to_owned(),
            why,
        };
        let limit = patience.as_secs();
        let late = || failed(format!("no response from `cargo e2e` within {limit} s"));
        let locked = tokio::time::timeout(patience, self.stream.lock()).await;
        let mut slot = locked.map_err(|_| late())?;
        if matches!(request, Request::Change { .. }) {
            self.changed.store(true, Ordering::Relaxed);
        }
        let mut stream = slot.take().ok_or_else(|| {
            failed("an earlier request of this test was cut off, which ended its session".into())
        })?;
        let exchanged = tokio::time::timeout(patience, exchange(&mut stream, request)).await;
        let answer = exchanged
            .map_err(|_| late())?
            .map_err(|error| failed(format!("the connection to `cargo e2e` broke: {error}")))?;
        *slot = Some(stream);
        match answer {
            Answer::Failed { message } => Err(failed(message)),
            answer => Ok(answer),
        }
    }

    /// Returns whether something may be left to put back.
    pub(crate) fn is_changed(&self) -> bool {
        self.changed.load(Ordering::Relaxed)
    }

    /// Puts back what the test changed, and waits for that.
    pub(crate) async fn restore(&self) -> Result<(), Error> {
        self.changed.store(false, Ordering::Relaxed);
        if self.stream.try_lock().is_ok_and(|stream| stream.is_none()) {
            // The end of that connection put it back; the next test's session waits for it.
            return Ok(());
        }
        self.ask("putting the stack back", &Request::Restore, PATIENCE)
            .await
            .map(drop)
    }
}

async fn exchange(stream: &mut BufReader<UnixStream>, request: &Request) -> io::Result<Answer> {
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    stream.write_all(line.as_bytes()).await?;
    let mut answer = String::new();
    if stream.read_line(&mut answer).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_str(&answer)?)
}

//! Running a script to its end, or following what it prints.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

use super::script::STATUS;
use super::{Channel, Host, HostError, Script};

/// More than this from one script is cut: a host's output is not trusted.
const MOST_OUTPUT: usize = 64 << 20;

/// What a script printed, and its exit status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub status: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Output {
    /// Returns the standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Returns the value of a `key=value` line of the output, empty when there is none.
    pub fn value(&self, key: &str) -> String {
        self.text()
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('=').map(str::to_owned))
            .unwrap_or_default()
    }
}

/// Takes what a script prints, as it comes.
pub type Stream<'a> = &'a mut (dyn FnMut(&[u8]) + Send);

/// Where what a script prints goes.
enum Sink<'a> {
    /// To a reader that takes it at once.
    Call(Stream<'a>),
    /// To a reader for which the script waits, and which may stop reading.
    Pour(mpsc::Sender<Vec<u8>>),
}

impl Sink<'_> {
    /// False when no more is wanted.
    async fn take(&mut self, bytes: &[u8]) -> bool {
        match self {
            Self::Call(call) => {
                call(bytes);
                true
            }
            Self::Pour(to) => to.send(bytes.to_vec()).await.is_ok(),
        }
    }
}

/// Runs a script to its end. Its exit status is a result, not an error. When the connection
/// breaks, it is made anew and the script runs again, unless that would do harm.
///
/// # Errors
/// When the host can't be reached any more, or the deadline passes; the script may then still
/// run, and is the sandbox's to stop.
pub async fn run(
    host: &dyn Host,
    script: &Script,
    input: &[u8],
    deadline: Duration,
) -> Result<Output, HostError> {
    match feed(host, script, input, deadline).await {
        Err(lost @ HostError::Lost { .. }) if script.may_run_again() => {
            host.reconnect().await.map_err(|_| lost)?;
            feed(host, script, input, deadline).await
        }
        other => other,
    }
}

/// Runs a script that reads more than memory holds. It runs once: what it reads can't be had again.
pub async fn feed(
    host: &dyn Host,
    script: &Script,
    input: impl AsyncRead + Unpin + Send,
    deadline: Duration,
) -> Result<Output, HostError> {
    heard(host, script.name(), host.start(script), input, deadline).await
}

/// Hears a script out that was started: what it prints, and its status.
pub(super) async fn heard(
    host: &dyn Host,
    doing: &'static str,
    channel: impl Future<Output = Result<Channel, HostError>>,
    input: impl AsyncRead + Unpin + Send,
    deadline: Duration,
) -> Result<Output, HostError> {
    let mut stdout = Vec::new();
    let mut sink = |bytes: &[u8]| keep(&mut stdout, bytes);
    let sink = Sink::Call(&mut sink);
    let (status, stderr) = piped(host, doing, channel, input, deadline, sink).await?;
    Ok(Output {
        status,
        stdout,
        stderr,
    })
}

fn keep(stdout: &mut Vec<u8>, bytes: &[u8]) {
    let room = MOST_OUTPUT.saturating_sub(stdout.len());
    stdout.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

/// Runs a script and hands over its standard output as it comes; returns its exit status and
/// its standard error.
pub async fn stream(
    host: &dyn Host,
    script: &Script,
    input: &[u8],
    deadline: Duration,
    sink: Stream<'_>,
) -> Result<(i32, String), HostError> {
    let channel = host.start(script);
    piped(
        host,
        script.name(),
        channel,
        input,
        deadline,
        Sink::Call(sink),
    )
    .await
}

/// The same for more than memory holds: the script waits until its output is taken, and ends
/// early when the other end of `to` is gone.
pub async fn pour(
    host: &dyn Host,
    script: &Script,
    deadline: Duration,
    to: mpsc::Sender<Vec<u8>>,
) -> Result<(i32, String), HostError> {
    let channel = host.start(script);
    piped(
        host,
        script.name(),
        channel,
        &b""[..],
        deadline,
        Sink::Pour(to),
    )
    .await
}

async fn piped(
    host: &dyn Host,
    doing: &'static str,
    channel: impl Future<Output = Result<Channel, HostError>>,
    mut input: impl AsyncRead + Unpin + Send,
    deadline: Duration,
    mut sink: Sink<'_>,
) -> Result<(i32, String), HostError> {
    let attempt = async {
        let channel = channel.await?;
        let (mut stdin, mut stdout, mut stderr) = (channel.stdin, channel.stdout, channel.stderr);
        let feed = async move {
            // A script that does not read its input closes the pipe: its business.
            let _ = tokio::io::copy(&mut input, &mut stdin).await;
            let _ = stdin.shutdown().await;
        };
        // The pipe goes with its reader: a script that prints on would wait for ever.
        let follow = async move {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(read) = stdout.read(&mut buffer).await {
                if read == 0 || !sink.take(&buffer[..read]).await {
                    break;
                }
            }
        };
        let complain = async {
            let mut text = Vec::new();
            let mut buffer = vec![0; 16 << 10];
            while let Ok(read) = stderr.read(&mut buffer).await {
                if read == 0 {
                    break;
                }
                text.extend_from_slice(&buffer[..read]);
                if text.len() > MOST_OUTPUT {
                    // The status is at the end; the middle can go.
                    text.drain(..MOST_OUTPUT / 2);
                }
            }
            text
        };
        let ((), (), stderr) = tokio::join!(feed, follow, complain);
        channel.done.await?;
        let (status, stderr) = split_status(&stderr).ok_or_else(|| HostError::Lost {
            host: host.name().to_owned(),
            doing,
        })?;
        Ok((status, stderr))
    };
    match tokio::time::timeout(deadline, attempt).await {
        Ok(result) => result,
        Err(_) => Err(HostError::TimedOut {
            host: host.name().to_owned(),
            doing,
            after: deadline,
        }),
    }
}

/// The lines of a script that prints until it is no longer wanted: it ends when this is dropped.
pub struct Lines {
    // Held open: its end is what ends the script.
    stdin: Pin<Box<dyn AsyncWrite + Send>>,
    stdout: BufReader<Pin<Box<dyn AsyncRead + Send>>>,
    /// The line so far.
    line: Vec<u8>,
    _done: Pin<Box<dyn Future<Output = Result<(), HostError>> + Send>>,
}

impl Lines {
    /// Writes to the script.
    ///
    /// # Errors
    /// When it has ended.
    pub async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stdin.write_all(bytes).await?;
        self.stdin.flush().await
    }

    /// Returns the next line; none when the script, or the connection, has ended. One without end
    /// is cut.
    ///
    /// Dropping the future loses nothing that was read so far.
    pub async fn next(&mut self) -> Option<String> {
        // Bytes, not text: a container may print anything.
        loop {
            let read = self.stdout.fill_buf().await.ok()?;
            let end = read.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(read.len(), |end| end + 1);
            let room = MOST_OUTPUT.saturating_sub(self.line.len());
            self.line.extend_from_slice(&read[..taken.min(room)]);
            self.stdout.consume(taken);
            if self.line.is_empty() {
                return None;
            }
            if taken == 0 || end.is_some() {
                break;
            }
        }
        let line = std::mem::take(&mut self.line);
        Some(String::from_utf8_lossy(line.trim_ascii_end()).into_owned())
    }
}

/// Starts a script that prints until it is no longer wanted.
pub async fn lines(host: &dyn Host, script: &Script) -> Result<Lines, HostError> {
    let channel = host.start(script).await?;
    let mut stderr = channel.stderr;
    // Read and forgotten: a full pipe would stop the script.
    tokio::spawn(async move { tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await });
    Ok(Lines {
        stdin: channel.stdin,
        stdout: BufReader::new(channel.stdout),
        line: Vec::new(),
        _done: channel.done,
    })
}

/// Takes the status line off the end of a script's standard error; none where it did not come.
pub fn split_status(stderr: &[u8]) -> Option<(i32, String)> {
    let text = String::from_utf8_lossy(stderr);
    let (before, after) = text.rsplit_once(STATUS)?;
    let status = after.lines().next()?.trim().parse().ok()?;
    Some((status, before.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::Local;
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_script_gets_its_values_and_its_input() {
        let script = Script::new("echo", "printf '%s|' \"$odd\"; cat").var("odd", "it's $HOME \\n");
        let output = run(&Local, &script, b"from stdin", SOON)
            .await
            .expect("sh runs");
        assert_eq!(output.text(), "it's $HOME \\n|from stdin");
        assert_eq!(output.status, 0);
    }

    #[tokio::test]
    async fn every_exit_status_arrives_as_it_is() {
        for status in [1, 126, 127, 255] {
            let script =
                Script::new("exit", "echo why >&2; exit $status").var("status", status.to_string());
            let output = run(&Local, &script, b"", SOON).await.expect("sh runs");
            assert_eq!((output.status, output.stderr.as_str()), (status, "why"));
        }
    }

    #[tokio::test]
    async fn a_shell_that_dies_is_a_lost_connection_not_a_status() {
        let script = Script::new("suicide", "kill -9 $$");
        let error = run(&Local, &script, b"", SOON)
            .await
            .expect_err("no status came");
        assert!(matches!(error, HostError::Lost { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_script_waits_for_whoever_takes_what_it_prints_and_ends_when_nobody_does() {
        let script = Script::new("flood", "while echo flood; do :; done; echo over >&2");
        let (to, mut from) = mpsc::channel(1);
        let first = async move { from.recv().await };
        let (went, first) = tokio::join!(pour(&Local, &script, SOON, to), first);
        assert!(first.expect("it prints").starts_with(b"flood\n"));
        let (status, stderr) = went.expect("it ends");
        assert!(status != 0 || stderr.contains("over"), "{status} {stderr}");
    }

    #[tokio::test]
    async fn a_line_without_end_is_cut() {
        let script = Script::new("long", "head -c 70000000 /dev/zero; echo; echo next");
        let mut lines = lines(&Local, &script).await.expect("sh runs");
        let long = lines.next().await.expect("a line");
        assert_eq!(long.len(), MOST_OUTPUT);
        assert_eq!(lines.next().await.as_deref(), Some("next"));
        assert_eq!(lines.next().await, None);
    }

    #[tokio::test]
    async fn output_without_end_is_cut_and_the_status_arrives() {
        let flood = "head -c 70000000 /dev/zero; head -c 70000000 /dev/zero >&2; exit 7";
        let output = run(&Local, &Script::new("flood", flood), b"", SOON)
            .await
            .expect("sh runs");
        assert_eq!((output.status, output.stdout.len()), (7, MOST_OUTPUT));
        assert!(output.stderr.len() <= MOST_OUTPUT + (16 << 10));
    }

    #[tokio::test]
    async fn a_script_that_hangs_ends_at_the_deadline() {
        let script = Script::new("hang", "exec sleep 5");
        let error = run(&Local, &script, b"", Duration::from_millis(100))
            .await
            .expect_err("it hangs");
        assert!(matches!(error, HostError::TimedOut { .. }), "{error}");
    }
}

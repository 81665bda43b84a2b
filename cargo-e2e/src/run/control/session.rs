//! One test's connection: a request a line, an answer a line.

use std::time::Duration;

use e2e_harness::protocol::control::{Answer, Change, ContainerState, Request};
use jiff::{SignedDuration, Timestamp};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader,
};
use tokio::net::UnixStream;
use tokio::sync::{OnceCell, watch};

use crate::run::ready::once;
use crate::run::{Context, Stack};
use crate::sandbox::Container;

use super::changes::Changes;
use super::services::{containers, reason};

/// Bytes of a request; a longer line is not from the harness. A command's input is part of its
/// request.
const LONGEST_LINE: u64 = 16 << 20;
/// Bytes of a log or of a command's output in an answer; of more, the end is sent.
const MOST_OUTPUT: usize = 10 << 20;
/// How long a test waits until another test's changes are restored.
const PATIENCE: Duration = Duration::from_secs(100);

pub(super) struct Session<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) stack: &'a Stack,
    pub(super) changes: &'a Changes<'a>,
    pub(super) clock: &'a OnceCell<SignedDuration>,
    pub(super) number: u64,
    /// The host's time at the begin of the test, once it has begun.
    pub(super) begun: Option<String>,
}

impl Session<'_> {
    /// Answers until the test closes the connection or dies, or `closing` is true; then restores
    /// its changes.
    pub(super) async fn answer_all(
        mut self,
        stream: UnixStream,
        mut closing: watch::Receiver<bool>,
    ) {
        let (reader, mut writer) = stream.into_split();
        let mut reader = BufReader::new(reader);
        loop {
            let line = tokio::select! {
                line = next_line(&mut reader) => line,
                _ = closing.wait_for(|closing| *closing) => break,
            };
            let Some(line) = line else { break };
            let request = match serde_json::from_slice::<Request>(&line) {
                Ok(request) => request,
                Err(error) => {
                    let message = format!("cargo e2e can't read this request: {error}");
                    let _ = say(&mut writer, &Answer::Failed { message }).await;
                    continue;
                }
            };
            let settles = matches!(request, Request::Change { .. } | Request::Restore);
            let answer = self.answer(request);
            let answer = if settles {
                // Half a change could not be restored.
                answer.await
            } else {
                tokio::select! {
                    answer = answer => answer,
                    () = hung_up(&mut reader) => break,
                }
            };
            let answer = answer.unwrap_or_else(|message| Answer::Failed { message });
            if say(&mut writer, &answer).await.is_err() {
                break;
            }
        }
        self.changes.settle(Some(self.number)).await;
    }

    /// Returns the message of [`Answer::Failed`] as the error.
    async fn answer(&mut self, request: Request) -> Result<Answer, String> {
        let context = self.context;
        let (host, sandbox) = (context.host, context.sandbox);
        match request {
            Request::Begin { test: _ } => {
                self.changes
                .only(self.number, PATIENCE)
                .await
                .map_err(|services| {
                    format!(
                        "{} is not restored yet after another test; a test that changes services must be `exclusive`",
                        services.join(", ")
                    )
                })?;
                let ahead = self.clock.get_or_try_init(|| context.clock_skew()).await;
                let ahead = ahead.map_err(|error| reason(&error))?;
                let now = Timestamp::now().as_nanosecond() + ahead.as_nanos();
                // As Docker reads it.
                let (seconds, rest) = (now / 1_000_000_000, now.rem_euclid(1_000_000_000));
                self.begun = Some(format!("{seconds}.{rest:09}"));
                Ok(Answer::Done)
            }
            Request::Change { service, change } => {
                let (verb, signal) = match &change {
                    Change::Stop => ("stop", ""),
                    Change::Start => ("start", ""),
                    Change::Restart => ("restart", ""),
                    Change::Pause => ("pause", ""),
                    Change::Unpause => ("unpause", ""),
                    Change::Kill { signal } => ("kill", signal.as_str()),
                };
                let changed = self.changes.change(self.number, &service, verb, signal);
                changed.await?;
                Ok(Answer::Done)
            }
            Request::Logs {
                service,
                since_begin,
            } => {
                let since = match (since_begin, &self.begun) {
                    (false, _) => "",
                    (true, Some(begun)) => begun,
                    (true, None) => return Err("the session has not started".to_owned()),
                };
                let containers = containers(context, &service).await?.into_iter();
                let ids: Vec<String> = containers.map(|one| one.id).collect();
                let said = sandbox.said(host, &ids, since, MOST_OUTPUT + 1);
                let said = said.await.map_err(|error| reason(&error))?;
                Ok(Answer::Logs {
                    text: capped(&said),
                })
            }
            Request::Exec {
                service,
                command,
                stdin,
            } => {
                let containers = containers(context, &service).await?;
                let Some(container) = containers.first() else {
                    return Err(format!("{service} has no container"));
                };
                if container.state.status != "running" {
                    let state = &container.state.status;
                    return Err(format!("{service} is {state}, so no command can run in it"));
                }
                let limit = context.plan.limits.test;
                let ran = sandbox.exec(host, &container.id, &command, stdin.as_bytes(), limit);
                let output = ran.await.map_err(|error| reason(&error))?;
                Ok(Answer::Output {
                    status: output.status,
                    stdout: capped(&output.stdout),
                    stderr: capped(output.stderr.as_bytes()),
                })
            }
            Request::State { service } => {
                let containers = containers(context, &service).await?;
                Ok(Answer::States {
                    containers: containers.iter().map(state).collect(),
                })
            }
            Request::Check { name } => {
                let checks = &context.plan.spec.health_checks;
                let check = checks.iter().find(|check| check.name == name);
                let check = check.ok_or_else(|| format!("e2e.yml has no health check {name}"))?;
                let reachable = !context.facts.rootless;
                let asked = once(host, sandbox, check, &self.stack.published, reachable);
                let (passed, said) = asked.await.map_err(|error| reason(&error))?;
                Ok(Answer::Checked { passed, said })
            }
            Request::Restore => {
                self.changes.put_back(Some(self.number)).await?;
                Ok(Answer::Done)
            }
        }
    }
}

/// Reads a whole line; `None` at the end, or when the line is too long.
async fn next_line(reader: &mut (impl AsyncBufRead + Unpin)) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let mut bounded = reader.take(LONGEST_LINE + 1);
    bounded.read_until(b'\n', &mut line).await.ok()?;
    line.ends_with(b"\n").then_some(line)
}

/// Resolves when the test closed the connection; never when it has sent more.
async fn hung_up(reader: &mut (impl AsyncBufRead + Unpin)) {
    match reader.fill_buf().await {
        Ok(bytes) if !bytes.is_empty() => std::future::pending().await,
        _ => {}
    }
}

async fn say(
    writer: &mut (impl tokio::io::AsyncWrite + Unpin),
    answer: &Answer,
) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    writer.write_all(&line).await
}

fn state(container: &Container) -> ContainerState {
    let state = &container.state;
    let runs = matches!(state.status.as_str(), "running" | "paused");
    ContainerState {
        state: state.status.clone(),
        health: state.health.as_ref().map(|health| health.status.clone()),
        exit_code: (!runs).then_some(state.exit_code),
    }
}

/// Returns text of bounded length: its end, with a note where the begin is missing.
fn capped(bytes: &[u8]) -> String {
    if bytes.len() <= MOST_OUTPUT {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let end = String::from_utf8_lossy(&bytes[bytes.len() - MOST_OUTPUT..]);
    format!("[only the last {} MB]\n{end}", MOST_OUTPUT >> 20)
}

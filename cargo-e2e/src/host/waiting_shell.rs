//! A host's shell that has run one script and waits for another: two trips to the host are one, and what is
//! decided between them is decided here.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;

use super::command::heard;
use super::script::WAITS;
use super::{Channel, Host, HostError, Output, Script, run};

/// Bytes: more from one script is not read.
const MOST: usize = 1 << 20;

/// A shell that waits for a script. It ends when this is dropped.
pub struct WaitingShell {
    channel: Channel,
}

impl WaitingShell {
    /// Runs a script to its end, and returns the shell that waits for the next one; none where that can't be
    /// had, such as after a lost connection.
    ///
    /// # Errors
    /// As [`run`].
    pub async fn after(
        host: &dyn Host,
        script: &Script,
        deadline: Duration,
    ) -> Result<(Output, Option<Self>), HostError> {
        let doing = script.name();
        let first = async {
            let mut channel = host.start(&script.clone().followed()).await.ok()?;
            let mut stdout = Vec::new();
            let (mut buffer, mut aside) = (vec![0; 16 << 10], vec![0; 1 << 10]);
            let mut complains = true;
            while !stdout.ends_with(WAITS.as_bytes()) {
                tokio::select! {
                    read = channel.stdout.read(&mut buffer) => match read {
                        Ok(read) if read > 0 && stdout.len() < MOST => {
                            stdout.extend_from_slice(&buffer[..read]);
                        }
                        _ => return None,
                    },
                    // Read and forgotten: a full pipe would stop the script.
                    read = channel.stderr.read(&mut aside), if complains => {
                        complains = read.is_ok_and(|read| read > 0);
                    }
                }
            }
            stdout.truncate(stdout.len() - WAITS.len());
            let output = Output {
                status: 0,
                stdout,
                stderr: String::new(),
            };
            Some((output, Self { channel }))
        };
        match tokio::time::timeout(deadline, first).await {
            Ok(Some((output, shell))) => Ok((output, Some(shell))),
            // Where it failed, it is asked again, for the reason.
            Ok(None) => Ok((run(host, script, b"", deadline).await?, None)),
            Err(_) => Err(HostError::TimedOut {
                host: host.name().to_owned(),
                doing,
                after: deadline,
            }),
        }
    }

    /// Runs the script that it waits for, which gets no input.
    ///
    /// # Errors
    /// As [`run`], and when the connection has broken: it is not tried again.
    pub async fn run(
        self,
        host: &dyn Host,
        script: &Script,
        deadline: Duration,
    ) -> Result<Output, HostError> {
        let channel = async { Ok(self.channel) };
        let text = script.text();
        heard(host, script.name(), channel, text.as_bytes(), deadline).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::Local;
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn the_second_script_runs_where_the_first_did_and_sees_nothing_of_it() {
        let first = Script::new("first", "own=1; cd /; echo one; echo aside >&2; exit 3");
        let (said, shell) = WaitingShell::after(&Local, &first, SOON).await.unwrap();
        assert_eq!(said.text(), "one\n");
        let second = Script::new(
            "second",
            "echo \"${own-none} $given\"; pwd; echo why >&2; exit 7",
        )
        .var("given", "it's\ntwo lines");
        let output = shell.unwrap().run(&Local, &second, SOON).await.unwrap();
        let here = std::env::current_dir().unwrap();
        let expected = format!("none it's\ntwo lines\n{}\n", here.display());
        assert_eq!((output.status, output.text()), (7, expected));
        assert!(output.stderr.ends_with("why"), "{}", output.stderr);
    }

    #[tokio::test]
    async fn a_shell_that_dies_is_asked_again_for_the_first_and_lost_for_the_second() {
        let dies = Script::new("dies", "kill -9 $$");
        let error = WaitingShell::after(&Local, &dies, SOON).await.err();
        assert!(matches!(error, Some(HostError::Lost { .. })), "{error:?}");
        let first = Script::new("first", "echo one");
        let (_, shell) = WaitingShell::after(&Local, &first, SOON).await.unwrap();
        let error = shell.unwrap().run(&Local, &dies, SOON).await.err();
        assert!(matches!(error, Some(HostError::Lost { .. })), "{error:?}");
    }

    #[tokio::test]
    async fn a_shell_that_nobody_needs_ends() {
        let first = Script::new("first", "echo $$");
        let (said, shell) = WaitingShell::after(&Local, &first, SOON).await.unwrap();
        let process = format!("/proc/{}", said.text().trim());
        assert!(std::path::Path::new(&process).exists());
        let done = shell.unwrap().channel.done;
        tokio::time::timeout(SOON, done)
            .await
            .expect("it ends")
            .unwrap();
        assert!(!std::path::Path::new(&process).exists());
    }
}

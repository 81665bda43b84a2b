//! Commands that run on the host whether or not anybody listens.

use std::time::{Duration, Instant};

use crate::host::{self, Host, HostError};

use super::Sandbox;

/// Between two tries to reach the host again: sshd punishes who knocks too often.
const BETWEEN: Duration = Duration::from_secs(1);

impl Sandbox {
    /// Runs commands in a session of their own and hands over what they print; returns their
    /// exit status. They are ended when they print more than `most` bytes, looked at once a second.
    /// After the deadline, or when this future is dropped, they still run: see
    /// [`Sandbox::stop`].
    ///
    /// When the connection breaks, they run on, and what they print meanwhile is read when the
    /// host can be reached again: until then it may take as long as the lease.
    ///
    /// # Errors
    /// When the host is lost for longer, the deadline passes, or the commands were killed.
    pub async fn job(
        &self,
        host: &dyn Host,
        name: &'static str,
        commands: &str,
        deadline: Duration,
        most: u64,
        sink: host::Stream<'_>,
    ) -> Result<i32, HostError> {
        let key = ulid::Ulid::generate().to_string();
        let bind =
            |script: host::Script| self.bind(script).long().var("name", name).var("key", &key);
        let start =
            bind(script!(named name, "jobs", "job", "follow")).var("most", most.to_string());
        let commands = format!("{commands}\n# complete\n");
        let started = Instant::now();
        let mut offset = 0;
        let mut read = |bytes: &[u8]| {
            offset += bytes.len();
            sink(bytes);
        };
        let mut went = host::stream(host, &start, commands.as_bytes(), deadline, &mut read).await;
        let mut heard = Instant::now();
        while let Err(HostError::Lost { .. }) = went {
            let left = deadline.saturating_sub(started.elapsed());
            if let Err(error) = host.reconnect().await {
                let permanent = matches!(error, HostError::Lost { .. });
                if permanent || heard.elapsed() > self.lease || left.is_zero() {
                    return Err(error);
                }
                tokio::time::sleep(BETWEEN).await;
                continue;
            }
            let follow = bind(script!(named name, "follow")).var("offset", offset.to_string());
            let mut read = |bytes: &[u8]| {
                heard = Instant::now();
                offset += bytes.len();
                sink(bytes);
            };
            let asked = Instant::now();
            went = host::stream(host, &follow, b"", left, &mut read).await;
            if went.is_ok() || asked.elapsed() > BETWEEN {
                heard = Instant::now();
            } else if heard.elapsed() > self.lease {
                break;
            } else {
                tokio::time::sleep(BETWEEN).await;
            }
        }
        let (status, stderr) = went?;
        // The commands' own status; the script's is about the script.
        let own = stderr
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("status ")?.parse().ok());
        match own {
            Some(own) if status == 0 => Ok(own),
            _ if status == super::GONE => Err(super::gone(host, &crate::text::printable(&stderr))),
            _ if stderr.lines().any(|line| line == "status much") => Err(HostError::TooMuch {
                host: host.name().to_owned(),
                doing: name,
                most,
            }),
            _ => Err(HostError::Script {
                host: host.name().to_owned(),
                doing: name,
                status,
                stderr: crate::text::printable(&stderr),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Identity, Visitor};
    use super::*;
    use crate::host::Local;

    async fn job(commands: &str) -> (Result<i32, HostError>, usize) {
        let root = tempfile::tempdir().unwrap();
        let sandbox = Sandbox {
            identity: Identity::new("shop"),
            root: root.path().to_str().unwrap().to_owned(),
            expires: 0,
            lease: Duration::from_secs(5),
            visitor: Visitor {
                run: "01run".to_owned(),
                who: "ann@laptop".to_owned(),
            },
        };
        std::fs::create_dir_all(format!("{}/jobs", sandbox.dir())).unwrap();
        let mut read = 0;
        let deadline = Duration::from_mins(1);
        let mut sink = |bytes: &[u8]| read += bytes.len();
        let ended = sandbox.job(&Local, "test", commands, deadline, 10_000, &mut sink);
        (ended.await, read)
    }

    #[tokio::test]
    async fn commands_that_print_without_end_are_ended() {
        let (ended, read) = job("while :; do echo again; done").await;
        let error = ended.unwrap_err();
        assert!(matches!(error, HostError::TooMuch { .. }), "{error}");
        assert!(read > 10_000, "{read}");
    }

    #[tokio::test]
    async fn others_have_their_own_status() {
        let (ended, read) = job("echo once; exit 255").await;
        assert_eq!((ended.unwrap(), read), (255, 5));
    }
}

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
        let start = bind(script!(name, "jobs", "job", "follow")).var("most", most.to_string());
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
            let follow = bind(script!(name, "follow")).var("offset", offset.to_string());
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

    /// A folder in which jobs can run, as one run and as another.
    fn sandbox(root: &tempfile::TempDir, run: &str) -> Sandbox {
        let mut identity = Identity::new("shop");
        identity.run_id = "0".repeat(26);
        let sandbox = Sandbox {
            identity,
            root: root.path().to_str().unwrap().to_owned(),
            expires: 0,
            lease: Duration::from_secs(5),
            visitor: Visitor {
                run: run.to_owned(),
                who: "ann@laptop".to_owned(),
            },
        };
        std::fs::create_dir_all(format!("{}/jobs", sandbox.dir())).unwrap();
        sandbox
    }

    async fn run(sandbox: &Sandbox, commands: &str) -> (Result<i32, HostError>, usize) {
        let mut read = 0;
        let deadline = Duration::from_mins(1);
        let mut sink = |bytes: &[u8]| read += bytes.len();
        let ended = sandbox.job(&Local, "test", commands, deadline, 10_000, &mut sink);
        (ended.await, read)
    }

    async fn job(commands: &str) -> (Result<i32, HostError>, usize) {
        let root = tempfile::tempdir().unwrap();
        run(&sandbox(&root, "01run"), commands).await
    }

    #[tokio::test]
    async fn commands_that_print_without_end_are_ended() {
        let (ended, read) = job("while :; do echo again; done").await;
        let error = ended.unwrap_err();
        assert!(matches!(error, HostError::TooMuch { .. }), "{error}");
        assert!(read > 10_000, "{read}");
    }

    #[tokio::test]
    async fn what_prints_ends_with_the_job_when_its_script_was_killed() {
        // The parent of the session's leader.
        let kill = "read -r line </proc/$PPID/stat; set -- ${line##*) }; kill -KILL \"$2\"";
        let (ended, _) = job(kill).await;
        let error = ended.unwrap_err();
        assert!(matches!(error, HostError::Script { .. }), "{error}");
    }

    #[tokio::test]
    async fn others_have_their_own_status() {
        let (ended, read) = job("echo once; exit 255").await;
        assert_eq!((ended.unwrap(), read), (255, 5));
    }

    async fn printed(commands: &str) -> String {
        let root = tempfile::tempdir().unwrap();
        let mut read = Vec::new();
        let mut sink = |bytes: &[u8]| read.extend_from_slice(bytes);
        let deadline = Duration::from_mins(1);
        let sandbox = sandbox(&root, "01run");
        let ended = sandbox.job(&Local, "test", commands, deadline, 100_000, &mut sink);
        assert_eq!(ended.await.unwrap(), 0);
        String::from_utf8(read).unwrap()
    }

    #[tokio::test]
    async fn nothing_is_lost_where_commands_open_their_output_anew() {
        // As scripts say errors.
        let commands =
            "echo one; echo two >/dev/stderr; echo three | tee /dev/stdout >&2; echo four";
        let expected = ["one\ntwo\nthree\nthree\nfour\n"; 20].concat();
        let twenty = format!("for i in $(seq 20); do {commands}; done");
        assert_eq!(printed(&twenty).await, expected);
    }

    /// Sets `reader` to the process that writes down what a job prints: all that works with its
    /// pipe and is not of its session.
    const READER: &str = "
        for fd in /proc/[0-9]*/fd/0; do
          [ \"$(readlink \"$fd\")\" = \"$(readlink /proc/$$/fd/1)\" ] || continue
          reader=${fd#/proc/}
          reader=${reader%%/*}
        done";

    #[tokio::test]
    async fn all_that_was_printed_is_read_whatever_commands_leave_behind() {
        // It holds the output, and lets what was printed be read only when the commands have ended.
        let left = "(while kill -0 $$; do sleep 0.1; done; sleep 0.2; kill -CONT $reader; sleep 2; echo late) 2>&5 &";
        let commands = format!("exec 5>/dev/null; {READER}\nkill -STOP $reader; {left} seq 2000");
        let numbers: Vec<String> = (1..=2000).map(|n| n.to_string()).collect();
        let expected = numbers.join("\n") + "\n";
        assert_eq!(printed(&commands).await, expected);
    }

    #[tokio::test]
    async fn commands_whose_output_cant_be_kept_have_not_succeeded() {
        let unheard = format!("{READER}\nkill -KILL $reader");
        let error = job(&format!("{unheard}; exit 0")).await.0.unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("what it printed could not be kept"),
            "{error}"
        );
        assert_eq!(job(&format!("{unheard}; exit 3")).await.0.unwrap(), 3);
    }

    #[tokio::test]
    async fn each_attempt_has_its_own_status_whatever_others_do_beside_it() {
        let root = tempfile::tempdir().unwrap();
        let (first, second) = (sandbox(&root, "01first"), sandbox(&root, "01second"));
        let began = root.path().join("began");
        let waits = format!(
            "touch {0}; until [ -e {0}.over ]; do sleep 0.05; done; exit 9",
            began.display()
        );
        let other = async {
            while !began.exists() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            // Neither a job of the same name nor another run's end touches the first.
            let ended = run(&second, "exit 0").await.0;
            second.stop(&Local).await.unwrap();
            std::fs::write(root.path().join("began.over"), "").unwrap();
            ended
        };
        let (first, second) = tokio::join!(run(&first, &waits), other);
        assert_eq!((first.0.unwrap(), second.unwrap()), (9, 0));
    }

    #[tokio::test]
    async fn a_process_that_has_the_number_of_an_old_job_is_left_alone() {
        use std::os::unix::process::CommandExt as _;
        let root = tempfile::tempdir().unwrap();
        let sandbox = sandbox(&root, "01run");
        let mut stranger = std::process::Command::new("sleep")
            .arg("60")
            .process_group(0)
            .spawn()
            .unwrap();
        let pid = stranger.id();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let since = stat.split_whitespace().nth(21).unwrap();
        let file = |job: &str, name: &str, text: String| {
            let folder = format!("{}/jobs/01run/{job}", sandbox.dir());
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(format!("{folder}/{name}"), text).unwrap();
        };
        file("test.1", "pid", format!("{pid} 1\n"));
        // The number and the time of one that has ended are worth nothing either.
        file("test.2", "pid", format!("{pid} {since}\n"));
        file("test.2", "status", "0\n".to_owned());
        sandbox.stop(&Local).await.unwrap();
        assert!(stranger.try_wait().unwrap().is_none(), "it was ended");
        file("test.3", "pid", format!("{pid} {since}\n"));
        sandbox.stop_all(&Local).await.unwrap();
        let ended = stranger.wait().unwrap();
        assert!(!ended.success(), "{ended}");
    }
}

//! Programs under a deadline: what they print is kept, and none outlives its test.

use std::fmt;
use std::io::{Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// A deadline that a machine under load keeps.
const SOON: Duration = Duration::from_mins(1);

/// Waits until something is so, looking often; panics at the deadline.
#[track_caller]
pub fn wait_for(what: &str, limit: Duration, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !is_so() {
        let is_late = Instant::now() >= deadline;
        assert!(!is_late, "waited {} s for {what}", limit.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status; none when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it printed to standard error.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match (self.code, self.signal) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "no status".to_owned(),
        };
        let (stdout, stderr) = (self.stdout.trim_end(), self.stderr.trim_end());
        write!(
            f,
            "--- {how} after {:.1} s\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n---",
            self.took.as_secs_f64()
        )
    }
}

/// What a runner around these tests says is not meant for runners that they start. Cargo would compile again
/// what asks for its package.
pub fn without_runner(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let theirs = ["NEXTEST", "CARGO_PKG_", "CARGO_MANIFEST_"];
        if theirs.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
}

/// A program that runs a command.
pub(crate) fn under(program: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(program[0]);
    outer
        .args(&program[1..])
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        outer.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}

/// The same on a terminal of its own, on which `keys` are pressed once `marker` was printed: see
/// `on_a_terminal.py`. All that is printed there is its standard error.
#[must_use]
pub fn on_a_terminal(command: &Command, marker: &str, keys: &str) -> Command {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/on_a_terminal.py");
    let mut outer = under(&["python3", script, marker, keys], command);
    // Whatever started these tests: a CI system often sets no `TERM`.
    outer.env("TERM", "xterm").env_remove("CI");
    outer
}

/// A program that runs, in a process group of its own.
#[derive(Debug)]
#[must_use = "it is killed when it is dropped"]
pub struct Running {
    child: Child,
    started: Instant,
    stdout: Output,
    stderr: Output,
}

impl Running {
    /// Starts it, with this as its standard input.
    #[track_caller]
    pub fn start(command: Command, input: Option<&str>) -> Self {
        let mut running = Self::start_unread(command, input);
        running.read();
        running
    }

    /// The same, but nobody reads what it prints until [`Running::read`], or its end.
    #[track_caller]
    pub fn start_unread(mut command: Command, input: Option<&str>) -> Self {
        without_runner(&mut command);
        let stdin = input.map_or_else(Stdio::null, |_| Stdio::piped());
        let mut child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} can't be started: {error}"));
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            // One that does not want to read it says why on its own.
            let _ = stdin.write_all(input.as_bytes());
        }
        let stdout = Output::of(child.stdout.take().expect("it is piped"));
        let stderr = Output::of(child.stderr.take().expect("it is piped"));
        Self {
            child,
            started: Instant::now(),
            stdout,
            stderr,
        }
    }

    /// Waits until it prints this, to either stream.
    #[track_caller]
    pub fn prints(&mut self, text: &str) -> &mut Self {
        let deadline = Instant::now() + SOON;
        while !self.stdout.text().contains(text) && !self.stderr.text().contains(text) {
            let over = matches!(self.child.try_wait(), Ok(Some(_))) && self.stderr.is_over();
            let printed = || format!("{}\n{}", self.stdout.text(), self.stderr.text());
            assert!(!over, "it ended and did not print {text:?}\n{}", printed());
            let is_late = Instant::now() >= deadline;
            assert!(!is_late, "it does not print {text:?}\n{}", printed());
            std::thread::sleep(Duration::from_millis(10));
        }
        self
    }

    /// Reads what it prints, from now on.
    pub fn read(&mut self) -> &mut Self {
        self.stdout.begin = None;
        self.stderr.begin = None;
        self
    }

    /// What it printed so far.
    #[must_use]
    pub fn printed(&self) -> String {
        self.stdout.text()
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal to it alone, as `kill PID` does.
    pub fn signal(&mut self, signal: Signal) -> &mut Self {
        rustix::process::kill_process(self.pid(), signal).expect("it runs");
        self
    }

    /// Sends a signal to it and its children, as Ctrl-C on a terminal does.
    pub fn signal_group(&mut self, signal: Signal) -> &mut Self {
        rustix::process::kill_process_group(self.pid(), signal).expect("it runs");
        self
    }

    /// The most memory that it ever had, in KiB, seen until it ends or the time is over.
    #[must_use]
    pub fn peak_memory(&mut self, limit: Duration) -> u64 {
        let status = format!("/proc/{}/status", self.pid().as_raw_nonzero());
        let deadline = self.started + limit;
        let mut most = 0;
        while self.is_running() && Instant::now() < deadline {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let found = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let number = found.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
            most = most.max(number.unwrap_or(0));
            std::thread::sleep(Duration::from_millis(20));
        }
        most
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits for its end, and for the end of what it prints. A program that does not end in
    /// time is ended, and that is a failure.
    #[track_caller]
    #[must_use]
    pub fn finish(mut self, limit: Duration) -> Ended {
        let deadline = self.started + limit;
        let mut status = self.child.try_wait().expect("it is our child");
        while status.is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
            status = self.child.try_wait().expect("it is our child");
        }
        let Some(status) = status else {
            self.end();
            panic!(
                "it did not end within {} s\n--- stdout\n{}\n--- stderr\n{}",
                limit.as_secs(),
                self.stdout.text(),
                self.stderr.text()
            );
        };
        let took = self.started.elapsed();
        self.read();
        // A process that it left behind would keep these open.
        wait_for(
            "the end of its output (who holds it open?)",
            Duration::from_secs(5),
            || self.stdout.is_over() && self.stderr.is_over(),
        );
        Ended {
            code: status.code(),
            signal: status.signal(),
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
            took,
        }
    }

    /// Asks it to clean up and end, then makes it end.
    fn end(&mut self) {
        let group = self.pid();
        let _ = rustix::process::kill_process_group(group, Signal::TERM);
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline && self.is_running() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_running() {
            self.end();
        }
    }
}

/// What a stream has brought so far.
#[derive(Debug)]
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
    /// The reader waits as long as this is held.
    begin: Option<Sender<()>>,
}

impl Output {
    fn of(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&bytes);
        let (begin, wait): (_, Receiver<()>) = channel();
        let reader = std::thread::spawn(move || {
            // Nothing is sent: the other end is dropped.
            let _ = wait.recv();
            let mut buffer = [0; 8192];
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                if let Ok(mut sink) = sink.lock() {
                    sink.extend_from_slice(&buffer[..read]);
                }
            }
        });
        Self {
            bytes,
            reader,
            begin: Some(begin),
        }
    }

    fn text(&self) -> String {
        let bytes = self.bytes.lock().expect("no reader panics");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn is_over(&self) -> bool {
        self.reader.is_finished()
    }
}

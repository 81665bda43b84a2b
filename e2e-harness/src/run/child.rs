//! A test in a process of its own: this binary again, told by its arguments what to run. A
//! variable would be inherited by all that the test starts.
//!
//! The child decides about everything it can see itself, also time; the parent tells apart how it
//! ended when it could not say so, and leaves nothing of its process group behind.

use std::env::{args_os, current_exe};
use std::fs;
use std::io::{self, pipe};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::retry_on_intr;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getppid, kill_current_process_group, kill_process_group,
    waitid,
};
use serde::{Deserialize, Serialize};

use super::attempt;
use super::capture::Capture;
use crate::control::PATIENCE;
use crate::environment::{env, run_folder};
use crate::protocol::EVENTS;
use crate::protocol::record::Entry;
use crate::recorder::Recorder;
use crate::registry::{Definition, Tests};

/// The first argument of a child; the second one is its [`Order`].
const ORDER: &str = "--e2e-harness-order";
/// How long after its timeout a child may run: to unwind, put the stack back, close fixtures, and put
/// back what these changed.
const GRACE: Duration = Duration::from_secs(2 * PATIENCE.as_secs() + 60);
/// How long a process group has between TERM and KILL.
const TERM: Duration = Duration::from_secs(2);
/// How long the kernel has to end it after KILL.
const KILL: Duration = Duration::from_mins(1);
/// How often each looks for the other.
const LOOK: Duration = Duration::from_millis(500);

/// What a child is to run.
#[derive(Serialize, Deserialize)]
pub(super) struct Order {
    test: String,
    attempt: u32,
    report: PathBuf,
    parent: u32,
}

/// What a child says, in a file of its own.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Report {
    /// Its time counts from here.
    Begun,
    Passed,
    Failed(String),
}

impl Report {
    fn write(&self, path: &Path) -> io::Result<()> {
        let draft = path.with_extension("draft");
        fs::write(&draft, serde_json::to_vec(self)?)?;
        fs::rename(draft, path)
    }

    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }
}

/// The order, when this process is a child.
pub(super) fn order() -> Option<Order> {
    let mut arguments = args_os().skip(1);
    arguments.next().filter(|first| first == ORDER)?;
    serde_json::from_str(arguments.next()?.to_str()?).ok()
}

/// The whole life of a child.
pub(super) fn obey(order: &Order, tests: &Tests) -> ExitCode {
    die_with(order.parent);
    let Some((name, test)) = tests.iter().find(|(name, _)| *name == order.test) else {
        eprintln!("e2e-harness: no test `{}` in this binary", order.test);
        return ExitCode::FAILURE;
    };
    let recorder = env(EVENTS).map_or_else(Recorder::default, |path| Recorder::to(path.as_ref()));
    let report = |report: Report| {
        if let Err(error) = report.write(&order.report) {
            eprintln!("e2e-harness: {}: {error}", order.report.display());
        }
    };
    let begun = || report(Report::Begun);
    match attempt::run(name, test, order.attempt, &recorder, begun) {
        None => {
            report(Report::Passed);
            ExitCode::SUCCESS
        }
        Some(failure) => {
            report(Report::Failed(failure.why));
            ExitCode::FAILURE
        }
    }
}

/// Ends this process group when the parent is gone, which could not end it any more.
fn die_with(parent: u32) {
    thread::spawn(move || {
        let is_there = || getppid().is_some_and(|now| now.as_raw_pid().cast_unsigned() == parent);
        while is_there() {
            thread::sleep(LOOK);
        }
        // It includes this process, so there is nobody left to hear of an error.
        let _ = kill_current_process_group(Signal::KILL);
    });
}

/// Runs one try of a test in a child; why it failed, with what it printed.
pub(super) fn run(
    name: &str,
    test: &'static Definition,
    attempt: u32,
    captured: bool,
    recorder: &Recorder,
) -> Option<String> {
    let started = Instant::now();
    let report = report_path();
    let order = Order {
        test: name.to_owned(),
        attempt,
        report: report.clone(),
        parent: std::process::id(),
    };
    // Of a process that had this number before, and was killed.
    let outcome = match fs::remove_file(&report) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => supervise(&order, test.options.timeout, captured),
    };
    let said = Report::read(&report);
    // It may not be there: the child may have died before it wrote one.
    let _ = fs::remove_file(&report);
    let (ending, output) = outcome.unwrap_or_else(|error| (Ending::Lost(error), String::new()));
    let why = match (said, ending) {
        (Some(Report::Passed), Ending::Ended(status)) if status.success() => return None,
        // The child has recorded it.
        (Some(Report::Failed(why)), _) => why,
        (said, ending) => {
            let why = if said == Some(Report::Passed) {
                ending.text_of_a_pass()
            } else {
                ending.text(test.options.timeout)
            };
            let events = env(EVENTS).and_then(|path| fs::read_to_string(path).ok());
            let why = match events.and_then(|events| open_step(&events, name)) {
                Some(step) => format!("at step `{step}`: {why}"),
                None => why,
            };
            let why = test.place(&why);
            let took = started.elapsed();
            recorder.write(&attempt::ended(name, attempt, took, Some(&why)));
            why
        }
    };
    let output = without_panic(&output, &why);
    let output = output.trim_end().trim_start_matches('\n');
    if output.is_empty() {
        return Some(why);
    }
    Some(format!("{why}\n\n{output}"))
}

/// What was printed, without the message of the panic that `why` says already; that there was one
/// stays, in its place among the rest.
fn without_panic(output: &str, why: &str) -> String {
    let mut whys = why.lines();
    let Some((said, place)) = whys.next().and_then(|first| first.rsplit_once(", at ")) else {
        return output.to_owned();
    };
    let header = format!(" panicked at {place}:\n");
    let Some((before, after)) = output.split_once(&header) else {
        return output.to_owned();
    };
    let message = after.split_once('\n');
    let Some((_, mut rest)) = message.filter(|(first, _)| said.ends_with(first)) else {
        return output.to_owned();
    };
    while let (Some(next), Some((line, further))) = (whys.next(), rest.split_once('\n'))
        && next == line
    {
        rest = further;
    }
    format!("{before}{header}{rest}")
}

/// The innermost step that a test's last try began and did not end.
fn open_step(events: &str, name: &str) -> Option<String> {
    let mut open: Vec<String> = Vec::new();
    for line in events.lines() {
        match serde_json::from_str(line) {
            Ok(Entry::TestStarted { test, .. }) if test == name => open.clear(),
            Ok(Entry::StepStarted { test, step, .. }) if test == name => open.push(step),
            Ok(Entry::StepEnded { test, step, .. }) if test == name => {
                open.retain(|began| *began != step);
            }
            _ => {}
        }
    }
    (!open.is_empty()).then(|| open.join(" > "))
}

fn report_path() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    run_folder().join(format!("test-{}-{count}.json", std::process::id()))
}

/// How a child ended that could not say it itself.
enum Ending {
    Ended(ExitStatus),
    Killed,
    Lost(io::Error),
}

impl Ending {
    fn text(&self, limit: Duration) -> String {
        match self {
            Self::Ended(status) => match status.signal() {
                Some(signal) => format!("aborted: signal {signal}{}", signal_name(signal)),
                None => format!(
                    "the process ended with exit({}) in the middle of the test",
                    status.code().unwrap_or_default()
                ),
            },
            Self::Killed => format!(
                "timed out after {} s and did not end {} s later; killed",
                limit.as_secs_f64(),
                GRACE.as_secs()
            ),
            Self::Lost(error) => format!("failed to run its process: {error}"),
        }
    }

    /// Why a test that passed did not, after all: a sanitizer, or what runs at a process's exit.
    fn text_of_a_pass(&self) -> String {
        let how = match self {
            Self::Ended(status) => match status.signal() {
                Some(signal) => format!("with signal {signal}{}", signal_name(signal)),
                None => format!("with exit status {}", status.code().unwrap_or_default()),
            },
            Self::Killed => "only when it was killed".to_owned(),
            Self::Lost(error) => format!("in an unknown way: {error}"),
        };
        format!("the test passed, and then its process ended {how}")
    }
}

fn signal_name(number: i32) -> &'static str {
    let names = [
        (Signal::ABORT, " (SIGABRT)"),
        (Signal::SEGV, " (SIGSEGV)"),
        (Signal::KILL, " (SIGKILL)"),
        (Signal::TERM, " (SIGTERM)"),
        (Signal::INT, " (SIGINT)"),
        (Signal::ILL, " (SIGILL)"),
        (Signal::BUS, " (SIGBUS)"),
        (Signal::FPE, " (SIGFPE)"),
    ];
    let known = names.iter().find(|(signal, _)| signal.as_raw() == number);
    known.map_or("", |(_, name)| name)
}

/// This program, also where another one has its place by now: Cargo may compile it anew meanwhile.
fn program() -> io::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return Ok(running.to_owned());
    }
    current_exe()
}

fn supervise(order: &Order, limit: Duration, captured: bool) -> io::Result<(Ending, String)> {
    let program = program()?;
    let mut command = Command::new(&program);
    command
        .arg0(args_os().next().unwrap_or_else(|| program.into()))
        .arg(ORDER)
        .arg(serde_json::to_string(order)?)
        .stdin(Stdio::null())
        .process_group(0);
    let capture = if captured {
        let (reader, writer) = pipe()?;
        command.stdout(writer.try_clone()?).stderr(writer);
        Some(Capture::of(reader))
    } else {
        None
    };
    let mut child = command.spawn()?;
    // It holds the pipe's other end.
    drop(command);
    let killed = wait(&child, &order.report, limit)?;
    let group = Pid::from_child(&child);
    // The child is not reaped yet, so that its group's number is still its own.
    let _ = kill_process_group(group, Signal::KILL);
    let status = child.wait()?;
    let ending = if killed {
        Ending::Killed
    } else {
        Ending::Ended(status)
    };
    Ok((ending, capture.map_or_else(String::new, Capture::finish)))
}

/// Waits for the child's end without reaping it; whether it had to be killed for that.
fn wait(child: &Child, report: &Path, limit: Duration) -> io::Result<bool> {
    let pid = Pid::from_child(child);
    let (send, ended) = mpsc::channel();
    thread::spawn(move || {
        let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let ended = retry_on_intr(|| waitid(WaitId::Pid(pid), how));
        // Nobody listens any more when the child was given up.
        let _ = send.send(ended.map(drop));
    });
    let mut deadline: Option<Instant> = None;
    loop {
        if let Ok(ended) = ended.recv_timeout(LOOK) {
            return ended.map(|()| false).map_err(io::Error::from);
        }
        // Before it has begun it waits for other tests, which have their own timeouts.
        if deadline.is_none() && Report::read(report) == Some(Report::Begun) {
            deadline = Some(Instant::now() + limit + GRACE);
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break;
        }
    }
    for (signal, patience) in [(Signal::TERM, TERM), (Signal::KILL, KILL)] {
        let _ = kill_process_group(pid, signal);
        if ended.recv_timeout(patience).is_ok() {
            break;
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_said_once() {
        let output = "before\n\nthread 'a' (7) panicked at t.rs:1:2:\nrows differ\n left: 1\nright: 2\nnote: run\nloud is closed\n";
        let why = "at step `x`: panicked: rows differ, at t.rs:1:2\n left: 1\nright: 2\nclosing fixture Y: no";
        assert_eq!(
            without_panic(output, why),
            "before\n\nthread 'a' (7) panicked at t.rs:1:2:\nnote: run\nloud is closed\n"
        );
        for other in [
            "refused",
            "refused, at noon",
            "panicked: other, at t.rs:1:2",
        ] {
            assert_eq!(without_panic(output, other), output);
        }
    }
}

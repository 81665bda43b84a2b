//! What `main!` does: lists or runs the registered tests through libtest-mimic.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::body::note_panics;
use crate::environment::{env, env_is};
use crate::protocol::record::{Entry, Status};
use crate::protocol::{E2E, EVENTS, GREETING, HELLO, REQUIRED};
use crate::recorder::{Recorder, now};
use crate::registry::{self, Definition, Tests};

mod attempt;
mod capture;
mod child;
mod filters;
mod test_thread;

use attempt::Failure;

/// The exit code when there is no test at all, as nextest has it.
const NO_TESTS: u8 = 4;
/// The exit code of failed tests, as libtest has it.
const FAILED: u8 = 101;
/// More tests at once than this rarely make one stack faster.
const MOST_THREADS: usize = 8;

/// Why a test that controls services is ignored under `cargo test`.
const NEEDS_CONTROL: &str = "it controls services: run `cargo e2e`, or `cargo e2e --reuse`";

/// Runs the tests of a test binary.
#[must_use]
pub fn main() -> ExitCode {
    let tests = registry::tests();
    let greets = env_is(HELLO, "1");
    if greets {
        println!("{GREETING}");
    }
    if let Some(refusal) = refusal(&tests) {
        eprint!("{refusal}");
        return ExitCode::from(FAILED);
    }
    if greets {
        for (name, _) in &tests {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    }
    note_panics();
    if let Some(order) = child::order() {
        let ended = child::obey(&order, &tests);
        test_thread::end_last();
        return ended;
    }
    let (mut args, filters) = filters::arguments();
    if tests.is_empty() && !args.list {
        eprintln!(
            "e2e-harness: there is no #[e2e_harness::test] in this target; is the module with the tests declared?"
        );
        return ExitCode::from(NO_TESTS);
    }
    let cores = available_parallelism().map_or(1, usize::from);
    args.test_threads.get_or_insert(cores.min(MOST_THREADS));
    let run = Arc::new(Run::new(&args));
    run.explain(&args);
    let trials = tests
        .into_iter()
        .filter(|(name, _)| filters::fits(name, &filters, args.exact))
        .map(|(name, test)| run.trial(name, test))
        .collect();
    if !args.list {
        run.record_ignored(&args, &trials);
    }
    let conclusion = libtest_mimic::run(&args, trials);
    run.say_notes();
    test_thread::end_last();
    conclusion.exit_code()
}

/// Returns why none of these tests can run: a name means one test, for the child that runs it, for
/// nextest and in the record.
fn refusal(tests: &Tests) -> Option<String> {
    let mut text = String::new();
    for twins in tests.chunk_by(|(one, _), (other, _)| one == other) {
        let [(name, _), _, ..] = twins else { continue };
        let number = twins.len();
        let _ = writeln!(text, "e2e-harness: {number} tests are named `{name}`");
        for (_, test) in twins {
            let _ = writeln!(text, "  at {}:{}", test.file, test.line);
        }
    }
    if text.is_empty() {
        return None;
    }
    text.push_str("help: rename all but one of each, or a module that one of them is in\n");
    Some(text)
}

/// How tests are run here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Not: there is no sandbox.
    Outside,
    /// Not, and that is a failure.
    Required,
    /// On threads of this process.
    Threads,
    /// Each in a process of its own.
    Children,
}

/// Which of nextest's attempts at its one test this process is; 1 where nextest did not start it.
fn attempt_of_nextest(args: &Arguments) -> u32 {
    // What a test starts inherits nextest's variables, and not how it calls a binary.
    if !args.exact {
        return 1;
    }
    // Before 0.9.116 it has the second name.
    let names = ["NEXTEST_ATTEMPT", "__NEXTEST_ATTEMPT"];
    let number = names.into_iter().find_map(env);
    number.and_then(|it| it.parse().ok()).unwrap_or(1)
}

/// One run of the test binary.
struct Run {
    way: Way,
    recorder: Recorder,
    capture: bool,
    attempt_of_nextest: u32,
    /// What is said after the summary.
    notes: Mutex<Vec<String>>,
}

impl Run {
    fn new(args: &Arguments) -> Self {
        let nextest = env("NEXTEST").is_some();
        let events = env(EVENTS);
        let is_inside = env_is(E2E, "1");
        let way = if !is_inside && env_is(REQUIRED, "1") {
            Way::Required
        } else if !is_inside {
            Way::Outside
        } else if events.is_some() || nextest {
            // Also under nextest, whose process could not tell an exit(0) from a test that passed.
            Way::Children
        } else {
            Way::Threads
        };
        let recorder = match events {
            Some(path) if !args.list => Recorder::to(path.as_ref()),
            _ => Recorder::default(),
        };
        Self {
            way,
            recorder,
            capture: !args.nocapture,
            attempt_of_nextest: attempt_of_nextest(args),
            notes: Mutex::default(),
        }
    }

    /// Says what is not as one would expect of `cargo test`; never on stdout, which lists are
    /// read from.
    fn explain(&self, args: &Arguments) {
        match self.way {
            _ if args.list => {}
            Way::Outside => {
                eprintln!(
                    "e2e-harness: no sandbox here, so every test is ignored; run `cargo e2e`"
                );
            }
            Way::Threads => {
                eprintln!(
                    "e2e-harness: tests run on threads of one process: output is not captured, one abort or exit ends them all, and exit(0) looks like a success; `cargo e2e` and `cargo nextest run` give each its own process"
                );
            }
            Way::Required | Way::Children => {}
        }
    }

    fn trial(self: &Arc<Self>, name: String, test: &'static Definition) -> Trial {
        let ignored = test.options.ignore.is_some();
        match self.way {
            Way::Outside => Trial::ignorable_test(name, || {
                Ok(Completion::ignored_with("no sandbox here: run `cargo e2e`"))
            })
            .with_ignored_flag(true),
            Way::Required => Trial::test(name, || {
                Err(Failed::from(format!(
                    "there is no sandbox here, and {REQUIRED}=1 asks for one: run `cargo e2e`"
                )))
            })
            .with_ignored_flag(ignored),
            Way::Threads | Way::Children => {
                let run = Arc::clone(self);
                let tried = name.clone();
                Trial::ignorable_test(name, move || run.try_until_passed(&tried, test))
                    .with_ignored_flag(ignored)
            }
        }
    }

    fn try_until_passed(
        &self,
        name: &str,
        test: &'static Definition,
    ) -> Result<Completion, Failed> {
        let tries = test.options.retries.saturating_add(1);
        // Each of nextest's had as many.
        let earlier = self.attempt_of_nextest.saturating_sub(1);
        let before = earlier.saturating_mul(tries);
        let mut attempt = 1;
        loop {
            let number = before.saturating_add(attempt);
            let failure = if self.way == Way::Children {
                child::run(name, test, number, self.capture, &self.recorder).map(Failure::from)
            } else {
                attempt::run(name, test, number, &self.recorder, || {})
            };
            match failure {
                None if attempt == 1 => return Ok(Completion::Completed),
                None => {
                    self.note(format!("{name} passed on attempt {attempt} of {tries}"));
                    return Ok(Completion::Completed);
                }
                // Of a child, nextest would read it as passed.
                Some(failure) if failure.lacks_control && !env_is(REQUIRED, "1") => {
                    return Ok(Completion::ignored_with(NEEDS_CONTROL));
                }
                Some(Failure { why, .. }) if tries == 1 => return Err(Failed::from(why)),
                Some(Failure { why, .. }) if attempt == tries => {
                    let why = format!("failed {tries} times, the last time: {why}");
                    return Err(Failed::from(why));
                }
                Some(Failure { why, .. }) => {
                    let first = why.lines().next().unwrap_or_default();
                    let which = format!("attempt {attempt} of {tries}");
                    self.note(format!("{name} failed on {which}: {first}"));
                }
            }
            attempt += 1;
        }
    }

    fn note(&self, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(note);
    }

    fn say_notes(&self) {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        for note in notes.iter() {
            eprintln!("e2e-harness: {note}");
        }
    }

    /// Ignored tests belong to the result, too.
    fn record_ignored(&self, args: &Arguments, trials: &Vec<Trial>) {
        let reasons = registry::tests();
        for trial in trials {
            if args.is_filtered_out(trial) || !args.is_ignored(trial) {
                continue;
            }
            let test = reasons.iter().find(|(name, _)| name == trial.name());
            let reason = test.and_then(|(_, test)| test.options.ignore);
            self.recorder.write(&Entry::TestEnded {
                test: trial.name().to_owned(),
                attempt: 1,
                status: Status::Ignored,
                duration_ms: 0,
                message: reason.map(str::to_owned),
                at: now(),
            });
        }
    }
}

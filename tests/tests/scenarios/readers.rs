//! Readers of stdout and stderr that stop, are slow, or are a disk without room.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use e2e_tests::{Host, Ran, Repo, Running, here_and_over_ssh, wait_for};
use rustix::process::Signal;
use serde_json::Value;

const JSON: &[&str] = &["--message-format", "json"];

/// A repo whose tests print so many numbered lines of 100 bytes, and then do this.
fn prints(name: &str, lines: u32, then: &str) -> Repo {
    prints_within(300, name, lines, then)
}

/// The same with a limit in seconds.
fn prints_within(limit: u32, name: &str, lines: u32, then: &str) -> Repo {
    let filler = "filler".repeat(15);
    Repo::new(name)
        .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
        .spec(&format!(
            "timeout: {limit}\ntest_command: |\n  seq -f '%09.0f{filler}' {lines}\n  {then}\n"
        ))
}

/// A file of a repo's only run.
fn kept(repo: &Repo, file: &str) -> Option<PathBuf> {
    let runs = fs::read_dir(repo.path("e2e/results")).ok()?.flatten();
    let mut files = runs
        .filter(|run| run.file_name().len() == 26)
        .map(|run| run.path().join(file));
    files.find(|path| path.is_file())
}

#[track_caller]
fn is_recorded(repo: &Repo) {
    wait_for("the record", Duration::from_mins(1), || {
        kept(repo, "run.json").is_some()
    });
}

/// What the tests printed, as this run showed it; and the warnings that its stdout has.
fn shown(ran: &Ran, arguments: &[&str]) -> (String, Vec<String>) {
    let stdout = &ran.output().stdout;
    if arguments != JSON {
        let (notes, lines): (Vec<&str>, Vec<&str>) = stdout
            .split_inclusive('\n')
            .partition(|line| line.contains("not shown"));
        return (
            lines.concat(),
            notes.into_iter().map(str::to_owned).collect(),
        );
    }
    let events: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("whole events"))
        .collect();
    assert_eq!(
        events.last().map(|event| &event["event"]),
        Some(&"run_finished".into())
    );
    let texts = |name: &str| {
        let named = events.iter().filter(|event| event["event"] == name);
        named
            .filter_map(|event| event["text"].as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    (texts("test_output").concat(), texts("warning"))
}

here_and_over_ssh! {
    fn a_reader_that_stops_delays_no_timeout(host) {
        for arguments in [&[], JSON] {
            let repo = prints_within(10, "stopped", 200_000, "sleep 7041");
            let mut run = repo.start_unread(host, arguments);
            is_recorded(&repo);
            // The last lines wait for their reader, until a signal.
            assert!(run.process().is_running());
            run.signal(Signal::INT);
            let ran = run.finish();
            ran.ended(100, "timed_out").leaves_nothing();
        }
    }

    fn a_reader_that_stops_delays_no_signal(host) {
        let repo = prints("stopped-int", 200_000, "sleep 7042");
        let mut run = repo.start_unread(host, &[]);
        wait_for("the tests' output", Duration::from_mins(1), || {
            let log = kept(&repo, "test-output.log").and_then(|log| log.metadata().ok());
            log.is_some_and(|log| log.len() >= 20_000_000)
        });
        run.signal(Signal::INT);
        let ran = run.finish();
        ran.ended(130, "interrupted").leaves_nothing();
    }
}

#[test]
fn a_terminal_that_is_stopped_delays_no_timeout() {
    let repo = prints_within(10, "ctrl-s", 1000, "echo; echo over; sleep 7043");
    let latest = repo.path("e2e/results/latest");
    // It goes on once the result is there.
    let keys = format!("s,@{},q", latest.display());
    let ran = repo
        .start_on_a_terminal(Host::Local, "filler", &keys)
        .finish();
    ran.ended(100, "timed_out").leaves_nothing();
    ran.stderr_has("\nover").stderr_has(" timed out · ");
}

/// Runs it to its end with a reader that begins once the run is recorded.
fn read_late<'repo>(repo: &'repo Repo, arguments: &[&str]) -> Ran<'repo> {
    let mut run = repo.start_unread(Host::Local, arguments);
    is_recorded(repo);
    run.process().read();
    let ran = run.finish();
    ran.ended(0, "passed").leaves_nothing();
    ran
}

#[test]
fn a_slow_reader_gets_every_line() {
    for arguments in [&[], JSON] {
        let repo = prints("slow", 50_000, "true");
        let ran = read_late(&repo, arguments);
        let (text, notes) = shown(&ran, arguments);
        assert!(text == ran.file("test-output.log"), "{} bytes", text.len());
        assert_eq!(notes, [""; 0]);
    }
}

#[test]
fn what_a_reader_was_too_slow_for_is_counted_and_its_place_named() {
    for arguments in [&[], JSON] {
        let repo = prints("too-slow", 120_000, "true");
        let ran = read_late(&repo, arguments);
        let (text, notes) = shown(&ran, arguments);
        let log = ran.file("test-output.log");
        assert_eq!(log.len(), 12_000_000);
        assert!(text.len() > 1_000_000 && log.starts_with(text.trim_end()));
        let [note] = notes.as_slice() else {
            panic!("{notes:?}");
        };
        let place = format!("e2e/results/{}/test-output.log", ran.run_id());
        assert!(note.contains(&place), "{note}");
    }
}

#[test]
fn a_result_that_could_not_be_written_is_no_success() {
    const FULL: &[&str] = &["sh", "-c", "exec \"$@\" >/dev/full", "sh"];
    for (arguments, exit, code, verdict) in [
        (&[][..], 0, 70, "internal_error"),
        (JSON, 0, 70, "internal_error"),
        (JSON, 3, 100, "failed"),
    ] {
        let repo = prints("full", 1, &format!("exit {exit}"));
        let ran = repo.start_under(Host::Local, FULL, arguments).finish();
        assert_eq!(ran.output().code, Some(code), "{}", ran.output());
        assert_eq!(ran.record()["verdict"], verdict, "{}", ran.output());
        ran.stderr_has("failed to write to stdout: No space left on device")
            .leaves_nothing();
    }
}

#[test]
fn a_document_that_could_not_be_written_is_no_success() {
    let repo = prints("documents", 1, "true");
    repo.run(Host::Local, &[]).ended(0, "passed");
    for words in [
        "schema spec",
        "schema run",
        "plan",
        "history",
        "history --json",
        "completions bash",
        "man",
        "doctor --host local",
    ] {
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec \"$@\" >/dev/full", "sh"])
            .arg(e2e_tests::cargo_e2e())
            .arg("e2e")
            .args(words.split(' '))
            .current_dir(repo.root())
            .env("CARGO_E2E_HOST", "local")
            .env("CARGO_E2E_ROOT", Host::Local.root())
            .env("XDG_STATE_HOME", repo.state());
        let ended = Running::start(command, None).finish(Duration::from_mins(1));
        assert_eq!(ended.code, Some(70), "{words}\n{ended}");
        let said = "error: failed to write to stdout: No space left on device (os error 28)";
        let times = ended.stderr.lines().filter(|line| *line == said).count();
        assert_eq!(times, 1, "{words}\n{ended}");
    }
}

#[test]
fn a_reader_that_has_enough_changes_nothing() {
    let repo = prints("enough", 50_000, "exit 3");
    let head = &["sh", "-c", "\"$@\" | head -n 1; wait", "sh"];
    let ran = repo.start_under(Host::Local, head, &[]).finish();
    ran.leaves_nothing().stderr_lacks("failed to write");
    assert_eq!(ran.record()["verdict"], "failed", "{}", ran.output());
    assert_eq!(ran.output().stdout.lines().count(), 1);
}

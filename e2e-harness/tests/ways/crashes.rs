use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use e2e_harness::protocol::EVENTS;

use crate::play::{Play, Ran, Way, binary, place};

fn check(ran: &Ran) {
    let mut verdicts: Vec<_> = ran.verdicts().into_iter().collect();
    verdicts.retain(|(_, verdict)| *verdict != "ignored");
    let expected = [
        ("a_passes", "ok"),
        ("b_aborts", "FAILED"),
        ("c_exits", "FAILED"),
        ("d_exits_with_zero", "FAILED"),
        ("e_leaves_a_process_behind", "FAILED"),
        ("f_passes", "ok"),
    ];
    assert_eq!(
        verdicts,
        expected.map(|(name, verdict)| (name.to_owned(), verdict)),
        "{}",
        ran.all()
    );
    let messages = [
        (
            "b_aborts",
            "at step `jump`: aborted: signal 6 (SIGABRT) (test at ",
        ),
        (
            "c_exits",
            "the process ended with exit(3) in the middle of the test (test at ",
        ),
        (
            "d_exits_with_zero",
            "the process ended with exit(0) in the middle of the test (test at ",
        ),
        ("e_leaves_a_process_behind", "look at the output (test at "),
    ];
    for (name, start) in messages {
        let message = ran.message(name);
        assert!(message.starts_with(start), "{message}");
        assert!(message.contains(&place("crashes", name)), "{message}");
    }
}

#[test]
fn one_that_dies_is_one_failed_test() {
    let ran = Play::new().run(Way::Children, "crashes", &[]);
    assert_eq!(ran.code, Some(101), "{}", ran.all());
    check(&ran);
    assert!(ran.stdout.contains("the last words"), "{}", ran.stdout);
    let left = ran
        .stdout
        .split_once("left behind: ")
        .expect("it says so")
        .1;
    let left = left.lines().next().expect("a number");
    assert!(!is_alive(left), "{left}");
}

#[test]
fn it_is_so_under_nextest_too() {
    let ran = Play::new().run(Way::Nextest, "crashes", &[]);
    assert_eq!(ran.code, Some(100), "{}", ran.all());
    check(&ran);
}

#[test]
fn a_child_does_not_outlive_the_harness() {
    let play = Play::new();
    let mut harness = play
        .command(&binary(&["--test", "crashes"]))
        .args(["--exact", "waits", "--ignored"])
        .env(EVENTS, play.path().join("events.jsonl"))
        .spawn()
        .expect("it starts");
    let deadline = Instant::now() + Duration::from_mins(1);
    let until = |what: &str, done: &dyn Fn() -> bool| {
        while !done() {
            assert!(Instant::now() < deadline, "{what}");
            thread::sleep(Duration::from_millis(20));
        }
    };
    let said = play.path().join("waits");
    until("the test runs", &|| said.exists());
    let child = std::fs::read_to_string(&said).expect("a number");
    harness.kill().expect("it is ours");
    harness.wait().expect("it ended");
    until("the child is gone", &|| !is_alive(&child));
}

/// A process that is gone, or that only waits for its parent to hear of its end, is not.
fn is_alive(pid: &str) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", pid]).output();
    let state = output.expect("ps runs").stdout;
    !state.is_empty() && !state.starts_with(b"Z")
}

#[test]
fn on_threads_it_ends_them_all() {
    let ran = Play::new().run(Way::Threads, "crashes", &["--test-threads", "1"]);
    assert_eq!(ran.code, Some(101), "{}", ran.all());
    assert!(!ran.verdicts().contains_key("f_passes"), "{}", ran.all());
    assert!(
        ran.stderr.contains("one abort or exit ends them all"),
        "{}",
        ran.stderr
    );
}

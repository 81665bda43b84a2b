use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use e2e_harness::protocol::EVENTS;

use crate::play::{Play, Ran, Way, binary, place};

fn check(ran: &Ran) {
    let mut expected = vec![
        ("a_passes", "ok"),
        ("b_aborts", "FAILED"),
        ("c_exits", "FAILED"),
        ("d_exits_with_zero", "FAILED"),
        ("e_leaves_a_process_behind", "FAILED"),
        ("f_passes", "ok"),
    ];
    // Under nextest nobody records what is ignored.
    let ignored = ran.verdicts().contains_key("waits");
    expected.extend(ignored.then_some(("waits", "ignored")));
    ran.has_verdicts(&expected);
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
        ran.says(name, start, &place("crashes", name));
    }
}

#[test]
fn one_that_dies_is_one_failed_test() {
    let ran = Play::new().run(Way::Children, "crashes", &[]);
    ran.ended(101);
    check(&ran);
    ran.stdout_has("the last words");
    let (_, left) = ran.stdout.split_once("left behind: ").expect("it says so");
    let left = left.lines().next().expect("a number");
    assert!(!is_alive(left), "{left}");
}

#[test]
fn it_is_so_under_nextest_too() {
    let ran = Play::new().run(Way::Nextest, "crashes", &[]);
    ran.ended(100);
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
    ran.ended(101);
    assert!(!ran.verdicts().contains_key("f_passes"), "{}", ran.all());
    ran.stderr_has("one abort or exit ends them all");
}

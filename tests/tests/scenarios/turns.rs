//! One run at a time is in a sandbox that is kept: the next one waits, and neither sees anything of
//! the other's.

use std::time::Duration;

use e2e_tests::{Host, Ran, Repo, here_and_over_ssh, on_each_host, wait_for};
use indoc::formatdoc;
use rustix::process::Signal;

/// Each run says by its arguments what its tests are.
fn repo(name: &str) -> Repo {
    Repo::new(name)
        .compose("services: {web: {image: BUSYBOX, init: true, command: [sleep, '600']}}\n")
        .spec("test_command: eval\n")
}

/// Tests that run until `go` is called; they end with a status.
fn held(repo: &Repo, status: u8) -> String {
    let file = repo.filled_in("/tmp/SLUG-go");
    format!("echo testing; until [ -e {file} ]; do sleep 0.1; done; rm {file} || :; exit {status}")
}

fn go(repo: &Repo, host: Host) {
    let _ = host.says(&repo.filled_in("touch /tmp/SLUG-go"));
}

/// How a run ended that went on with another's sandbox, which stays.
#[track_caller]
fn visited<'a, 'r>(ran: &'a Ran<'r>, code: i32, verdict: &str) -> &'a Ran<'r> {
    let said = (ran.output().code, ran.record()["verdict"].as_str());
    assert_eq!(said, (Some(code), Some(verdict)), "{}", ran.output());
    ran
}

fn down(repo: &Repo, host: Host) {
    let down = repo.cargo_e2e(&["down", "--host", &host.name()]);
    assert_eq!(down.code, Some(0), "{down}");
}

on_each_host! {
    fn two_runs_in_one_sandbox_have_each_their_own_end(host) {
        let repo = repo("turns");
        let up = repo.run_and_keep(host, &["up"]);
up.kept(0, "passed");
        let tests = held(&repo, 9);
        let mut first = repo.start(host, &["--reuse", "--", &tests]);
        let first_id = first.run_id();
        first.prints("testing");

        let refused = repo.run_and_keep(host, &["--reuse", "--no-wait", "--", "true"]);
        visited(&refused, 97, "host_error").stderr_has(&first_id).stderr_has(", pid ").no_stage("test");
        let refused = repo.run_and_keep(host, &["up", "--no-wait"]);
        visited(&refused, 97, "host_error").stderr_has(&format!("is held by run {first_id}"));

        let mut second = repo.start(host, &["--reuse", "--", "echo mine"]);
        second.prints(&format!("waiting up to 1800 s (`timeouts.queue`): sandbox {} is held by run {first_id}", up.run_id()));
        go(&repo, host);
        visited(&first.finish(), 100, "failed").stderr_has("exit status 9");
        visited(&second.finish(), 0, "passed").stdout_has("mine");
        down(&repo, host);
        up.leaves_nothing();
    }

    fn a_run_that_was_killed_leaves_the_sandbox_to_the_next_one(host) {
        let repo = repo("turn-killed");
        let up = repo.run_and_keep(host, &["up"]);
up.kept(0, "passed");
        let tests = "echo $$ >/tmp/$E2E_PROJECT; echo testing; sleep 7000";
        let mut first = repo.start(host, &["--reuse", "--", tests]);
        first.prints("testing").signal(Signal::KILL);
        // What it ran ended before these tests began.
        let tests = "! grep -q . /proc/$(cat /tmp/$E2E_PROJECT)/cmdline 2>/dev/null && status=0 || status=1; rm /tmp/$E2E_PROJECT; exit $status";
        visited(&repo.run_and_keep(host, &["--reuse", "--", tests]), 0, "passed");
        drop(first);
        down(&repo, host);
        up.leaves_nothing();
    }
}

here_and_over_ssh! {
    fn a_wait_for_another_run_has_a_limit_and_ends_with_a_signal(host) {
        let repo = repo("turn-limit").spec("timeouts: {queue: 2}\ntest_command: eval\n");
        let up = repo.run_and_keep(host, &["up"]);
up.kept(0, "passed");
        let tests = held(&repo, 0);
        let mut first = repo.start(host, &["--reuse", "--", &tests]);
        first.prints("testing");
        let late = repo.run_and_keep(host, &["--reuse", "--", "true"]);
        visited(&late, 97, "host_error").stderr_has("not released within 2 s").stderr_has("raise `timeouts.queue` in e2e.yml");
        go(&repo, host);
        visited(&first.finish(), 0, "passed");
        down(&repo, host);
        up.leaves_nothing();
    }

    fn a_run_does_not_enter_the_sandbox_of_one_that_goes_on(host) {
        let repo = repo("turn-own");
        let tests = held(&repo, 0);
        let mut first = repo.start(host, &["--", &tests]);
        first.prints("testing");
        let second = repo.run(host, &["--reuse", "--", "true"]);
        second.ended(0, "passed").stage("teardown", "passed");
        go(&repo, host);
        let first = first.finish();
        first.ended(0, "passed");
        assert_ne!(first.run_id(), second.run_id());
    }
}

/// Tests on the client that write a `junit` file, whose verdict is in it alone, and then wait.
fn writes_junit(name: &str) -> Repo {
    let file = "<testsuite><testcase classname=\"shop\" name=\"ship\">$1</testcase></testsuite>";
    repo(name)
        .spec("ports: isolated\ntests_run_on: client\njunit: out.xml\ntest_command: sh write.sh\n")
        .file(
            "write.sh",
            &formatdoc!(
                r#"
                    cat >out.xml <<END
                    {file}
                    END
                    echo "written $2"
                    until [ -z "$2" ] || [ -e $2 ]; do sleep 0.1; done
                "#
            ),
        )
}

const FAILURE: &str = "<failure message=\"of the first\"/>";

#[test]
fn two_runs_in_one_working_copy_have_each_the_verdict_of_its_own_junit_file() {
    let (host, repo) = (Host::Local, writes_junit("turn-junit"));
    let mut first = repo.start(host, &["--", FAILURE, "go"]);
    first.prints("written go");
    let first_id = first.run_id();
    let held = format!("`junit` file out.xml is held by run {first_id}");
    let refused = repo.run(host, &["--no-wait", "--", "", ""]);
    refused
        .ended(97, "host_error")
        .stderr_has(&held)
        .stderr_has("without `--no-wait`");
    let mut second = repo.start(host, &["--", "", ""]);
    second.prints(&format!("waiting up to 1800 s (`timeouts.queue`): {held}"));
    std::fs::write(repo.path("go"), "").expect("writable");
    let (first, second) = (first.finish(), second.finish());
    first
        .ended(100, "failed")
        .stderr_has("of the first")
        .leaves_nothing();
    second.ended(0, "passed").leaves_nothing();
    assert!(!repo.path("e2e/results/.junit-holder").exists());
}

#[test]
fn a_signal_ends_the_wait_for_another_run() {
    let host = Host::Dev;
    let repo = repo("turn-signal");
    let up = repo.run_and_keep(host, &["up"]);
    up.kept(0, "passed");
    let tests = held(&repo, 0);
    let mut first = repo.start(host, &["--reuse", "--", &tests]);
    first.prints("testing");
    let mut second = repo.start(host, &["--reuse", "--", "true"]);
    second.prints("is held by run").signal(Signal::INT);
    visited(&second.finish(), 130, "interrupted");
    go(&repo, host);
    visited(&first.finish(), 0, "passed");
    down(&repo, host);
    up.leaves_nothing();
}

#[test]
fn what_setup_left_running_outlives_a_run_that_fails() {
    let host = Host::Dev;
    let repo = repo("turn-setup").spec(
        "setup_command: 'sleep 7003 >/dev/null 2>&1 & echo $! >/tmp/SLUG-pid'\ntest_command: eval\n",
    );
    let up = repo.run_and_keep(host, &["up"]);
    up.kept(0, "passed");
    let failed = repo.run_and_keep(host, &["--reuse", "--", "exit 3"]);
    visited(&failed, 100, "failed");
    let lives = repo.filled_in("kill -0 $(cat /tmp/SLUG-pid)");
    let _ = host.says(&lives);
    down(&repo, host);
    wait_for("its end", Duration::from_secs(10), || {
        host.sh(&lives).code != Some(0)
    });
    let _ = host.says(&repo.filled_in("rm /tmp/SLUG-pid"));
    up.leaves_nothing();
}

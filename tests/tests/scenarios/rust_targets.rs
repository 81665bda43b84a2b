//! Cargo's test targets, made of e2e-harness, in place of a test command.

use std::time::Duration;

use e2e_tests::rust::package;
use e2e_tests::stacks::WEB_IS_HEALTHY;
use e2e_tests::{Host, here_and_over_ssh, wait_for};
use indoc::indoc;
use rustix::process::Signal;

here_and_over_ssh! {
    fn tests_that_pass_are_told_of_one_by_one(host) {
        let repo = package("rust", "");
        let ran = repo.run(host, &["--", "passes"]);
        ran.ended(0, "passed").stage_says("compile", "e2e compiled").stage_says("test", "1 test passed");
        let test = ran.recorded_as("tests", "passes");
        assert_eq!(test["status"], "passed");
        assert_eq!(test["steps"][0]["name"], "ask for the page");
        assert_eq!(test["steps"][0]["status"], "passed");
        ran.file_has("events.jsonl", "test_started");
        assert!(!ran.bundle().join("harness").exists(), "locks are tidied away");
    }

    fn what_a_dead_test_did_to_the_stack_is_put_back(host) {
        let repo = package("rust-control", "");
        let ran = repo.run(host, &["--", "_the_server_"]);
        ran.ended(100, "failed").stderr_has("a_dies_while_the_server_is_down");
        assert_eq!(ran.recorded_as("tests", "a_dies_while_the_server_is_down")["status"], "failed");
        assert_eq!(ran.recorded_as("tests", "b_finds_the_server_as_it_was")["status"], "passed");
        assert_eq!(ran.recorded_as("services", "web")["state"], "running");
    }

    fn a_test_that_breaks_a_service_fails(host) {
        let repo = package("rust-breaks", "");
        let ran = repo.run(host, &["--", "--ignored", "breaks_the_server"]);
        ran.ended(100, "failed").within(60);
        let test = ran.recorded_as("tests", "breaks_the_server");
        assert_eq!(test["status"], "failed");
        let why = test["message"].as_str().expect("it says why");
        assert!(why.starts_with("putting the stack back failed: web exited with code 1 (test at "), "{why}");
        ran.stderr_lacks("meanwhile\n");
    }

    fn tests_may_run_beside_the_stack(host) {
        let repo = package("rust-host", "tests_run_on: host\n");
        let ran = repo.run(host, &[]);
        ran.ended(100, "failed").stage_says("test", "1 of 7 tests failed");
        assert_eq!(ran.recorded_as("tests", "hangs")["status"], "skipped");
        assert_eq!(ran.recorded_as("tests", "passes")["status"], "passed");
        assert_eq!(ran.recorded_as("tests", "b_finds_the_server_as_it_was")["status"], "passed");
        assert_eq!(ran.recorded_as("services", "web")["state"], "running");
    }
}

#[test]
fn a_second_try_does_not_hide_what_the_first_one_broke() {
    let repo = package("rust-breaks-again", "");
    let ran = repo.run(Host::Local, &["--", "--ignored", "breaks_it"]);
    ran.ended(100, "failed")
        .stage("test", "failed")
        .stderr_has("failed to restore the services that a test changed: web exited with code 1");
    let test = ran.recorded_as("tests", "breaks_it_and_tries_again");
    assert_eq!(test["status"], "passed");
}

#[test]
fn a_test_that_fails_says_at_which_step() {
    let repo = package("rust-fails", "");
    let ran = repo.run(Host::Dev, &["--", "--ignored", "fails"]);
    ran.ended(100, "failed").stderr_has("read the page");
    let test = ran.recorded_as("tests", "fails");
    assert_eq!(test["status"], "failed");
    let steps = test["steps"].as_array().expect("there are steps");
    let failed: Vec<_> = steps
        .iter()
        .filter(|step| step["status"] == "failed")
        .map(|step| &step["name"])
        .collect();
    assert_eq!(failed, ["read the page"]);
    assert!(
        test["message"]
            .as_str()
            .is_some_and(|why| why.contains("the page is empty"))
    );
}

#[test]
fn a_test_that_hangs_did_not_end() {
    let repo = package("rust-hangs", "timeout: 3\ntests_run_on: host\n");
    let ran = repo.run(Host::Dev, &["--", "--ignored", "hangs"]);
    ran.ended(100, "timed_out");
    let test = ran.recorded_as("tests", "hangs");
    assert_eq!(
        (&test["status"], &test["message"]),
        (&"failed".into(), &"did not end".into())
    );
    assert_eq!(test["steps"][0]["name"], "wait for ever");
}

#[test]
fn a_filter_that_leaves_nothing_is_no_success() {
    let repo = package("rust-none", "");
    let ran = repo.run(Host::Local, &["--", "no_such_test"]);
    ran.ended(4, "no_tests")
        .stderr_has("no test fits what follows `--`: no_such_test")
        .stderr_has("`cargo e2e -- --list` has the tests");
    // Compiled by now, Cargo says so before anything is brought up, unless another Cargo has the folder.
    let told_at_once = (0..10).any(|_| {
        let ran = repo.run(Host::Local, &["--", "no_such_test", "nor_this"]);
        ran.ended(4, "no_tests");
        !ran.record()["stages"].to_string().contains("\"up\"")
    });
    assert!(told_at_once, "it came up first, ten times");
}

#[test]
fn what_failed_runs_again_alone() {
    let repo = package("rust-again", "");
    let ran = repo.run(Host::Local, &["--", "--include-ignored", "fails", "passes"]);
    ran.ended(100, "failed")
        .stage_says("test", "1 of 2 tests failed")
        .stderr_has(" -- --include-ignored --exact fails\n");
    let ran = repo.run(Host::Local, &["--last-failed", "--", "--ignored"]);
    ran.ended(100, "failed")
        .stage_says("test", "1 of 1 test failed");
    let repo = repo.file(
        "e2e/e2e.yml",
        &format!("name: SLUG\n{WEB_IS_HEALTHY}retries: 1\n"),
    );
    let ran = repo.run(Host::Local, &["--last-failed", "--", "--ignored"]);
    ran.ended(100, "failed")
        .stderr_has("attempt 2 of 2: 1 failed test")
        .stderr_has("1 failed test (fails) after 2 attempts");
    let fails = ran.recorded_as("tests", "fails");
    assert_eq!(fails["attempts"].as_array().map(Vec::len), Some(2));
    ran.file_has("events.jsonl", "\"attempt\":2");
}

#[test]
fn nextest_runs_the_same_tests() {
    let repo = package("rust-nextest", "");
    let arguments = [
        "--nextest",
        "--",
        "--no-fail-fast",
        "_the_server_",
        "passes",
    ];
    let ran = repo.run(Host::Dev, &arguments);
    ran.ended(100, "failed")
        .stage_says("test", "1 of 3 tests failed");
    assert_eq!(ran.recorded_as("tests", "passes")["status"], "passed");
    assert_eq!(
        ran.recorded_as("tests", "b_finds_the_server_as_it_was")["status"],
        "passed"
    );
    repo.run(Host::Local, &["--nextest", "--", "no_such_test"])
        .ended(4, "no_tests");
}

#[test]
fn ctrl_c_ends_tests_in_processes_of_their_own() {
    let repo = package("rust-int", "");
    for arguments in [
        &["--", "--ignored", "hangs"][..],
        &["--nextest", "--", "--run-ignored=only", "hangs"],
    ] {
        let mut run = repo.start(Host::Dev, arguments);
        let begun = format!("target/e2e/{}/artifacts/hangs/begun", run.run_id());
        let begun = repo.path(&begun);
        wait_for("the test", Duration::from_mins(1), || begun.exists());
        run.signal(Signal::INT);
        let ran = run.finish();
        ran.ended(130, "interrupted").leaves_nothing();
        assert_eq!(ran.recorded_as("tests", "hangs")["status"], "interrupted");
    }
}

#[test]
fn tests_that_do_not_compile_end_the_run() {
    package("rust-broken", "")
        .file("tests/e2e.rs", "fn main() { nothing() }")
        .run(Host::Local, &[])
        .ended(101, "build_failed")
        .stderr_has("cannot find function `nothing`")
        .stage("compile", "failed")
        .no_stage("test");
}

#[test]
fn tests_of_one_name_end_the_run_before_there_are_tests() {
    package("rust-twins", "")
        .file(
            "tests/e2e.rs",
            indoc! {"
                fn _one() {
                    #[e2e_harness::test]
                    fn check() {}
                }
                fn _other() {
                    #[e2e_harness::test]
                    fn check() { panic!() }
                }
                e2e_harness::main!();
            "},
        )
        .run(Host::Local, &[])
        .ended(101, "build_failed")
        .stderr_has("the test target `e2e` of `fixture` can't run: 2 tests are named `check`")
        .stderr_has("at tests/e2e.rs:3")
        .stderr_has("at tests/e2e.rs:7")
        .stage("compile", "failed")
        .no_stage("test");
}

#[test]
fn targets_that_are_not_there_or_not_ours_are_named() {
    let repo = package("rust-foreign", "");
    let manifest = std::fs::read_to_string(repo.path("Cargo.toml")).expect("it is there");
    let libtest = manifest.replace("harness = false\n", "");
    let repo = repo
        .file("tests/e2e.rs", "#[test]\nfn one() {}\n")
        .file("Cargo.toml", &libtest);
    repo.run(Host::Local, &[])
        .ended(96, "spec_error")
        .stderr_has("the test target `e2e` of `fixture` is not an e2e-harness target");
    let named = format!("{libtest}[package.metadata.e2e]\ntests = [\"slow\"]\n");
    let repo = repo.file("Cargo.toml", &named);
    let checked = repo.cargo_e2e(&["check"]);
    assert_eq!(checked.code, Some(96), "{checked}");
    let slow = "names the test target `slow`, but `fixture` has only `e2e`";
    assert!(checked.stderr.contains(slow), "{checked}");
}

#[test]
fn a_member_without_the_library_is_named_and_alone_is_no_pass() {
    let repo = package("rust-members", "");
    let manifest = std::fs::read_to_string(repo.path("Cargo.toml")).expect("it is there");
    let (member, shared) = manifest
        .split_once("[patch.crates-io]")
        .expect("a workspace's own");
    let plain = "[package]\nname = \"plain\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let workspace = |members: &str| {
        format!("[workspace]\nmembers = [{members}]\nresolver = \"3\"\n[patch.crates-io]{shared}")
    };
    let repo = repo
        .file("fixture/Cargo.toml", member)
        .file("fixture/src/lib.rs", "")
        .file(
            "fixture/tests/e2e.rs",
            "#[e2e_harness::test]\nfn passes() {}\ne2e_harness::main!();\n",
        )
        .file("plain/Cargo.toml", plain)
        .file("plain/src/lib.rs", "")
        .file("plain/tests/e2e.rs", "#[test]\nfn fails() { panic!() }\n")
        .file("Cargo.toml", &workspace("\"fixture\", \"plain\""));
    let said = "the test target `e2e` of `plain` will not run: plain/Cargo.toml does not depend on e2e-harness";
    let checked = repo.cargo_e2e(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked}");
    assert!(checked.stderr.contains(said), "{checked}");
    let planned = repo.cargo_e2e(&["plan"]);
    assert!(planned.stdout.contains(said), "{planned}");
    repo.run(Host::Local, &[])
        .ended(0, "passed")
        .stderr_has(said);

    let repo = repo.file("Cargo.toml", &workspace("\"plain\""));
    repo.run(Host::Local, &[])
        .ended(96, "spec_error")
        .stderr_has("`plain` does not depend on e2e-harness");
}

#[test]
fn a_command_may_be_the_one_that_runs_them() {
    let command = "test_command: cargo test --quiet --test e2e passes\ntests_run_on: client\n";
    let repo = package("rust-command", command);
    let ran = repo.run(Host::Local, &[]);
    ran.ended(0, "passed");
    assert_eq!(ran.recorded_as("tests", "passes")["status"], "passed");
}

//! How the tests of a repo end, and what is left to look at.

use std::time::Duration;

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Host, Repo, on_each_host, wait_for};
use indoc::indoc;

/// A repo with a web server and these tests.
fn web(name: &str, rest_of_spec: &str) -> Repo {
    Repo::new(name)
        .compose(WEB)
        .spec(&format!("{WEB_IS_HEALTHY}{rest_of_spec}"))
}

on_each_host! {
    fn tests_that_pass(host) {
        let repo = web("pass", "test_command: curl -fsS http://localhost:PORT_A/\n");
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed").stdout_has("hello").stage("test", "passed").stage("setup", "skipped");
        ran.file_has("test-output.log", "hello").file_has("logs/web.log", "web is here");
        assert_eq!(ran.recorded_as("services", "web")["state"], "running");
        assert_eq!(ran.recorded_as("health_checks", "web")["status"], "passed");
        assert_eq!(ran.recorded_as("tests", "test_command")["status"], "passed");
        let latest = std::fs::read_link(repo.path("e2e/results/latest")).expect("a link");
        assert_eq!(latest.to_str(), Some(ran.run_id()));
    }

    fn a_test_that_fails(host) {
        let repo = web("fail", "test_command: echo expected 3, got 4; exit 7\n");
        let ran = repo.run(host, &[]);
        ran.ended(100, "failed")
            .stage("test", "failed")
            .stdout_has("expected 3, got 4")
            .stderr_has("the tests failed (exit status 7)")
            .stderr_has("meanwhile  ")
            .file_has("failure.txt", "while the tests ran (")
            .file_has("failure.txt", "health checks, before tests: web passed after ");
        ran.file_has("failure.txt", "e2e failed in ");
        ran.file_has("test-output.log", "expected 3, got 4").file_has("logs/web.log", "web is here");
        ran.file_has("inspect/web.json", "\"cargo-e2e.run\"")
            .file_has("compose.json", &format!("\"published\": \"{}\"", repo.port('A')));
    }

    fn a_test_that_hangs_is_ended_with_all_that_it_started(host) {
        // One child in the test's own session, one that left it.
        let repo = web("hang", "timeout: 2\ntest_command: sh hang.sh\n").file(
            "hang.sh",
            "sleep 7001 &\nsetsid sleep 7002 &\necho both are running\nsleep 7003\n",
        );
        let mut run = repo.start(host, &[]);
        run.prints("both are running");
        let id = run.run_id();
        let marked = format!("grep -lsF CARGO_E2E_RUN={id} /proc/[0-9]*/environ | cut -d / -f 3");
        let sleeps = || host.says(&format!("for pid in $({marked}); do tr '\\0' ' ' </proc/$pid/cmdline; echo; done"));
        wait_for("three sleeps", Duration::from_secs(2), || {
            ["sleep 7001", "sleep 7002", "sleep 7003"].iter().all(|one| sleeps().contains(one))
        });
        let ran = run.finish();
        ran.ended(100, "timed_out").stage("test", "failed");
        ran.stderr_has("tests exceeded `timeout` (2 s) and were terminated").within(40);
        ran.leaves_nothing();
        assert_eq!(sleeps(), "");
    }

    fn a_daemon_goes_with_its_sandbox_unless_it_does_not_carry_its_mark(host) {
        let repo = web("daemons", "test_command: sh daemons.sh\n").file(
            "daemons.sh",
            "setsid sleep 7004 >/dev/null 2>&1 &\necho $! >/tmp/$E2E_REPO-own\n\
             (cd / && exec env -u CARGO_E2E_RUN setsid sleep 7005) >/dev/null 2>&1 &\necho $! >/tmp/$E2E_REPO-shared\n",
        );
        let ran = repo.run_and_keep(host, &[]);
        ran.ended(0, "passed");
        let at = repo.filled_in("/tmp/SLUG");
        let lives = |which: &str| host.sh(&format!("grep -q . /proc/$(cat {at}-{which})/cmdline")).code == Some(0);
        assert!(!lives("own") && lives("shared"));
        let _ = host.says(&format!("kill $(cat {at}-shared); rm {at}-own {at}-shared"));
        ran.leaves_nothing();
    }

    fn what_left_its_environment_goes_with_its_sandbox(host) {
        // Each says its pid once it is what it is to be.
        let repo = web("away", "test_command: sh away.sh\n").file(
            "away.sh",
            indoc! {r#"
                setsid env -i sleep 7021 >/dev/null 2>&1 &
                one=$!
                mkdir deep && cd deep && unset CARGO_E2E_RUN
                setsid sleep 7022 >/dev/null 2>&1 &
                two=$!
                for pid in $one $two; do until [ "$(head -c 5 /proc/$pid/cmdline)" = sleep ]; do :; done; done
                echo away: $one $two
            "#},
        );
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed");
        let printed = &ran.output().stdout;
        let pids = printed.lines().find_map(|line| line.strip_prefix("away: ")).expect("it says them");
        for pid in pids.split(' ') {
            let lives = host.sh(&format!("grep -q 702 /proc/{pid}/cmdline")).code == Some(0);
            let _ = host.sh(&format!("! grep -q 702 /proc/{pid}/cmdline || kill {pid}"));
            assert!(!lives, "{pid} of {pids}");
        }
    }

    fn a_service_that_falls_while_tests_pass_is_told_of(host) {
        let repo = Repo::new("falls")
            .compose(
                indoc! {"
                    services:
                      worker:
                        image: BUSYBOX
                        scale: 2
                        command: [sh, -c, 'until [ -e /tmp/fall ]; do sleep 0.1; done; exit 3']
                      init: {image: BUSYBOX, command: ['true']}
                "},
            )
            .file(
                "fall.sh",
                "for each in $(docker ps -q --filter label=cargo-e2e.run=$E2E_RUN_ID); do\n\
                 docker exec $each touch /tmp/fall && docker wait $each\ndone\n",
            )
            .spec("test_command: sh fall.sh\n");
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed")
            .stderr_has("2 containers of worker exited with code 3 while the tests ran")
            .stderr_lacks("init ");
        assert_eq!(ran.recorded_as("services", "worker")["exit_code"], 3);
    }

    fn a_program_that_is_not_there_is_named(host) {
        let repo = web("absent", "test_command: no-such-program --fast\n");
        let ran = repo.run(host, &[]);
        ran.ended(100, "failed")
            .stderr_has("`test_command` needs no-such-program")
            .stderr_has("setup_command");
    }
}

#[test]
fn quiet_means_the_tests_output_and_nothing_else() {
    let repo = web(
        "quiet",
        "test_command: curl -fsS http://localhost:PORT_A/\n",
    );
    let ran = repo.run(Host::Root, &["--quiet"]);
    ran.ended(0, "passed");
    assert_eq!(ran.output().stdout, "hello\n");
    assert_eq!(ran.output().stderr, "");
}

#[test]
fn a_repo_is_found_from_a_folder_in_it_and_another_spec_can_be_named() {
    let repo = Repo::new("found")
        .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
        .spec("test_command: echo the usual; pwd\n")
        .file("other.yml", "name: SLUG\ntest_command: echo the other\n")
        .file("deep/down/here", "");
    let from_below = repo.command_in("deep/down", &["--host", "local"]);
    assert_eq!(from_below.code, Some(0), "{from_below}");
    let printed: Vec<&str> = from_below.stdout.lines().collect();
    assert!(
        printed[0] == "the usual" && printed[1].ends_with("/repo"),
        "{from_below}"
    );
    let other = repo.path("other.yml");
    let spec = other.to_str().expect("a plain path");
    repo.run(Host::Local, &["--spec", spec])
        .ended(0, "passed")
        .stdout_has("the other");
}

#[test]
fn cleanup_never_keeps_what_passed() {
    let repo = web("never", "cleanup: never\ntest_command: 'true'\n");
    let ran = repo.run_and_keep(Host::Dev, &[]);
    ran.kept(0, "passed");
    let down = repo.cargo_e2e(&["down", ran.run_id(), "--host", "railiance01-dev"]);
    assert_eq!(down.code, Some(0), "{down}");
    ran.leaves_nothing();
}

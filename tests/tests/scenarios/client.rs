//! Tests that run on this machine, against a stack that may run elsewhere.

use std::time::Duration;

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Host, Repo, here_and_over_ssh, wait_for};
use indoc::formatdoc;
use rustix::process::Signal;

/// Starts a process that leaves its group and its parent, and goes on once it has.
const DETACHED: &str = "(setsid sleep 7031 >/dev/null 2>&1 & echo $! >detached); \
    until [ \"$(head -c 5 /proc/$(cat detached)/cmdline)\" = sleep ]; do :; done; echo detached";

here_and_over_ssh! {
    fn tests_here_reach_the_stack_at_the_same_port(host) {
        let repo = Repo::new("client").compose(WEB).gitignore("only-here\n").file("only-here", "x").spec(&formatdoc!(
            r#"
                {WEB_IS_HEALTHY}tests_run_on: client
                artifacts: [out/*]
                test_command: |
                  set -e
                  ls only-here
                  curl -fsS http://localhost:PORT_A/
                  curl -fsS "http://$E2E_WEB_8080/"
                  mkdir -p out; echo report >out/report
                  echo more >"$E2E_ARTIFACTS/more"
                  echo kept >"$E2E_CACHE/kept"
            "#
        ));
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed");
        assert_eq!(ran.output().stdout, "only-here\nhello\nhello\n");
        ran.file_has("artifacts/out/report", "report").file_has("artifacts/more", "more");
    }

    fn tests_here_that_hang_are_ended_with_all_that_they_started(host) {
        let repo = Repo::new("client-hang").compose(WEB).spec(&format!(
            "{WEB_IS_HEALTHY}tests_run_on: client\ntimeout: 2\n\
             test_command: 'echo testing; sleep 7009 & sleep 7008'\n"
        ));
        let ran = repo.run(host, &[]);
        ran.ended(100, "timed_out").stdout_has("testing").within(40);
    }

    fn what_leaves_its_group_here_goes_with_its_command(host) {
        for (spec, code, verdict) in [
            (format!("build_command: '{DETACHED}'\ntest_command: 'true'\n"), 0, "passed"),
            (format!("build_command: '{DETACHED}; exit 3'\ntest_command: 'true'\n"), 101, "build_failed"),
            (format!("tests_run_on: client\ntest_command: '{DETACHED}'\n"), 0, "passed"),
            (format!("tests_run_on: client\ntimeout: 2\ntest_command: '{DETACHED}; sleep 7032'\n"), 100, "timed_out"),
        ] {
            let repo = Repo::new("client-detach").compose(WEB).spec(&spec);
            let ran = repo.run(host, &[]);
            ran.ended(code, verdict).leaves_nothing();
        }
    }

    fn what_leaves_its_group_here_goes_when_the_run_is_interrupted(host) {
        for spec in ["build_command: '", "tests_run_on: client\ntest_command: '"] {
            let rest = if spec.starts_with("build") { "test_command: 'true'\n" } else { "" };
            let repo = Repo::new("client-int").compose(WEB).spec(&format!("{spec}{DETACHED}; sleep 7033'\n{rest}"));
            let mut run = repo.start(host, &["-v"]);
            run.prints("detached").signal(Signal::INT);
            let ran = run.finish();
            ran.ended(130, "interrupted").leaves_nothing();
        }
    }

    fn what_a_killed_client_started_here_ends_with_it(host) {
        for spec in ["build_command: '", "tests_run_on: client\ntest_command: '"] {
            let rest = if spec.starts_with("build") { "test_command: 'true'\n" } else { "" };
            let repo = Repo::new("client-kill").compose(WEB).spec(&format!("{spec}{DETACHED}; sleep 7034'\n{rest}"));
            // Killed before its first heartbeat, perhaps: then its sandbox stays for the whole lease.
            let repo = repo.env("CARGO_E2E_LEASE", "6");
            let mut run = repo.start(host, &["-v"]);
            run.prints("detached").signal(Signal::KILL);
            let ran = run.finish();
            wait_for("the end of all that it started", Duration::from_mins(2), || {
                ran.left_by_a_killed_client().is_empty()
            });
        }
    }

    fn a_program_that_is_not_here_is_named(host) {
        let repo = Repo::new("client-fail").compose(WEB).spec(&format!(
            "{WEB_IS_HEALTHY}tests_run_on: client\ntest_command: no-such-program\n"
        ));
        repo.run(host, &[])
            .ended(100, "failed")
            .stderr_has("needs no-such-program, which was not found on this machine");
    }
}

#[test]
fn a_server_on_the_other_loopback_is_not_taken_for_the_sandbox() {
    let repo = Repo::new("v6")
        .compose("services: {web: {image: BUSYBOX, command: [httpd, -f, -p, '80'], ports: ['PORT_A:80']}}")
        .spec("tests_run_on: client\ntest_command: 'true'\n");
    let port = repo.port('A');
    let ours = std::net::TcpListener::bind(("::1", port)).expect("a port of ::1");
    repo.run(Host::Root, &[])
        .ended(97, "host_error")
        .stderr_has(&format!("port {port} must be free on this machine"));
    drop(ours);
    repo.run(Host::Root, &[]).ended(0, "passed");
}

#[test]
fn what_a_command_here_starts_without_the_mark_stays() {
    let repo = Repo::new("client-stays").compose(WEB).spec(&format!(
        "build_command: '{}'\ntest_command: 'true'\n",
        DETACHED.replace("setsid", "env -u CARGO_E2E_RUN setsid")
    ));
    let ran = repo.run_and_keep(Host::Local, &[]);
    ran.ended(0, "passed");
    let pid = std::fs::read_to_string(repo.path("detached")).expect("its pid");
    let pid = pid
        .trim()
        .parse()
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(pid.expect("a pid"), Signal::KILL).expect("it runs still");
    ran.leaves_nothing();
}

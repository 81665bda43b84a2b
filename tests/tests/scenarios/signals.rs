//! Ctrl-C and SIGTERM end a run at any time, and take everything down first.

use std::time::Duration;

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Host, Repo, here_and_over_ssh, wait_for};
use indoc::indoc;
use rustix::process::Signal;

/// Starts the run, waits until it has come to this point, and sends the signal.
#[track_caller]
fn interrupted_at(host: Host, repo: &Repo, marker: &str, signal: Signal) {
    let mut run = repo.start(host, &["-v"]);
    run.prints(marker).signal(signal);
    let ran = run.finish();
    let code = 128 + signal.as_raw();
    ran.ended(code, "interrupted").within(60);
    ran.leaves_nothing();
}

/// A repo whose tests say so, and then wait.
fn waits_in_its_tests() -> Repo {
    Repo::new("waits").compose(WEB).spec(&format!(
        "{WEB_IS_HEALTHY}test_command: 'echo testing; sleep 7005; echo done'\n"
    ))
}

here_and_over_ssh! {
    fn ctrl_c_before_anything_exists(host) {
        for stage in ["connect", "provision"] {
            let repo = Repo::new("int-early").compose(WEB).spec("test_command: 'true'\n");
            let held = repo.root().with_extension("held");
            let repo = repo.env("CARGO_E2E_FAILPOINT", &format!("{stage}:{}", held.display()));
            let mut run = repo.start(host, &[]);
            wait_for("the stage", Duration::from_mins(1), || held.exists());
            run.signal(Signal::INT);
            let ran = run.finish();
            // Nobody let it go on.
            std::fs::remove_file(&held).expect("it is held still");
            ran.ended(130, "interrupted").leaves_nothing();
            ran.no_stage("build");
        }
    }

    fn ctrl_c_during_up(host) {
        // The one-shot keeps `docker compose up` waiting.
        let repo = Repo::new("int-up")
            .compose(
                indoc! {"
                    services:
                      slow: {image: BUSYBOX, command: [sleep, '600']}
                      web:
                        image: BUSYBOX
                        command: [sleep, '600']
                        depends_on: {slow: {condition: service_completed_successfully}}
                "},
            )
            .spec("test_command: 'true'\n");
        interrupted_at(host, &repo, "slow-1", Signal::INT);
    }

    fn ctrl_c_during_ready(host) {
        let repo = Repo::new("int-ready").compose(WEB).spec(
            "test_command: 'true'\n\
             health_checks: [{name: web, url: 'http://localhost:PORT_A/missing', timeout: 100}]\n",
        );
        interrupted_at(host, &repo, "HTTP 404", Signal::INT);
    }

    fn ctrl_c_during_the_tests(host) {
        interrupted_at(host, &waits_in_its_tests(), "testing", Signal::INT);
    }

    fn sigterm_during_the_tests(host) {
        interrupted_at(host, &waits_in_its_tests(), "testing", Signal::TERM);
    }
}

#[test]
fn ctrl_c_on_a_terminal_reaches_the_whole_group_and_changes_nothing() {
    for spec in ["", "tests_run_on: client\n"] {
        let repo = Repo::new("int-group").compose(WEB).spec(&format!(
            "{WEB_IS_HEALTHY}{spec}test_command: 'echo testing; sleep 7010'\n"
        ));
        let mut run = repo.start(Host::Root, &[]);
        run.prints("testing").process().signal_group(Signal::INT);
        let ran = run.finish();
        ran.ended(130, "interrupted").leaves_nothing();
        // The evidence was fetched over the same connection.
        ran.stage("collect", "passed")
            .file_has("logs/web.log", "web is here");
    }
}

#[test]
fn a_terminal_that_goes_away_ends_the_run() {
    interrupted_at(Host::Dev, &waits_in_its_tests(), "testing", Signal::HUP);
}

#[test]
fn ctrl_c_during_the_build_ends_what_the_build_started() {
    let repo = Repo::new("int-build")
        .compose(WEB)
        .spec("test_command: 'true'\nbuild_command: 'echo building; sleep 7006 & sleep 7007'\n");
    interrupted_at(Host::Root, &repo, "building", Signal::INT);
}

#[test]
fn ctrl_c_removes_also_what_would_be_kept_on_failure() {
    let repo = waits_in_its_tests();
    let mut run = repo.start(Host::Root, &["--keep-on-failure"]);
    run.prints("testing").signal(Signal::INT);
    run.finish().ended(130, "interrupted").leaves_nothing();
}

#[test]
fn ctrl_c_keeps_what_was_asked_to_be_kept() {
    let repo = waits_in_its_tests();
    let mut run = repo.start(Host::Root, &["--keep"]);
    run.prints("testing").signal(Signal::INT);
    let ran = run.finish();
    ran.kept(130, "interrupted");
    let down = repo.cargo_e2e(&["down", ran.run_id(), "--host", "railiance01"]);
    assert_eq!(down.code, Some(0), "{down}");
    ran.leaves_nothing();
}

#[test]
fn members_that_never_ran_have_not_passed() {
    let member = |repo: Repo, name: &str| {
        let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n");
        repo.file(&format!("{name}/Cargo.toml"), &manifest)
            .file(&format!("{name}/src/lib.rs"), "")
            .file(&format!("{name}/e2e/compose.yml"), WEB)
            .file(
                &format!("{name}/e2e/e2e.yml"),
                &format!("name: SLUG-{name}\nports: isolated\ntest_command: 'true'\n"),
            )
    };
    let repo = Repo::new("int-members").file(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"one\", \"two\"]\n",
    );
    let repo = member(member(repo, "one"), "two");
    let held = repo.root().with_extension("held");
    let repo = repo.env(
        "CARGO_E2E_FAILPOINT",
        &format!("teardown:{}", held.display()),
    );
    let mut run = repo.start(Host::Local, &["--workspace"]);
    wait_for("teardown", Duration::from_mins(1), || held.exists());
    // The first has passed.
    run.signal(Signal::INT);
    std::fs::remove_file(&held).expect("it is held");
    let ran = run.finish();
    assert_eq!(ran.output().code, Some(130), "{}", ran.output());
    let begun = ran.stderr().matches("(run ").count();
    assert_eq!(begun, 1, "{}", ran.output());
    ran.leaves_nothing();
}

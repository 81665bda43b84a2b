//! Each verdict, in a pipe and on a terminal.

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY, quiet_web};
use e2e_tests::{Host, Ran, Repo};
use rustix::process::Signal;

use super::filters::settings;
use super::terminal;

const PASSES: &str = "test_command: 'echo 3 passed'\n";

fn web(spec: &str) -> Repo {
    Repo::new("screen")
        .compose(&quiet_web())
        .spec(&format!("{WEB_IS_HEALTHY}{spec}"))
}

/// Compares all that a run prints, as CI keeps it.
fn prints<'r>(name: &str, repo: &'r Repo, code: i32) -> Ran<'r> {
    let ran = printed(name, repo.run(Host::Local, &[]), repo, code);
    ran.leaves_nothing();
    ran
}

fn printed<'r>(name: &str, ran: Ran<'r>, repo: &Repo, code: i32) -> Ran<'r> {
    assert_eq!(ran.output().code, Some(code), "{}", ran.output());
    let all = format!("{}--- stdout\n{}", ran.stderr(), ran.output().stdout);
    settings(repo).bind(|| insta::assert_snapshot!(name, all));
    ran
}

#[test]
fn passed() {
    let repo = web(PASSES);
    let _ = prints("passed", &repo, 0);
    terminal::ends_as("passed_80", &repo, 80, 0);
    terminal::ends_as("passed_140", &repo, 140, 0);
}

#[test]
fn failed() {
    let repo = web("test_command: |\n  echo expected 3, got 4\n  exit 7\n");
    let failure = prints("failed", &repo, 100).file("failure.txt");
    terminal::ends_as("failed_80", &repo, 80, 100);
    terminal::ends_as("failed_140", &repo, 140, 100);
    settings(&repo).bind(|| insta::assert_snapshot!("failure.txt", failure));
}

#[test]
fn no_tests() {
    let spec = "test_command: 'true'\njunit: e2e/out.xml\n";
    let _ = prints("no_tests", &web(spec), 4);
}

#[test]
fn timed_out() {
    let _ = prints(
        "timed_out",
        &web("test_command: sleep 700\ntimeout: 2\n"),
        100,
    );
}

#[test]
fn unhealthy() {
    let spec = "health_checks: [{name: web, url: 'http://localhost:PORT_A/nope', timeout: 2}]\n";
    let repo = Repo::new("screen")
        .compose(WEB)
        .spec(&format!("{spec}{PASSES}"));
    let _ = prints("unhealthy", &repo, 98);
    terminal::ends_as("unhealthy_80", &repo, 80, 98);
}

#[test]
fn up_failed() {
    let repo = Repo::new("screen")
        .compose("services: {web: {image: BUSYBOX, command: [no-such-program]}}")
        .spec(PASSES);
    let _ = prints("up_failed", &repo, 98);
}

#[test]
fn build_failed() {
    let repo = web(&format!(
        "build_command: 'echo no compiler >&2; exit 3'\n{PASSES}"
    ));
    prints("build_failed", &repo, 101).file_has("build-output.log", "no compiler");
}

#[test]
fn setup_failed() {
    let _ = prints(
        "setup_failed",
        &web(&format!("setup_command: 'echo no table; exit 3'\n{PASSES}")),
        105,
    );
}

#[test]
fn spec_error() {
    let repo = Repo::new("screen")
        .compose(WEB)
        .spec("test_command: 'true'\nhealthcheks: []\ntimeout: soon\n");
    let _ = prints("spec_error", &repo, 96);
}

#[test]
fn host_error() {
    let repo = web(PASSES);
    let ended = repo.cargo_e2e(&["--host", "nowhere.invalid"]);
    assert_eq!(ended.code, Some(97), "{ended}");
    settings(&repo).bind(|| insta::assert_snapshot!("host_error", ended.stderr));
}

#[test]
fn internal_error() {
    let repo = web(PASSES);
    let stdout_is_full = ["sh", "-c", "exec \"$@\" >/dev/full", "sh"];
    let ran = repo.start_under(Host::Local, &stdout_is_full, &[]).finish();
    printed("internal_error", ran, &repo, 70).leaves_nothing();
}

#[test]
fn interrupted() {
    let repo = web("test_command: 'echo testing; sleep 7061'\n");
    let mut run = repo.start(Host::Local, &[]);
    run.prints("testing").signal(Signal::INT);
    printed("interrupted", run.finish(), &repo, 130).leaves_nothing();
    terminal::ends_by_ctrl_c_as("interrupted_80", &repo, 80, "testing");
}

/// A container of another owner is on its network.
#[test]
fn leaked() {
    let repo = web(
        "test_command: docker run -d --name SLUG-stranger --network $(docker network ls -q --filter \
         label=cargo-e2e.run=$E2E_RUN_ID) BUSYBOX sleep 600 >/dev/null\n",
    );
    let ran = repo.run_and_keep(Host::Local, &[]);
    let _ = Host::Local.says(&format!("docker rm -fv {}-stranger", repo.slug()));
    let down = repo.cargo_e2e(&["down", "--host", "local"]);
    assert_eq!(down.code, Some(0), "{down}");
    printed("leaked", ran, &repo, 99).leaves_nothing();
}

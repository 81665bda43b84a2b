//! Real runners, each with a test that passes, one that fails once and one that fails until it is
//! mended: what `retries` and `--last-failed` run of them, and what comes of it. Those of `PyPI` and
//! npm need `scripts/runners`.

mod projects;

use std::fs;
use std::process::Command;

use e2e_tests::{Host, Repo};
use projects::Project;

/// The names that tests wrote down since the last look, sorted.
fn ran(repo: &Repo) -> Vec<String> {
    let file = repo.path("ran.log");
    let text = fs::read_to_string(&file).unwrap_or_default();
    let _ = fs::remove_file(file);
    let mut names: Vec<String> = text.lines().map(str::to_owned).collect();
    names.sort();
    names
}

/// Runs what a shell makes of this text behind `cargo e2e`.
fn pasted(repo: &Repo, text: &str) -> Option<i32> {
    let own = repo.command();
    let variables = own
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let program = own.get_program().display();
    let output = Command::new("sh")
        .args(["-c", &format!("exec '{program}' e2e {text}")])
        .current_dir(repo.root())
        .envs(variables)
        .output();
    output.expect("a shell").status.code()
}

/// What fits no test is told before the stack comes up.
fn refuses_what_fits_nothing(repo: &Repo, project: &Project) {
    let arguments = [&["--"], project.nothing].concat();
    let refused = repo.run(Host::Local, &arguments);
    refused
        .ended(4, "no_tests")
        .no_stage("up")
        .stderr_has("no test fits what follows `--`: ");
    assert!(ran(repo).is_empty(), "{}", refused.output());
}

fn play(project: &Project) {
    let repo = project.repo();
    // The flaky one passes when it is tried again, the broken one does not; the third has no need.
    let first = repo.run(Host::Local, &[]);
    let (attempt, all_that_ran): (_, &[&str]) = if project.is_told_whole() {
        let all = &["broken", "broken", "flaky", "flaky", "passes", "passes"];
        ("attempt 2 of 2: test_command", all)
    } else {
        let all = &["broken", "broken", "flaky", "flaky", "passes"];
        ("attempt 2 of 2: 2 failed tests", all)
    };
    first
        .ended(100, "failed")
        .stderr_has(attempt)
        .stderr_has("after 2 attempts")
        .stderr_has("flaky: ")
        .file_has("junit.xml", "<flakyFailure ")
        .file_has("junit.xml", "<rerunFailure ");
    assert_eq!(ran(&repo), all_that_ran, "{}", first.output());
    let flaky = first.recorded_as("tests", project.flaky);
    assert_eq!(
        (&flaky["status"], &flaky["flaky"]),
        (&"passed".into(), &true.into())
    );
    let broken = first.recorded_as("tests", project.broken);
    assert_eq!(broken["status"], "failed");
    assert_eq!(broken["attempts"].as_array().map(Vec::len), Some(2));
    // What is offered to paste runs that test alone, twice, since it fails.
    let again = first.stderr().lines().find_map(|line| {
        let line = line.trim().strip_prefix("next  cargo e2e ")?;
        Some(line.replace("--keep-on-failure ", ""))
    });
    let again = again.expect("there is one");
    assert_eq!(pasted(&repo, &again), Some(100), "{again}");
    assert_eq!(ran(&repo), ["broken", "broken"], "{again}");
    if !project.is_told_whole() {
        refuses_what_fits_nothing(&repo, project);
    }
    // Mended, it is all that runs.
    let id = first.run_id().to_owned();
    let repo = repo.file("fixed", "");
    let mended = repo.run(Host::Local, &["--last-failed"]);
    mended
        .ended(0, "passed")
        .stderr_has("only 1 failed test of run ");
    assert_eq!(ran(&repo), ["broken"], "{}", mended.output());
    // Nothing failed: nothing runs, and that is no pass.
    let none = repo.cargo_e2e(&["--last-failed"]);
    assert_eq!(none.code, Some(4), "{none}");
    assert!(none.stderr.contains("no test failed in run "), "{none}");
    assert!(ran(&repo).is_empty());
    // The first run is known by its id still.
    let old = repo.run(Host::Local, &["--last-failed", &id[18..]]);
    old.ended(0, "passed");
    assert_eq!(ran(&repo), ["broken"]);
}

#[test]
fn cargo_nextest() {
    play(&projects::NEXTEST);
}

#[test]
fn cargo_test() {
    let project = &projects::CARGO_TEST;
    refuses_what_fits_nothing(&project.repo(), project);
}

#[test]
#[ignore = "needs a runner of PyPI: make runners"]
fn go() {
    let project = &projects::GO;
    refuses_what_fits_nothing(&project.repo(), project);
}

#[test]
#[ignore = "needs a runner of PyPI and one of Debian: make runners"]
fn gotestsum() {
    play(&projects::GOTESTSUM);
}

#[test]
#[ignore = "needs a runner of PyPI: make runners"]
fn pytest() {
    play(&projects::PYTEST);
    // By an expression, since the command names what is collected.
    play(&projects::PYTEST_OF_A_FOLDER);
}

#[test]
#[ignore = "needs a runner of npm: make runners"]
fn jest() {
    play(&projects::JEST);
}

#[test]
#[ignore = "needs a runner of npm: make runners"]
fn vitest() {
    play(&projects::VITEST);
}

#[test]
#[ignore = "needs a runner of npm: make runners"]
fn playwright() {
    play(&projects::PLAYWRIGHT);
}

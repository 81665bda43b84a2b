//! What is kept of a run on this machine, whatever happens to it.

use e2e_tests::stacks::WEB;
use e2e_tests::{Host, Repo};
use rustix::process::Signal;

#[test]
fn a_run_that_is_killed_is_recorded_by_the_next_one() {
    let repo = Repo::new("killed").compose(WEB).spec(
        "health_checks: [{name: web, url: 'http://localhost:PORT_A/'}]\n\
         test_command: 'echo testing; sleep 7020'\n",
    );
    let mut run = repo.start(Host::Dev, &[]);
    let id = run.prints("testing").run_id();
    run.signal(Signal::KILL);
    let _ = run.finish();
    assert!(repo.stored(&id).is_none());
    let down = repo.cargo_e2e(&["down", &id, "--host", "railiance01-dev"]);
    assert_eq!(down.code, Some(0), "{down}");

    let next = repo.file("e2e/e2e.yml", "name: SLUG\ntest_command: 'true'\n");
    let ran = next.run(Host::Dev, &[]);
    ran.ended(0, "passed").stderr_has(&format!(
        "run {id} of {} on railiance01-dev was killed during test",
        next.slug()
    ));
    let record = next.stored(&id).expect("it was recorded");
    assert_eq!(
        (&record["verdict"], &record["exit_code"]),
        (&"interrupted".into(), &137.into())
    );
    assert_eq!(record["health_checks"][0]["status"], "passed");
    let stages = record["stages"].as_array().expect("a list");
    assert_eq!(
        stages.last().map(|stage| &stage["status"]),
        Some(&"interrupted".into())
    );
    assert_eq!(
        record["leftovers"][0],
        format!("sandbox {id} (its state is not known)")
    );
    let bundle = next.path(&format!("e2e/results/{id}/run.json"));
    assert!(bundle.exists());
    // And only once.
    next.run(Host::Dev, &[])
        .ended(0, "passed")
        .stderr_lacks("was killed");

    let history = next.cargo_e2e(&["history"]);
    assert!(
        history
            .stdout
            .contains(": 2 of 3 passed (100 % of the 2 judged)"),
        "{history}"
    );
    assert!(history.stdout.contains("1 interrupted"), "{history}");
    let history = next.cargo_e2e(&["history", "--json", "--repo", next.slug()]);
    let json: serde_json::Value = serde_json::from_str(&history.stdout).expect("JSON");
    assert_eq!(json["repos"][0]["runs"], 3);
}

#[test]
fn a_record_that_can_not_be_stored_is_printed() {
    let repo = Repo::new("no-store")
        .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
        .spec("test_command: exit\n");
    std::fs::create_dir_all(repo.state().join("cargo-e2e")).expect("a folder");
    std::fs::write(repo.state().join("cargo-e2e/runs"), "no folder").expect("a file");
    for (given, code, verdict) in [("0", 70, "internal_error"), ("3", 100, "failed")] {
        let ran = repo.run(Host::Local, &["--", given]);
        assert_eq!(ran.output().code, Some(code), "{}", ran.output());
        let printed = ran.output().stdout.lines().last().expect("a line");
        let record: serde_json::Value = serde_json::from_str(printed).expect("a record");
        assert_eq!(record["verdict"], verdict);
        ran.stderr_has("the record could not be stored");
    }
}

/// One test that passes and one that does not, in pytest.
fn pytest(name: &str) -> Repo {
    Repo::new(name)
        .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
        .spec("test_command: python3 -m pytest -q --junitxml=e2e/out.xml e2e/tests\njunit: e2e/out.xml\n")
        .file("e2e/tests/test_x.py", "def test_good():\n    pass\n\n\ndef test_bad():\n    assert 3 == 4\n")
        // An older one, which git would ship.
        .file("e2e/out.xml", "<testsuites/>")
}

#[test]
fn what_pytest_counts_is_told_to_people_ci_and_other_programs() {
    let repo = pytest("counted")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", "/dev/null");
    let ran = repo.run(Host::Root, &["--message-format", "json"]);
    ran.ended(100, "failed")
        .stderr_has("- e2e.tests.test_x::test_bad: assert 3 == 4");
    assert_eq!(
        ran.recorded_as("tests", "e2e.tests.test_x::test_good")["status"],
        "passed"
    );
    ran.stderr_has("::error title=e2e.tests.test_x%3A%3Atest_bad,file=e2e/tests/test_x.py,line=6::assert 3 == 4");
    ran.file_has("junit.xml", "<testcase name=\"e2e.tests.test_x::test_bad\"")
        .file_has("junit.xml", "<failure message=\"assert 3 == 4\"")
        .file_has("junit.xml", "<testcase name=\"teardown\"");
    let mut names = Vec::new();
    let mut output = String::new();
    for line in ran.output().stdout.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("stdout has events only");
        assert_eq!(event["schema"], 1, "{event}");
        if event["event"] == "test_output" {
            output.push_str(event["text"].as_str().expect("text"));
        }
        names.push(event["event"].as_str().expect("a name").to_owned());
    }
    assert_eq!(
        (names[0].as_str(), names[names.len() - 1].as_str()),
        ("run_started", "run_finished")
    );
    assert_eq!(output, ran.file("test-output.log"));

    let none = repo.run(Host::Root, &["--", "-k", "nothing"]);
    none.ended(4, "no_tests").stderr_has("no test ran");
}

//! `retries`, `flaky` and `--last-failed`, with a stand-in for pytest that writes down its arguments
//! and plays what `play` says; `tests/runners` has real runners.

use e2e_tests::{Host, Repo, here_and_over_ssh};
use indoc::indoc;

/// Plays the line of `play` for this attempt: its status, and each test with how it ends.
const STANDIN: &str = indoc! {r#"
    #!/bin/sh
    # It is asked what it would run before it runs it.
    case " $* " in *' --collect-only '*) exit 0 ;; esac
    state=$E2E_CACHE/attempts
    echo x >>"$state"
    attempt=$(wc -l <"$state")
    echo "attempt $((attempt)): $*"
    line=$(sed -n "$((attempt))p" play)
    set -- $line
    status=$1
    shift
    {
      echo '<testsuites><testsuite name="s">'
      for test in "$@"; do
        end=${test#*=}
        echo "<testcase classname='tests.test_orders' name='${test%%=*}' time='0.1'>"
        [ "$end" = passed ] || echo "<$end message='not yet'/>"
        echo '</testcase>'
      done
      echo '</testsuite></testsuites>'
    } >out.xml
    exit "$status"
"#};

fn repo(name: &str, spec: &str, play: &str) -> Repo {
    let spec = format!("test_command: e2e/pytest --junitxml=out.xml\njunit: out.xml\n{spec}");
    Repo::new(name)
        .compose("services: {web: {image: BUSYBOX, init: true, command: [sleep, '600']}}")
        .spec(&spec)
        .executable("e2e/pytest", STANDIN)
        .file("tests/test_orders.py", "")
        .file("play", play)
}

here_and_over_ssh! {
    fn only_failed_tests_are_tried_again_and_each_attempt_is_recorded(host) {
        let repo = repo(
            "retries",
            "retries: 2\n",
            "1 list=passed ship=failure pay=failure\n\
             1 ship=passed pay=failure\n\
             0 pay=passed\n\
             1 list=passed ship=failure pay=failure\n\
             0 ship=passed\n\
             0 ship=passed\n\
             0 pay=passed\n",
        );
        let ran = repo.run(host, &["--", "-v"]);
        ran.ended(0, "passed")
            .stdout_has("attempt 1: --junitxml=out.xml -v --maxfail=0\n")
            .stdout_has("attempt 2: --junitxml=out.xml -v --maxfail=0 tests/test_orders.py::pay tests/test_orders.py::ship\n")
            .stdout_has("attempt 3: --junitxml=out.xml -v --maxfail=0 tests/test_orders.py::pay\n")
            .stderr_has("attempt 2 of 3: 2 failed tests")
            .stderr_has("flaky: tests.test_orders::pay passed on attempt 3; before that: not yet")
            .stderr_has("3 tests (2 flaky)")
            .file_has("junit.xml", "<flakyFailure type=\"failed\" message=\"not yet\">")
            .file_has("ctrf.json", "\"retries\": 2");
        let pay = ran.recorded_as("tests", "tests.test_orders::pay");
        assert_eq!((&pay["status"], &pay["flaky"]), (&"passed".into(), &true.into()));
        let attempts = pay["attempts"].as_array().expect("all of them");
        let statuses: Vec<&str> = attempts.iter().filter_map(|one| one["status"].as_str()).collect();
        assert_eq!(statuses, ["failed", "failed", "passed"]);
        assert_eq!(ran.recorded_as("tests", "tests.test_orders::list").get("attempts"), None);
        // One that does not run again has failed, whatever the status says.
        let ran = repo.run(host, &[]);
        ran.ended(100, "failed")
            .stderr_has("1 failed test (tests.test_orders::pay) after 3 attempts")
            .stderr_has("next  cargo e2e --host")
            .stderr_has(" -- tests/test_orders.py::pay\n");
        assert_eq!(ran.recorded_as("tests", "tests.test_orders::ship")["flaky"], true);
        // The last run counts, and of it what failed.
        let ran = repo.run(host, &["--last-failed", "--", "-v"]);
        ran.ended(0, "passed")
            .stderr_has("only 1 failed test of run ")
            .stdout_has(": --junitxml=out.xml -v tests/test_orders.py::pay --maxfail=0\n");
        let none = repo.cargo_e2e(&["--host", &host.name(), "--last-failed"]);
        assert_eq!(none.code, Some(4), "{none}");
        assert!(none.stderr.contains("no test failed in run "), "{none}");
    }
}

#[test]
fn a_flaky_test_may_be_a_failure() {
    let play = "1 list=passed ship=failure\n0 ship=passed\n";
    let ran = repo("retries-flaky", "retries: 1\nflaky: fail\n", play);
    let ran = ran.run(Host::Local, &[]);
    ran.ended(100, "failed")
        .stderr_has("test_command ended with 0, but 1 flaky test (tests.test_orders::ship), and `flaky` is `fail`")
        .stderr_has(" -- tests/test_orders.py::ship\n");
    let ship = ran.recorded_as("tests", "tests.test_orders::ship");
    assert_eq!(
        (&ship["status"], &ship["flaky"]),
        (&"failed".into(), &true.into())
    );
}

#[test]
fn without_a_known_runner_all_of_it_is_tried_again() {
    let repo = repo(
        "retries-whole",
        "",
        "1 list=passed ship=failure\n0 list=passed ship=passed\n1 ship=failure\n",
    )
    .spec("test_command: sh e2e/pytest\njunit: out.xml\nretries: 1\n");
    let ran = repo.run(Host::Local, &[]);
    ran.ended(0, "passed")
        .stderr_has("attempt 2 of 2: test_command")
        .stdout_has("attempt 2: \n");
    let repo = repo.spec("test_command: sh e2e/pytest\njunit: out.xml\n");
    repo.run(Host::Local, &[]).ended(100, "failed");
    let unknown = repo.cargo_e2e(&["--last-failed"]);
    assert_eq!(unknown.code, Some(2), "{unknown}");
    assert!(
        unknown
            .stderr
            .contains("`test_command` can't be told to run the 1 failed test of run"),
        "{unknown}"
    );
    // One that records nothing is one test.
    let repo = repo.spec("test_command: test -e \"$E2E_CACHE/once\" || { touch \"$E2E_CACHE/once\"; false; }\nretries: 1\n");
    let ran = repo.run(Host::Local, &[]);
    ran.ended(0, "passed");
    let one = ran.recorded_as("tests", "test_command");
    assert_eq!(
        (&one["status"], &one["flaky"]),
        (&"passed".into(), &true.into())
    );
}

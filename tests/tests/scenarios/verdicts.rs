//! Runs whose sources disagree: the worst word wins, and the line that people see says whose it is.

use e2e_tests::rust::package;
use e2e_tests::{Host, Repo, here_and_over_ssh};
use indoc::indoc;

/// One test that passed and one that failed.
const ONE_FAILED: &str = "<testsuites><testsuite name='s'>\
     <testcase classname='orders' name='list' time='0.1'/>\
     <testcase classname='orders' name='ship' time='0.1'><failure message='3 is not 4'/></testcase>\
     </testsuite></testsuites>";

const PASSED: &str = "<testsuites><testsuite name='s'>\
     <testcase classname='orders' name='list' time='0.1'/></testsuite></testsuites>";

/// A test of `E2E_EVENTS` with this status.
fn event(test: &str, status: &str) -> String {
    let at = "2026-01-01T00:00:00Z";
    format!(
        "{{\"event\":\"test_started\",\"test\":\"{test}\",\"attempt\":1,\"at\":\"{at}\"}}\n\
         {{\"event\":\"test_ended\",\"test\":\"{test}\",\"attempt\":1,\"status\":\"{status}\",\
         \"duration_ms\":5,\"message\":null,\"at\":\"{at}\"}}\n"
    )
}

/// A repo with a stack and these lines in its e2e.yml.
fn repo(name: &str, spec: &str) -> Repo {
    Repo::new(name)
        .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
        .spec(spec)
        .file("one-failed.xml", ONE_FAILED)
        .file("passed.jsonl", &event("cancel", "passed"))
        .file("failed.jsonl", &event("ship", "failed"))
}

here_and_over_ssh! {
    fn a_failed_test_of_the_junit_file_is_no_pass(host) {
        // As `pytest --junitxml=e2e/out.xml | tee log` leaves it.
        let repo = repo(
            "law-junit",
            "junit: e2e/out.xml\ntest_command: '(cp one-failed.xml e2e/out.xml; exit 1) | cat || true'\n",
        )
        .env("GITHUB_ACTIONS", "true");
        let ran = repo.run(host, &[]);
        ran.ended(100, "failed")
            .stage("test", "failed")
            .stderr_has("test_command ended with 0, but e2e/out.xml has 1 failed test (orders::ship)")
            .stderr_has("1 of 2 tests")
            .stdout_has("::error title=orders%3A%3Aship::3 is not 4");
        assert_eq!(ran.recorded_as("tests", "orders::ship")["status"], "failed");
        assert_eq!(ran.recorded_as("tests", "orders::list")["status"], "passed");
    }

    fn a_junit_file_that_is_not_written_is_no_pass(host) {
        // Git ships an older one, which does not count.
        let repo = repo("law-unwritten", "junit: e2e/out.xml\ntest_command: 'true'\n")
            .file("e2e/out.xml", "<testsuites><testsuite name='s'><testcase name='old'/></testsuite></testsuites>");
        let ran = repo.run(host, &[]);
        ran.ended(4, "no_tests")
            .stderr_has("test_command ended with 0, but e2e/out.xml was not written");
    }

    fn every_entry_of_junit_must_name_a_file_of_this_run(host) {
        // Git ships an older report that the glob matches, and which does not count.
        let repo = repo(
            "law-files",
            "junit: [e2e/unit.xml, 'reports/**/*.xml']\n\
             test_command: cp passed.xml e2e/unit.xml; sh more.sh\n",
        )
        .file("passed.xml", PASSED)
        .file("reports/old.xml", ONE_FAILED)
        .file("more.sh", "true\n");
        repo.run(host, &[])
            .ended(4, "no_tests")
            .stderr_has("test_command ended with 0, but reports/**/*.xml matches no file that this run wrote");
        let repo = repo.file(
            "more.sh",
            "mkdir -p reports/web && cp passed.xml reports/web/a.xml && cp passed.xml 'reports/b c.xml'\n",
        );
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed");
        for test in ["unit::orders::list", "a::orders::list", "b c::orders::list"] {
            assert_eq!(ran.recorded_as("tests", test)["status"], "passed");
        }
        let repo = repo.file("more.sh", "mkdir reports/web && cp one-failed.xml reports/web/a.xml\n");
        let ran = repo.run(host, &[]);
        ran.ended(100, "failed")
            .stderr_has("but reports/web/a.xml has 1 failed test (orders::ship)");
    }

    fn a_failing_line_of_several_fails_the_tests(host) {
        let ran = repo("law-lines", "test_command: |\n  false\n  echo went on\n");
        let ran = ran.run(host, &[]);
        ran.ended(100, "failed").stdout_lacks("went on").stderr_has("the tests failed (exit status 1)");
    }

    fn a_failing_line_of_several_fails_the_setup(host) {
        let repo = repo("law-setup", "setup_command: |\n  (exit 9)\n  echo went on\ntest_command: 'true'\n");
        repo.run(host, &[])
            .ended(105, "setup_failed")
            .stderr_has("`setup_command` ended with exit status 9");
    }

    fn a_failing_line_of_several_fails_the_build(host) {
        // Else what an earlier build left would be tested.
        let repo = repo("law-build", "build_command: |\n  (exit 9)\n  echo went on\ntest_command: 'true'\n");
        repo.run(host, &[])
            .ended(101, "build_failed")
            .stderr_has("`build_command` ended with exit status 9")
            .stderr_lacks("went on")
            .no_stage("test");
    }

    fn a_failed_test_that_was_told_is_no_pass(host) {
        let repo = repo(
            "law-events",
            "test_command: 'cat passed.jsonl failed.jsonl >\"$E2E_EVENTS\"; false || true'\n",
        );
        let ran = repo.run(host, &[]);
        ran.ended(100, "failed")
            .stderr_has("test_command ended with 0, but E2E_EVENTS has 1 failed test (ship)");
        assert_eq!(ran.recorded_as("tests", "ship")["status"], "failed");
    }
}

#[test]
fn the_file_counts_beside_what_tests_tell() {
    let repo = repo(
        "law-both",
        "junit: e2e/out.xml\ntest_command: 'cat passed.jsonl >\"$E2E_EVENTS\"; cp one-failed.xml e2e/out.xml'\n",
    );
    let ran = repo.run(Host::Local, &[]);
    ran.ended(100, "failed")
        .stderr_has("e2e/out.xml has 1 failed test (orders::ship)");
    let tests = ran.record()["tests"].as_array().expect("a list").len();
    assert_eq!(tests, 3, "{:#}", ran.record());
}

#[test]
fn another_test_of_one_name_is_no_second_try() {
    let command = "test_command: 'cat failed.jsonl then.jsonl >\"$E2E_EVENTS\"'\n";
    let passed = event("ship", "passed");
    let failed = "test_command ended with 0, but E2E_EVENTS has 1 failed test (ship)";
    for then in [passed.clone(), passed.replace("\"attempt\":1,", "")] {
        let repo = repo("law-twins", command).file("then.jsonl", &then);
        let ran = repo.run(Host::Local, &[]);
        ran.ended(100, "failed").stderr_has(failed);
        let tests = ran.record()["tests"].as_array().expect("a list").len();
        assert_eq!(tests, 1, "{:#}", ran.record());
    }
    let second = passed.replace("\"attempt\":1", "\"attempt\":2");
    let repo = repo("law-retry", command).file("then.jsonl", &second);
    let ran = repo.run(Host::Local, &[]);
    ran.ended(0, "passed");
    assert_eq!(ran.recorded_as("tests", "ship")["status"], "passed");
}

#[test]
fn a_test_that_did_not_end_is_no_pass() {
    let repo = repo(
        "law-no-end",
        "test_command: 'head -n 1 failed.jsonl >\"$E2E_EVENTS\"'\n",
    );
    repo.run(Host::Local, &[])
        .ended(100, "failed")
        .stderr_has("test_command ended with 0, but E2E_EVENTS has 1 test that did not end (ship)");
}

#[test]
fn a_file_of_an_earlier_run_does_not_count_on_the_client() {
    let repo = repo(
        "law-stale",
        "junit: [e2e/out.xml, 'e2e/o*.xml']\ntests_run_on: client\ntest_command: '[ \"$#\" = 0 ] || cp -p passed.xml e2e/out.xml'\n",
    );
    let passed = "<testsuites><testsuite name='s'><testcase name='new'/></testsuite></testsuites>";
    let repo = repo.file("passed.xml", passed).file("e2e/out.xml", passed);
    // A clock that was ahead when it was written.
    let ahead = std::time::SystemTime::now() + std::time::Duration::from_hours(1);
    let opened = std::fs::File::options()
        .append(true)
        .open(repo.path("e2e/out.xml"));
    let opened = opened.expect("it is ours");
    opened.set_modified(ahead).expect("it is ours");
    repo.run(Host::Local, &[])
        .ended(4, "no_tests")
        .stderr_has("e2e/out.xml was not written");
    // And one that a runner writes with an old time does.
    let old = std::fs::File::options()
        .append(true)
        .open(repo.path("passed.xml"));
    old.expect("it is ours")
        .set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_hours(1))
        .expect("it is ours");
    let repo = repo.file("e2e/e2e.yml", "name: SLUG\njunit: 'e2e/o*.xml'\ntests_run_on: client\ntest_command: cp -p passed.xml e2e/out.xml\n");
    let ran = repo.run(Host::Local, &[]);
    ran.ended(0, "passed");
    assert_eq!(ran.recorded_as("tests", "new")["status"], "passed");
}

#[test]
fn a_service_that_writes_no_file_is_no_pass() {
    let compose = indoc! {"
        services:
          tests:
            image: BUSYBOX
            profiles: [test]
            command: ['true']
          web: {image: BUSYBOX, command: [sleep, '600']}
    "};
    let repo = Repo::new("law-service")
        .compose(compose)
        .spec("test_service: tests\njunit: out.xml\n");
    repo.run(Host::Local, &[])
        .ended(4, "no_tests")
        .stderr_has("tests ended with 0, but out.xml was not written");
    let repo = repo.file(
        "e2e/e2e.yml",
        indoc! {"
            name: SLUG
            test_service: tests
            test_command: |
              false
              echo went on
        "},
    );
    repo.run(Host::Local, &[])
        .ended(100, "failed")
        .stdout_lacks("went on");
}

#[test]
fn a_shell_of_ones_own_is_used_as_it_is() {
    let repo = repo(
        "law-shell",
        "shell: [bash, -uo, pipefail, -c]\ntest_command: |\n  false\n  [[ ${BASH_VERSION} ]] && echo went on with\n",
    );
    repo.run(Host::Local, &["--", "an argument"])
        .ended(0, "passed")
        .stdout_has("went on with an argument");
    let repo = repo.file(
        "e2e/e2e.yml",
        "name: SLUG\nshell: bash\ntest_command: sh -c 'exit 3' | cat\n",
    );
    repo.run(Host::Local, &[])
        .ended(100, "failed")
        .stderr_has("exit status 3");
    let repo = repo.file(
        "e2e/e2e.yml",
        "name: SLUG\nshell: bash\nbuild_command: sh -c 'exit 3' | cat\ntest_command: 'true'\n",
    );
    repo.run(Host::Local, &[])
        .ended(101, "build_failed")
        .stderr_has("`build_command` ended with exit status 3");
}

#[test]
fn every_test_of_every_target_is_accounted_for() {
    let silent = indoc! {r#"
        fn main() -> std::process::ExitCode {
            let asks = std::env::args().any(|one| one == "--list");
            if asks { return e2e_harness::__private::main(); }
            std::process::ExitCode::SUCCESS
        }
        #[e2e_harness::test]
        fn pays() { panic!("no row"); }
    "#};
    let targets = indoc! {r#"
        [[test]]
        name = "second"
        harness = false
        [[test]]
        name = "third"
        harness = false
    "#};
    let repo = package("accounted", "")
        .file(
            "tests/e2e.rs",
            "#[e2e_harness::test]\nfn passes() {}\ne2e_harness::main!();\n",
        )
        .file("tests/second.rs", "e2e_harness::main!();\n")
        .file("tests/third.rs", silent);
    let manifest = std::fs::read_to_string(repo.path("Cargo.toml")).expect("a manifest");
    let with = |names: &str| {
        manifest.replacen(
            "[dev-dependencies]",
            &format!("[package.metadata.e2e]\ntests = [{names}]\n[dev-dependencies]"),
            1,
        ) + targets
    };
    let repo = repo.file("Cargo.toml", &with("\"e2e\", \"second\""));
    repo.run(Host::Local, &[])
        .ended(4, "no_tests")
        .stderr_has("no test ran in 1 test target (second)");
    // A filter may leave one of them without tests.
    repo.run(Host::Local, &["--", "passes"]).ended(0, "passed");
    let repo = repo.file("Cargo.toml", &with("\"e2e\", \"third\""));
    repo.run(Host::Local, &[])
        .ended(100, "failed")
        .stderr_has("left no record of 1 test (third::pays)");
}

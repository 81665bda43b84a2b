//! Tests that run as a service of the stack.

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Host, Repo, here_and_over_ssh};
use indoc::formatdoc;

/// [`WEB`], and a service in a profile that is not active.
fn stack(command: &str) -> String {
    formatdoc!(
        "
            {WEB}  tests:
                image: BUSYBOX
                profiles: [test]
                user: '1234'
                command: {command}
        "
    )
}

here_and_over_ssh! {
    fn only_the_services_that_are_named_come_up_with_what_they_need(host) {
        let repo = Repo::new("few").compose(
            "services:\n  web: {image: BUSYBOX, command: [sleep, '600'], profiles: [x], depends_on: [db]}\n  \
             db: {image: BUSYBOX, command: [sleep, '600']}\n  other: {image: no.such.registry.invalid/x}\n",
        ).spec("services: [web]\ntest_command: 'true'\n");
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed");
        let services = ran.record()["services"].clone();
        let names: Vec<_> = services.as_array().expect("a list").iter().map(|one| one["name"].clone()).collect();
        assert_eq!(names, ["db", "web"]);
    }

    fn tests_run_on_the_compose_network(host) {
        let repo = Repo::new("service")
            .compose(&stack(
                "[sh, -c, 'set -e; wget -qO- http://$$E2E_WEB_8080/; wget -qO- $$E2E_HEALTH_WEB; echo \"$$E2E_WEB_8080 $$MORE\"; \
                 echo kept >$$E2E_ARTIFACTS/file']",
            ))
            .spec(&format!("{WEB_IS_HEALTHY}test_service: tests\nenv: {{MORE: 'to ${{E2E_WEB_HOST}} for $$5'}}\n"));
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed").stdout_has("hello\nhello\nweb:8080 to web for $5\n");
        ran.file_has("artifacts/file", "kept");
        assert_eq!(ran.record()["tests"][0]["name"], "tests");
    }

    fn its_exit_status_is_the_tests(host) {
        let repo = Repo::new("service-fails")
            .compose(&stack("[sh, -c, 'echo \"got $$*\"; exit 7', sh]"))
            .spec(&format!("{WEB_IS_HEALTHY}test_service: tests\n"));
        let ran = repo.run(host, &["--", "a  b", "c"]);
        ran.ended(100, "failed").stdout_has("got a  b c").stderr_has("exit status 7");
    }

    fn one_that_hangs_is_ended(host) {
        let repo = Repo::new("service-hangs")
            .compose(&stack("[sleep, '600']"))
            .spec(&format!("{WEB_IS_HEALTHY}test_service: tests\ntimeout: 2\n"));
        repo.run(host, &[]).ended(100, "timed_out");
    }
}

#[test]
fn a_test_command_runs_in_the_service() {
    let repo = Repo::new("service-command")
        .compose(&stack("[sleep, '600']"))
        .spec(&format!(
            "{WEB_IS_HEALTHY}test_service: tests\ntest_command: id -u; echo\n"
        ));
    let plan = repo.cargo_e2e(&["plan"]);
    let tests: Vec<&str> = plan
        .stdout
        .lines()
        .filter(|line| line.starts_with("tests "))
        .collect();
    let expected =
        "tests       id -u; echo in the service tests (on the compose network, at most 5m00s)";
    assert_eq!(tests, [expected], "{plan}");
    let ran = repo.run(Host::Dev, &["--", "an argument"]);
    ran.ended(0, "passed").stdout_has("1234\nan argument");
}

#[test]
fn an_entrypoint_that_is_not_made_for_commands_gives_way() {
    let compose = "services:\n  web: {image: BUSYBOX, command: [sleep, '600']}\n  \
         tests: {build: ../tests, profiles: [test]}\n";
    let dockerfile =
        "FROM BUSYBOX\nENTRYPOINT [\"echo\", \"of the image\"]\nCMD [\"and its command\"]\n";
    let repo = Repo::new("entrypoint")
        .compose(compose)
        .file("tests/Dockerfile", dockerfile)
        .spec("test_service: tests\ntest_command: echo never && exit 7\n");
    // It reads the command as words to say.
    repo.run(Host::Local, &[])
        .ended(0, "passed")
        .stdout_has("of the image sh -e -c");
    let with = |rest: &str| format!("name: SLUG\ntest_service: tests\n{rest}");
    let repo = repo.file(
        "e2e/e2e.yml",
        &with("entrypoint: []\ntest_command: echo here && exit 7\n"),
    );
    repo.run(Host::Local, &[])
        .ended(100, "failed")
        .stdout_has("here")
        .stderr_has("exit status 7");
    let repo = repo.file(
        "e2e/e2e.yml",
        &with("entrypoint: [echo, 'its  own', $HOME]\n"),
    );
    repo.run(Host::Local, &["--", "and arguments"])
        .ended(0, "passed")
        .stdout_has("its  own $HOME and arguments\n");
}

#[test]
fn a_service_that_is_not_there_is_named() {
    let repo = Repo::new("service-typo")
        .compose(&stack("[sleep, '600']"))
        .spec(&format!("{WEB_IS_HEALTHY}test_service: test\n"));
    let ran = repo.run(Host::Dev, &[]);
    ran.ended(96, "spec_error")
        .stderr_has("`test_service` names test, which the compose file does not have")
        .stderr_has("did you mean `tests`?");
    for looked in [&["check"][..], &["plan"], &["check", "--strict"]] {
        let looked = repo.cargo_e2e(looked);
        assert_eq!(looked.code, Some(96), "{looked}");
        let said = "error: `test_service` names test, which the compose file does not have\n  help: did you mean `tests`?";
        assert!(looked.stderr.contains(said), "{looked}");
        assert!(!looked.stderr.contains("Compose refuses"), "{looked}");
    }
}

#[test]
fn a_dockerfile_begins_with_what_this_run_built() {
    let repo = Repo::new("from")
        .compose(
            "services: {base: {image: 'SLUG-base:dev', build: ../base, command: ['true']}, \
             tests: {build: ../tests, depends_on: [base], command: [cat, /word]}}",
        )
        .file(
            "base/Dockerfile",
            "FROM BUSYBOX\nRUN echo of this run >/word\n",
        )
        .file("tests/Dockerfile", "FROM SLUG-base:dev\n")
        .spec("test_service: tests\n");
    let tag = format!("{}-base:dev", repo.slug());
    let old = repo.filled_in("FROM BUSYBOX\\nRUN echo of last week >/word\\n");
    let _ = Host::Local.says(&format!("printf '{old}' | docker build -q -t {tag} -"));
    let ran = repo.run(Host::Local, &[]);
    let _ = Host::Local.says(&format!("docker rmi {tag}"));
    ran.ended(0, "passed").stdout_has("of this run");
}

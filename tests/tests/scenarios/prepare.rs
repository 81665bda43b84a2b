//! `prepare_command`, and what else runs before the stack.

use e2e_tests::{Host, Repo, here_and_over_ssh};
use rustix::process::Signal;

here_and_over_ssh! {
    fn what_compose_reads_is_prepared_on_the_host(host) {
        let repo = Repo::new("prepare")
            .compose(
                "services: {web: {image: BUSYBOX, env_file: ../made.env, volumes: ['../made/key:/key:ro'], \
                 ports: ['127.0.0.1:PORT_A:8080'], command: [sh, -c, 'echo \"$$WORD\" >/word; sleep 600']}}",
            )
            .spec(
                "prepare_command: |\n  \
                   echo \"preparing $GREETING with $TOKEN, address ${ADDRESS:-unknown}, ${E2E_WEB_8080:-no port}\"\n  \
                   echo WORD=prepared >made.env\n  mkdir made && echo key >made/key\n\
                 env: {GREETING: hello, ADDRESS: '${E2E_WEB_8080}'}\nsecrets: [TOKEN]\n\
                 test_command: cd e2e; docker exec $(docker ps -q --filter label=cargo-e2e.run=$E2E_RUN_ID) cat /word /key\n",
            )
            .env("TOKEN", "s3cret-of-prepare");
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed")
            .stage("prepare", "passed")
            .stage_says("prepare", "prepare_command passed")
            .stdout_has("prepared\nkey\n")
            .file_has("prepare-output.log", "preparing hello with ***, address unknown, no port");
        let checked = repo.cargo_e2e(&["check"]);
        assert_eq!(checked.code, Some(0), "{checked}");
        assert!(checked.stderr.contains("`prepare_command` may make what is missing"), "{checked}");
    }

    fn what_prepare_leaves_undone_fails_the_run(host) {
        let repo = Repo::new("prepare-fails")
            .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
            .spec("prepare_command: |\n  echo no certificate\n  (exit 9)\n  echo went on\ntest_command: echo never\n");
        let ran = repo.run(host, &[]);
        ran.ended(105, "setup_failed")
            .stage("prepare", "failed")
            .no_stage("up")
            .stderr_has("`prepare_command` ended with exit status 9")
            .stderr_has("no certificate")
            .stderr_lacks("went on")
            .stdout_lacks("never");
    }
}

#[test]
fn ctrl_c_ends_what_prepare_started() {
    let repo = Repo::new("prepare-int")
        .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
        .spec("prepare_command: 'setsid sleep 7021 & echo preparing; sleep 7022'\ntest_command: 'true'\n");
    let mut run = repo.start(Host::Root, &["-v"]);
    run.prints("preparing").signal(Signal::INT);
    let ran = run.finish();
    ran.ended(130, "interrupted")
        .stage("prepare", "interrupted")
        .leaves_nothing();
}

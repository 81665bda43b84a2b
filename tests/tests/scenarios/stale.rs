//! What is tested is what is there now: no run is green with files or services of an earlier one.

use std::fs;
use std::process::Command;

use e2e_tests::{Host, Ran, Repo, here_and_over_ssh};
use indoc::indoc;

/// A stack that needs nothing of the repo.
const IDLE: &str = "services: {web: {image: BUSYBOX, command: [sleep, '600']}}\n";

/// Writes a file of the same size, and gives it the same time as before.
#[track_caller]
fn write_unseen(repo: &Repo, path: &str, text: &str) {
    let file = repo.path(path);
    let before = file.metadata().expect("it is there");
    fs::write(&file, text).expect("it is the test's own");
    let time = before.modified().expect("it has one");
    let opened = fs::File::options().append(true).open(&file);
    opened
        .and_then(|file| file.set_modified(time))
        .expect("it is the test's own");
    assert_eq!(before.len(), file.metadata().expect("it is there").len());
}

/// Goes on with the sandbox that is up.
#[track_caller]
fn reused<'a>(repo: &'a Repo, host: Host, arguments: &[&str], code: i32) -> Ran<'a> {
    let ran = repo.run_and_keep(host, arguments);
    assert_eq!(ran.output().code, Some(code), "{}", ran.output());
    ran.no_stage("teardown")
        .stage_says("provision", "which is up already");
    ran
}

#[track_caller]
fn down(repo: &Repo, host: Host) {
    let ended = repo.cargo_e2e(&["down", "--host", &host.name()]);
    assert_eq!(ended.code, Some(0), "{ended}");
}

here_and_over_ssh! {
    fn a_change_that_keeps_size_and_time_is_tested(host) {
        let repo = Repo::new("same-size")
            .compose(IDLE)
            .file("check.sh", "exit 0\n")
            .file("new/check.sh", "exit 0\n")
            .spec("test_command: sh check.sh && sh new/check.sh\n");
        repo.run(host, &[]).ended(0, "passed");
        write_unseen(&repo, "check.sh", "exit 9\n");
        repo.run(host, &[]).ended(100, "failed");
        write_unseen(&repo, "check.sh", "exit 0\n");
        repo.run(host, &[]).ended(0, "passed");

        // A folder that takes another's place brings files that nobody has touched.
        let status = Command::new("cp").arg("-a").args([repo.path("new"), repo.path("other")]).status();
        assert!(status.expect("cp is there").success());
        write_unseen(&repo, "other/check.sh", "exit 9\n");
        repo.run(host, &[]).ended(0, "passed");
        fs::remove_dir_all(repo.path("new")).expect("it is the test's own");
        fs::rename(repo.path("other"), repo.path("new")).expect("it is the test's own");
        repo.run(host, &[]).ended(100, "failed");
    }

    fn a_sandbox_that_is_up_gets_what_changed_and_loses_what_went(host) {
        let repo = Repo::new("reused")
            .gitignore("dist/\ndata/\n")
            .file("check.sh", "exit 0\n")
            .file("helper.sh", "exit 0\n")
            .file("lib/deep/helper.sh", "exit 0\n")
            .file("dist/page", "first\n")
            .file("dist/old", "old\n")
            .file("data/seed", "seed\n")
            .file("one.conf", "first\n")
            .compose(
                indoc! {"
                    services:
                      web:
                        image: BUSYBOX
                        command: [sh, -c, 'cat /one.conf >/tmp/read; echo own >>/data/rows; echo own >/data/seed; exec sleep 600']
                        volumes: ['../dist:/dist', '../data:/data', '../one.conf:/one.conf']
                      idle: {image: BUSYBOX, command: [sleep, '600']}
                "},
            )
            .spec(
                indoc! {r#"
                    ports: isolated
                    test_command: |
                      sh check.sh || exit
                      ls; ls lib 2>/dev/null || true
                      docker exec "$(docker ps -qf label=com.docker.compose.project=$E2E_PROJECT -f label=com.docker.compose.service=web)" sh -c 'cat /dist/* /data/rows /data/seed /tmp/read /one.conf'
                "#},
            );
        let up = repo.run_and_keep(host, &["up"]);
        up.kept(0, "passed");

        write_unseen(&repo, "check.sh", "exit 9\n");
        let failed = reused(&repo, host, &["--reuse"], 100);
        failed.stage_says("up", "nothing changed");
        write_unseen(&repo, "check.sh", "exit 0\n");
        write_unseen(&repo, "dist/page", "again\n");
        fs::remove_file(repo.path("dist/old")).expect("it is the test's own");
        fs::remove_file(repo.path("helper.sh")).expect("it is the test's own");
        fs::remove_dir_all(repo.path("lib")).expect("it is the test's own");
        let _ = reused(&repo, host, &["up"], 0);
        let again = reused(&repo, host, &["--reuse"], 0);
        let stdout = &again.output().stdout;
        assert!(stdout.contains("again\n") && stdout.contains("own\n"), "{stdout}");
        for gone in ["helper.sh", "old\n", "deep", "first\nfirst\nfirst", "seed\nown"] {
            assert!(!stdout.contains(gone), "{gone}: {stdout}");
        }

        // What is mounted and was read once is read again.
        fs::write(repo.path("one.conf"), "second\n").expect("it is the test's own");
        let changed = reused(&repo, host, &["--reuse"], 0);
        changed.stdout_has("second\nsecond\n");
        changed.stage_says("up", "recreated web: its files changed");

        let web = repo.filled_in("services: {web: {image: BUSYBOX, command: [sleep, '600']}}\n");
        fs::write(repo.path("e2e/compose.yml"), web).expect("it is the test's own");
        let _ = reused(&repo, host, &["up"], 0);
        let services = host.says(&format!(
            "docker ps -a --filter label=cargo-e2e.run={} --format '{{{{.Label \"com.docker.compose.service\"}}}}'",
            up.run_id()
        ));
        assert_eq!(services.trim(), "web");
        down(&repo, host);
        up.leaves_nothing();
    }
}

#[test]
fn a_record_does_not_vouch_for_a_commit_that_changed_under_the_tests() {
    let repo = Repo::new("moved")
        .gitignore("e2e/results/\n")
        .compose(IDLE)
        .file("code", "one\n")
        .spec("tests_run_on: client\ntest_command: echo two >code\n");
    repo.git(&["add", "."]);
    repo.git(&["commit", "--quiet", "-m", "one"]);
    let ran = repo.run(Host::Local, &[]);
    ran.ended(0, "passed").stderr_has("changed during the run");
    assert_eq!(ran.record()["git"]["dirty"], true);
}

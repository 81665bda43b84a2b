//! `images`: what was built on the client is what runs on the host.

use e2e_tests::{Host, Repo};
use rustix::process::Signal;

const COMPOSE: &str = "services: {app: {image: 'SLUG-app:dev', pull_policy: always}}";

/// A repo that builds an image on the client; its word goes into it.
fn repo(name: &str, word: &str) -> Repo {
    Repo::new(name)
        .compose(COMPOSE)
        .file("app/Dockerfile", "FROM BUSYBOX\nCOPY word /word\nCMD [\"sleep\", \"600\"]\n")
        .file("app/word", word)
        .spec(
            "images: ['SLUG-app:dev']\nbuild_command: docker build -q -t SLUG-app:dev app\n\
             test_command: docker exec $(docker ps -q --filter label=cargo-e2e.run=$E2E_RUN_ID) cat /word\n",
        )
}

fn forget(repo: &Repo, hosts: &[Host]) {
    for host in hosts {
        let _ = host.sh(&format!("docker rmi -f {}-app:dev", repo.slug()));
    }
}

#[test]
fn an_image_of_the_client_is_sent_once_and_replaced_when_it_changes() {
    let host = Host::Dev;
    let repo = repo("images", "first\n");
    let ran = repo.run(host, &[]);
    ran.ended(0, "passed")
        .stdout_has("first")
        .stage_says("sync", "1 image")
        .stderr_lacks("has another");
    // The same id is there: nothing is sent, and nothing said.
    repo.run(host, &["-v"])
        .ended(0, "passed")
        .stderr_lacks("sending");
    let repo = repo.file("app/word", "second\n");
    let replaced = repo.run(host, &["-v"]);
    let tag = format!("{}-app:dev", repo.slug());
    replaced
        .ended(0, "passed")
        .stdout_has("second")
        .stderr_has(&format!("sending {tag}"))
        .stderr_has(&format!(
            "has another {tag}: this machine's takes its place there"
        ));
    let plan = repo.cargo_e2e(&["plan", "--host", "railiance01"]);
    assert!(
        plan.stdout.contains(&format!("images      {tag} (sent")),
        "{plan}"
    );
    forget(&repo, &[host, Host::Local]);
}

#[test]
fn an_image_that_is_nowhere_is_named() {
    for host in [Host::Local, Host::Dev] {
        let repo = Repo::new("images-none")
            .compose(COMPOSE)
            .spec("images: ['SLUG-app:dev']\ntest_command: 'true'\n");
        repo.run(host, &[])
            .ended(96, "spec_error")
            .stage("sync", "failed")
            .stderr_has(&format!(
                "`images` names {}-app:dev, which this machine does not have",
                repo.slug()
            ));
    }
}

#[test]
fn a_transfer_that_is_cut_short_leaves_nothing_running() {
    let host = Host::Dev;
    // Docker here sends a little, and then no more.
    let repo = repo("images-cut", "never\n").executable(
        "bin/docker",
        "#!/bin/sh\n[ \"$1\" = save ] || PATH=$REAL_PATH exec docker \"$@\"\n\
         head -c 100000 /dev/zero\nexec sleep 7031\n",
    );
    let path = std::env::var("PATH").expect("a path");
    let bin = repo.path("bin").display().to_string();
    let repo = repo
        .env("PATH", &format!("{bin}:{path}"))
        .env("REAL_PATH", &path);
    let mut run = repo.start(host, &["-v"]);
    run.prints("sending").signal(Signal::INT);
    let ran = run.finish();
    ran.ended(130, "interrupted")
        .stage("sync", "interrupted")
        .leaves_nothing();
    assert_ne!(host.sh("pgrep -f '[d]ocker load'").code, Some(0));
    let spec = std::fs::read_to_string(repo.path("e2e/e2e.yml")).expect("it is there");
    let repo = repo.file("e2e/e2e.yml", &format!("{spec}timeouts: {{sync: 3}}\n"));
    repo.run(host, &[])
        .ended(97, "host_error")
        .stderr_has("exceeded `timeouts.sync` (3 s) and was terminated")
        .leaves_nothing();
    forget(&repo, &[Host::Local]);
}

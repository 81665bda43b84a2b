//! What each host lacks, by what its script printed.

use indoc::indoc;

use super::*;

const GOOD: &str = indoc! {"
    system=Linux
    arch=x86_64
    uid=0
    user=dev
    hostname=h
    docker=/usr/bin/docker
    rsync=/usr/bin/rsync
    curl=/usr/bin/curl
    flock=/f
    setsid=/s
    tar=/t
    libc=gnu
    ipv6=yes
    root=/r
    free_kb=9000000
    free_inodes=0
    engine=20.10.24+dfsg1
    engine_free_kb=9000000
    compose=2.26.1-4
    endpoint=unix:///var/run/docker.sock
"};

fn found(text: &str) -> Vec<String> {
    let output = Output {
        status: 0,
        stdout: text.as_bytes().to_vec(),
        stderr: String::new(),
    };
    judge::checks(&output, "railiance01", Purpose::Run)
        .iter()
        .filter_map(Check::problem)
        .map(|problem| problem.what.clone())
        .collect()
}

#[test]
fn a_good_host_has_no_problems() {
    assert_eq!(found(GOOD), Vec::<String>::new());
}

#[test]
fn everything_that_is_missing_is_said_at_once() {
    let bare = GOOD
        .replace("rsync=/usr/bin/rsync", "rsync=")
        .replace("curl=/usr/bin/curl", "curl=")
        .replace("compose=2.26.1-4\n", "")
        .replace(
            "engine=20.10.24+dfsg1",
            "engine_error=dial: permission denied",
        )
        .replace("free_kb=9000000\nfree_inodes", "free_kb=1024\nfree_inodes");
    assert_eq!(
        found(&bare),
        [
            "rsync is not installed",
            "curl is not installed",
            "only 1.0 MB are free in /r, 512 MB are needed",
            "user dev may not use Docker",
            "Docker Compose v2 is not installed",
        ]
    );
}

#[test]
fn old_versions_and_foreign_engines_are_refused() {
    assert_eq!(
        found(
            &GOOD
                .replace("engine=20.10.24+dfsg1", "engine=19.03.1")
                .replace("2.26.1", "2.3.3")
        ),
        [
            "Docker Engine 19.3 is too old",
            "Docker Compose 2.3 is too old"
        ]
    );
    assert_eq!(
        found(&GOOD.replace("unix:///var/run/docker.sock", "tcp://10.0.0.1:2375")),
        ["Docker's endpoint there is tcp://10.0.0.1:2375, an engine on another machine"]
    );
}

#[test]
fn a_shell_that_talks_is_quoted() {
    let found = found(&format!("Welcome to x\ncargo-e2e-preflight\n{GOOD}"));
    assert_eq!(
        found,
        ["its login shell prints to standard output: Welcome to x"]
    );
}

#[test]
fn a_shell_that_says_nothing_is_named_as_such() {
    assert_eq!(found("").len(), 1);
}

//! Faults of the client.

use std::path::Path;
use std::time::{Duration, Instant};

use e2e_tests::stacks::{all_kinds, many_files};
use e2e_tests::{Fault, Host, Registry, Repo, rust};
use indoc::indoc;
use rustix::process::Signal;

use super::{End, LEASE, Lab, held, holding, since_for};

/// It needs nothing of the repo.
const IDLE: &str = "services: {web: {image: BUSYBOX, command: [sleep, '600']}}\n";

const STAGES: &[&str] = &[
    "connect",
    "provision",
    "build",
    "sync",
    "compile",
    "up",
    "ready",
    "test",
    "collect",
    "teardown",
];

/// A few that differ, or all.
fn stages(lab: &Lab, few: &[&'static str]) -> Vec<&'static str> {
    if lab.all {
        STAGES.to_vec()
    } else {
        few.to_vec()
    }
}

/// Tests that end, so that the later stages are reached; Cargo's where it is to compile them.
fn quick(lab: &Lab, name: &str, stage: &str) -> Repo {
    if stage == "compile" {
        lab.equipped(rust::package(&format!("{name}-{stage}"), ""))
    } else {
        lab.repo(name).spec("test_command: 'true'\n")
    }
}

fn hosts(lab: &Lab) -> Vec<Host> {
    if lab.all {
        vec![Host::Local, lab.spare.host()]
    } else {
        vec![lab.spare.host()]
    }
}

pub(super) fn killed(lab: &Lab) {
    const FAULT: &str = "5 SIGKILL of the client";
    for host in hosts(lab) {
        for stage in stages(lab, &["provision", "ready"]) {
            let repo = holding(quick(lab, "killed", stage), stage);
            let mut run = held(&repo, host);
            run.run.signal(Signal::KILL);
            let since = Instant::now();
            let ran = run.go().finish();
            lab.check(FAULT, stage, &ran, since, &End::Killed);
        }
    }
}

pub(super) fn killed_under_way(lab: &Lab) {
    const FAULT: &str = "5 SIGKILL of the client";
    for host in hosts(lab) {
        // In the middle of `docker compose up`, and of the tests; with all its children.
        for (at, marker) in [("during up", "slow-1"), ("during test", "testing")] {
            let repo = match at {
                "during up" => lab.equipped(slow_to_come_up()),
                _ => lab.repo("killed-group"),
            };
            let mut run = repo.start(host, &["-v"]);
            run.prints(marker).process().signal_group(Signal::KILL);
            let since = Instant::now();
            let ran = run.finish();
            lab.check(FAULT, at, &ran, since, &End::Killed);
        }
        // Its containers are made, and its files not all sent.
        let repo = lab.equipped(many_files("killed-ahead").compose(IDLE));
        let repo = repo.spec("test_command: 'true'\n");
        let first = repo.run(host, &[]);
        first.ended(0, "passed");
        let repo = holding(repo.file("more", ""), "sent");
        let mut run = held(&repo, host);
        run.run.makes_containers(host).signal(Signal::KILL);
        let since = Instant::now();
        let ran = run.go().finish();
        lab.check(FAULT, "during sync", &ran, since, &End::Killed);
    }
}

/// The same with the lease that users have: over ssh too, the host sees that the client ended.
pub(super) fn killed_soon(lab: &Lab) {
    const FAULT: &str = "5 SIGKILL of the client, its lease is 60 s";
    let host = lab.spare.host();
    let repo = quick(lab, "killed-first", "test").env("CARGO_E2E_LEASE", "60");
    let repo = holding(repo, "lease");
    let mut run = held(&repo, host);
    run.run.signal(Signal::KILL);
    let since = Instant::now();
    let ran = run.go().finish();
    lab.check(
        FAULT,
        "before its first heartbeat",
        &ran,
        since,
        &End::Killed,
    );
    let ends = [
        ("during up", "slow-1"),
        ("during test", "testing"),
        ("during test on the client", "testing"),
    ];
    for (at, marker) in ends {
        let repo = match at {
            "during up" => lab.equipped(slow_to_come_up()),
            "during test" => lab.repo("killed-soon"),
            _ => lab
                .repo("killed-here")
                .spec("tests_run_on: client\ntest_command: 'echo testing; setsid sleep 7000'\n"),
        };
        let repo = repo.env("CARGO_E2E_LEASE", "60");
        let mut run = repo.start(host, &["-v"]);
        run.prints(marker).signal(Signal::KILL);
        let since = Instant::now();
        let ran = run.finish();
        lab.check(FAULT, at, &ran, since, &End::Killed);
    }
}

/// One is up where one may be, and two wait: the first to wait is killed, then the one that is up.
pub(super) fn waiting(lab: &Lab) {
    const FAULT: &str = "5 SIGKILL of the client, others wait for a turn";
    let host = lab.spare.host();
    let alone = |name: &str| lab.repo(name).env("CARGO_E2E_MAX_SANDBOXES", "1");
    let (first, second) = (alone("turn-first"), alone("turn-second"));
    let third = alone("turn-third").spec("test_command: 'true'\n");
    let mut up = first.start(host, &[]);
    up.prints("testing");
    let mut next = second.start(host, &[]);
    next.prints("1st of 1 in the queue");
    let mut last = third.start(host, &[]);
    last.prints("2nd of 2 in the queue");
    next.signal(Signal::KILL);
    let since = Instant::now();
    let ran = next.finish();
    lab.check(FAULT, "queue", &ran, since, &End::Killed);
    last.prints("1st of 1 in the queue");
    up.signal(Signal::KILL);
    let since = Instant::now();
    let ran = up.finish();
    lab.check(FAULT, "test", &ran, since, &End::Killed);
    let ran = last.finish();
    let since = Instant::now();
    lab.check(FAULT, "its turn", &ran, since, &End::Is(0, "passed"));
}

/// Two clients want one sandbox that is kept, and the one that is in it dies.
pub(super) fn two(lab: &Lab) {
    let host = lab.spare.host();
    let kept = ["--host".to_owned(), host.name()];
    let repo = lab
        .equipped(all_kinds("two-clients").spec("test_command: eval\n"))
        .env("CARGO_E2E_LEASE", "60");
    repo.run_and_keep(host, &["up"]).kept(0, "passed");
    // Of no other row, which go side by side.
    let tests = "echo testing; sleep 7019";
    let mut first = repo.start(host, &["--reuse", "--", tests]);
    first.prints("testing");
    let mut second = repo.start(host, &["--reuse", "--", "! pgrep -f '^sleep 7019'"]);
    second.prints("is held by run");
    first.signal(Signal::KILL);
    let since = Instant::now();
    let ran = second.finish();
    drop(first);
    let down = repo.cargo_e2e(&["down", &kept[0], &kept[1]]);
    assert_eq!(down.code, Some(0), "{down}");
    let fault = "5 two clients on one sandbox, the first is killed";
    lab.check(fault, "test", &ran, since, &End::Is(0, "passed"));
}

/// In the middle of a pull, while the client's registry credentials are on the host.
pub(super) fn killed_with_credentials(lab: &Lab) {
    let host = lab.spare.host();
    let mut registry = Registry::with_login();
    registry.forward_to(host, Path::new(&lab.spare.ssh_config()));
    let image = registry.image("private");
    registry.fails("/v2/private/blobs/", Fault::Hangs, usize::MAX);
    let repo = Repo::new("killed-pull")
        .compose(&format!("services: {{web: {{image: '{image}'}}}}"))
        .spec("registry_auth: client\ntest_command: 'true'\n")
        .env(
            "DOCKER_CONFIG",
            &registry.docker_config().display().to_string(),
        );
    let repo = lab.equipped(repo);
    let mut run = repo.start(host, &["-v"]);
    run.prints("0/1 images pulled");
    let folder = format!("{}/sandboxes/{}/registry-auth", host.root(), run.run_id());
    let there = host.says(&format!(
        "stat -c %a {folder}; grep -c auth {folder}/config.json"
    ));
    assert_eq!(there, "700\n1\n");
    run.signal(Signal::KILL);
    let since = Instant::now();
    let ran = run.finish();
    let fault = "5 SIGKILL of the client, its credentials are on the host";
    lab.check(fault, "during a pull", &ran, since, &End::Killed);
}

fn slow_to_come_up() -> Repo {
    Repo::new("slow-up")
        .compose(indoc! {"
                services:
                  slow: {image: BUSYBOX, command: [sleep, '600']}
                  web:
                    image: BUSYBOX
                    command: [sleep, '600']
                    depends_on: {slow: {condition: service_completed_successfully}}
            "})
        .spec("test_command: 'true'\n")
}

pub(super) fn ctrl_c(lab: &Lab) {
    for stage in stages(lab, &["sync", "test"]) {
        let repo = holding(quick(lab, "ctrl-c", stage), stage);
        let file = super::file_of(&repo);
        let at = file.display();
        // Some are not cut short by one signal: they go on, and are bounded. Provision has not
        // begun where it is held.
        let keys = match stage {
            "collect" | "teardown" => format!("@{at},c,1,-{at}"),
            _ => format!("@{at},c"),
        };
        // Also of tests that have passed: a signal comes first.
        let end = End::Is(130, "interrupted");
        let run = repo.start_on_a_terminal(lab.spare.host(), "Running", &keys);
        let ran = run.finish();
        let since = Instant::now();
        let _ = std::fs::remove_file(file);
        lab.check("1 Ctrl-C on a terminal", stage, &ran, since, &end);
    }
}

pub(super) fn impatient(lab: &Lab) {
    let few: &[&str] = &["c,0.5,c,0.5,c"];
    let all: &[&str] = &[
        "c,0.3,c",
        "c,1,c",
        "c,5,c",
        "c,0.3,c,0.3,c",
        "c,0.5,c,0.5,c",
        "c,1,c,2,c",
    ];
    for keys in if lab.all { all } else { few } {
        let repo = lab.repo("impatient");
        let run = repo.start_on_a_terminal(lab.spare.host(), "testing", keys);
        let ran = run.finish();
        let since = Instant::now();
        let end = End::Is(130, "interrupted");
        lab.check("2 Ctrl-C twice, three times", keys, &ran, since, &end);
    }
}

pub(super) fn other_signals(lab: &Lab) {
    const FAULT: &str = "3 SIGTERM, SIGHUP, SIGQUIT, terminal gone";
    let host = lab.spare.host();
    if lab.all {
        for signal in [Signal::TERM, Signal::HUP, Signal::QUIT] {
            let repo = lab.repo("signal");
            let mut run = repo.start(host, &[]);
            run.prints("testing").signal(signal);
            let since = Instant::now();
            let ran = run.finish();
            let end = End::Is(128 + signal.as_raw(), "interrupted");
            lab.check(FAULT, "test", &ran, since, &end);
        }
    }
    for (keys, code) in [("close", 129), ("\\", 131)] {
        let repo = lab.repo("terminal");
        let run = repo.start_on_a_terminal(host, "testing", keys);
        let ran = run.finish();
        let end = End::Is(code, "interrupted");
        lab.check(FAULT, "test, by the terminal", &ran, Instant::now(), &end);
    }
}

pub(super) fn ladder(lab: &Lab) {
    let repo = lab.repo("ladder").spec(
        // Tests that do not want to end use up all the time that CI gives.
        "test_command: \"trap '' TERM INT; echo testing; while :; do sleep 1; done\"\n",
    );
    let mut run = repo.start(lab.spare.host(), &[]);
    run.prints("testing").process().signal_group(Signal::INT);
    let since = Instant::now();
    let waits = |until: Duration, run: &mut e2e_tests::Started<'_>| {
        while since.elapsed() < until && run.process().is_running() {
            std::thread::sleep(Duration::from_millis(20));
        }
        run.process().is_running()
    };
    let mut killed = false;
    if waits(Duration::from_millis(7500), &mut run) {
        run.process().signal_group(Signal::TERM);
        if waits(Duration::from_secs(10), &mut run) {
            run.process().signal_group(Signal::KILL);
            killed = true;
        }
    }
    let ran = run.finish();
    let end = if killed {
        End::Killed
    } else {
        End::Is(130, "interrupted")
    };
    // Seventeen seconds after the first signal: it may have just written its record.
    let at = if killed { "teardown" } else { "test" };
    lab.check(
        "4 SIGINT, SIGTERM, SIGKILL as CI cancels",
        at,
        &ran,
        since,
        &end,
    );
}

pub(super) fn stopped(lab: &Lab) {
    let repo = lab.repo("stopped");
    let host = lab.spare.host();
    let mut run = repo.start(host, &[]);
    run.prints("testing").signal(Signal::STOP);
    let since = Instant::now();
    let id = run.run_id();
    let ended = format!("{}/ended/{id}", host.root());
    e2e_tests::wait_for("its guard", Duration::from_secs(LEASE + 60), || {
        host.sh(&format!("cat {ended}")).code == Some(0)
    });
    let clean = since.elapsed();
    run.signal(Signal::CONT);
    let ran = run.finish();
    ran.stderr_has("stopped renewing its lease, and its guard took it down");
    let fault = "6 client stopped for longer than the lease";
    lab.check(
        fault,
        "test",
        &ran,
        since_for(clean),
        &End::Is(97, "host_error"),
    );
}

/// Its clock is set while it runs, as by NTP after a long sleep; monotonic time goes on.
pub(super) fn clock_set(lab: &Lab) {
    let offsets: &[&str] = if lab.all { &["+2h", "-2h"] } else { &["+2h"] };
    for offset in offsets {
        let repo = holding(lab.repo("clock").spec("test_command: 'true'\n"), "collect");
        let clock = repo.root().with_extension("clock");
        std::fs::write(&clock, "+0s").expect("a file");
        let repo = repo
            .env("LD_PRELOAD", FAKETIME)
            .env("FAKETIME_TIMESTAMP_FILE", &clock.display().to_string())
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let run = held(&repo, lab.spare.host());
        std::fs::write(&clock, offset).expect("a file");
        let ran = run.go().finish();
        let since = Instant::now();
        let record = ran.record();
        assert_ne!(
            hour(&record["started_at"]),
            hour(&ran.recorded_as("stages", "teardown")["started_at"]),
            "its clock was not set: {record:#}"
        );
        let took = record["duration_ms"].as_u64();
        assert!(took.is_some_and(|took| took < 600_000), "{record:#}");
        let end = End::Is(0, "passed");
        lab.check("27 the client's clock is set", offset, &ran, since, &end);
        std::fs::remove_file(clock).expect("it is there");
    }
}

/// Where Debian has it; the loader fills in the folder of this machine's kind.
const FAKETIME: &str = "/usr/$LIB/faketime/libfaketime.so.1";

fn hour(time: &serde_json::Value) -> &str {
    &time.as_str().expect("a time")[..13]
}

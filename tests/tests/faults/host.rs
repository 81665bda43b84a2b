//! Faults of the host.

use std::time::{Duration, Instant};

use e2e_tests::stacks::all_kinds;
use e2e_tests::{Ran, Repo, wait_for};
use rustix::process::Signal;

use super::{End, LEASE, Lab, held, holding};

/// Ends what a run's cookie or guard's script marks, on the host.
fn kill_guard(lab: &Lab, id: &str) {
    let script = format!("pkill -KILL -f 'leases/{id}/guard.s[h]'");
    let killed = lab.spare.host().sh(&script);
    assert_eq!(killed.code, Some(0), "no guard of {id}\n{killed}");
}

pub(super) fn guard_killed(lab: &Lab) {
    let host = lab.spare.host();
    let repo = lab.repo("no-guard");
    let mut run = repo.start(host, &[]);
    run.prints("testing");
    let id = run.run_id();
    kill_guard(lab, &id);
    // The client's next heartbeat finds none, and starts another.
    wait_for("another guard", Duration::from_secs(30), || {
        host.sh(&format!("pgrep -f 'leases/{id}/guard.s[h]'")).code == Some(0)
    });
    run.signal(Signal::KILL);
    let since = Instant::now();
    let ran = run.finish();
    lab.check(
        "15 guard killed, client alive",
        "test",
        &ran,
        since,
        &End::Killed,
    );
}

pub(super) fn both_killed(lab: &Lab) {
    let host = lab.spare.host();
    for by_hand in if lab.all {
        [false, true].as_slice()
    } else {
        &[false]
    } {
        let repo = holding(lab.repo("no-guard-2"), "ready");
        let mut run = held(&repo, host);
        let id = run.run.run_id();
        run.run.signal(Signal::KILL);
        kill_guard(lab, &id);
        let ran = run.go().finish();
        std::thread::sleep(Duration::from_secs(LEASE + 16));
        let since = Instant::now();
        if *by_hand {
            let listed = repo.cargo_e2e(&["gc", "--host", &host.name(), "--dry-run"]);
            assert!(listed.stdout.contains(&id), "{listed}");
            let gone = repo.cargo_e2e(&["gc", "--host", &host.name()]);
            assert!(gone.stderr.contains(&format!("removed {id}")), "{gone}");
        } else {
            next_run(lab);
        }
        let at = if *by_hand {
            "ready, then gc"
        } else {
            "ready, then another run"
        };
        lab.check("15 guard and client killed", at, &ran, since, &End::Killed);
    }
}

/// Somebody else's run on that host.
fn next_run(lab: &Lab) {
    let next = lab.equipped(
        Repo::new("next")
            .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}\n")
            .spec("test_command: 'true'\n"),
    );
    next.run(lab.spare.host(), &[]).ended(0, "passed");
}

/// A kept sandbox lives for longer than its labels say. A gc of the same user with another folder
/// leaves it alone, and takes it when its client and guard are gone.
pub(super) fn another_root(lab: &Lab) {
    const FAULT: &str = "29 another root on the same engine";
    let host = lab.spare.host();
    let root = host.root();
    let _ = host.says(&format!(
        "set -e; mkdir -p {root} /srv/two; mv {root} /srv/one; ln -s /srv/one {root}"
    ));
    let repo = lab.equipped(all_kinds("one").spec("test_command: 'true'\n"));
    let ran = repo.run_and_keep(host, &["--keep"]);
    let id = ran.run_id();
    // Three days later by the clock that gc reads.
    let _ = host.says(&format!(
        "set -e; ln -sfn /srv/two {root}\n\
         printf '#!/bin/sh\\nexec /bin/date -d \"+3 days\" \"$@\"\\n' >/usr/local/bin/date; chmod 755 /usr/local/bin/date\n"
    ));
    let gc = || repo.cargo_e2e(&["gc", "--all-users", "--host", &host.name()]);
    let ended = gc();
    let lives = host.says(&format!(
        "docker ps -q --filter label=cargo-e2e.run={id} | wc -l"
    ));
    assert_ne!(lives, "0\n", "{ended}");
    // With the sleep that it is in.
    let _ = host.says(&format!(
        "kill -KILL -$(pgrep -o -f 'leases/{id}/guard.s[h]')\n\
         touch -d '1 hour ago' /srv/one/leases/{id}/lease"
    ));
    let since = Instant::now();
    let ended = gc();
    let _ = host.says(&format!(
        "set -e; rm /usr/local/bin/date {root}; mv /srv/one {root}; rm -r /srv/two"
    ));
    assert!(ended.stderr.contains(&format!("removed {id}")), "{ended}");
    lab.check(FAULT, "kept", &ran, since, &End::Is(0, "passed"));
}

/// In the middle of the give-back, with the client: the guard ends it, and no later run finds what this
/// one changed.
pub(super) fn killed_giving_back(lab: &Lab) {
    const FAULT: &str = "15 teardown and client killed while the workspace is given back";
    // It stands where teardown finds it first, and waits.
    const COMM: &str = "#!/bin/sh\necho $$ >/tmp/giving\nwhile [ -e /tmp/giving ]; do sleep 0.05; done\nexec /usr/bin/comm \"$@\"\n";
    let host = lab.spare.host();
    let _ = host.says(&format!(
        "printf '%s' '{COMM}' >/usr/local/bin/comm; chmod 755 /usr/local/bin/comm"
    ));
    let repo = lab
        .repo("giving")
        .spec("test_command: 'echo theirs >made-by-the-tests'\n");
    let mut run = repo.start(host, &[]);
    wait_for("the give-back", Duration::from_mins(1), || {
        host.sh("test -s /tmp/giving").code == Some(0)
    });
    run.signal(Signal::KILL);
    let _ = host.says(
        "rm /usr/local/bin/comm; kill -KILL -$(ps -o pgid= -p $(cat /tmp/giving) | tr -d ' '); rm /tmp/giving",
    );
    let since = Instant::now();
    let ran = run.finish();
    lab.check(FAULT, "teardown", &ran, since, &End::Killed);
    let found = host.says(&format!(
        "find {}/workspaces -name made-by-the-tests",
        host.root()
    ));
    assert_eq!(found, "");
    repo.run(host, &[]).ended(0, "passed");
}

pub(super) fn engine_restarted(lab: &Lab) {
    const FAULT: &str = "12 dockerd killed and started again";
    let few: &[&str] = &["teardown"];
    let all: &[&str] = &["up", "ready", "test", "teardown"];
    for stage in if lab.all { all } else { few } {
        let repo = holding(lab.repo("engine").spec("test_command: 'true'\n"), stage);
        let host = lab.spare.host();
        let run = held(&repo, host);
        let _ = host
            .says("pkill -KILL -x dockerd; while pgrep -x dockerd; do sleep 0.1; done >/dev/null");
        let _ = host.says("lab-host engine");
        let since = Instant::now();
        let ran = run.go().finish();
        // Containers die with this engine; what a stage makes of that is its own business.
        let code = ran.output().code.unwrap_or(-1);
        let verdict = ran.record()["verdict"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        lab.check(FAULT, stage, &ran, since, &End::Is(code, &verdict));
    }
}

pub(super) fn engine_stopped(lab: &Lab) {
    const FAULT: &str = "12 dockerd stopped for longer than the lease";
    let few: &[&str] = &["teardown"];
    let all: &[&str] = &["up", "teardown"];
    for stage in if lab.all { all } else { few } {
        let repo = holding(lab.repo("frozen").spec("test_command: 'true'\n"), stage);
        let host = lab.spare.host();
        let run = held(&repo, host);
        let _ = host.says("pkill -STOP -x dockerd");
        let run = run.go();
        std::thread::sleep(Duration::from_secs(2 * LEASE));
        let _ = host.says("pkill -CONT -x dockerd");
        let since = Instant::now();
        let ran = run.finish();
        lab.check(FAULT, stage, &ran, since, &End::Is(0, "passed"));
    }
}

pub(super) fn engine_gone(lab: &Lab) {
    let repo = holding(
        lab.repo("engine-gone").spec("test_command: 'true'\n"),
        "teardown",
    );
    let host = lab.spare.host();
    let run = held(&repo, host);
    let _ =
        host.says("pkill -KILL -x dockerd; while pgrep -x dockerd; do sleep 0.1; done >/dev/null");
    let ran: Ran<'_> = run.go().finish();
    ran.stderr_has("not-responding");
    // The client is gone, and gave up; the guard did not.
    let _ = host.says("lab-host engine");
    let since = Instant::now();
    let fault = "13 dockerd gone for longer than the run";
    lab.check(fault, "teardown", &ran, since, &End::Is(99, "leaked"));
}

pub(super) fn rebooted(lab: &Lab) {
    let host = lab.spare.host();
    let repo = holding(lab.repo("reboot"), "ready");
    let mut run = held(&repo, host);
    run.run.signal(Signal::KILL);
    lab.spare.machine(&["kill"]);
    let ran = run.go().finish();
    lab.spare.machine(&["start"]);
    wait_for("the host's engine", Duration::from_mins(2), || {
        host.sh("docker version").code == Some(0) && host.sh("pgrep -x sshd").code == Some(0)
    });
    std::thread::sleep(Duration::from_secs(LEASE + 16));
    let since = Instant::now();
    next_run(lab);
    lab.check("14 the host reboots", "ready", &ran, since, &End::Killed);
}

pub(super) fn stranger(lab: &Lab) {
    let host = lab.spare.host();
    let repo = holding(
        lab.repo("stranger").spec("test_command: 'true'\n"),
        "collect",
    );
    let mut run = held(&repo, host);
    let id = run.run.run_id();
    let _ = host.says(&format!(
        "docker run -d --name stranger --network $(docker network ls -q --filter label=cargo-e2e.run={id} | head -n 1) e2e-lab/busybox:1 sleep 600"
    ));
    let ran = run.go().finish();
    let there = host.says(
        "docker inspect --format '{{.State.Running}}' stranger; docker rm -f stranger >/dev/null",
    );
    assert_eq!(there, "true\n", "it is not ours to touch");
    let since = Instant::now();
    let fault = "22 a stranger's container on the network";
    lab.check(fault, "teardown", &ran, since, &End::Is(99, "leaked"));
}

//! A host has slots for sandboxes: the next runs of all users wait for their turn, whatever becomes of
//! those before them.

use std::time::Duration;

use e2e_tests::{Host, Repo, Spare, wait_for};
use rustix::process::Signal;

struct Place {
    spare: Spare,
    as_dev: Host,
}

impl Place {
    fn new(name: &'static str, as_dev: &'static str) -> Self {
        let spare = Spare::new(name);
        Self {
            spare,
            as_dev: Host::Named(as_dev),
        }
    }

    fn host(&self) -> Host {
        self.spare.host()
    }

    /// A repo whose runs say by their arguments what their tests are, on a host with this number of slots.
    fn repo(&self, name: &str, most: &str) -> Repo {
        Repo::new(name)
            .env("CARGO_E2E_SSH_CONFIG", &self.spare.ssh_config())
            .env("CARGO_E2E_MAX_SANDBOXES", most)
            .env("CARGO_E2E_LEASE", "6")
            .compose("services: {web: {image: BUSYBOX, init: true, command: [sleep, '600']}}\n")
            .spec("ports: isolated\ntest_command: eval\n")
    }

    /// The tickets that are there.
    fn tickets(&self) -> usize {
        let listed = self
            .host()
            .says("find /tmp/cargo-e2e-queue-* -name '[0-9]*'");
        listed.lines().count()
    }

    fn go(&self) {
        let _ = self.host().says("touch /tmp/go");
    }
}

/// Tests that run until the host has the file `/tmp/go`.
const HELD: &str =
    "echo testing; until [ -e /tmp/go ]; do sleep 0.1; done; echo first >>/tmp/order";

#[test]
fn runs_wait_in_the_order_in_which_they_came_whatever_dies() {
    let place = Place::new("queue", "queue-dev");
    let host = place.host();
    let repos: Vec<Repo> = ["queue-1", "queue-2", "queue-3", "queue-4"]
        .map(|name| place.repo(name, "1"))
        .into();
    let _ = host.says("umask 0; : >/tmp/order");
    let mut first = repos[0].start(host, &["--", HELD]);
    first.prints("testing");
    let mut second = repos[1].start(host, &["--", "true"]);
    second.prints("waiting up to 1800 s (`timeouts.queue`): 1st of 1 in the queue");
    // Another user of the same engine.
    let mut third = repos[2].start(place.as_dev, &["--", "echo third >>/tmp/order"]);
    third.prints("2nd of 2 in the queue");
    let mut fourth = repos[3].start(host, &["--", "true"]);
    fourth.prints("3rd of 3 in the queue");

    // There is nothing to keep of it.
    let typed = ["--no-wait", "--keep-on-failure", "--", "true"];
    let refused = repos[1].run(host, &typed);
    refused
        .ended(97, "host_error")
        .no_stage("sync")
        .stderr_has("`queue` is full: this run would be 4th of 4 in the queue")
        .stderr_has("without `--no-wait` this run waits")
        .leaves_nothing();

    // One that waits is killed: the others move up.
    let second_id = second.run_id();
    second.signal(Signal::KILL);
    third.prints("1st of 2 in the queue");
    fourth.prints("2nd of 2 in the queue");
    drop(second);
    // So does one whose guard dies: another one holds its ticket.
    let third_id = third.run_id();
    let _ = host.says(&format!(
        "pkill -KILL -o -f 'leases/{third_id}/guard.s[h]$'"
    ));
    wait_for("another guard", Duration::from_secs(30), || {
        host.sh(&format!("pgrep -f 'leases/{third_id}/guard.s[h]$'"))
            .code
            == Some(0)
    });
    // One that waits is interrupted.
    fourth.signal(Signal::INT);
    let fourth = fourth.finish();
    fourth
        .ended(130, "interrupted")
        .stage("queue", "interrupted")
        .stage("teardown", "passed")
        .leaves_nothing();
    let mut fifth = repos[3].start(host, &["--", "echo fifth >>/tmp/order"]);
    fifth.prints("in the queue");

    place.go();
    let (first, third, fifth) = (first.finish(), third.finish(), fifth.finish());
    first.ended(0, "passed").no_stage("queue").leaves_nothing();
    third
        .ended(0, "passed")
        .stage("queue", "passed")
        .leaves_nothing();
    fifth
        .ended(0, "passed")
        .stage("queue", "passed")
        .leaves_nothing();
    assert_eq!(host.says("cat /tmp/order"), "first\nthird\nfifth\n");
    assert_eq!(place.tickets(), 0);
    let left = host.says("docker ps -aq; ls /root/.local/state/cargo-e2e/leases /home/dev/.local/state/cargo-e2e/leases");
    assert!(
        !left.contains(&second_id) && !left.contains(&third_id),
        "{left}"
    );
}

#[test]
fn a_sandbox_takes_what_its_stack_needs_and_keeps_it_while_it_is_kept() {
    let place = Place::new("needs", "needs-dev");
    let host = place.host();
    let small = place.repo("needs-small", "2");
    let kept = small.run_and_keep(host, &["--keep", "--", "true"]);
    kept.kept(0, "passed").no_stage("queue");
    let used = &kept.record()["usage"];
    assert!(
        used["memory_kb"].as_u64() > Some(0) && used["cpu_ms"].is_u64(),
        "{used}"
    );
    // It needs all of the host, so that it waits although half of that is free.
    let big = place
        .repo("needs-big", "2")
        .compose(
            "services: {web: {image: BUSYBOX, init: true, command: [sleep, '600'], deploy: {resources: {reservations: {cpus: '500'}}}}}\n",
        )
        .spec("ports: isolated\ntimeouts: {queue: 2}\ntest_command: eval\n");
    let late = big.run(host, &["--", "true"]);
    late.ended(97, "host_error")
        .stage("queue", "failed")
        .stderr_has("1st of 1 in the queue, for 2 of 2 slots")
        .stderr_has(
            "`needs` had no room within 2 s (`timeouts.queue`): this run is 1st of 1 in the queue",
        )
        .stderr_has(
            "raise `timeouts.queue` in e2e.yml; `cargo e2e list --host needs` shows who is there",
        )
        .leaves_nothing();
    // What is typed counts more than what the compose file says.
    let less = big.run(host, &["--need", "cpus=0.1", "--", "true"]);
    less.ended(0, "passed").no_stage("queue").leaves_nothing();
    let down = small.cargo_e2e(&["down", "--host", &host.name()]);
    assert_eq!(down.code, Some(0), "{down}");
    kept.leaves_nothing();
    let now = big.run(host, &["--", "true"]);
    now.ended(0, "passed").no_stage("queue").leaves_nothing();
    assert_eq!(place.tickets(), 0);
}

#[test]
fn plan_says_when_a_stack_used_far_less_than_it_is_said_to_need() {
    let repo = Repo::new("said")
        .compose("services: {web: {image: BUSYBOX, init: true, command: [sleep, '600'], mem_limit: 4g}}\n")
        .spec("ports: isolated\ntest_command: 'true'\n");
    let plan = || repo.cargo_e2e(&["plan"]).stdout;
    assert!(
        plan().contains("need        4.0 GB, for its turn on the host\n"),
        "{}",
        plan()
    );
    assert!(!plan().contains("used "), "{}", plan());
    let ran = repo.run(Host::Local, &[]);
    ran.ended(0, "passed").leaves_nothing();
    let said = format!(
        "of memory at most in run {}: less than half of what it is said to need\n",
        ran.run_id()
    );
    assert!(plan().contains(&said), "{}", plan());
}

#[test]
fn tickets_of_others_can_not_stop_a_run() {
    let place = Place::new("odd", "odd-dev");
    let host = place.host();
    let repo = place.repo("odd", "1");
    repo.run(host, &["--", "true"])
        .ended(0, "passed")
        .leaves_nothing();
    // Of processes that are none, of another boot, and of no sense.
    let _ = host.says(
        "cd /tmp/cargo-e2e-queue-*; umask 022; boot=$(cut -d - -f 1 /proc/sys/kernel/random/boot_id)\n\
         echo \"1 1 1 $boot\" >0000000001.dead; echo '1 1 1 other' >0000000002.boot; echo '08 x y' >0000000003.odd\n\
         : >0000000004.empty; mkfifo 0000000005.pipe; : >9999999999.last; mkdir 0000000006.folder; echo >0000000007",
    );
    let ran = repo.run(host, &["--", "true"]);
    ran.ended(0, "passed")
        .no_stage("queue")
        .stderr_lacks("ticket")
        .leaves_nothing();
    // Where there is no such folder, a run says that it takes no turn.
    let _ = host.says("cd /tmp; rm -r cargo-e2e-queue-*/* ; for one in cargo-e2e-queue-*; do rmdir $one; : >$one; done");
    let ran = repo.run(host, &["--", "true"]);
    ran.ended(0, "passed")
        .stderr_has("failed to write a ticket below /tmp")
        .leaves_nothing();
}

#[test]
fn what_the_host_says_counts_more_than_what_a_client_says() {
    let place = Place::new("ruled", "ruled-dev");
    let host = place.host();
    let _ = host
        .says("echo 'SetEnv CARGO_E2E_MAX_SANDBOXES=1' >>/etc/ssh/sshd_config; pkill -HUP -o sshd");
    let (first, second) = (place.repo("ruled-1", "9"), place.repo("ruled-2", "9"));
    let mut running = first.start(host, &["--", HELD]);
    running.prints("testing");
    let refused = second.run(host, &["--no-wait", "--", "true"]);
    refused
        .ended(97, "host_error")
        .stderr_has("1st of 1 in the queue")
        .leaves_nothing();
    place.go();
    running.finish().ended(0, "passed").leaves_nothing();
}

//! A host whose disk is full.

use std::time::Instant;

use e2e_tests::{Host, Repo};
use indoc::{formatdoc, indoc};

use super::{End, Lab};

const FAULT: &str = "16 the host's disk is full";
const IMAGE: &str = "/var/lib/docker/e2e-small.img";

/// A disk of its own below a folder of the host, until this is dropped.
struct Small {
    host: Host,
    folder: String,
}

impl Small {
    fn new(host: Host, folder: &str, megabytes: u32, inodes: u32) -> Self {
        let small = Self {
            host,
            folder: folder.to_owned(),
        };
        let _ = host.says(&formatdoc!(
            "
                set -e
                [ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
                for i in 0 1 2 3 4 5 6 7; do [ -e /dev/loop$i ] || mknod /dev/loop$i b 7 $i; done
                truncate -s {megabytes}M {IMAGE}
                mkfs.ext4 -q -m 0 -N {inodes} {IMAGE}
                mkdir -p {folder}
                mount -o loop {IMAGE} {folder}
            "
        ));
        small
    }

    fn run(&self, script: &str) {
        let _ = self.host.sh(&format!("cd {} && {script}", self.folder));
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = self
            .host
            .sh(&format!("umount {}; rm -f {IMAGE}", self.folder));
    }
}

fn stack(lab: &Lab, name: &str, test: &str) -> Repo {
    let repo = Repo::new(name)
        .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}\n")
        .spec(&format!("test_command: {test:?}\n"));
    lab.equipped(repo)
}

/// Takes all room in the current folder, without writing much.
const FILL: &str = "for size in 512M 64M 8M 1M 64K 4K; do n=0; while fallocate -l $size fill-$size-$n 2>/dev/null; \
                    do n=$((n+1)); done; done";
const MANY_FILES: &str = "seq 1 6000 | xargs touch 2>/dev/null";

pub(super) fn before(lab: &Lab) {
    let host = lab.spare.host();
    let few_inodes = ("few inodes", 1000, ":", "inodes are free in");
    let no_space = ("no space", 40_000, FILL, "B are free in");
    let all = [no_space, few_inodes];
    let few = if lab.all { 2 } else { 1 };
    for (at, inodes, fill, says) in all.into_iter().take(few) {
        let small = Small::new(host, &host.root(), 700, inodes);
        small.run(fill);
        let repo = stack(lab, "full-before", "true");
        let ran = repo.run(host, &[]);
        ran.stderr_has(says);
        let end = End::Is(97, "host_error");
        let at = format!("connect, {at}");
        lab.check(FAULT, &at, &ran, Instant::now(), &end);
    }
}

/// What is kept for later runs makes room for this one: of longest ago first, and no more than is
/// needed.
pub(super) fn old_workspaces(lab: &Lab) {
    const FAULT: &str = "16 the host's disk is nearly full of old workspaces";
    let host = lab.spare.host();
    let small = Small::new(host, &host.root(), 2000, 40_000);
    small.run(indoc! {r#"
            set -e; chmod 700 .; mkdir -p locks workspaces; n=9
            for name in oldest older newer newest; do
              one=workspaces/$name.1.run.boot.409600
              mkdir $one; fallocate -l 400M $one/file; touch -d "$n days ago" $one
              n=$((n - 1))
            done"#});
    let repo = stack(lab, "full-workspaces", "true");
    let ran = repo.run(host, &[]);
    ran.stage_says("connect", "2 old workspaces removed for 800 MB of room");
    let left = host.says(&format!("ls {}/workspaces", host.root()));
    for (name, stays) in [
        ("oldest", false),
        ("older", false),
        ("newer", true),
        ("newest", true),
    ] {
        assert_eq!(left.contains(&format!("{name}.1.")), stays, "{left}");
    }
    let end = End::Is(0, "passed");
    lab.check(FAULT, "connect", &ran, Instant::now(), &end);
}

pub(super) fn during_tests(lab: &Lab) {
    let host = lab.spare.host();
    let no_space = ("no space", 40_000, FILL);
    let no_inodes = ("no inodes", 6000, MANY_FILES);
    let few = if lab.all { 2 } else { 1 };
    for (at, inodes, fill) in [no_space, no_inodes].into_iter().take(few) {
        let small = Small::new(host, &host.root(), 700, inodes);
        // Its own status arrives, though there is no room for it.
        let repo = stack(lab, "full-test", &format!("set +e; {fill}; exit 3"));
        let ran = repo.run(host, &[]);
        ran.stderr_has("No space left on device")
            .stage_says("test", "exit status 3")
            .stage_says("test", "are free on");
        let end = End::Is(100, "failed");
        lab.check(FAULT, &format!("test, {at}"), &ran, Instant::now(), &end);
        drop(small);
    }
    // Tests whose report was cut off have not passed, whatever their status.
    let small = Small::new(host, &host.root(), 700, 40_000);
    let repo = stack(
        lab,
        "full-output",
        &format!("set +e; {FILL}; seq 100000; exit 0"),
    );
    let ran = repo.run(host, &[]);
    ran.stage_says("test", "what it printed could not be kept")
        .stage_says("test", "are free on");
    let end = End::Is(97, "host_error");
    lab.check(FAULT, "test, its output", &ran, Instant::now(), &end);
    drop(small);
}

pub(super) fn by_a_container(lab: &Lab) {
    const ROOT: &str = "/var/lib/docker";
    let host = lab.spare.host();
    let engine = Engine::on(Small::new(host, ROOT, 900, 60_000));
    let repo = stack(
        lab,
        "full-engine",
        &format!("until [ $(df -Pk {ROOT} | awk 'NR == 2 {{ print $4 }}') -lt 1024 ]; do sleep 0.1; done; exit 3"),
    )
    .compose(
        "services: {web: {image: BUSYBOX, command: [sh, -c, 'dd if=/dev/zero of=/fill bs=1M; sleep 600']}}\n",
    );
    let ran = repo.run(host, &[]);
    ran.stage_says("test", "No space left on device");
    let end = End::Is(100, "failed");
    lab.check(FAULT, "test, by a container", &ran, Instant::now(), &end);
    drop(engine);
}

/// The host's engine with its data on a small disk, until this is dropped.
struct Engine(Small);

const STOP: &str = "pkill -KILL -x dockerd; pkill -KILL -x containerd\n\
                    while pgrep -x dockerd; do sleep 0.1; done >/dev/null\n";

impl Engine {
    fn on(small: Small) -> Self {
        // Its image is outside of what the disk covers now.
        let _ = small.host.says(&format!(
            "umount {0}\ndocker save -o /tmp/busybox.tar e2e-lab/busybox:1\n{STOP}mount -o loop {IMAGE} {0}\n\
             lab-host engine && docker load -q -i /tmp/busybox.tar && rm /tmp/busybox.tar\n",
            small.folder
        ));
        Self(small)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.0.host.sh(&format!(
            "{STOP}umount {} && lab-host engine\n",
            self.0.folder
        ));
    }
}

//! What looks like a run's and is not stays; what is a run's goes wherever its folder is.

use std::time::Duration;

use e2e_tests::{Repo, wait_for};
use indoc::formatdoc;

use super::place::{DEV, LATE, MINUTE, MONTH, Place, id};

#[test]
fn what_is_not_a_runs_own_stays() {
    let place = Place::new("e2e-gc-foreign", "e2e-gc-foreign-dev");
    another_root(&place);
    what_is_made_of_a_runs_image(&place);
    an_external_volume_called_like_an_anonymous_one(&place);
    a_mount_below_a_name_with_a_space(&place);
}

/// Of the same user, on the same engine: its leases tell, and not the labels, which can't be changed
/// when a sandbox is kept for longer.
fn another_root(place: &Place) {
    let (lives, dead, gone, unknown) = (id("lives"), id("dead"), id("gone"), id("unknown"));
    let other = "/srv/other";
    for id in [&lives, &dead, &gone] {
        place.labelled_in(other, id, 0, LATE + 2);
    }
    place.labelled_in("/srv/nowhere", &unknown, 0, MONTH - 60 * MINUTE);
    let _ = place.says(&formatdoc!(
        r#"
            set -e; mkdir -p {other}/leases {other}/sandboxes; cd {other}
            for id in {lives} {dead}; do
              mkdir leases/$id sandboxes/$id; echo $id >leases/$id/sentinel; echo $id >sandboxes/$id/sentinel
              echo 8 >leases/$id/patience; echo 0 >leases/$id/lease; touch -d '1 hour ago' leases/$id/lease
            done
            setsid sleep 7050 >/dev/null 2>&1 &
            guard=$!; echo "$guard $(sed 's/.*) //' /proc/$guard/stat | cut -d ' ' -f 20) x" >leases/{lives}/guard
        "#
    ));
    let ended = place.gc(0, place.name, &[]);
    for removed in [&dead, &gone] {
        assert!(
            ended.stderr.contains(&format!("removed {removed}")),
            "{ended}"
        );
        assert_eq!(place.has(removed), 0);
    }
    for stays in [&lives, &unknown] {
        assert!(!ended.stderr.contains(stays.as_str()), "{ended}");
        assert_eq!(place.has(stays), 4);
    }
    let rest = place.says(&format!("ls {other}/leases {other}/sandboxes"));
    assert!(!rest.contains(&dead) && rest.contains(&lives), "{rest}");
    // Somebody else's are not looked at, whatever they say of themselves.
    let users = id("users");
    place.labelled_in(other, &users, DEV, LATE + 2);
    place.gc(0, place.name, &["--all-users"]);
    assert_eq!((place.has(&users), place.has(&lives)), (4, 4));

    let _ = place.says("pkill -f 'sleep 705[0]'");
    place.gc(0, place.name, &[]);
    assert_eq!(place.has(&lives), 0);
}

fn kept(place: &Place, repo: &Repo) -> (String, String) {
    let ran = repo.run_and_keep(place.host(), &["--keep"]);
    ran.kept(0, "passed");
    let id = ran.run_id().to_owned();
    let project = format!("e2e-{}-{}", repo.slug(), &id[18..]);
    (id, project)
}

/// Docker gives an image's labels to every container that is made of it.
fn what_is_made_of_a_runs_image(place: &Place) {
    let repo = place
        .repo("deployed")
        .file("Dockerfile", "FROM e2e-lab/busybox:1\nRUN echo built >/built\n")
        .compose("services: {web: {build: .., command: [sleep, '600']}, more: {build: .., command: [sleep, '600']}}\n");
    let (run, project) = kept(place, &repo);
    let _ = place.says(&format!(
        "set -e; docker tag {project}-web registry.example.org/web:1\n\
         docker run -d --name deployed registry.example.org/web:1 sleep 6000\n"
    ));
    let down = repo.cargo_e2e(&["down", "--host", place.name, &run]);
    assert_eq!(down.code, Some(0), "{down}");
    let left = || {
        place.says(&format!(
            "docker ps --filter label=cargo-e2e.run={run} --format '{{{{.Names}}}}'\n\
             docker image ls --filter label=cargo-e2e.run={run} --format '{{{{.Repository}}}}:{{{{.Tag}}}}'\n"
        ))
    };
    assert_eq!(left(), "deployed\nregistry.example.org/web:1\n");
    // Long after, as on a host to which the image was pushed.
    let later = id("later");
    let _ = place.says(&format!(
        "set -e; labels=\"cargo-e2e.run={later} cargo-e2e.repo=x cargo-e2e.owner=0 cargo-e2e.expires=1 \\\n\
           cargo-e2e.root={root} cargo-e2e.image={later}\"\n\
         printf 'FROM e2e-lab/busybox:1\\nLABEL %s\\n' \"$labels\" | docker build -q -t pushed:1 -\n\
         docker run -d --name pulled pushed:1 sleep 6000\n",
        root = place.host().root(),
    ));
    let ended = place.gc(0, place.name, &[]);
    assert!(!ended.stderr.contains(&later), "{ended}");
    assert_eq!(
        place.says("docker ps -q --filter name=pulled --filter name=deployed | wc -l"),
        "2\n"
    );
    let _ =
        place.says("docker rm -fv pulled deployed; docker rmi pushed:1 registry.example.org/web:1");
}

fn an_external_volume_called_like_an_anonymous_one(place: &Place) {
    let name = "0123456789abcdef".repeat(4);
    let _ = place.says(&format!("docker volume create {name}"));
    let repo = place.repo("external").compose(&format!(
        "services: {{web: {{image: BUSYBOX, command: [sleep, '600'], volumes: ['mine:/mine', /anonymous]}}}}\n\
         volumes: {{mine: {{external: true, name: {name}}}}}\n"
    ));
    let volumes = || place.says("docker volume ls -q | sort");
    let before = volumes();
    let ran = repo.run_and_keep(place.host(), &[]);
    ran.ended(0, "passed");
    assert_eq!(volumes(), before);
    let _ = place.says(&format!("docker volume rm {name}"));
}

/// The kernel writes a space in a mount's place as `\040`.
fn a_mount_below_a_name_with_a_space(place: &Place) {
    let root = place.host().root();
    let _ = place.says(&format!(
        "mkdir -p '/srv/a b'; mv {root} '/srv/a b/root'; ln -s '/srv/a b/root' {root}"
    ));
    let mounted = id("mounted");
    let _ = place.says(&format!(
        "set -e; id={mounted}; mkdir -p /srv/$id {root}/leases/$id {root}/sandboxes/$id/repo/in\n\
         echo mine >/srv/$id/file; cd {root}/leases/$id\n\
         echo $id >sentinel; echo 8 >patience; echo 1 >lease; touch -d '1 hour ago' lease\n\
         echo $id >{root}/sandboxes/$id/sentinel; mount --bind /srv/$id {root}/sandboxes/$id/repo/in\n"
    ));
    let ended = place.gc(99, place.name, &[]);
    let says = format!("mount /srv/a b/root/sandboxes/{mounted}/repo/in");
    assert!(ended.stderr.contains(&says), "{says}\n{ended}");
    assert_eq!(place.says(&format!("cat /srv/{mounted}/file")), "mine\n");
    let _ = place.says(&format!("umount {root}/sandboxes/{mounted}/repo/in"));
    // A run goes on well there.
    let repo = place.repo("space");
    repo.run(place.host(), &[]).ended(0, "passed");
    wait_for("other gcs", Duration::from_mins(1), || {
        place.gc(0, place.name, &[]);
        place
            .host()
            .sh(&format!("test -e {root}/sandboxes/{mounted}"))
            .code
            != Some(0)
    });
}

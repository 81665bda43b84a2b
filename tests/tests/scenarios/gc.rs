//! What nobody takes down any more goes with `gc`, and nothing else does. On a host of its own: gc
//! looks at all that its engine has, and every run on a host begins with one.

mod foreign;
mod forget;
mod place;

use std::fs::File;
use std::time::{Duration, SystemTime};

use e2e_tests::wait_for;
use indoc::{formatdoc, indoc};
use rustix::process::Signal;

use place::{DEV, LATE, MINUTE, MONTH, Place, id};

#[test]
fn gc_takes_what_is_nobodys_and_nothing_else() {
    let place = Place::new("e2e-gc", "e2e-gc-dev");
    what_only_labels_tell_of(&place);
    other_users(&place);
    a_kept_sandbox_without_its_guard(&place);
    a_home_that_is_wiped_under_a_run(&place);
    what_no_run_used_for_long(&place);
    what_is_linked_or_mounted(&place);
    containers_see_the_folder(&place);
}

fn what_only_labels_tell_of(place: &Place) {
    let name = place.name;
    let (over, not_yet) = (id("over"), id("soon"));
    let volumes = place.volumes();
    place.labelled(&over, 0, LATE + 2);
    // Two minutes are enough for what follows.
    place.labelled(&not_yet, 0, LATE - 5 * MINUTE);
    // Somebody else's, though it looks like ours.
    let _ = place.says(
        "docker volume create not-ours-1; docker volume create --label cargo-e2e.run=x not-ours-2\n\
         docker volume create --label cargo-e2e.run=00000000000000000000000000 not-ours-3\n\
         docker volume create --label cargo-e2e.run=../../../../../../../../../.. \
           --label cargo-e2e.owner=0 --label cargo-e2e.expires=1 not-ours-4\n",
    );
    let looked = place.gc(0, place.name, &["--dry-run"]);
    let line = format!("{over} of user 0: its labels have expired, and it has no lease\n");
    assert_eq!(looked.stdout, line, "{looked}");
    assert_eq!((place.has(&over), place.has(&not_yet)), (4, 4));

    let gone = place.gc(0, place.name, &[]);
    assert!(
        gone.stderr
            .starts_with(&format!("removed {over} from {name}: its labels")),
        "{gone}"
    );
    assert!(!gone.stderr.contains(&not_yet), "{gone}");
    assert_eq!((place.has(&over), place.has(&not_yet)), (0, 4));
    assert_eq!(place.has("not-ours"), 4);
    // Of the one that stays, and those of others: the anonymous one of the other went too.
    assert_eq!(place.volumes(), volumes + 2 + 4);
}

fn other_users(place: &Place) {
    let name = place.name;
    let (roots, users) = (id("root"), id("user"));
    place.labelled(&users, DEV, LATE + 2);
    let nothing = place.gc(0, place.name, &[]);
    assert_eq!(nothing.stderr, format!("no expired sandboxes on {name}\n"));
    assert_eq!(place.has(&users), 4);
    // Whether it is kept can't be seen: its folder is root's.
    place.labelled(&roots, 0, MONTH - 60 * MINUTE);
    place.gc(0, place.as_user, &["--all-users"]);
    assert_eq!(place.has(&roots), 4);
    let _ = place.says(&format!(
        "docker rm -fv c-{roots}; docker network rm n-{roots}; docker volume rm v-{roots}; \
         docker rmi $(docker image ls -q --filter label=cargo-e2e.run={roots})"
    ));
    place.labelled(&roots, 0, MONTH + 2);
    place.gc(0, place.as_user, &[]);
    assert_eq!((place.has(&roots), place.has(&users)), (4, 0));
    let all = place.gc(0, place.as_user, &["--all-users"]);
    assert!(all.stderr.contains(&format!("removed {roots}")), "{all}");
    assert_eq!(place.has(&roots), 0);
}

/// As after a reboot.
fn a_kept_sandbox_without_its_guard(place: &Place) {
    let repo = place.repo("kept");
    // A repo whose own folder nobody has touched for long.
    let long_ago = SystemTime::now() - Duration::from_hours(40 * 24);
    let folder = File::open(repo.root()).expect("it is there");
    folder.set_modified(long_ago).expect("it is ours");
    let kept = repo.run_and_keep(place.host(), &["--keep"]);
    kept.kept(0, "passed");
    let id = kept.run_id();
    let (root, dir) = (place.host().root(), kept.sandbox());
    place.kill_guard_of(id);
    assert_eq!(place.guard_of(id), "");

    // Another run's guard looks for it.
    let next = place.repo("next");
    next.run(place.host(), &[]).ended(0, "passed");
    wait_for("another guard", Duration::from_mins(1), || {
        !place.guard_of(id).is_empty()
    });
    let _ = place.says(&format!("test -e {dir}/sentinel"));
    assert_eq!(
        place.says(&format!(
            "docker ps -q --filter label=cargo-e2e.run={id} | wc -l"
        )),
        "1\n"
    );
    // Little time is left; `gc` itself sees to it now.
    place.kill_guard_of(id);
    let expires = place.says(&format!(
        "touch -d '1 hour ago' {root}/leases/{id}/lease\n\
         expires=$(($(date +%s) + 8)); echo $expires >{dir}/expires; echo $expires"
    ));
    place.gc(0, place.name, &[]);
    let ended = format!("{root}/ended/{id}");
    wait_for("the end of its time", Duration::from_mins(1), || {
        let over = format!("test -e {ended} && ! test -e {root}/leases/{id}");
        if place.guard_of(id).is_empty() {
            // A machine so slow that its time was over before gc could see to it.
            place.gc(0, place.name, &[]);
        }
        place.host().sh(&over).code == Some(0)
    });
    kept.leaves_nothing();
    // Its workspace was used today, whatever the repo's own folder says.
    place.gc(0, place.name, &[]);
    let _ = place.says(&format!("test -d {root}/workspaces/{}.*", repo.slug()));
    let said = place.says(&format!("head -n 2 {ended}"));
    let (why, when) = said.trim().split_once('\n').expect("two lines");
    assert!(["kept", "lease"].contains(&why), "{said}");
    let seconds = |text: &str| text.trim().parse::<i64>().expect("a number");
    assert!(seconds(when) >= seconds(&expires), "{said} {expires}");
}

fn a_home_that_is_wiped_under_a_run(place: &Place) {
    let repo = place
        .repo("wiped")
        .env("CARGO_E2E_LEASE", "8")
        .spec("ports: isolated\ntest_command: 'echo testing; sleep 7030'\n");
    let mut run = repo.start(place.host(), &[]);
    run.prints("testing");
    let _ = place.says(&format!("rm -rf {}", place.host().root()));
    let ran = run.finish();
    ran.leaves_nothing();
    ran.ended(97, "host_error");
}

fn what_no_run_used_for_long(place: &Place) {
    let root = place.host().root();
    let _ = place.says(&formatdoc!(
        r#"
            set -e; mkdir -p {root}/workspaces {root}/ended; cd {root}
            for age in 29 32; do
              mkdir -p workspaces/m.1.$age.boot.1/sub mirrors/m.$age cache/c-$age
              : >workspaces/m.1.$age.boot.1/sub/file; : >ended/e-$age
              touch -d "$age days ago" workspaces/m.1.$age.boot.1 mirrors/m.$age cache/c-$age ended/e-$age
            done
            mkdir workspaces/gone.m.1.7.boot.1
        "#
    ));
    place.gc(0, place.name, &[]);
    let found = place.says(&format!(
        "cd {root}; find workspaces mirrors cache ended -mindepth 1 -maxdepth 1"
    ));
    let left: Vec<&str> = found.lines().collect();
    let stay = [
        "cache/c-29",
        "ended/e-29",
        "workspaces/m.1.29.boot.1",
        "mirrors/m.29",
    ];
    for name in stay {
        assert!(left.contains(&name), "{name} is gone: {left:?}");
    }
    let gone = [
        "cache/c-32",
        "ended/e-32",
        "workspaces/m.1.32.boot.1",
        // A gc that was killed left it.
        "workspaces/gone.m.1.7.boot.1",
        // As versions before called them.
        "mirrors/m.32",
    ];
    for name in gone {
        assert!(!left.contains(&name), "{name} stays: {left:?}");
    }
}

/// Removal never leaves the sandbox's folder.
fn what_is_linked_or_mounted(place: &Place) {
    let name = place.name;
    let root = place.host().root();
    let (link, linked, mounted) = (id("link"), id("linked"), id("mounted"));
    // A sandbox without client and guard, and a folder that is not its own.
    let make = |id: &str, how: &str| {
        let _ = place.says(&formatdoc!(
            "
                set -e; id={id}; mkdir -p /srv/$id {root}/leases/$id {root}/sandboxes
                echo mine >/srv/$id/file; cd {root}/leases/$id
                echo $id >sentinel; echo 8 >patience; echo 00000001 >lease; touch -d '1 hour ago' lease
                cd {root}/sandboxes
                {how}
            "
        ));
    };
    make(
        &link,
        "mkdir $id $id/repo; echo $id >$id/sentinel; ln -s /srv/$id $id/repo/out; ln -s /srv/$id $id/jobs",
    );
    make(&linked, "echo $id >/srv/$id/sentinel; ln -s /srv/$id $id");
    make(
        &mounted,
        "mkdir -p $id/repo/in; echo $id >$id/sentinel; mount --bind /srv/$id $id/repo/in",
    );
    let ended = place.gc(99, place.name, &[]);
    for said in [
        &*format!("removed {link} from {name}"),
        &*format!("folder {root}/sandboxes/{linked} (it is not a sandbox's)"),
        &*format!("mount {root}/sandboxes/{mounted}/repo/in"),
    ] {
        assert!(ended.stderr.contains(said), "{said}\n{ended}");
    }
    for (id, files) in [
        (&link, "file\n"),
        (&linked, "file\nsentinel\n"),
        (&mounted, "file\n"),
    ] {
        let there = place.says(&format!("ls -A /srv/{id}; cat /srv/{id}/file"));
        assert_eq!(there, format!("{files}mine\n"), "{id}");
    }
    let _ = place.says(&format!(
        "umount {root}/sandboxes/{mounted}/repo/in; rm {root}/sandboxes/{linked}"
    ));
    place.gc(0, place.name, &[]);
    let rest = place.says(&format!("ls {root}/sandboxes {root}/leases"));
    for id in [&link, &linked, &mounted] {
        assert!(!rest.contains(id.as_str()), "{rest}");
    }
}

/// An engine is asked once whether its containers see our folder. A client that is killed while it
/// is asked leaves nothing; what a host leaves that is switched off then, goes with gc.
fn containers_see_the_folder(place: &Place) {
    let (root, id) = (place.host().root(), "cargoe2epreflight000000000");
    let asked = || {
        let events = place.says(&format!(
            "docker events --since 0 --until $(date +%s.%N) --filter type=container \
             --filter event=create --filter label=cargo-e2e.run={id} --format '{{{{.ID}}}}'"
        ));
        events.lines().count()
    };
    let left = || {
        place.says(&format!(
            "docker ps -aq --filter label=cargo-e2e.run={id}\n\
             docker image ls -aq --filter label=cargo-e2e.run={id}\n\
             find {root} -maxdepth 1 -name 'probe.*'; find /tmp -maxdepth 1 -name 'tmp.*'\n"
        ))
    };
    let forgets = format!("rm -f {root}/seen-by-*\n");
    let _ = place.says(&forgets);
    let before = asked();
    place.gc(0, place.name, &[]);
    assert_eq!(asked(), before + 1);
    place.gc(0, place.name, &[]);
    assert_eq!(asked(), before + 1);
    assert_eq!(left(), "");

    // A docker that stands still where it is asked to make the container.
    let stands_still = indoc! {r#"
        cat >/usr/local/bin/docker <<'END'
        #!/bin/sh
        case $* in create*target=/probe*)
          : >/run/held
          while [ -e /run/held ]; do sleep 0.05; done
        esac
        exec /usr/bin/docker "$@"
        END
        chmod 755 /usr/local/bin/docker
    "#};
    let _ = place.says(&format!("{forgets}{stands_still}"));
    let repo = place.repo("killed").env("CARGO_E2E_LEASE", "5");
    let mut run = repo.start(place.host(), &[]);
    let stands = || {
        wait_for("the question", Duration::from_mins(1), || {
            place.host().sh("test -e /run/held").code == Some(0)
        });
        assert_ne!(left(), "");
    };
    stands();
    run.signal(Signal::KILL);
    let ran = run.finish();
    let _ = place.says("rm /run/held");
    wait_for("the end of what it left", Duration::from_mins(1), || {
        left().is_empty()
    });
    let connection = || ran.left_by_a_killed_client();
    wait_for("the end of its connection", Duration::from_mins(1), || {
        connection().is_empty()
    });
    let _ = place.says("rm /usr/local/bin/docker");

    // As if the host had been switched off in the middle, eleven minutes ago.
    let labels = format!(
        "cargo-e2e.run={id} cargo-e2e.repo=preflight cargo-e2e.owner=0 cargo-e2e.expires=$expires \
         cargo-e2e.root={root} cargo-e2e.image="
    );
    let own = labels.replace(" cargo", " --label cargo");
    let _ = place.says(&format!(
        "set -e; mkdir {root}/probe.123456; touch -d '11 minutes ago' {root}/probe.123456\n\
         expires=$(($(date +%s) - {LATE} - 60))\n\
         image=$(tar -cf - -T /dev/null | docker import -c \"LABEL {labels}{id}\" -c 'CMD [\"none\"]' -)\n\
         docker create --network none --label {own} \"$image\"\n"
    ));
    assert_eq!(left().lines().count(), 3);
    place.gc(0, place.name, &[]);
    assert_eq!(left(), "");
}

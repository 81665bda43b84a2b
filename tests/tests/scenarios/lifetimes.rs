//! How long a sandbox may live, whoever wants it to.

use std::collections::BTreeSet;
use std::time::Duration;

use e2e_tests::stacks::all_kinds;
use e2e_tests::{Host, Ran, Repo, here_and_over_ssh, wait_for};
use indoc::formatdoc;

/// For how many seconds its guard still keeps it, by the host's own clock.
fn kept_for(ran: &Ran<'_>) -> u64 {
    let (host, id) = (ran.host(), ran.run_id());
    let kept = format!("{}/leases/{id}/kept", host.root());
    let left = host.says(&format!(
        "read -r up rest </proc/uptime; echo $(($(cat {kept}) - ${{up%%.*}}))"
    ));
    left.trim().parse().expect("seconds")
}

fn down(repo: &Repo, ran: &Ran<'_>) {
    let down = repo.cargo_e2e(&["down", ran.run_id(), "--host", &ran.host().name()]);
    assert_eq!(down.code, Some(0), "{down}");
    ran.leaves_nothing();
}

/// What Docker has of a sandbox: its kind, run, repo, owner, and seconds until it expires.
fn labelled(ran: &Ran<'_>) -> Vec<(String, String)> {
    let labels = |of: &str| {
        ["run", "repo", "owner", "expires"]
            .map(|name| format!("{{{{index {of} \"cargo-e2e.{name}\"}}}}"))
            .join(" ")
    };
    let (inner, outer) = (labels(".Config.Labels"), labels(".Labels"));
    let listed = ran.host().says(&formatdoc!(
        "
            of='--filter label=cargo-e2e.run={}'
            docker inspect --format 'container {inner}' $(docker ps -aq $of)
            docker image inspect --format 'image {inner}' $(docker image ls -q $of)
            docker network inspect --format 'network {outer}' $(docker network ls -q $of)
            docker volume inspect --format 'volume {outer}' $(docker volume ls -q $of)
        ",
        ran.run_id()
    ));
    let split = |line: &str| {
        let (rest, expires) = line.rsplit_once(' ').expect("words");
        (rest.to_owned(), expires.to_owned())
    };
    listed.lines().map(split).collect()
}

here_and_over_ssh! {
    fn what_is_kept_says_for_how_long_and_whose_it_is(host) {
        let repo = all_kinds("keep-for").spec("test_command: 'true'\n");
        let ran = repo.run_and_keep(host, &["--keep", "--keep-for", "2h"]);
        ran.kept(0, "passed").stderr_has(" until ");
        let left = kept_for(&ran);
        assert!((6600..=7200).contains(&left), "{left}");

        let owner = if host == Host::Dev { host.says("id -u dev") } else { host.says("id -u") };
        let about = format!("{} {} {}", ran.run_id(), repo.slug(), owner.trim());
        let now: u64 = host.says("date +%s").trim().parse().expect("seconds");
        let labelled = labelled(&ran);
        for (what, expires) in &labelled {
            assert!(what.ends_with(&about), "{what} is not of {about}");
            let expires: u64 = expires.parse().expect("seconds");
            // The run's own limits come first.
            assert!(expires > now + left, "{what} expires at {expires}, {now} is now");
        }
        let kinds = labelled.iter().filter_map(|(what, _)| what.split(' ').next());
        let kinds: BTreeSet<&str> = kinds.collect();
        assert_eq!(Vec::from_iter(kinds), ["container", "image", "network", "volume"]);
        down(&repo, &ran);
    }

    fn what_runs_past_all_its_timeouts_is_taken_down_though_its_client_lives(host) {
        let repo = all_kinds("deadline")
            .env("CARGO_E2E_LEASE", "8")
            .spec("test_command: 'echo testing; sleep 7024'\n");
        let mut run = repo.start(host, &[]);
        let id = run.prints("testing").run_id();
        // A guard that counts its time from now on, and has little: the client's next heartbeat
        // starts it.
        let lease = format!("{}/leases/{id}", host.root());
        let _ = host.says(&format!(
            "sed -i 's/^deadline=.*/deadline=2/' {lease}/guard.sh && pkill -KILL -f 'leases/{id}/guard.s[h]'"
        ));
        let ran = run.finish();
        assert_eq!((ran.output().code, &ran.record()["verdict"]), (Some(97), &"host_error".into()));
        ran.stderr_has("it exceeded the sum of all timeouts, and its guard took it down");
        wait_for("the guard", Duration::from_mins(1), || ran.left().is_empty());
        let ended = host.says(&format!("head -n 1 {}/ended/{id}", host.root()));
        assert_eq!(ended, "deadline\n");
    }
}

#[test]
fn cleanup_never_keeps_for_a_time_too() {
    let repo = all_kinds("never").spec("test_command: 'true'\ncleanup: never\n");
    let ran = repo.run_and_keep(Host::Local, &[]);
    ran.kept(0, "passed").stderr_has(" until tomorrow ");
    let left = kept_for(&ran);
    assert!((85_800..=86_400).contains(&left), "{left}");
    down(&repo, &ran);
}

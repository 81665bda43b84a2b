//! Nothing is left on either side: all there is before and after some runs is compared, also
//! what nobody labelled. Other tests wait meanwhile.

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY, all_kinds};
use e2e_tests::{Alone, Everything, Host, Repo};

/// Its tests leave a process behind, and end as they are told to.
fn with_everything() -> Repo {
    all_kinds("all-kinds").spec("test_command: 'sleep 7011 & exit'\n")
}

#[test]
fn everything_is_as_it_was() {
    let _alone = Alone::on_this_machine();
    let hosts = [Host::Local, Host::Root, Host::Dev];
    side_by_side(hosts, |host| {
        // The first run of a user makes folders that stay on purpose.
        let warm = Repo::new("warm")
            .compose(WEB)
            .spec("test_command: 'true'\n");
        warm.run(host, &[]).ended(0, "passed");
    });
    let everything = Everything::on(&hosts);
    side_by_side(hosts, |host| {
        with_everything()
            .run(host, &["--", "1"])
            .ended(100, "failed");

        let passes = Repo::new("passes").compose(WEB).spec(&format!(
            "{WEB_IS_HEALTHY}tests_run_on: client\ntest_command: curl -fsS \"http://$E2E_WEB_8080/\"\n"
        ));
        passes.run(host, &[]).ended(0, "passed");

        let refused = Repo::new("refused")
            .compose("services: {web: {}}")
            .spec("test_command: 'true'\n");
        refused.run(host, &[]).ended(96, "spec_error");
    });
    everything.is_as_before();
}

/// The whole suite waits for this test: runs on one host do not wait for those on another.
fn side_by_side(hosts: [Host; 3], run: impl Fn(Host) + Sync) {
    std::thread::scope(|scope| {
        for host in hosts {
            let run = &run;
            scope.spawn(move || run(host));
        }
    });
}

#[test]
fn what_is_left_would_be_seen() {
    let _alone = Alone::on_this_machine();
    for host in [Host::Local, Host::Root] {
        let repo = with_everything();
        let everything = Everything::on(&[host]);
        let kept = repo.run_and_keep(host, &["--keep", "--", "0"]);
        kept.kept(0, "passed");
        let id = kept.run_id();
        // A process that hides from its group, as a test may start one.
        let _ = host.says(&format!(
            "CARGO_E2E_RUN={id} setsid sleep 7012 >/dev/null 2>&1 & sleep 0.2"
        ));
        let (added, left) = (everything.added(), kept.left());
        let down = repo.cargo_e2e(&["down", id, "--host", &host.name()]);
        assert_eq!(down.code, Some(0), "{down}");
        for found in [&added, &left] {
            for kind in [
                "container ",
                "network ",
                "volume ",
                "image ",
                "file ",
                "process ",
            ] {
                let seen = found
                    .iter()
                    .filter(|what| what.contains(&format!(": {kind}")))
                    .count();
                // One volume has a name, the other has none.
                let least = if kind == "volume " { 2 } else { 1 };
                assert!(seen >= least, "{kind}is not seen in:\n{}", found.join("\n"));
            }
        }
        kept.leaves_nothing();
        everything.is_as_before();
    }
}

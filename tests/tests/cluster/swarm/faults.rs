//! What becomes of a run that a swarm placed when something is killed.

use std::path::Path;
use std::time::Duration;

use e2e_tests::{Repo, wait_for};
use rustix::process::Signal;
use serde_json::Value;

use crate::lab::{LIMIT, Loss, machine, on, record, records};

use super::lab::Swarm;

/// The guard, and the slot after it.
const GUARDED: Duration = Duration::from_mins(1);

/// The record of a run that was killed, which the next command writes.
#[track_caller]
fn killed(repo: &Repo) -> Value {
    let told = repo.cargo_e2e(&["report"]);
    assert_eq!(told.code, Some(0), "{told}");
    record(repo)
}

#[test]
fn a_client_that_is_killed_while_it_waits_leaves_no_service() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-dies-queued");
    swarm.fill();
    for signal in [Signal::KILL, Signal::INT] {
        let mut run = swarm.start(&repo, &[], "true");
        run.prints("alone (").signal(signal);
        if signal == Signal::INT {
            let ended = run.finish(LIMIT);
            assert_eq!(ended.code, Some(130), "{ended}");
        } else {
            drop(run);
        }
        wait_for("the end of the request", Duration::from_secs(20), || {
            swarm.services().is_empty()
        });
    }
    swarm.empty();
    assert_eq!(record(&repo)["verdict"], "interrupted");
    swarm.has_nothing_left();
}

#[test]
fn a_client_that_is_killed_between_place_and_sandbox_leaves_no_service() {
    let swarm = Swarm::new();
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().display().to_string();
    std::fs::remove_file(&path).expect("it is there");
    let repo = swarm
        .repo("swarm-dies-placed")
        .env("CARGO_E2E_FAILPOINT", &format!("connect:{path}"));
    let mut run = swarm.start(&repo, &[], "true");
    wait_for("the stage `connect`", Duration::from_mins(1), || {
        Path::new(&path).exists()
    });
    wait_for("the slot", Duration::from_secs(20), || {
        swarm.services().contains("Running")
    });
    run.signal(Signal::KILL);
    drop(run);
    swarm.has_nothing_left();
    assert_eq!(killed(&repo)["placement"], Value::Null);
}

/// The node is as good as before.
#[test]
fn a_connection_that_breaks_before_the_slot_is_taken_costs_only_time() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-cut");
    let [manager, node, other] = swarm.nodes.clone();
    for one in [&manager, &other] {
        swarm.set_availability(one, "pause");
    }
    // Its engine takes no slot, and Swarm does not know yet.
    let _ = on(&node, "pkill -STOP -x dockerd");
    let mut run = swarm.start(&repo, &[], "true");
    run.prints("service e2e-swarm-cut");
    let _ = swarm.asks("pkill -KILL -u dev -x sshd");
    run.prints("was not taken: ");
    let _ = on(&node, "pkill -CONT -x dockerd");
    let ended = run.finish(LIMIT);
    for one in [&manager, &other] {
        swarm.set_availability(one, "active");
    }
    assert_eq!(ended.code, Some(0), "{ended}");
    assert_eq!(record(&repo)["host"], node.as_str());
    assert_eq!(records(&repo).len(), 1);
    swarm.has_nothing_left();
}

/// The guard takes the sandbox down, and its hold ends; the service is listed until Swarm is asked again.
#[test]
fn a_client_that_is_killed_while_tests_run_gives_the_slot_back() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-dies-running").env("CARGO_E2E_LEASE", "6");
    for asked in ["gc", "list", "run"] {
        let mut run = swarm.start(&repo, &[], "echo testing; sleep 7000");
        run.prints("testing").signal(Signal::KILL);
        drop(run);
        wait_for("the end of the hold", GUARDED, || {
            swarm.services().contains("Shutdown Complete")
        });
        let record = killed(&repo);
        assert_eq!(record["verdict"], "interrupted");
        let host = record["host"].as_str().expect("a host").to_owned();
        assert!(swarm.nodes.contains(&host), "{record}");
        if asked == "run" {
            let ended = swarm.run(&repo, &[], "true");
            assert_eq!(ended.code, Some(0), "{ended}");
        } else {
            let _ = swarm.tool(&repo, &[asked]);
        }
        swarm.has_nothing_left();
    }
}

#[test]
fn a_run_that_is_interrupted_leaves_no_service() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-interrupted");
    let mut run = swarm.start(&repo, &[], "echo testing; sleep 7000");
    run.prints("testing").signal(Signal::INT);
    let ended = run.finish(LIMIT);
    assert_eq!(ended.code, Some(130), "{ended}");
    swarm.has_nothing_left();
    assert_eq!(records(&repo).len(), 1);
}

#[test]
fn a_service_that_the_admin_removes_ends_the_run_with_swarms_reason() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-removed");
    let mut run = swarm.start(&repo, &[], "echo testing; sleep 7000");
    run.prints("testing");
    let _ = swarm.asks("docker service rm $(docker service ls -q --filter label=cargo-e2e.hold)");
    let ended = run.finish(LIMIT);
    assert_eq!(ended.code, Some(97), "{ended}");
    for said in [
        "the scheduler ended its slot",
        "swarm says: service e2e-swarm-removed-",
        ": removed, node ",
    ] {
        assert!(ended.stderr.contains(said), "it lacks {said:?}\n{ended}");
    }
    assert_eq!(records(&repo).len(), 1);
    assert_eq!(record(&repo)["verdict"], "host_error");
    swarm.has_nothing_left();
    // While it waits, too.
    swarm.fill();
    let mut run = swarm.start(&repo, &[], "true");
    run.prints("alone (");
    let _ = swarm.asks("docker service rm $(docker service ls -q --filter label=cargo-e2e.hold)");
    let ended = run.finish(LIMIT);
    swarm.empty();
    assert_eq!(ended.code, Some(97), "{ended}");
    assert!(ended.stderr.contains("Swarm ended service"), "{ended}");
    swarm.has_nothing_left();
}

/// Loses a run's node for longer than its lease and Swarm's patience, and gives it back.
fn lose(name: &str, loss: &Loss) {
    let swarm = Swarm::new();
    let repo = swarm.repo(name).env("CARGO_E2E_LEASE", "10");
    // Not the manager.
    swarm.set_availability(&swarm.nodes[0], "pause");
    let mut run = swarm.start(&repo, &[], "echo testing; sleep 7000");
    run.prints("testing");
    let node = swarm.node_of_slot();
    swarm.set_availability(&swarm.nodes[0], "active");
    (loss.lose)(&node);
    let ended = run.finish(LIMIT);
    assert_eq!(ended.code, Some(97), "{ended}");
    assert!(ended.stderr.contains("swarm says: service"), "{ended}");
    assert!(ended.stderr.contains(&format!("node {node} ")), "{ended}");
    assert!(ended.took < Duration::from_mins(2), "{ended}");
    assert_eq!(records(&repo).len(), 1);
    wait_for("Swarm to miss the node", Duration::from_mins(1), || {
        let status = format!("docker node inspect -f '{{{{.Status.State}}}}' {node}");
        swarm.asks(&status).trim() == "down"
    });
    // The others have room still.
    let elsewhere = swarm.run(&repo, &[], "true");
    assert_eq!(elsewhere.code, Some(0), "{elsewhere}");
    assert_ne!(record(&repo)["host"], node.as_str());
    assert_eq!(swarm.services(), "");
    (loss.restore)(&node);
    swarm.repair();
    // What was up on a machine that stopped ended with it; the guard's work is gc's.
    let _ = swarm.tool(&repo, &["gc"]);
    let down = repo.cargo_e2e(&["down", "--all", "--host", &node]);
    assert_eq!(down.code, Some(0), "{down}");
    swarm.will_have_nothing(GUARDED);
}

#[test]
fn a_node_of_a_swarm_that_dies_ends_the_run_with_swarms_reason() {
    lose("swarm-node-dies", &Loss::DEATH);
}

#[test]
fn a_node_of_a_swarm_that_hangs_ends_the_run_with_swarms_reason() {
    lose("swarm-node-hangs", &Loss::HANG);
}

#[test]
fn a_node_of_a_swarm_that_is_cut_off_ends_the_run_with_swarms_reason() {
    lose("swarm-node-cut-off", &Loss::CUT_OFF);
}

/// A run that has its node needs no manager; one that waits does.
#[test]
fn a_manager_that_hangs_leaves_no_request_and_no_sandbox() {
    let swarm = Swarm::new();
    let repo = swarm
        .repo("swarm-manager-hangs")
        .env("CARGO_E2E_CONNECT_TIMEOUT", "10");
    let manager = &swarm.nodes[0];
    swarm.set_availability(manager, "pause");
    let tests = "echo testing; until [ -e /tmp/go ]; do sleep 0.1; done";
    let mut run = swarm.start(&repo, &[], tests);
    run.prints("testing");
    let node = swarm.node_of_slot();
    machine(&["pause"], manager);
    let _ = on(&node, "touch /tmp/go");
    let ended = run.finish(LIMIT);
    machine(&["unpause"], manager);
    let _ = on(&node, "rm -f /tmp/go");
    assert_eq!(ended.code, Some(0), "{ended}");
    swarm.repair();
    // What the run could not remove, the next question does.
    let _ = swarm.tool(&repo, &["list"]);
    swarm.has_nothing_left();
    swarm.fill();
    let mut run = swarm.start(&repo, &[], "true");
    run.prints("alone (");
    machine(&["pause"], manager);
    let ended = run.finish(LIMIT);
    machine(&["unpause"], manager);
    assert_eq!(ended.code, Some(97), "{ended}");
    assert_eq!(record(&repo)["verdict"], "host_error");
    wait_for("the end of the request", GUARDED, || {
        !swarm.services().contains(repo.slug())
    });
    swarm.empty();
    swarm.repair();
    swarm.has_nothing_left();
}

/// It is granted a node that Swarm does not miss yet.
#[test]
fn a_node_that_dies_before_tests_begin_is_left_for_another() {
    let swarm = Swarm::new();
    let repo = swarm
        .repo("swarm-node-silent")
        .env("CARGO_E2E_CONNECT_TIMEOUT", "8");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().display().to_string();
    std::fs::remove_file(&path).expect("it is there");
    let repo = repo.env("CARGO_E2E_FAILPOINT", &format!("connect:{path}"));
    swarm.set_availability(&swarm.nodes[0], "pause");
    let run = swarm.start(&repo, &[], "true");
    wait_for("the stage `connect`", Duration::from_mins(1), || {
        Path::new(&path).exists()
    });
    let node = swarm.node_of_slot();
    swarm.machine("kill", &node);
    std::fs::remove_file(&path).expect("it is there");
    // Not held again where it connects to another node.
    std::thread::sleep(Duration::from_millis(500));
    std::fs::create_dir(&path).expect("a folder");
    let ended = run.finish(LIMIT);
    std::fs::remove_dir(&path).expect("it is there");
    swarm.machine("start", &node);
    swarm.repair();
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stderr.contains("can't be used"), "{ended}");
    assert_ne!(record(&repo)["host"], node.as_str());
    assert_eq!(records(&repo).len(), 1);
    swarm.will_have_nothing(GUARDED);
}

#[test]
fn a_request_survives_a_manager_that_is_killed() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-manager");
    // The manager's own slots end with its engine: other nodes are full by what outlives it.
    for wait in [0, 1, 10] {
        swarm.fill();
        swarm.set_availability(&swarm.nodes[0], "pause");
        let mut run = swarm.start(&repo, &[], "true");
        wait_for("the request", Duration::from_mins(1), || {
            swarm.services().contains(repo.slug())
        });
        std::thread::sleep(Duration::from_secs(wait));
        swarm.restart_manager();
        // A node may have had room for a moment, while the manager counted what runs where.
        wait_for("the request, again", Duration::from_mins(1), || {
            !run.is_running() || swarm.services().contains(repo.slug())
        });
        swarm.empty();
        let ended = run.finish(LIMIT);
        swarm.set_availability(&swarm.nodes[0], "active");
        assert_eq!(ended.code, Some(0), "{wait} s: {ended}");
        swarm.has_nothing_left();
    }
    assert_eq!(records(&repo).len(), 3);
}

/// Runs on other nodes need no manager, and their services are removed once it is there again.
#[test]
fn a_run_survives_a_manager_that_is_killed() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-manager-runs");
    swarm.set_availability(&swarm.nodes[0], "pause");
    let tests = "echo testing; until [ -e /tmp/go ]; do sleep 0.1; done";
    let mut run = swarm.start(&repo, &[], tests);
    run.prints("testing");
    let node = swarm.node_of_slot();
    swarm.restart_manager();
    swarm.set_availability(&swarm.nodes[0], "active");
    let _ = on(&node, "touch /tmp/go");
    let ended = run.finish(LIMIT);
    let _ = on(&node, "rm -f /tmp/go");
    assert_eq!(ended.code, Some(0), "{ended}");
    swarm.has_nothing_left();
}

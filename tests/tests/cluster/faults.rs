//! What becomes of a placed run when something is killed.

use std::time::Duration;

use e2e_tests::{Repo, wait_for};
use rustix::process::Signal;

use crate::lab::{Cluster, LIMIT, NAME, machine, on, record, run, start};

/// The guard, and the slot after it.
const GUARDED: Duration = Duration::from_mins(1);

/// The record of a run that was killed, which the next command writes.
#[track_caller]
fn killed(repo: &Repo) -> serde_json::Value {
    let told = repo.cargo_e2e(&["report"]);
    assert_eq!(told.code, Some(0), "{told}");
    record(repo)
}

#[test]
fn a_client_that_is_killed_while_it_waits_leaves_no_request() {
    let cluster = Cluster::new();
    let repo = cluster.repo("dies-queued");
    cluster.fill();
    let mut run = start(&repo, &[], "true");
    run.prints("1st of 1").signal(Signal::KILL);
    drop(run);
    wait_for("the end of the request", Duration::from_secs(20), || {
        !cluster.jobs().contains(repo.slug())
    });
    // The same by Ctrl-C, which the client lives to see.
    let mut run = start(&repo, &[], "true");
    run.prints("1st of 1").signal(Signal::INT);
    let ended = run.finish(LIMIT);
    assert_eq!(ended.code, Some(130), "{ended}");
    wait_for("the end of the request", Duration::from_secs(20), || {
        !cluster.jobs().contains(repo.slug())
    });
    cluster.empty();
    assert_eq!(record(&repo)["verdict"], "interrupted");
    cluster.has_nothing_left();
}

#[test]
fn a_client_that_is_killed_between_place_and_sandbox_gives_the_node_back() {
    let cluster = Cluster::new();
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().display().to_string();
    std::fs::remove_file(&path).expect("it is there");
    let repo = cluster
        .repo("dies-placed")
        .env("CARGO_E2E_FAILPOINT", &format!("connect:{path}"));
    let mut run = start(&repo, &[], "true");
    wait_for("the stage `connect`", Duration::from_mins(1), || {
        std::path::Path::new(&path).exists()
    });
    assert!(cluster.jobs().contains("RUNNING"));
    run.signal(Signal::KILL);
    drop(run);
    cluster.has_nothing_left();
    assert_eq!(killed(&repo)["placement"], serde_json::Value::Null);
}

#[test]
fn a_client_that_is_killed_while_tests_run_gives_the_slot_back() {
    let cluster = Cluster::new();
    let repo = cluster.repo("dies-running").env("CARGO_E2E_LEASE", "6");
    let mut run = start(&repo, &[], "echo testing; sleep 7000");
    run.prints("testing").signal(Signal::KILL);
    drop(run);
    cluster.will_have_nothing(GUARDED);
    let record = killed(&repo);
    assert_eq!(record["verdict"], "interrupted");
    let host = record["host"].as_str().expect("a host");
    assert!(host.starts_with("cluster-n"), "{record}");
}

#[test]
fn a_slot_that_the_admin_ends_ends_the_run_with_slurms_reason() {
    let cluster = Cluster::new();
    let repo = cluster.repo("cancelled");
    let mut run = start(&repo, &[], "echo testing; sleep 7000");
    run.prints("testing");
    let jobs = cluster.jobs();
    let job = jobs.split_whitespace().next().expect("a job");
    let _ = on("cluster-login", &format!("scancel {job}"));
    let ended = run.finish(LIMIT);
    assert_eq!(ended.code, Some(97), "{ended}");
    for said in [
        "the scheduler ended its slot",
        &format!("slurm says: job {job} C"),
    ] {
        assert!(ended.stderr.contains(said), "it lacks {said:?}\n{ended}");
    }
    let text = record(&repo).to_string();
    assert!(text.contains("slurm says"), "{text}");
    cluster.has_nothing_left();
}

#[test]
fn a_node_that_dies_ends_the_run_with_slurms_reason() {
    let cluster = Cluster::new();
    let repo = cluster.repo("node-dies").env("CARGO_E2E_LEASE", "10");
    let mut run = start(&repo, &[], "echo testing on $(hostname); sleep 7000");
    run.prints("testing on");
    let jobs = cluster.jobs();
    let node = jobs.split_whitespace().nth(3).expect("a node").to_owned();
    machine(&["kill"], &node);
    let ended = run.finish(LIMIT);
    assert_eq!(ended.code, Some(97), "{ended}");
    assert!(ended.stderr.contains("slurm says: job"), "{ended}");
    assert!(ended.stderr.contains(&format!("node {node}")), "{ended}");
    assert!(ended.took < Duration::from_mins(2), "{ended}");
    // The others go on.
    let other = run_elsewhere(&repo);
    assert_ne!(other, node);
    machine(&["start"], &node);
    let up = Cluster::repair();
    assert_eq!(up.code, Some(0), "{up}");
    // What was up there ended with the machine; the guard's work is gc's.
    let gc = repo.cargo_e2e(&["gc", "--host", NAME]);
    assert_eq!(gc.code, Some(0), "{gc}");
    let down = repo.cargo_e2e(&["down", "--all", "--host", &node]);
    assert_eq!(down.code, Some(0), "{down}");
    cluster.will_have_nothing(GUARDED);
}

fn run_elsewhere(repo: &Repo) -> String {
    let ended = run(repo, &[], "true");
    assert_eq!(ended.code, Some(0), "{ended}");
    record(repo)["host"].as_str().expect("a host").to_owned()
}

#[test]
fn a_request_survives_a_controller_that_is_killed() {
    let cluster = Cluster::new();
    let repo = cluster.repo("controller");
    cluster.fill();
    for wait in [0, 1, 10] {
        let mut run = start(&repo, &[], "true");
        wait_for("the request", Duration::from_mins(1), || {
            cluster.jobs().contains(repo.slug())
        });
        std::thread::sleep(Duration::from_secs(wait));
        let _ = on(
            "cluster-login",
            "pkill -KILL -x slurmctld; sleep 3; lab-cluster controller",
        );
        wait_for("the controller", Duration::from_mins(1), || {
            on("cluster-login", "scontrol ping || :").contains("is UP")
        });
        wait_for("the request, again", Duration::from_mins(1), || {
            cluster.jobs().contains(repo.slug())
        });
        assert!(run.is_running());
        cluster.empty();
        let ended = run.finish(LIMIT);
        assert_eq!(ended.code, Some(0), "{wait} s: {ended}");
        cluster.has_nothing_left();
        if wait != 10 {
            cluster.fill();
        }
    }
}

//! What becomes of a placed run when something is killed, paused or cut off: rows of `make faults`.

use std::time::{Duration, Instant};

use e2e_tests::{Ended, Repo, wait_for};
use rustix::process::Signal;

use crate::lab::{Cluster, LIMIT, Loss, NAME, machine, on, record, records, run, start};

/// The guard, and the slot after it.
const GUARDED: Duration = Duration::from_mins(1);

/// Checks that nothing is left, and that each run has one record, and prints the row of this fault.
#[track_caller]
fn row(fault: &str, cluster: &Cluster, repo: &Repo, runs: usize) -> serde_json::Value {
    let since = Instant::now();
    cluster.will_have_nothing(GUARDED);
    let clean = since.elapsed().as_secs_f64();
    // The record of a run that was killed is written by the next command.
    let told = repo.cargo_e2e(&["report"]);
    assert_eq!(told.code, Some(0), "{told}");
    assert_eq!(records(repo).len(), runs, "{told}");
    println!("| slurm: {fault} | 1 | 0 | {clean:.1} s | {runs} of {runs} |");
    record(repo)
}

/// The job of the run that is under way, and its node.
#[track_caller]
fn job_and_node(cluster: &Cluster) -> (String, String) {
    let jobs = cluster.jobs();
    let mut words = jobs.split_whitespace().map(str::to_owned);
    let job = words.next().expect("a job");
    (job, words.nth(2).expect("a node"))
}

/// Checks that a run ended because its slot or its node did, by what Slurm says of it.
#[track_caller]
fn ended_by_slurm(ended: &Ended, said: &str) {
    assert_eq!(ended.code, Some(97), "{ended}");
    assert!(ended.stderr.contains(said), "it lacks {said:?}\n{ended}");
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
    let record = row("client killed while it waits", &cluster, &repo, 2);
    assert_eq!(record["verdict"], "interrupted");
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
    let record = row("client killed before its sandbox", &cluster, &repo, 1);
    assert_eq!(record["placement"], serde_json::Value::Null);
}

#[test]
fn a_client_that_is_killed_while_tests_run_gives_the_slot_back() {
    let cluster = Cluster::new();
    let repo = cluster.repo("dies-running").env("CARGO_E2E_LEASE", "6");
    let mut run = start(&repo, &[], "echo testing; sleep 7000");
    run.prints("testing").signal(Signal::KILL);
    drop(run);
    let record = row("client killed while tests run", &cluster, &repo, 1);
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
    let (job, _) = job_and_node(&cluster);
    let _ = on("cluster-login", &format!("scancel {job}"));
    let ended = run.finish(LIMIT);
    ended_by_slurm(&ended, "the scheduler ended its slot");
    ended_by_slurm(&ended, &format!("slurm says: job {job} C"));
    let record = row("scancel while tests run", &cluster, &repo, 1);
    assert!(record.to_string().contains("slurm says"), "{record}");
}

/// As when the login host dies: the run has its slot, and what is left of it is ended by the next look.
#[test]
fn a_slot_whose_srun_is_killed_is_given_back() {
    let cluster = Cluster::new();
    let repo = cluster.repo("srun-dies");
    let mut run = start(
        &repo,
        &[],
        "echo testing; until [ -e /tmp/go ]; do sleep 0.1; done",
    );
    run.prints("testing");
    let (_, node) = job_and_node(&cluster);
    let _ = on("cluster-login", "pkill -KILL -x srun");
    let _ = on(&node, "touch /tmp/go");
    let ended = run.finish(LIMIT);
    let _ = on(&node, "rm -f /tmp/go");
    assert_eq!(ended.code, Some(0), "{ended}");
    wait_for(
        "a minute, in which its step could come",
        Duration::from_mins(2),
        || {
            let listed = repo.cargo_e2e(&["list", "--host", NAME]);
            assert_eq!(listed.code, Some(0), "{listed}");
            cluster.jobs().is_empty()
        },
    );
    let _ = row("srun killed while tests run", &cluster, &repo, 1);
}

#[test]
fn a_slot_whose_time_is_over_ends_the_run_with_slurms_reason() {
    let cluster = Cluster::new();
    let repo = cluster.repo("time-limit");
    let mut run = start(&repo, &[], "echo testing; sleep 7000");
    run.prints("testing");
    let (job, _) = job_and_node(&cluster);
    let limit = format!("scontrol update JobId={job} TimeLimit=1");
    let _ = on("cluster-login", &limit);
    let ended = run.finish(LIMIT);
    ended_by_slurm(&ended, "the scheduler ended its slot");
    ended_by_slurm(&ended, &format!("slurm says: job {job} "));
    let _ = row("time limit while tests run", &cluster, &repo, 1);
}

/// Loses a run's node for longer than its lease and Slurm's patience, and gives it back.
fn lose(fault: &str, name: &str, loss: &Loss) {
    let cluster = Cluster::new();
    let repo = cluster.repo(name).env("CARGO_E2E_LEASE", "10");
    let mut run = start(&repo, &[], "echo testing on $(hostname); sleep 7000");
    run.prints("testing on");
    let (job, node) = job_and_node(&cluster);
    (loss.lose)(&node);
    let since = Instant::now();
    let ended = run.finish(LIMIT);
    let told = since.elapsed();
    ended_by_slurm(&ended, &format!("slurm says: job {job} "));
    ended_by_slurm(&ended, &format!("node {node}"));
    assert!(told < Duration::from_mins(2), "{ended}");
    // The others have room.
    let other = run_elsewhere(&repo);
    assert_ne!(other, node);
    (loss.restore)(&node);
    let up = Cluster::repair();
    assert_eq!(up.code, Some(0), "{up}");
    // What was up on a machine that stopped ended with it; the guard's work is gc's.
    let gc = repo.cargo_e2e(&["gc", "--host", NAME]);
    assert_eq!(gc.code, Some(0), "{gc}");
    let down = repo.cargo_e2e(&["down", "--all", "--host", &node]);
    assert_eq!(down.code, Some(0), "{down}");
    let _ = row(fault, &cluster, &repo, 2);
    println!("the client said so after {:.0} s", told.as_secs_f64());
}

#[test]
fn a_node_that_dies_ends_the_run_with_slurms_reason() {
    lose("node killed while tests run", "node-dies", &Loss::DEATH);
}

#[test]
fn a_node_that_dies_before_tests_begin_costs_only_time() {
    let cluster = Cluster::new();
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().display().to_string();
    std::fs::remove_file(&path).expect("it is there");
    let repo = cluster
        .repo("node-dies-early")
        .env("CARGO_E2E_LEASE", "10")
        .env("CARGO_E2E_FAILPOINT", &format!("ready:{path}"));
    let run = start(&repo, &[], "echo testing on $(hostname)");
    wait_for("the stage `ready`", Duration::from_mins(1), || {
        std::path::Path::new(&path).exists()
    });
    let (_, node) = job_and_node(&cluster);
    machine(&["kill"], &node);
    // On the next node it passes that stage.
    wait_for("the loss of the node", Duration::from_mins(2), || {
        !cluster.jobs().contains(&node) && std::fs::remove_file(&path).is_ok()
    });
    let ended = run.finish(LIMIT);
    assert_eq!(ended.code, Some(0), "{ended}");
    let lost = format!("{node} was lost before a test began");
    assert!(ended.stderr.contains(&lost), "{ended}");
    machine(&["start"], &node);
    let up = Cluster::repair();
    assert_eq!(up.code, Some(0), "{up}");
    let down = repo.cargo_e2e(&["down", "--all", "--host", &node]);
    assert_eq!(down.code, Some(0), "{down}");
    let record = row("node killed before tests", &cluster, &repo, 1);
    assert_eq!(record["verdict"], "passed");
    assert_ne!(record["host"], node.as_str());
}

#[test]
fn a_node_that_hangs_ends_the_run_with_slurms_reason() {
    lose("node paused while tests run", "node-hangs", &Loss::HANG);
}

#[test]
fn a_node_that_is_cut_off_ends_the_run_with_slurms_reason() {
    lose(
        "node cut off while tests run",
        "node-cut-off",
        &Loss::CUT_OFF,
    );
}

#[test]
fn a_login_host_that_hangs_leaves_no_request_and_no_sandbox() {
    let cluster = Cluster::new();
    let repo = cluster.repo("login-hangs").env("CARGO_E2E_LEASE", "10");
    let hang = |run: e2e_tests::Running| {
        machine(&["pause"], "cluster-login");
        let ended = run.finish(LIMIT);
        machine(&["unpause"], "cluster-login");
        assert_eq!(ended.code, Some(97), "{ended}");
    };
    let mut run = start(&repo, &[], "echo testing; sleep 7000");
    run.prints("testing");
    hang(run);
    let _ = row("login host paused while tests run", &cluster, &repo, 1);
    cluster.fill();
    let mut run = start(&repo, &[], "true");
    run.prints("1st of 1");
    hang(run);
    wait_for("the end of the request", GUARDED, || {
        !cluster.jobs().contains(repo.slug())
    });
    cluster.empty();
    let record = row("login host paused while a run waits", &cluster, &repo, 2);
    assert_eq!(record["verdict"], "host_error");
}

/// The host can't tell it from a client that was killed, which must leave no request.
#[test]
fn a_run_whose_connection_breaks_while_it_waits_asks_again() {
    let cluster = Cluster::new();
    let repo = cluster.repo("connection-waits");
    cluster.fill();
    let mut run = start(&repo, &[], "true");
    run.prints("1st of 1");
    let next = "runuser -u dev -- sbatch -Q -D / -o /dev/null -N 3 -n 3 -c 4 --mem=9000 -J other --wrap true";
    let _ = on("cluster-login", next);
    let _ = on("cluster-login", "pkill -KILL -u dev -x sshd");
    // Behind who came meanwhile.
    run.prints("2nd of 2");
    cluster.empty();
    let ended = run.finish(LIMIT);
    assert_eq!(ended.code, Some(0), "{ended}");
    let fault = "login connection killed while a run waits";
    let record = row(fault, &cluster, &repo, 1);
    assert_eq!(record["verdict"], "passed");
}

fn run_elsewhere(repo: &Repo) -> String {
    let ended = run(repo, &[], "true");
    assert_eq!(ended.code, Some(0), "{ended}");
    record(repo)["host"].as_str().expect("a host").to_owned()
}

/// Waits until the controller has written what is so now: killed before, it would think that a job which has
/// ended runs.
fn is_saved() {
    let now = on("cluster-login", "sleep 1; date +%s");
    let later = format!(
        "[ \"$(stat -c %Y /var/lib/slurm/slurmctld/job_state)\" -ge {} ] && echo saved || :",
        now.trim()
    );
    let touch = "scontrol update JobName=other Comment=$(date +%s) 2>/dev/null || :";
    let _ = on("cluster-login", touch);
    wait_for(
        "the controller's state on its disk",
        Duration::from_mins(1),
        || on("cluster-login", &later).contains("saved"),
    );
}

#[test]
fn a_request_survives_a_controller_that_is_killed() {
    let cluster = Cluster::new();
    let repo = cluster.repo("controller");
    cluster.fill();
    let mut runs = 0;
    for wait in [0, 1, 10] {
        is_saved();
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
        let fault = format!("controller killed {wait} s after a request");
        runs += 1;
        let _ = row(&fault, &cluster, &repo, runs);
        if wait != 10 {
            cluster.fill();
        }
    }
}

//! Runs on a cluster: Slurm gives them nodes, and Swarm (`swarm.rs`). Real daemons, in the lab's containers.

mod chapter;
mod fair;
mod faults;
mod lab;
mod measured;
mod packing;
mod swarm;
mod warm;

use std::time::Duration;

use e2e_tests::{Running, wait_for};

use lab::{Cluster, LIMIT, NAME, NODES, machine, on, record, records, run, stage, start};

/// The part of the suite: the others are `make cluster-tests`.
#[test]
fn a_run_goes_to_a_node_that_slurm_gives_it_and_gives_it_back() {
    let cluster = Cluster::new();
    let repo = cluster
        .repo("placed")
        .env("SECRET_OF_THE_CLIENT", "hunter2");
    let mut running = start(
        &repo,
        &[],
        "echo testing on $(hostname); until [ -e /tmp/go ]; do sleep 0.1; done",
    );
    running.prints("testing on");
    // The slot is the job of this user, with the repo's name.
    let jobs = cluster.jobs();
    assert!(jobs.contains(&format!("e2e-{}-", repo.slug())), "{jobs}");
    let listed = repo.cargo_e2e(&["list", "--host", NAME]);
    assert!(listed.stdout.contains(repo.slug()), "{listed}");
    let one = repo.cargo_e2e(&["env", "--host", NAME]);
    assert_eq!(one.code, Some(2), "{one}");
    assert!(
        one.stderr.contains("is a cluster: this needs one host"),
        "{one}"
    );
    let job = jobs.split_whitespace().next().expect("a job");
    let script = format!("scontrol write batch_script {job} - ; scontrol show job {job}");
    let known = on("cluster-login", &script);
    assert!(!known.contains("hunter2"), "{known}");
    for node in NODES {
        let environment = "grep -lsF SECRET_OF_THE_CLIENT /proc/[0-9]*/environ; touch /tmp/go";
        assert_eq!(on(node, environment), "", "{node}");
    }
    let ended = running.finish(LIMIT);
    for node in NODES {
        let _ = on(node, "rm -f /tmp/go");
    }
    assert_eq!(ended.code, Some(0), "{ended}");
    let record = record(&repo);
    let host = record["host"].as_str().expect("a host");
    assert!(NODES.contains(&host), "{record}");
    assert_eq!(record["placement"]["engine"], "slurm");
    assert_eq!(record["placement"]["id"], job);
    assert!(stage(&record, "place") < 30_000, "{record}");
    let none = repo.cargo_e2e(&["list", "--host", NAME]);
    assert!(none.stderr.contains("no sandboxes on"), "{none}");
    cluster.has_nothing_left();
}

#[test]
fn twelve_runs_on_six_slots_all_pass() {
    let cluster = Cluster::new();
    let repo = cluster.repo("twelve");
    let runs: Vec<Running> = (0..12).map(|_| start(&repo, &[], "sleep 3")).collect();
    for run in runs {
        let ended = run.finish(LIMIT);
        assert_eq!(ended.code, Some(0), "{ended}");
    }
    let all = records(&repo);
    assert_eq!(all.len(), 12);
    let mut jobs: Vec<&str> = all
        .iter()
        .filter_map(|one| one["placement"]["id"].as_str())
        .collect();
    jobs.sort_unstable();
    jobs.dedup();
    assert_eq!(jobs.len(), 12, "a slot each: {jobs:?}");
    let mut hosts: Vec<&str> = all.iter().filter_map(|one| one["host"].as_str()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    assert_eq!(hosts, NODES);
    // None waited for a second turn on its node.
    let queues = |one: &serde_json::Value| one.to_string().contains("\"name\":\"queue\"");
    assert!(!all.iter().any(queues));
    cluster.has_nothing_left();
}

#[test]
fn a_big_request_is_not_starved_by_small_ones() {
    let cluster = Cluster::new();
    let repo = cluster.repo("big");
    for node in NODES {
        let fill = format!(
            "runuser -u dev -- sbatch -Q -D / -o /dev/null -w {node} -c 4 --mem=9000 -J other-{node} --wrap 'sleep 600'"
        );
        let _ = on("cluster-login", &fill);
    }
    wait_for("other work", Duration::from_secs(20), || {
        cluster.jobs().matches("RUNNING").count() == NODES.len()
    });
    let mut big = start(&repo, &["--need", "cpus=4"], "echo big one");
    big.prints("1st of 1 (Resources)");
    let mut small: Vec<Running> = Vec::new();
    for _ in 0..3 {
        let mut run = start(&repo, &["--need", "cpus=2"], "true");
        run.prints("for a node of");
        small.push(run);
    }
    // There is room for small ones as soon as for the big one.
    let _ = on("cluster-login", "scancel -n other-cluster-n1");
    big.prints("big one");
    for run in &mut small {
        assert!(run.is_running());
    }
    let _ = on(
        "cluster-login",
        "scancel -n other-cluster-n2; scancel -n other-cluster-n3",
    );
    for run in small.into_iter().chain([big]) {
        let ended = run.finish(LIMIT);
        assert_eq!(ended.code, Some(0), "{ended}");
    }
    cluster.has_nothing_left();
}

#[test]
fn a_run_that_waits_says_its_place_and_does_not_wait_with_no_wait() {
    let cluster = Cluster::new();
    let repo = cluster.repo("waits");
    cluster.fill();
    let refused = run(&repo, &["--no-wait"], "true");
    assert_eq!(refused.code, Some(97), "{refused}");
    for said in [
        "no free node: this run would be 1st of 1",
        "without `--no-wait`",
    ] {
        assert!(refused.stderr.contains(said), "{said}\n{refused}");
    }
    let mut first = start(&repo, &[], "true");
    first.prints("1st of 1 (Resources)");
    let mut second = start(&repo, &[], "true");
    second.prints("2nd of 2 (Priority)");
    cluster.empty();
    for run in [first, second] {
        let ended = run.finish(LIMIT);
        assert_eq!(ended.code, Some(0), "{ended}");
    }
    let record = record(&repo);
    assert!(
        record["placement"]["queued_ms"].as_u64() > Some(0),
        "{record}"
    );
    let too_much = run(&repo, &["--need", "cpus=64"], "true");
    assert_eq!(too_much.code, Some(97), "{too_much}");
    let why = "the partition gives no such node (PartitionConfig): 64 CPUs";
    assert!(too_much.stderr.contains(why), "{too_much}");
    cluster.has_nothing_left();
}

#[test]
fn a_kept_sandbox_has_its_slot_beyond_the_clients_end() {
    let cluster = Cluster::new();
    let repo = cluster.repo("kept");
    let up = repo.cargo_e2e(&["up", "--host", NAME]);
    assert_eq!(up.code, Some(0), "{up}");
    std::thread::sleep(Duration::from_secs(2));
    let jobs = cluster.jobs();
    assert!(jobs.contains("RUNNING"), "{jobs}");
    let on_login = on("cluster-login", "pgrep -x srun || :");
    assert_eq!(on_login, "", "its slot needs nothing there");
    let again = run(&repo, &["--reuse"], "true");
    assert_eq!(again.code, Some(0), "{again}");
    assert!(again.stderr.contains("nothing changed"), "{again}");
    assert_eq!(cluster.jobs(), jobs, "it has no slot of its own");
    let up_again = repo.cargo_e2e(&["up", "--host", NAME]);
    assert_eq!(up_again.code, Some(0), "{up_again}");
    assert_eq!(cluster.jobs(), jobs);
    let listed = repo.cargo_e2e(&["list", "--host", NAME]);
    assert!(listed.stdout.contains(repo.slug()), "{listed}");
    let down = repo.cargo_e2e(&["down", "--host", NAME]);
    assert_eq!(down.code, Some(0), "{down}");
    cluster.has_nothing_left();
    // Without a sandbox to reuse, it gets one.
    let fresh = run(&repo, &["--reuse", "--keep"], "true");
    assert_eq!(fresh.code, Some(0), "{fresh}");
    let jobs = cluster.jobs();
    assert!(jobs.contains("RUNNING"), "{jobs}");
    // The admin's word counts for kept ones too.
    let job = jobs.split_whitespace().next().expect("a job");
    let _ = on("cluster-login", &format!("scancel {job}"));
    cluster.will_have_nothing(Duration::from_mins(1));
}

#[test]
fn what_cant_place_runs_says_why() {
    let cluster = Cluster::new();
    let repo = cluster.repo("refused");
    let refused = |host: &str, code: i32, all: &[&str]| {
        let ended = repo.cargo_e2e(&["--host", host, "--", "true"]);
        assert_eq!(ended.code, Some(code), "{ended}");
        for said in all {
            assert!(ended.stderr.contains(said), "it lacks {said:?}\n{ended}");
        }
    };
    let partition = "it has no partition `none`";
    refused("slurm://cluster-login/none", 97, &[partition, "`sinfo`"]);
    refused(
        "slurm://nowhere.invalid/e2e",
        97,
        &["failed to connect to `nowhere.invalid`"],
    );
    // This machine has no Slurm.
    refused("slurm:e2e", 97, &["it has no `sbatch`", "slurm-client"]);
    refused(
        "slurm://cluster-login",
        2,
        &["give slurm://LOGIN/PARTITION"],
    );
    refused("slurm:e2e,railiance01", 2, &["no member of a pool"]);
    let doctor = repo.cargo_e2e(&["doctor", "--host", NAME]);
    assert_eq!(doctor.code, Some(0), "{doctor}");
    assert!(
        doctor.stdout.contains("partition e2e has 3 nodes"),
        "{doctor}"
    );
    let doctor = repo.cargo_e2e(&["doctor", "--host", "slurm://cluster-login/none"]);
    assert_eq!(doctor.code, Some(97), "{doctor}");
    assert!(doctor.stdout.contains(partition), "{doctor}");
    machine(&["pause"], "cluster-login");
    let ended = repo.cargo_e2e(&["--host", NAME, "--", "true"]);
    machine(&["unpause"], "cluster-login");
    assert_eq!(ended.code, Some(97), "{ended}");
    cluster.has_nothing_left();
}

#[test]
fn nodes_that_are_drained_or_cant_be_used_are_left() {
    let cluster = Cluster::new();
    let repo = cluster.repo("drained");
    let drain = "scontrol update NodeName=cluster-n1,cluster-n2 State=DRAIN Reason=test";
    let _ = on("cluster-login", drain);
    let ended = run(&repo, &[], "true");
    assert_eq!(ended.code, Some(0), "{ended}");
    assert_eq!(record(&repo)["host"], "cluster-n3");
    // Slurm knows no engine: such a node is left for another.
    let _ = on("cluster-n3", "mv /usr/bin/docker /usr/bin/docker.off");
    let _ = on(
        "cluster-login",
        "scontrol update NodeName=cluster-n1 State=RESUME",
    );
    wait_for("the node", Duration::from_secs(20), || {
        on("cluster-login", "sinfo -h -n cluster-n1 -o %t").trim() == "idle"
    });
    let _ = on(
        "cluster-login",
        "runuser -u dev -- sbatch -Q -D / -o /dev/null -w cluster-n1 -c 2 --mem=1000 -J other --wrap 'sleep 600'",
    );
    let ended = run(&repo, &[], "true");
    let _ = on("cluster-n3", "mv /usr/bin/docker.off /usr/bin/docker");
    cluster.empty();
    let _ = on(
        "cluster-login",
        "scontrol update NodeName=cluster-n2 State=RESUME",
    );
    assert_eq!(ended.code, Some(0), "{ended}");
    assert_eq!(record(&repo)["host"], "cluster-n1", "{ended}");
    cluster.has_nothing_left();
}

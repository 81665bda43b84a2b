//! Of nodes that are free, a run gets the one with its repo's workspace and images.

use std::time::Duration;

use e2e_tests::{Repo, image, wait_for};

use crate::lab::{Cluster, NAME, NODES, on, record, run, stage};

/// Takes all of a node by other work.
fn take(cluster: &Cluster, node: &str) {
    let take = format!(
        "runuser -u dev -- sbatch -Q -D / -o /dev/null -w {node} -c 4 --mem=9000 -J other-{node} --wrap 'sleep 600'"
    );
    let _ = on("cluster-login", &take);
    let is_taken = || cluster.jobs().contains(&format!("other-{node} RUNNING"));
    wait_for("other work", Duration::from_secs(20), is_taken);
}

/// Ends what [`take`] began on all nodes.
fn leave(cluster: &Cluster) {
    for node in NODES {
        let _ = on("cluster-login", &format!("scancel -n other-{node}"));
    }
    let is_over = || cluster.jobs().is_empty();
    wait_for("the end of other work", Duration::from_secs(20), is_over);
}

/// The node of a run that passes.
#[track_caller]
fn node_of_run(repo: &Repo) -> String {
    let ended = run(repo, &[], "true");
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(!ended.stderr.contains("waiting"), "{ended}");
    record(repo)["host"].as_str().expect("a host").to_owned()
}

#[test]
fn a_run_goes_to_its_repos_last_node_where_that_is_free() {
    let cluster = Cluster::new();
    let repo = cluster.repo("warm");
    take(&cluster, "cluster-n1");
    take(&cluster, "cluster-n2");
    assert_eq!(node_of_run(&repo), "cluster-n3");
    leave(&cluster);
    // Slurm itself begins with the first of equals.
    assert_eq!(node_of_run(&repo), "cluster-n3");
    let up = repo.cargo_e2e(&["up", "--host", NAME]);
    assert_eq!(up.code, Some(0), "{up}");
    assert!(
        cluster.jobs().contains("RUNNING cluster-n3"),
        "{}",
        cluster.jobs()
    );
    let down = repo.cargo_e2e(&["down", "--host", NAME]);
    assert_eq!(down.code, Some(0), "{down}");
    cluster.has_nothing_left();
    // It waits for no node while another is free.
    take(&cluster, "cluster-n3");
    let other = node_of_run(&repo);
    assert_ne!(other, "cluster-n3");
    leave(&cluster);
    let drain = |state: &str| {
        let script = format!("scontrol update NodeName={other} State={state} Reason=test");
        let _ = on("cluster-login", &script);
    };
    drain("DRAIN");
    let third = node_of_run(&repo);
    drain("RESUME");
    assert_ne!(third, other);
    cluster.has_nothing_left();
}

/// On each node in turn a first and a second run of a repo. Prints what the second one saves.
#[test]
#[ignore = "it measures: scripts/cluster figures"]
fn figures_of_warmth() {
    let cluster = Cluster::new();
    let postgres = image("POSTGRES_IMAGE");
    let mut repo = cluster
        .repo("warmth")
        .spec(&format!(
            "ports: isolated\ntest_command: eval\nimages: ['{postgres}']\n"
        ))
        .compose("services: {db: {image: PG_IMAGE, command: [sleep, '600'], init: true}}\n");
    for number in 0..3000 {
        repo = repo.file(
            &format!("src/{}/{number}.txt", number % 50),
            &"text\n".repeat(400),
        );
    }
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for node in NODES {
        let _ = on(
            node,
            &format!("docker rmi -f {postgres} >/dev/null 2>&1 || :"),
        );
    }
    for _ in NODES {
        for times in [&mut cold, &mut warm] {
            let node = node_of_run(&repo);
            let record = record(&repo);
            let time = stage(&record, "sync") + stage(&record, "up");
            println!("{node}: sync and up {time} ms");
            times.push(time);
        }
        let last = record(&repo)["host"].as_str().expect("a host").to_owned();
        take(&cluster, &last);
    }
    leave(&cluster);
    cluster.has_nothing_left();
    cold.sort_unstable();
    warm.sort_unstable();
    println!(
        "sync and up, median of 3: {} ms on a node that knows nothing of the repo, {} ms on its last node",
        cold[1], warm[1]
    );
}

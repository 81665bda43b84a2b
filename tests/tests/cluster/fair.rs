//! Two users of one cluster: Slurm's fair shares count for placed runs.

use std::time::Duration;

use e2e_tests::{Running, wait_for};

use crate::lab::{Cluster, LIMIT, NODES, on, records, start};

/// A test that ends when it gets its node's token. Every user who may write the folder may remove the token.
const TESTS: &str = "echo testing; until rm /tmp/tokens/one 2>/dev/null; do sleep 0.1; done";

/// Lets a test on this node end.
fn give_token(node: &str) {
    let give = "mkdir -p /tmp/tokens; chmod 777 /tmp/tokens; touch /tmp/tokens/one";
    let _ = on(node, give);
}

#[test]
fn one_users_queue_does_not_keep_another_user_waiting() {
    let cluster = Cluster::fair();
    let many = cluster.repo("fair-many");
    let few = cluster.repo_of_other("fair-few");
    let first: Vec<Running> = (0..10).map(|_| start(&many, &[], TESTS)).collect();
    let pending = || cluster.jobs().matches("PENDING").count();
    wait_for("six that run", Duration::from_mins(2), || {
        pending() == 4 && cluster.jobs().matches("RUNNING").count() == 6
    });
    // Slurm counts what was used once a minute.
    wait_for("their use to count", Duration::from_mins(3), || {
        let share = "sshare -nP -u dev -o rawusage | tail -n 1";
        on("cluster-login", share).trim() != "0"
    });
    let mut second = start(&few, &[], TESTS);
    // It came last.
    second.prints("1st of 5");
    give_token("cluster-n1");
    second.prints("testing");
    assert_eq!(pending(), 4, "{}", cluster.jobs());
    let mut runs = first;
    runs.push(second);
    wait_for("the end of all", LIMIT, || {
        for node in NODES {
            give_token(node);
        }
        runs.iter_mut().all(|run| !run.is_running())
    });
    for node in NODES {
        let _ = on(node, "rm -rf /tmp/tokens");
    }
    for run in runs {
        let ended = run.finish(LIMIT);
        assert_eq!(ended.code, Some(0), "{ended}");
    }
    assert_eq!((records(&many).len(), records(&few).len()), (10, 1));
    cluster.has_nothing_left();
}

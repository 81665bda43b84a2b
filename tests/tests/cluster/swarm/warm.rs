//! Of nodes that are free, a run gets the one with its repo's workspace and images.

use e2e_tests::Repo;

use crate::lab::record;

use super::lab::Swarm;

/// The node of a run that passes.
#[track_caller]
fn node_of_run(swarm: &Swarm, repo: &Repo) -> String {
    let ended = swarm.run(repo, &[], "true");
    assert_eq!(ended.code, Some(0), "{ended}");
    record(repo)["host"].as_str().expect("a host").to_owned()
}

#[test]
fn a_run_goes_to_its_repos_last_node_of_a_swarm_where_that_is_free() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-warm");
    let [first, second, third] = &swarm.nodes;
    for node in [first, second] {
        swarm.set_availability(node, "pause");
    }
    assert_eq!(&node_of_run(&swarm, &repo), third);
    for node in [first, second] {
        swarm.set_availability(node, "active");
    }
    for _ in 0..3 {
        assert_eq!(&node_of_run(&swarm, &repo), third);
    }
    // It waits for no node while another is free.
    swarm.set_availability(third, "pause");
    let other = node_of_run(&swarm, &repo);
    swarm.set_availability(third, "active");
    assert_ne!(&other, third);
    swarm.has_nothing_left();
}

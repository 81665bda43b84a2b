//! What placing by Swarm costs: `scripts/cluster figures` prints it.

use std::time::{Duration, Instant};

use crate::lab::{on, record, stage};
use crate::measured::print_figures;

use super::lab::Swarm;

/// Runs in turn on free slots, and 18 at once.
#[test]
#[ignore = "it measures: scripts/cluster figures"]
fn figures_of_swarm() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-figures");
    let (mut place, mut queued, mut freed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..10 {
        let ended = swarm.run(&repo, &[], "true");
        let since = Instant::now();
        assert_eq!(ended.code, Some(0), "{ended}");
        let record = record(&repo);
        let node = record["host"].as_str().expect("a host").to_owned();
        let holds = "docker ps -q --filter label=com.docker.swarm.task.name";
        while !(swarm.asks("docker service ls -q") + &on(&node, holds)).is_empty() {
            assert!(since.elapsed() < Duration::from_secs(20));
        }
        freed.push(u64::try_from(since.elapsed().as_millis()).expect("short"));
        swarm.has_nothing_left();
        place.push(stage(&record, "place"));
        queued.push(record["placement"]["queued_ms"].as_u64().expect("a number"));
    }
    let began = Instant::now();
    let runs: Vec<_> = (0..18)
        .map(|_| swarm.start(&repo, &[], "sleep 10"))
        .collect();
    for one in runs {
        let ended = one.finish(Duration::from_mins(5));
        assert_eq!(ended.code, Some(0), "{ended}");
    }
    let all = began.elapsed().as_secs_f64();
    swarm.has_nothing_left();
    print_figures("swarm", [place, queued, freed], all);
}

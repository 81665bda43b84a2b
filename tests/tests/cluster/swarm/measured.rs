//! What placing by Swarm costs: `scripts/cluster figures` prints it.

use std::time::{Duration, Instant};

use crate::lab::{on, record, stage};

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
    for (what, values) in [
        (
            "stage `place`, with the connection to the manager",
            &mut place,
        ),
        ("from the request to the node", &mut queued),
        ("slot free after the run's end", &mut freed),
    ] {
        values.sort_unstable();
        let at = |percent: usize| values[(values.len() - 1) * percent / 100];
        println!(
            "swarm, {what}: p50 {} ms, p90 {} ms, most {} ms",
            at(50),
            at(90),
            at(100)
        );
    }
    println!("swarm, 18 runs with tests of 10 s on 6 slots: {all:.1} s");
}

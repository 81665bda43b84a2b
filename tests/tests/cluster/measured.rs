//! What placing costs: `scripts/cluster-figures` prints it.

use std::time::{Duration, Instant};

use crate::lab::{Cluster, record, run, stage, start};

/// Runs in turn on free slots, and 18 at once.
#[test]
#[ignore = "it measures: scripts/cluster-figures"]
fn figures() {
    let cluster = Cluster::new();
    let repo = cluster.repo("figures");
    let (mut place, mut queued, mut freed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..10 {
        let ended = run(&repo, &[], "true");
        let since = Instant::now();
        assert_eq!(ended.code, Some(0), "{ended}");
        while !cluster.jobs().is_empty() {
            assert!(since.elapsed() < Duration::from_secs(20));
        }
        freed.push(u64::try_from(since.elapsed().as_millis()).expect("short"));
        let record = record(&repo);
        place.push(stage(&record, "place"));
        queued.push(record["placement"]["queued_ms"].as_u64().expect("a number"));
    }
    let began = Instant::now();
    let runs: Vec<_> = (0..18).map(|_| start(&repo, &[], "sleep 10")).collect();
    for one in runs {
        let ended = one.finish(Duration::from_mins(5));
        assert_eq!(ended.code, Some(0), "{ended}");
    }
    let all = began.elapsed().as_secs_f64();
    cluster.has_nothing_left();
    print_figures("slurm", [place, queued, freed], all);
}

/// Prints how many milliseconds placing took, and how many seconds all runs on six slots.
pub(crate) fn print_figures(engine: &str, figures: [Vec<u64>; 3], all: f64) {
    let names = [
        "stage `place`, with the connection to its host",
        "from the request to the node",
        "slot free after the run's end",
    ];
    for (what, mut values) in names.into_iter().zip(figures) {
        values.sort_unstable();
        let at = |percent: usize| values[(values.len() - 1) * percent / 100];
        println!(
            "{engine}, {what}: p50 {} ms, p90 {} ms, most {} ms",
            at(50),
            at(90),
            at(100)
        );
    }
    println!("{engine}, 18 runs with tests of 10 s on 6 slots: {all:.1} s");
}

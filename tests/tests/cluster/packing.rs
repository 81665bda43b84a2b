//! How much of the slots' time 60 runs use on six slots: `make cluster-packing` prints it.

use std::collections::BTreeMap;
use std::time::Duration;

use e2e_tests::Running;
use serde_json::Value;

use crate::lab::{Cluster, on, records, start};

const RUNS: usize = 60;
const SLOTS: usize = 6;
/// Of the tests, which only wait: what two processors do in that time does not count.
const SECONDS: u64 = 30;

/// When a job began and ended, in seconds, as Slurm says.
type Times = BTreeMap<String, (u64, u64)>;

/// Adds the jobs that Slurm knows: it forgets them five minutes after their end.
fn note(times: &mut Times) {
    let said = on(
        "cluster-login",
        "TZ=UTC SLURM_TIME_FORMAT=%s squeue -h -t CD,CA,F,TO -o '%i %S %e'",
    );
    for line in said.lines() {
        let mut words = line.split_whitespace().map(str::to_owned);
        let job = words.next().expect("a job");
        let mut time = || words.next().and_then(|word| word.parse().ok());
        if let (Some(began), Some(ended)) = (time(), time()) {
            times.insert(job, (began, ended));
        }
    }
}

/// Sixty runs at once. Prints where the time of the slots went.
#[test]
#[ignore = "it measures: make cluster-packing"]
fn packing() {
    let cluster = Cluster::new();
    let repo = cluster
        .repo("packing")
        .env("CARGO_E2E_CONNECT_TIMEOUT", "300");
    let tests = format!("sleep {SECONDS}");
    let mut runs: Vec<Running> = (0..RUNS).map(|_| start(&repo, &[], &tests)).collect();
    let mut times = Times::new();
    while runs.iter_mut().any(Running::is_running) {
        std::thread::sleep(Duration::from_secs(5));
        note(&mut times);
    }
    for run in runs {
        let ended = run.finish(Duration::from_secs(1));
        assert_eq!(ended.code, Some(0), "{ended}");
    }
    cluster.has_nothing_left();
    note(&mut times);
    print(&times, &records(&repo));
}

#[expect(clippy::cast_precision_loss, reason = "they are small")]
fn print(all: &Times, records: &[Value]) {
    let id = |record: &Value| record["placement"]["id"].as_str().map(str::to_owned);
    let times: Vec<(u64, u64)> = records
        .iter()
        .map(|record| all[&id(record).expect("it was placed")])
        .collect();
    let mut begins: Vec<u64> = times.iter().map(|(began, _)| *began).collect();
    let mut ends: Vec<u64> = times.iter().map(|(_, ended)| *ended).collect();
    begins.sort_unstable();
    ends.sort_unstable();
    let (first, last) = (begins[0], ends[ends.len() - 1]);
    let whole = (last - first) * SLOTS as u64;
    let taken: u64 = times.iter().map(|(began, ended)| ended - began).sum();
    // Before a slot's first run, and after its last one.
    let at_first: u64 = begins[..SLOTS].iter().map(|time| time - first).sum();
    let at_last: u64 = ends[ends.len() - SLOTS..]
        .iter()
        .map(|time| last - time)
        .sum();
    let between = whole - taken - at_first - at_last;
    let share = |seconds: f64| seconds * 100.0 / whole as f64;
    println!(
        "{RUNS} runs with tests of {SECONDS} s on {SLOTS} slots: {} s",
        last - first
    );
    println!("slots taken: {:.1} % of their time", share(taken as f64));
    println!(
        "free between two runs: {:.1} %, {:.1} s each time",
        share(between as f64),
        between as f64 / (times.len() - SLOTS) as f64
    );
    println!(
        "free before the first and after the last run: {:.1} %",
        share((at_first + at_last) as f64)
    );
    let mut stages: BTreeMap<&str, f64> = BTreeMap::new();
    for stage in records
        .iter()
        .filter_map(|record| record["stages"].as_array())
        .flatten()
    {
        let name = stage["name"].as_str().unwrap_or_default();
        *stages.entry(name).or_default() +=
            stage["duration_ms"].as_f64().unwrap_or_default() / 1000.0;
    }
    stages.remove("place");
    stages.remove("report");
    let mut known = 0.0;
    for (name, seconds) in &stages {
        known += seconds;
        println!("  of them `{name}`: {:.1} %", share(*seconds));
    }
    println!("  of them the rest: {:.1} %", share(taken as f64 - known));
}

//! How much of the time of six slots many runs use: `make cluster-packing` prints it.

use std::collections::BTreeMap;
use std::time::Duration;

use e2e_tests::Running;
use serde_json::Value;

use crate::lab::{Cluster, LIMIT, on, records, start};

/// So many runs, unless `E2E_PACKING` says another number.
const RUNS: usize = 60;
const SLOTS: usize = 6;
/// Of the tests, which only wait: what two processors do in that time does not count.
const SECONDS: u64 = 30;

/// When a job began and ended, in seconds, as Slurm says.
type Times = BTreeMap<String, (u64, u64)>;

/// Adds the jobs of a repo that Slurm knows: it forgets them five minutes after their end.
fn note(times: &mut Times, slug: &str) {
    let said = on(
        "cluster-login",
        "SLURM_TIME_FORMAT=%s squeue -h -t CD,CA,F,TO -o '%i %S %e %N %j'",
    );
    for line in said.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        // A request that was taken back has no node.
        let [job, began, ended, _node, name] = words[..] else {
            continue;
        };
        let time = |word: &str| word.parse().expect("seconds");
        if name.starts_with(&format!("e2e-{slug}-")) {
            times.insert(job.to_owned(), (time(began), time(ended)));
        }
    }
}

/// Many runs at once. Prints where the time of the slots went.
#[test]
#[ignore = "it measures: make cluster-packing"]
fn packing() {
    let number = std::env::var("E2E_PACKING").map(|text| text.parse().expect("a number"));
    let number = number.unwrap_or(RUNS);
    assert!(number > SLOTS);
    let cluster = Cluster::new();
    let repo = cluster
        .repo("packing")
        .env("CARGO_E2E_CONNECT_TIMEOUT", "300");
    let tests = format!("sleep {SECONDS}");
    let mut runs: Vec<Running> = (0..number).map(|_| start(&repo, &[], &tests)).collect();
    let mut times = Times::new();
    while runs.iter_mut().any(Running::is_running) {
        std::thread::sleep(Duration::from_secs(5));
        note(&mut times, repo.slug());
    }
    for run in runs {
        let ended = run.finish(LIMIT);
        assert_eq!(ended.code, Some(0), "{ended}");
    }
    cluster.has_nothing_left();
    note(&mut times, repo.slug());
    print(&times.into_values().collect::<Vec<_>>());
    // The last results are kept.
    print_stages(&records(&repo));
}

#[expect(clippy::cast_precision_loss, reason = "they are small")]
fn print(times: &[(u64, u64)]) {
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
    let between = whole.saturating_sub(taken + at_first + at_last);
    let share = |seconds: u64| seconds as f64 * 100.0 / whole as f64;
    println!(
        "{} runs with tests of {SECONDS} s on {SLOTS} slots: {} s",
        times.len(),
        last - first
    );
    println!("slots taken: {:.1} % of their time", share(taken));
    println!(
        "free between two runs: {:.1} %, {:.1} s each time",
        share(between),
        between as f64 / (times.len() - SLOTS) as f64
    );
    println!("free before the first run: {:.1} %", share(at_first));
    println!("free after the last run: {:.1} %", share(at_last));
}

/// Prints what runs did in their slots, on average.
fn print_stages(records: &[Value]) {
    let mut stages: BTreeMap<&str, f64> = BTreeMap::new();
    let all = records.iter().filter_map(|one| one["stages"].as_array());
    for stage in all.flatten() {
        let name = stage["name"].as_str().unwrap_or_default();
        *stages.entry(name).or_default() += stage["duration_ms"].as_f64().unwrap_or_default();
    }
    let count = f64::from(u32::try_from(records.len()).expect("few"));
    println!("the last {count} runs, on average:");
    for (name, sum) in stages {
        println!("  {name}: {:.1} s", sum / 1000.0 / count);
    }
}

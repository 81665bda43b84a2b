//! One run from inside: which stage begins when, what it takes, and what lies between.

use std::fs;
use std::time::Duration;

use e2e_tests::Host;
use serde_json::{Value, json};

use super::measured::millis;
use super::scenarios::Scenario;
use super::way::{RIVALS, hand_written, ours};

/// Prints the stages of one run, and how long it and what people write by hand keep the processors busy; the
/// one before made all warm. A stage waits for the one above it: what
/// lies between them is the tool's own, and at both ends that of its process.
pub(crate) fn profile(name: &str, scenario: &Scenario, host: Host) -> Value {
    ours(scenario, host);
    let before = busy();
    let whole = ours(scenario, host);
    let own = busy() - before;
    let record = fs::read(scenario.repo.path("e2e/results/latest/run.json"));
    let record: Value = serde_json::from_slice(&record.expect("a record")).expect("JSON");
    let of_run = Duration::from_millis(record["duration_ms"].as_u64().expect("ms"));
    let began = millis(&record["started_at"]);
    println!(
        "\n{name}: {} ms, {} ms of them the process before and after its run",
        whole.as_millis(),
        whole.saturating_sub(of_run).as_millis()
    );
    let project = format!("bench-{}", std::process::id());
    for (rival, _) in RIVALS.into_iter().filter(|(_, at)| *at == host) {
        let before = busy();
        hand_written(rival, &scenario.stack(), host, &project);
        let theirs = busy() - before;
        println!(
            "processors busy: {own} ms; {theirs} ms for {}",
            rival.name()
        );
    }
    println!("\n| stage | begins at | takes | after the last | what |\n|---|---|---|---|---|");
    let mut rows = Vec::new();
    let mut last = 0;
    for stage in record["stages"].as_array().expect("stages") {
        let begins = millis(&stage["started_at"]) - began;
        let takes = stage["duration_ms"].as_i64().expect("ms");
        println!(
            "| {} | {begins} ms | {takes} ms | {} ms | {} |",
            stage["name"].as_str().unwrap_or_default(),
            begins - last,
            stage["detail"]
                .as_str()
                .unwrap_or_default()
                .replace('|', "/")
        );
        rows.push(json!({ "stage": stage["name"], "begins_ms": begins, "takes_ms": takes, "after_the_last_ms": begins - last }));
        last = begins + takes;
    }
    json!({ "scenario": name, "host": host.name(), "busy_ms": own, "whole_ms": u64::try_from(whole.as_millis()).ok(), "stages": rows })
}

/// For how many milliseconds the processors of this machine were busy since it was switched on, in steps of
/// ten.
fn busy() -> u64 {
    let stat = fs::read_to_string("/proc/stat").expect("Linux");
    let first = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u64> = first
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    // User, nice, system, interrupts of both kinds; neither idle nor waiting for a disk.
    [0, 1, 2, 5, 6].iter().map(|at| ticks[*at] * 10).sum()
}

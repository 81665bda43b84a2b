//! Seeded failures over the runners that people use: what a person needs (the assertion, its place,
//! and the service's line that says why) must be on the last screen of the terminal, in
//! failure.txt, and in that test's own part of junit.xml and of the page, alone and among five
//! others. `make failures` runs real runners and prints the table; the suite has what Rust and
//! recorded files can show.

mod runners;
mod shown;

use std::fmt::Write as _;

use e2e_tests::Host;

use runners::{Runner, Seed};
use shown::places;

/// Lines of a terminal.
const SCREEN: usize = 40;

/// Runs a runner's tests, and says of each seed where it is not explained.
fn run(runner: &Runner, seeds: &[&Seed], alone: bool) -> Vec<String> {
    let repo = runner.repo(seeds, alone);
    let ran = repo.run(Host::Local, &[]);
    ran.ended(100, "failed");
    let tests = ran.record()["tests"].as_array().expect("a list");
    let failed = tests.iter().filter(|test| test["status"] == "failed");
    assert_eq!(
        failed.count(),
        if alone { 1 } else { 6 },
        "{}",
        ran.output()
    );
    seeds
        .iter()
        .map(|seed| {
            let missing: Vec<String> = places(&ran, seed, SCREEN)
                .into_iter()
                .flat_map(|(place, text)| {
                    let wanted = [
                        ("assertion", seed.assertion),
                        ("place", seed.place),
                        ("log line", seed.log),
                    ];
                    wanted
                        .into_iter()
                        .filter(|(_, wanted)| !text.contains(wanted))
                        .map(|(what, _)| format!("{what} in {place}"))
                        .collect::<Vec<_>>()
                })
                .collect();
            let with = if alone { "alone" } else { "among five" };
            let missing = if missing.is_empty() {
                "yes".to_owned()
            } else {
                format!("no: {}", missing.join(", "))
            };
            if missing != "yes" {
                println!("{}\n{}", ran.output(), ran.file("junit.xml"));
            }
            format!("| {} | {} | {with} | {missing} |", runner.name, seed.name)
        })
        .collect()
}

/// Returns the table's rows.
fn rows(runners: &[Runner]) -> Vec<String> {
    let mut rows = Vec::new();
    for runner in runners {
        for seed in &runner.seeds {
            rows.extend(run(runner, &[seed], true));
        }
        let all: Vec<&Seed> = runner.seeds.iter().collect();
        rows.extend(run(runner, &all, false));
    }
    rows
}

fn judge(rows: &[String]) {
    let mut table = "| runner | failure | with | explained |\n|---|---|---|---|\n".to_owned();
    for row in rows {
        let _ = writeln!(table, "{row}");
    }
    println!("{table}");
    assert!(rows.iter().all(|row| row.ends_with("| yes |")), "{table}");
}

#[test]
fn what_failed_and_why_is_on_one_screen_and_in_each_tests_own_part() {
    if std::env::var_os("E2E_FAILURES").is_some() {
        judge(&rows(&runners::all()));
    } else {
        let recorded = [runners::gotestsum(), runners::recorded_jest()];
        let each = recorded.iter().flat_map(|runner| {
            let seeds: Vec<&Seed> = runner.seeds.iter().collect();
            run(runner, &seeds, false)
        });
        judge(&each.collect::<Vec<_>>());
    }
}

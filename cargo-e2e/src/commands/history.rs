//! `cargo e2e history`: what past runs say.

use std::time::Duration;

use cargo_e2e::history::{self, Durations, History};
use cargo_e2e::outcome::{Verdict, exit_code};
use cargo_e2e::report::duration;
use cargo_e2e::store::{Store, state_folder};

use crate::cli::HistoryArguments;

use super::report;

/// So many stages, tests and runs are shown; `--json` has them all.
const SHOWN: usize = 5;

/// Heights of a chart's bars.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const BARS_SHOWN: usize = 40;

pub(crate) fn history(arguments: &HistoryArguments) -> u8 {
    let store = Store::in_state(&state_folder());
    let kept = match store.kept() {
        Ok(kept) => kept,
        Err(error) => {
            report(
                &format!("{} can't be read: {error}", store.folder().display()),
                None,
            );
            return exit_code(Verdict::InternalError, None);
        }
    };
    for (path, error) in &kept.unreadable {
        super::warn(&format!("{} {error}", path.display()));
    }
    let all = history::of(&kept.records, arguments.repo.as_deref());
    if arguments.json {
        let document = serde_json::json!({ "schema": 1, "repos": all });
        anstream::println!("{document:#}");
    } else if all.is_empty() {
        anstream::eprintln!("no runs are recorded in {}", store.folder().display());
    } else {
        let texts: Vec<String> = all.iter().map(shown).collect();
        anstream::println!("{}", texts.join("\n\n"));
    }
    0
}

fn shown(history: &History) -> String {
    let mut lines = Vec::new();
    let rate = history
        .pass_rate
        .map_or_else(String::new, |rate| format!(" ({:.0} %)", rate * 100.0));
    lines.push(format!(
        "{}: {} of {} passed{rate}",
        history.repo, history.passed, history.runs
    ));
    let verdicts: Vec<String> = history
        .verdicts
        .iter()
        .filter(|(verdict, _)| **verdict != Verdict::Passed.name())
        .map(|(verdict, times)| format!("{times} {verdict}"))
        .collect();
    if !verdicts.is_empty() {
        lines.push(format!("  others:   {}", verdicts.join(", ")));
    }
    if history.passed > 0 {
        lines.push(format!(
            "  duration: {}  {}",
            took(&history.duration_ms),
            chart(history)
        ));
    }
    for (index, stage) in history.stages.iter().take(SHOWN).enumerate() {
        let title = if index == 0 { "stages:" } else { "" };
        let name = stage.name.name();
        lines.push(format!("  {title:9} {name}  {}", took(&stage.duration_ms)));
    }
    for (index, test) in history.tests.iter().take(SHOWN).enumerate() {
        let title = if index == 0 { "tests:" } else { "" };
        lines.push(format!(
            "  {title:9} {}  {}",
            test.name,
            took(&test.duration_ms)
        ));
    }
    for test in history.tests.iter().filter(|test| test.flaky) {
        lines.push(format!(
            "  flaky:    {} failed {} of {} times, and both passed and failed on one commit",
            test.name, test.failed, test.runs
        ));
    }
    let last = history.over_time.iter().rev().take(SHOWN);
    for (index, run) in last.enumerate() {
        let title = if index == 0 { "last:" } else { "" };
        let commit = run
            .sha
            .as_deref()
            .map_or("", |sha| sha.get(..7).unwrap_or(sha));
        let changed = if run.dirty { "+" } else { "" };
        let line = format!(
            "  {title:9} {}  {:14} {:>10}  {}  {}  {commit}{changed}",
            run.started_at,
            run.verdict.name(),
            duration(Duration::from_millis(run.duration_ms)),
            run.host,
            run.run_id,
        );
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

fn took(times: &Durations) -> String {
    let shown = |millis| duration(Duration::from_millis(millis));
    format!(
        "median {}, longest {}, last {}",
        shown(times.median),
        shown(times.longest),
        shown(times.last)
    )
}

/// A bar for each of the last runs that passed, the oldest first.
fn chart(history: &History) -> String {
    let mut times: Vec<u64> = history
        .over_time
        .iter()
        .filter(|run| run.verdict == Verdict::Passed)
        .map(|run| run.duration_ms)
        .collect();
    times.drain(..times.len().saturating_sub(BARS_SHOWN));
    let longest = times.iter().max().copied().unwrap_or_default().max(1);
    times
        .iter()
        .map(|time| {
            let height = time.saturating_mul(7) / longest;
            BARS[usize::try_from(height).unwrap_or(7).min(7)]
        })
        .collect()
}

//! `cargo e2e history`: what past runs say.

use std::time::Duration;

use crate::record::history::{self, Durations, History};
use crate::record::outcome::Verdict;
use crate::record::store::{Store, state_folder};
use crate::spec::did_you_mean;
use crate::text::printable;
use crate::units::duration;

use crate::cli::answers::{HistoryAnswer, print};
use crate::cli::args::HistoryArguments;
use crate::cli::print::{errln, failure, outln, table, usage_error, warn};

/// So many stages, tests and runs are shown; `--format json` has them all.
const SHOWN: usize = 5;

/// Heights of a chart's bars.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const BARS_SHOWN: usize = 40;

pub(crate) fn history(arguments: &HistoryArguments) -> u8 {
    let store = Store::in_state(&state_folder());
    let kept = match store.kept() {
        Ok(kept) => kept,
        Err(error) => {
            let why = format!("failed to read {}: {error}", store.folder().display());
            return failure(Verdict::InternalError, &why);
        }
    };
    for (path, error) in &kept.unreadable {
        warn(&format!("{} {error}", path.display()));
    }
    let all = history::of(&kept.records, arguments.repo.as_deref());
    if let Some(repo) = arguments.repo.as_deref().filter(|_| all.is_empty()) {
        return unknown(&store, repo, &history::of(&kept.records, None));
    }
    if arguments.json || arguments.format.is_json() {
        print(&HistoryAnswer {
            schema: 1,
            repos: all,
        });
    } else if all.is_empty() {
        errln!("no runs are recorded in {}", store.folder().display());
    } else {
        let text = match arguments.repo {
            Some(_) => all.iter().map(shown).collect::<Vec<_>>().join("\n\n"),
            None => table(&rows(&all)).join("\n"),
        };
        outln!("{text}");
    }
    0
}

/// Says that there are no runs of a repo, with the nearest that has some.
fn unknown(store: &Store, repo: &str, all: &[History]) -> u8 {
    let help = did_you_mean(repo, all.iter().map(|one| one.repo.as_str()));
    let help = help
        .as_deref()
        .unwrap_or("`cargo e2e history` shows all repos");
    let folder = store.folder().display();
    let repo = printable(repo);
    let why = format!("no runs of a repo `{repo}` are recorded in {folder}");
    usage_error(&why, Some(help))
}

/// Returns a row for each repo.
fn rows(all: &[History]) -> Vec<[String; 5]> {
    let head = ["REPO", "RUNS", "PASSED", "MEDIAN", "LAST"].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(all.iter().map(|one| {
        let rate = one.pass_rate;
        let rate = rate.map_or_else(String::new, |rate| format!(" ({:.0} %)", rate * 100.0));
        let last = one.over_time.last().map_or_else(String::new, |run| {
            let verdict = run.verdict.info().title.to_lowercase();
            format!("{}  {verdict}", minute(&run.started_at))
        });
        [
            title(one),
            one.runs.to_string(),
            format!("{}{rate}", one.passed),
            match one.passed {
                0 => "-".to_owned(),
                _ => duration(Duration::from_millis(one.duration_ms.median)),
            },
            last,
        ]
    }));
    rows
}

fn title(history: &History) -> String {
    let spec = history.spec.as_deref();
    let by = spec.map_or_else(String::new, |spec| format!(" by {}", printable(spec)));
    format!("{}{by}", history.repo)
}

fn shown(history: &History) -> String {
    let mut lines = Vec::new();
    // Some runs say nothing of the repo.
    let runs = history.over_time.iter();
    let judged = runs.filter(|run| history::is_judged(run.verdict)).count();
    let of = if judged == history.runs {
        String::new()
    } else {
        format!(" of the {judged} judged")
    };
    let rate = history
        .pass_rate
        .map_or_else(String::new, |rate| format!(" ({:.0} %{of})", rate * 100.0));
    lines.push(format!(
        "{}: {} of {} passed{rate}",
        title(history),
        history.passed,
        history.runs
    ));
    let verdicts = history.verdicts.iter();
    let others = verdicts.filter(|(verdict, _)| **verdict != Verdict::Passed.name());
    let verdicts: Vec<String> = others
        .map(|(verdict, times)| format!("{times} {}", verdict.replace('_', " ")))
        .collect();
    if !verdicts.is_empty() {
        lines.push(format!("  others:   {}", verdicts.join(", ")));
    }
    if history.passed > 0 {
        if history.passed > 1 {
            lines.push(format!("  duration: {}", chart(history)));
        }
        let head = ["median", "longest", "last"].map(|title| format!("{title:>11}"));
        lines.push(format!("  {:9} {}", "", head.join(" ")));
        lines.push(row("passed:", &history.duration_ms, "the whole run"));
    }
    for (index, stage) in history.stages.iter().take(SHOWN).enumerate() {
        let title = if index == 0 { "stages:" } else { "" };
        lines.push(row(title, &stage.duration_ms, stage.name.name()));
    }
    for (index, test) in history.tests.iter().take(SHOWN).enumerate() {
        let title = if index == 0 { "tests:" } else { "" };
        lines.push(row(title, &test.duration_ms, &test.name));
    }
    let flaky: Vec<_> = history.tests.iter().filter(|test| test.flaky).collect();
    for (index, test) in flaky.iter().take(SHOWN).enumerate() {
        // On one commit it passed and failed.
        let title = if index == 0 { "flaky:" } else { "" };
        let often = format!("{} of {} failed", test.failed, test.runs);
        lines.push(format!("  {title:9} {often:>35}  {}", test.name));
    }
    if flaky.len() > SHOWN {
        lines.push(format!("  {:9} and {} more", "", flaky.len() - SHOWN));
    }
    let last = history.over_time.iter().rev().take(SHOWN);
    for (index, run) in last.enumerate() {
        let title = if index == 0 { "last:" } else { "" };
        let sha = run.sha.as_deref().unwrap_or_default();
        let commit = sha.get(..7).unwrap_or(sha);
        let changed = if run.dirty { "with changes" } else { "" };
        let space = if commit.is_empty() { "" } else { " " };
        let line = format!(
            "  {title:9} {}  {:11} {:>10}  {}  {}  {commit}{space}{changed}",
            minute(&run.started_at),
            run.verdict.info().title.to_lowercase(),
            duration(Duration::from_millis(run.duration_ms)),
            // As much as `report --open` needs.
            run.run_id.get(18..).unwrap_or(&run.run_id),
            run.host,
        );
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

/// Times in columns; a name may be long.
fn row(title: &str, times: &Durations, name: &str) -> String {
    let [median, longest, last] = [times.median, times.longest, times.last]
        .map(|millis| format!("{:>11}", duration(Duration::from_millis(millis))));
    format!("  {title:9} {median} {longest} {last}  {name}")
}

/// `2026-11-22 13:00Z` of `2026-11-22T13:00:00.000Z`.
fn minute(at: &str) -> String {
    at.get(..16)
        .map_or_else(|| at.to_owned(), |at| format!("{}Z", at.replace('T', " ")))
}

/// A bar for each of the last runs that passed, the oldest first.
fn chart(history: &History) -> String {
    let runs = history.over_time.iter();
    let passed = runs.filter(|run| run.verdict == Verdict::Passed);
    let mut times: Vec<u64> = passed.map(|run| run.duration_ms).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::history::{RunHistory, StageHistory, TestHistory};
    use crate::record::outcome::Stage;

    #[test]
    fn a_repo_is_a_screen_in_columns() {
        let times = Durations {
            median: 13_600,
            longest: 185_000,
            last: 9_000,
        };
        let run = |verdict, duration_ms| RunHistory {
            run_id: "01j0000000000000000000001a".into(),
            started_at: "2026-11-22T13:05:59.000Z".into(),
            verdict,
            duration_ms,
            host: "railiance01".into(),
            sha: Some("0123456789abcdef".into()),
            dirty: true,
        };
        let history = History {
            repo: "shop".into(),
            spec: Some("e2e/slow.yml".into()),
            runs: 3,
            passed: 1,
            pass_rate: Some(0.5),
            verdicts: [("failed", 1), ("host_error", 1), ("passed", 1)].into(),
            duration_ms: times,
            stages: vec![StageHistory {
                name: Stage::Up,
                runs: 3,
                duration_ms: times,
            }],
            tests: vec![TestHistory {
                name: "orders::ship".into(),
                runs: 2,
                failed: 1,
                flaky: true,
                duration_ms: times,
            }],
            over_time: vec![
                run(Verdict::HostError, 1),
                run(Verdict::Passed, 9_000),
                run(Verdict::Failed, 185_000),
            ],
        };
        let expected = "\
shop by e2e/slow.yml: 1 of 3 passed (50 % of the 2 judged)
  others:   1 failed, 1 host error
                 median     longest        last
  passed:        13.6 s       3m05s      9.00 s  the whole run
  stages:        13.6 s       3m05s      9.00 s  up
  tests:         13.6 s       3m05s      9.00 s  orders::ship
  flaky:                          1 of 2 failed  orders::ship
  last:     2026-11-22 13:05Z  failed           3m05s  0000001a  railiance01  0123456 with changes
            2026-11-22 13:05Z  passed          9.00 s  0000001a  railiance01  0123456 with changes
            2026-11-22 13:05Z  host error      0.00 s  0000001a  railiance01  0123456 with changes";
        assert_eq!(shown(&history), expected);
        let other = History {
            repo: "my-bank".into(),
            spec: None,
            ..history.clone()
        };
        assert_eq!(
            table(&rows(&[history, other])).join("\n"),
            "\
REPO                  RUNS  PASSED    MEDIAN  LAST
shop by e2e/slow.yml  3     1 (50 %)  13.6 s  2026-11-22 13:05Z  failed
my-bank               3     1 (50 %)  13.6 s  2026-11-22 13:05Z  failed"
        );
    }
}

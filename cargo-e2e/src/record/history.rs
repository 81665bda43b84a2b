//! What the past runs of a repo say: how often it passes, what is slow, what is flaky.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::record::outcome::{Record, Stage, StageStatus, Subject, Verdict};

/// The past of one repo, by one e2e.yml. As JSON, it is what `cargo e2e history --json` prints of it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct History {
    /// The repo's slug.
    pub repo: String,
    /// Its e2e.yml, where that is another file than e2e/e2e.yml: another stack, other tests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// How many runs were looked at.
    pub runs: usize,
    /// How many of them passed.
    pub passed: usize,
    /// Passed of those that came to a verdict about the repo: not `interrupted`, `host_error` or
    /// `internal_error`. None when there are none.
    pub pass_rate: Option<f64>,
    /// How often each verdict came.
    pub verdicts: BTreeMap<&'static str, usize>,
    /// Of the runs that passed.
    pub duration_ms: Durations,
    /// Stages by the time they take, the slowest first.
    pub stages: Vec<StageHistory>,
    /// Tests by the time they take, the slowest first.
    pub tests: Vec<TestHistory>,
    /// Every run, the oldest first.
    pub over_time: Vec<RunHistory>,
}

/// How long something took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Durations {
    /// The middle one.
    pub median: u64,
    /// The longest.
    pub longest: u64,
    /// The last one.
    pub last: u64,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StageHistory {
    /// Which.
    pub name: Stage,
    /// How often it had something to do.
    pub runs: usize,
    /// When it passed.
    pub duration_ms: Durations,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TestHistory {
    /// Its name.
    pub name: String,
    /// How often it passed or failed.
    pub runs: usize,
    /// How often it failed.
    pub failed: usize,
    /// Whether it has both passed and failed on one commit without changes, or in one run.
    pub flaky: bool,
    /// Whether it passed or not.
    pub duration_ms: Durations,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RunHistory {
    /// Its id.
    pub run_id: String,
    /// When it began.
    pub started_at: String,
    /// What came of it.
    pub verdict: Verdict,
    /// How long it took.
    pub duration_ms: u64,
    /// Where.
    pub host: String,
    /// The commit.
    pub sha: Option<String>,
    /// Whether the tree differed from it.
    pub dirty: bool,
}

/// Looks at records, the oldest first, and tells them by repo and e2e.yml.
pub fn of(records: &[Record], repo: Option<&str>) -> Vec<History> {
    let mut repos: BTreeMap<_, Vec<&Record>> = BTreeMap::new();
    for record in records {
        if repo.is_none_or(|repo| record.repo == repo) {
            let key = (record.repo.as_str(), record.spec.as_deref());
            repos.entry(key).or_default().push(record);
        }
    }
    repos
        .into_iter()
        .map(|((repo, spec), records)| one(repo, spec, &records))
        .collect()
}

fn one(repo: &str, spec: Option<&str>, records: &[&Record]) -> History {
    let mut verdicts = BTreeMap::new();
    for record in records {
        *verdicts.entry(record.verdict.name()).or_default() += 1;
    }
    let passed = records
        .iter()
        .filter(|record| record.verdict == Verdict::Passed);
    let times: Vec<u64> = passed.map(|record| record.duration_ms).collect();
    let judged = records.iter().filter(|record| is_judged(record.verdict));
    History {
        repo: repo.to_owned(),
        spec: spec.map(str::to_owned),
        runs: records.len(),
        passed: times.len(),
        pass_rate: rate(times.len(), judged.count()),
        verdicts,
        duration_ms: durations(&times),
        stages: stages(records),
        tests: tests(records),
        over_time: records.iter().map(|record| run(record)).collect(),
    }
}

/// Whether a verdict is about the repo.
pub fn is_judged(verdict: Verdict) -> bool {
    verdict.subject() != Subject::Elsewhere
}

#[expect(
    clippy::cast_precision_loss,
    reason = "there are at most a thousand runs"
)]
fn rate(passed: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| passed as f64 / of as f64)
}

fn durations(times: &[u64]) -> Durations {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    Durations {
        median: sorted.get(sorted.len() / 2).copied().unwrap_or_default(),
        longest: sorted.last().copied().unwrap_or_default(),
        last: times.last().copied().unwrap_or_default(),
    }
}

fn stages(records: &[&Record]) -> Vec<StageHistory> {
    let mut times: BTreeMap<Stage, Vec<u64>> = BTreeMap::new();
    for stage in records.iter().flat_map(|record| &record.stages) {
        if stage.status == StageStatus::Passed {
            times.entry(stage.name).or_default().push(stage.duration_ms);
        }
    }
    let mut all: Vec<StageHistory> = times
        .into_iter()
        .map(|(name, times)| StageHistory {
            name,
            runs: times.len(),
            duration_ms: durations(&times),
        })
        .collect();
    all.sort_by_key(|stage| std::cmp::Reverse(stage.duration_ms.median));
    all
}

/// What is known of a test so far.
#[derive(Default)]
struct Seen<'r> {
    times: Vec<u64>,
    failed: usize,
    in_one_run: bool,
    passed_at: BTreeSet<&'r str>,
    failed_at: BTreeSet<&'r str>,
}

fn tests(records: &[&Record]) -> Vec<TestHistory> {
    let mut seen: BTreeMap<&str, Seen<'_>> = BTreeMap::new();
    // What a lost host or a signal does to tests says nothing of them.
    for record in records.iter().filter(|one| is_judged(one.verdict)) {
        // Only a commit without changes is the same code twice.
        let commit = record.git.sha.as_deref().filter(|_| !record.git.dirty);
        for test in &record.tests {
            let passed = match test.status {
                StageStatus::Passed => true,
                StageStatus::Failed => false,
                StageStatus::Skipped | StageStatus::Interrupted => continue,
            };
            let seen = seen.entry(&test.name).or_default();
            seen.times.push(test.duration_ms);
            seen.in_one_run |= test.flaky;
            if passed {
                seen.passed_at.extend(commit);
            } else {
                seen.failed += 1;
                seen.failed_at.extend(commit);
            }
        }
    }
    let mut all: Vec<TestHistory> = seen
        .into_iter()
        .map(|(name, seen)| TestHistory {
            name: name.to_owned(),
            runs: seen.times.len(),
            failed: seen.failed,
            flaky: seen.in_one_run || !seen.passed_at.is_disjoint(&seen.failed_at),
            duration_ms: durations(&seen.times),
        })
        .collect();
    all.sort_by_key(|test| std::cmp::Reverse(test.duration_ms.median));
    all
}

fn run(record: &Record) -> RunHistory {
    RunHistory {
        run_id: record.run_id.clone(),
        started_at: record.started_at.clone(),
        verdict: record.verdict,
        duration_ms: record.duration_ms,
        host: record.host.clone(),
        sha: record.git.sha.clone(),
        dirty: record.git.dirty,
    }
}

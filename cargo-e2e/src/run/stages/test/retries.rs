//! `retries` of e2e.yml: which tests run again, and what all attempts come to. A test counts by its
//! last attempt; one that failed and does not run again has failed still.

use std::time::Instant;

use crate::host::client::Ended;
use crate::plan::{Plan, Runner};
use crate::record::outcome::{StageStatus, TestRecord, Verdict};
use crate::record::summary::first_line;
use crate::record::verdict::{self, Events, Evidence, Junit, JunitEntry, NONE_RAN, Source};
use crate::spec::Flaky;
use crate::text::{clip, count, printable};

/// Flaky tests that are named on the terminal; the record has all.
const NAMED: usize = 5;

/// How the tests of a plan are tried again.
pub(super) struct Retries<'a> {
    plan: &'a Plan,
    runner: Option<Runner>,
    deadline: Instant,
}

/// Another attempt.
pub(super) struct Again {
    pub(super) plan: Plan,
    /// Whether only the failed tests run; else the whole command does.
    pub(super) only_failed: bool,
    pub(super) note: String,
}

impl<'a> Retries<'a> {
    /// Begins the time of all attempts together.
    pub(super) fn begin(plan: &'a Plan) -> Self {
        Self {
            plan,
            runner: Runner::of(&plan.tests),
            deadline: Instant::now() + plan.limits.test,
        }
    }

    /// Returns the plan of the first attempt: a runner that stops at the first failure would leave
    /// tests that no other attempt comes to.
    pub(super) fn first(&self) -> Plan {
        let mut plan = self.plan.clone();
        if let (1.., Some(runner)) = (plan.spec.retries, &self.runner) {
            let words = runner.goes_on(&plan.options.arguments);
            let words = words.unwrap_or_default().iter();
            let words = words.map(|&word| word.to_owned());
            plan.options.arguments.extend(words);
        }
        plan
    }

    /// Returns the next attempt, where failed tests have one left.
    pub(super) fn again(
        &self,
        evidence: &Evidence,
        tests: &[TestRecord],
        number: u32,
    ) -> Option<Again> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let word = verdict::judge(evidence)?;
        let failed = word.verdict == Verdict::Failed && word.source != Source::Flaky;
        if number > self.plan.spec.retries || !failed || left.is_zero() {
            return None;
        }
        let mut plan = self.first();
        plan.limits.test = left;
        let failed: Vec<&TestRecord> = tests.iter().filter(|test| test.is_failed()).collect();
        // What did not run because another test failed, most runners call skipped.
        let runner = self.runner.as_ref();
        let skips = runner.is_some_and(Runner::skips_after_failures);
        let unsure =
            |test: &&TestRecord| test.is_failed() || (skips && test.status == StageStatus::Skipped);
        let unsure: Vec<&TestRecord> = tests.iter().filter(unsure).collect();
        let filter = self.filter(evidence, &unsure).unwrap_or_default();
        let only_failed = !filter.is_empty();
        let what = if only_failed {
            count(failed.len(), "failed test")
        } else {
            plan.tests.name()
        };
        if let Some(runner) = &self.runner {
            plan.options.arguments = runner.joined(&plan.options.arguments, filter);
        }
        let all = self.plan.spec.retries + 1;
        Some(Again {
            plan,
            only_failed,
            note: format!("attempt {} of {all}: {what}", number + 1),
        })
    }

    /// Returns the arguments that run the failed tests alone, where nothing else went wrong.
    fn filter(&self, evidence: &Evidence, unsure: &[&TestRecord]) -> Option<Vec<String>> {
        let runner = self.runner.as_ref()?;
        runner.goes_on(&self.plan.options.arguments)?;
        let harness = evidence.harness;
        let of_tests = |ended: &Ended| match ended {
            Ended::Status(0 | NONE_RAN) => harness,
            Ended::Status(status) => runner.failed_with(*status),
            Ended::TimedOut => false,
        };
        let accounted = evidence.unrecorded.is_empty() && evidence.empty.is_empty();
        let mut unread = evidence.junit.iter().filter_map(JunitEntry::says_nothing);
        if !evidence.ended.iter().all(of_tests) || !accounted || unread.next().is_some() {
            return None;
        }
        let root = &self.plan.repo.root;
        let exists = |path: &str| root.join(path).is_file();
        runner.only(unsure, &self.plan.options.arguments, &exists)
    }
}

/// Returns the evidence of all attempts so far, and brings the tests up to date. The exit status is
/// that of the last one.
pub(super) fn joined(
    before: Evidence,
    after: Evidence,
    only_failed: bool,
    tests: &mut Vec<TestRecord>,
    mut new: Vec<TestRecord>,
) -> Evidence {
    if only_failed {
        for test in &mut new {
            recognize(test, tests);
        }
    }
    *tests = merged(std::mem::take(tests), new);
    let mut all = Evidence {
        timeout: before.timeout,
        attempts: before.attempts + 1,
        ..after
    };
    if only_failed {
        // What was not asked for is as it was.
        all.junit = before.junit;
        if matches!(all.events, Events::Read(_)) {
            all.events = before.events;
        }
    }
    if let Events::Read(told) = &mut all.events {
        for test in told {
            settle(test, tests);
        }
    }
    let files = all.junit.iter_mut().flat_map(|entry| &mut entry.files);
    for (_, file) in files {
        if let Junit::Read(read) = file {
            for test in read {
                settle(test, tests);
            }
        }
    }
    let failed = tests.iter().filter(|test| test.is_failed());
    all.still_failed = failed.map(|test| test.name.clone()).collect();
    all
}

/// Names a test of another attempt as the first one did: a label that keeps names of several files
/// apart is gone where only one file was written. A test that no attempt knew before was not asked
/// for: where it was skipped, it has run in none.
fn recognize(test: &mut TestRecord, before: &[TestRecord]) {
    if before.iter().any(|one| one.name == test.name) {
        return;
    }
    let end = format!("::{}", test.name);
    let mut same = before.iter().filter(|one| one.name.ends_with(&end));
    if let (Some(one), None) = (same.next(), same.next()) {
        test.name.clone_from(&one.name);
    } else if test.status == StageStatus::Skipped {
        test.status = StageStatus::Failed;
        test.message = Some("it did not run: the attempt before did not list it".to_owned());
    }
}

/// Returns the first of the tests that `--last-failed` named and that did not run.
pub(super) fn did_not_run<'a>(must_run: &'a [String], tests: &[TestRecord]) -> Option<&'a String> {
    // A suite that failed as a whole is a test's name too.
    let is = |test: &TestRecord, name: &str| {
        let rest = test.name.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let ran = |name: &&String| {
        let mut ran = tests
            .iter()
            .filter(|test| test.status != StageStatus::Skipped);
        ran.any(|test| is(test, name))
    };
    must_run.iter().find(|name| !ran(name))
}

/// Returns each test by its last attempt. One that did not run again stays as it was.
pub(super) fn merged(before: Vec<TestRecord>, after: Vec<TestRecord>) -> Vec<TestRecord> {
    let mut left: Vec<Option<TestRecord>> = after.into_iter().map(Some).collect();
    let mut all = Vec::new();
    for mut test in before {
        let same = |one: &Option<TestRecord>| one.as_ref().is_some_and(|one| one.name == test.name);
        let again = left.iter().position(same);
        let again = again.and_then(|at| left[at].take());
        match again.filter(|again| again.status != StageStatus::Skipped) {
            // It ran now for the first time.
            Some(again) if test.status == StageStatus::Skipped => all.push(again),
            // It was not asked for, and passed both times.
            Some(again) if !test.is_failed() && !again.is_failed() => all.push(test),
            Some(mut again) => {
                let mut attempts = test.all_attempts();
                let own = again.all_attempts();
                attempts.extend_from_slice(&own[..own.len() - 1]);
                again.retries(attempts);
                all.push(again);
            }
            None => {
                if test.is_failed() {
                    let why = test.message.take().unwrap_or_default();
                    test.message = Some(format!("{why}\nit did not run again").trim().to_owned());
                }
                all.push(test);
            }
        }
    }
    all.extend(left.into_iter().flatten());
    all
}

/// Takes a failure back that a later attempt at the test took back. A source may know it by a
/// shorter name; where one of several of that name failed still, nothing is taken back.
fn settle(test: &mut TestRecord, merged: &[TestRecord]) {
    let ends = |long: &str, short: &str| long.ends_with(&format!("::{short}"));
    let mut same = merged
        .iter()
        .filter(|one| {
            one.name == test.name || ends(&one.name, &test.name) || ends(&test.name, &one.name)
        })
        .peekable();
    if test.is_failed() && same.peek().is_some() && same.all(|one| !one.is_failed()) {
        test.status = StageStatus::Passed;
    }
}

/// Returns the names of flaky tests, where `flaky` is `fail`.
pub(super) fn refused(plan: &Plan, tests: &[TestRecord]) -> Vec<String> {
    let flaky = tests.iter().filter(|test| test.flaky);
    match plan.spec.flaky {
        Flaky::Pass => Vec::new(),
        Flaky::Fail => flaky.map(|test| test.name.clone()).collect(),
    }
}

/// Makes flaky tests failed ones: `flaky` is `fail`.
pub(super) fn fail(tests: &mut [TestRecord]) {
    for test in tests.iter_mut().filter(|test| test.flaky) {
        let first = test.attempts.iter().find_map(|one| one.message.clone());
        let passed = test.attempts.len();
        test.status = StageStatus::Failed;
        test.message = Some(
            format!(
                "flaky: it passed on attempt {passed}, after it had failed\n{}",
                first.unwrap_or_default()
            )
            .trim()
            .to_owned(),
        );
    }
}

/// Says which tests are flaky, for the terminal.
pub(super) fn notes(tests: &[TestRecord]) -> Vec<String> {
    let flaky: Vec<&TestRecord> = tests.iter().filter(|test| test.flaky).collect();
    let mut notes: Vec<String> = flaky.iter().take(NAMED).map(|test| note(test)).collect();
    if flaky.len() > NAMED {
        notes.push(format!("flaky: and {} more", flaky.len() - NAMED));
    }
    notes
}

fn note(test: &TestRecord) -> String {
    let passed = test.attempts.len();
    let first = test.attempts.iter().find_map(|one| one.message.as_deref());
    let why = printable(first.unwrap_or_default());
    let why = match first_line(&why) {
        "" => String::new(),
        why => format!("; before that: {}", clip(why, 100)),
    };
    let name = printable(&test.name);
    format!(
        "flaky: {} passed on attempt {passed}{why}",
        first_line(&name)
    )
}

#[cfg(test)]
mod tests;

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
            let words = runner.goes_on().unwrap_or_default().iter();
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
        let filter = self.filter(evidence, &failed).unwrap_or_default();
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
    fn filter(&self, evidence: &Evidence, failed: &[&TestRecord]) -> Option<Vec<String>> {
        let runner = self.runner.as_ref()?;
        runner.goes_on()?;
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
        runner.only(failed, &self.plan.options.arguments, &exists)
    }
}

/// Returns the evidence of all attempts so far, and brings the tests up to date. The exit status is
/// that of the last one.
pub(super) fn joined(
    before: Evidence,
    after: Evidence,
    only_failed: bool,
    tests: &mut Vec<TestRecord>,
    new: Vec<TestRecord>,
) -> Evidence {
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

/// Returns each test by its last attempt. One that did not run again stays as it was.
fn merged(before: Vec<TestRecord>, after: Vec<TestRecord>) -> Vec<TestRecord> {
    let mut left: Vec<Option<TestRecord>> = after.into_iter().map(Some).collect();
    let mut all = Vec::new();
    for mut test in before {
        let same = |one: &Option<TestRecord>| one.as_ref().is_some_and(|one| one.name == test.name);
        let again = left.iter().position(same);
        let again = again.and_then(|at| left[at].take());
        match again.filter(|again| again.status != StageStatus::Skipped) {
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
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::record::samples::test;
    use StageStatus::{Failed, Passed, Skipped};

    fn of(statuses: &[(&str, StageStatus)]) -> Vec<TestRecord> {
        statuses
            .iter()
            .map(|(name, status)| test(name, *status))
            .collect()
    }

    fn evidence(status: i32, tests: &[TestRecord]) -> Evidence {
        Evidence {
            who: "test_command".to_owned(),
            ended: vec![Ended::Status(status)],
            timeout: Duration::from_secs(5),
            harness: false,
            events: Events::Read(Vec::new()),
            unrecorded: Vec::new(),
            empty: Vec::new(),
            junit: vec![JunitEntry {
                written: "out.xml".to_owned(),
                files: vec![("out.xml".to_owned(), Junit::Read(tests.to_vec()))],
            }],
            attempts: 1,
            still_failed: Vec::new(),
            flaky: Vec::new(),
        }
    }

    /// Two attempts: how it ends, and the statuses of the tests.
    fn two(
        first: &[(&str, StageStatus)],
        second: &[(&str, StageStatus)],
        (status, only_failed): (i32, bool),
    ) -> (Option<String>, Vec<(String, StageStatus, bool)>) {
        let mut tests = of(first);
        let new = of(second);
        let before = evidence(1, &tests);
        let after = evidence(status, &new);
        let all = joined(before, after, only_failed, &mut tests, new);
        let word = verdict::judge(&all).map(|word| word.message);
        let tests = tests
            .into_iter()
            .map(|one| (one.name, one.status, one.flaky));
        (word, tests.collect())
    }

    #[test]
    fn a_test_counts_by_its_last_attempt() {
        let first = [("a", Passed), ("b", Failed), ("c", Failed)];
        let (word, tests) = two(&first, &[("b", Passed), ("c", Passed)], (0, true));
        assert_eq!(word, None);
        assert_eq!(tests[0], ("a".to_owned(), Passed, false));
        assert_eq!(tests[1], ("b".to_owned(), Passed, true));
        // Jest and Playwright say of all others that they were skipped.
        let (word, tests) = two(
            &first,
            &[("a", Skipped), ("b", Passed), ("c", Failed)],
            (1, true),
        );
        assert_eq!(word.as_deref(), Some("1 failed test (c) after 2 attempts"));
        assert_eq!(tests[0].1, Passed);
        // All ran again, and another one failed.
        let (word, _) = two(
            &first,
            &[("a", Failed), ("b", Passed), ("c", Passed)],
            (1, false),
        );
        assert_eq!(word.as_deref(), Some("1 failed test (a) after 2 attempts"));
    }

    #[test]
    fn a_failed_test_that_does_not_run_again_has_failed_whatever_the_status() {
        let first = [("a", Passed), ("b", Failed), ("c", Failed)];
        for again in [&[("c", Passed)][..], &[("b", Skipped), ("c", Passed)]] {
            for only_failed in [true, false] {
                let (word, tests) = two(&first, again, (0, only_failed));
                assert_eq!(word.as_deref(), Some("1 failed test (b) after 2 attempts"));
                assert_eq!(tests[1].1, Failed);
            }
        }
    }

    #[test]
    fn a_status_or_a_new_failure_of_the_last_attempt_counts() {
        let first = [("a", Failed)];
        let (word, _) = two(&first, &[("a", Passed)], (1, true));
        assert_eq!(word.as_deref(), Some("the tests failed (exit status 1)"));
        let (word, _) = two(&first, &[("a", Passed), ("conftest", Failed)], (0, true));
        assert_eq!(
            word.as_deref(),
            Some("1 failed test (conftest) after 2 attempts")
        );
    }

    #[test]
    fn of_twins_the_one_that_failed_still_counts() {
        let first = [("a", Failed), ("a", Failed)];
        let (word, _) = two(&first, &[("a", Passed), ("a", Failed)], (0, true));
        assert_eq!(word.as_deref(), Some("1 failed test (a) after 2 attempts"));
        let (word, _) = two(&first, &[("a", Passed)], (0, true));
        assert_eq!(word.as_deref(), Some("1 failed test (a) after 2 attempts"));
    }

    #[test]
    fn every_attempt_is_recorded() {
        let mut once = of(&[("a", Failed)]);
        once[0].message = Some("no route".to_owned());
        let mut all = merged(once, of(&[("a", Failed)]));
        all = merged(all, of(&[("a", Passed)]));
        let statuses: Vec<StageStatus> = all[0].attempts.iter().map(|one| one.status).collect();
        assert_eq!(statuses, [Failed, Failed, Passed]);
        assert_eq!(
            notes(&all),
            ["flaky: a passed on attempt 3; before that: no route"]
        );
        fail(&mut all);
        assert_eq!(all[0].status, Failed);
        let message = all[0].message.as_deref();
        let said = "flaky: it passed on attempt 3, after it had failed\nno route";
        assert_eq!(message, Some(said));
    }
}

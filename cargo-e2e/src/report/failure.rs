//! Why tests failed, from the evidence: what each says, and what the stack did in its time. About a
//! screen for the terminal, more for the bundle, and for other programs a part for each test.

mod during;
mod failed_test;
mod screen;
mod shown;
mod stack;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use crate::record::junit::Stacks;
use crate::record::outcome::{
    Record, Stage, StageRecord, StageStatus, Subject, TestRecord, Verdict,
};
use crate::record::summary::{failed_tests, first_failed, first_line, headline, signal_name};
use crate::report::ReportInputs;
use crate::text::printable;

use during::{During, spans};
use failed_test::FailedTest;
use screen::screen;
use shown::{LONG, OWN, PAGE, Shown};
pub(crate) use stack::restarted;
use stack::{health, stack};

/// Failed tests whose time is looked at, the earliest.
const EXPLAINED: usize = 50;

/// A failure explained, for each place that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// For the terminal, below the verdict.
    pub short: String,
    /// Its end: what to type next.
    pub next: String,
    /// What the stack did while the first failed test ran, for the record; empty unless
    /// [`explained`] names a stage.
    pub stack: String,
    /// For the page, which has the tests' messages elsewhere.
    pub page: String,
    /// For failure.txt.
    pub long: String,
    /// What the stack did while each failed test ran, by the test's index in the record.
    pub stacks: Stacks,
}

/// Explains why a run did not pass; `None` for one that passed. Where the tests had not begun, only
/// says what to do: the failed stage has said why.
pub fn report(record: &Record, inputs: &ReportInputs<'_>) -> Option<Report> {
    if record.verdict == Verdict::Passed {
        return None;
    }
    let (tests, all) = looked_at(record, inputs);
    let again = again(record, inputs);
    let text = |shown| explain(record, &tests, all.as_ref(), shown) + &again;
    let failure =
        |stage: &StageRecord| format!("{}: {}\n", stage.name.name(), printable(&stage.detail));
    let why = match record.verdict {
        Verdict::Interrupted => cut_short(record),
        _ => first_failed(record).map(failure),
    };
    let why = why.unwrap_or_default();
    let first = tests.first().and_then(|test| test.during.as_ref());
    let of_stage = |during: &During| stack(record, during, PAGE) + &health(record);
    let next = next(record, inputs);
    Some(Report {
        short: screen(record, &tests, all.as_ref()) + &next,
        next,
        stack: first.or(all.as_ref()).map_or_else(String::new, of_stage),
        page: format!("{why}{}", text(PAGE)),
        long: format!("{}\n{why}\n{}", headline(record), text(LONG)),
        stacks: stacks(record, &tests, all.as_ref()),
    })
}

/// Returns the part of [`Report::short`] that is known before teardown.
pub fn of_tests(record: &Record, inputs: &ReportInputs<'_>) -> String {
    let (tests, all) = looked_at(record, inputs);
    screen(record, &tests, all.as_ref())
}

/// Returns the failed tests, and what the stack did while all ran.
fn looked_at<'r>(
    record: &'r Record,
    inputs: &ReportInputs<'_>,
) -> (Vec<FailedTest<'r>>, Option<During>) {
    let failed = failed_tests(record);
    let looked_at = &failed[..failed.len().min(EXPLAINED)];
    let spans = explained(record).and_then(|stage| spans(record, stage, looked_at, inputs));
    let (all, own) = spans.map_or_else(Default::default, |(all, own)| (Some(all), own));
    let mut own = own.into_iter();
    let tests = failed.into_iter().map(|test| FailedTest {
        test,
        during: own.next().flatten(),
    });
    (tests.collect(), all)
}

/// Returns what each failed test says, and what the stack did meanwhile.
fn explain(
    record: &Record,
    tests: &[FailedTest<'_>],
    all: Option<&During>,
    shown: Shown,
) -> String {
    let whole = match tests.len() {
        all if all > shown.whole => 1,
        all => all,
    };
    let each = shown.each(tests.len());
    let mut text = String::new();
    for (place, test) in tests.iter().take(shown.named).enumerate() {
        text += &if place < whole {
            test.whole(record, each)
        } else {
            test.brief()
        };
    }
    if tests.len() > shown.named {
        let more = tests.len() - shown.named;
        let _ = writeln!(text, "- and {more} more in failure.txt");
    }
    let Some(all) = all else {
        return text;
    };
    let is_common = |test: &FailedTest<'_>| {
        let during = test.during.as_ref();
        during.is_none_or(|during| each.common && during.is_ambiguous())
    };
    if tests.is_empty() || tests.iter().take(shown.named).any(is_common) {
        let lines = if each.common {
            shown.lines * 3 / 5
        } else {
            shown.lines
        };
        text += &stack(record, all, Shown { lines, ..shown });
    }
    text + &health(record)
}

/// Returns what the stack did while each test ran; while all ran, where no time of its own is
/// known.
fn stacks(record: &Record, tests: &[FailedTest<'_>], all: Option<&During>) -> Stacks {
    let place = |test: &TestRecord| record.tests.iter().position(|one| std::ptr::eq(one, test));
    let stack = |one: &FailedTest<'_>| {
        let during = one.during.as_ref().or(all)?;
        let at = one.place_elsewhere();
        let text = at + &stack(record, during, OWN) + &health(record);
        Some((place(one.test)?, text))
    };
    tests.iter().take(EXPLAINED).filter_map(stack).collect()
}

/// Returns the failed stage that ran on a ready stack, which may be the cause.
pub fn explained(record: &Record) -> Option<Stage> {
    match (record.verdict.subject(), record.verdict) {
        (Subject::Tests, _) => Some(Stage::Test),
        (_, Verdict::SetupFailed) => {
            // There is no stack before it is brought up.
            let is_setup = |stage: &StageRecord| stage.name == Stage::Setup;
            record.stages.iter().any(is_setup).then_some(Stage::Setup)
        }
        _ => None,
    }
}

/// Says, for the page of an interrupted run, where the signal came and which it was.
pub fn cut_short(record: &Record) -> Option<String> {
    let is_cut = |stage: &&StageRecord| stage.status == StageStatus::Interrupted;
    let Some(stage) = record.stages.iter().find(is_cut) else {
        let by = signal_name(record)?;
        return Some(format!("{by} arrived after the tests had ended\n"));
    };
    let detail = first_line(&stage.detail);
    Some(format!("{} was interrupted: {detail}\n", stage.name.name()))
}

/// Returns what to type next, where that helps: the same with its stack kept, and the page. Another
/// run neither mends a file nor a host, nor removes what this one left.
fn next(record: &Record, inputs: &ReportInputs<'_>) -> String {
    let has_stack = matches!(record.verdict.subject(), Subject::Tests | Subject::Stack);
    let is_worth_a_look = match record.verdict {
        Verdict::NoTests | Verdict::BuildFailed | Verdict::Leaked => true,
        _ => has_stack,
    };
    let run = inputs.keep.unwrap_or(inputs.again);
    let again = has_stack.then(|| format!("{run}{}", inputs.tail));
    let id = match record.run_id.len().checked_sub(8) {
        Some(end) if inputs.of_several => format!(" {}", &record.run_id[end..]),
        _ => String::new(),
    };
    let open = is_worth_a_look.then(|| format!("cargo e2e open{id}"));
    let mut text = String::new();
    for (at, command) in again.into_iter().chain(open).enumerate() {
        let label = if at == 0 { "next" } else { "" };
        let _ = writeln!(text, "{label:6}{command}");
    }
    text
}

fn again(record: &Record, inputs: &ReportInputs<'_>) -> String {
    let filter = inputs.tail;
    let again = inputs.again;
    let mut text = format!("again: {again}{filter}\n");
    match record.verdict.subject() {
        // Another run does not remove what this one left.
        Subject::Passed => text.clear(),
        // The stack is up, so keeping it helps.
        Subject::Tests | Subject::Stack => {
            if let Some(keep) = inputs.keep {
                let _ = writeln!(text, "keep:  {keep}{filter}");
            }
        }
        Subject::Repo | Subject::Elsewhere => {}
    }
    text
}

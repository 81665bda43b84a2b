//! The tests: failed ones first and open, in the order that the run's other views have, then the
//! others by their module, closed. `script.js` filters them.

use std::collections::HashMap;
use std::time::Duration;

use maud::{Markup, html};

use super::anchor;
use super::ansi::coloured;
use super::axis::Axis;
use super::style::{mark, status_class};
use crate::record::junit::Stacks;
use crate::record::outcome::{AttemptRecord, Record, StageStatus, StepRecord, TestRecord};
use crate::record::summary::{failed_tests, first_line};
use crate::record::test_name::split_or_file;
use crate::text::printable;
use crate::units::duration;

/// So many failed tests are open.
const OPEN: usize = 10;
/// So many tests need no modules.
const FEW: usize = 10;

/// Returns places in the record of tests that failed, then of those that were interrupted.
pub(super) fn failed(record: &Record) -> Vec<usize> {
    let places = record.tests.iter().enumerate();
    let places = places.map(|(index, test)| (std::ptr::from_ref(test), index));
    let places: HashMap<*const TestRecord, usize> = places.collect();
    let failed = failed_tests(record).into_iter();
    let failed = failed.filter_map(|test| places.get(&std::ptr::from_ref(test)).copied());
    let cut = |index: &usize| record.tests[*index].status == StageStatus::Interrupted;
    failed.chain((0..record.tests.len()).filter(cut)).collect()
}

pub(super) fn tests(record: &Record, axis: &Axis, failed: &[usize], stacks: &Stacks) -> Markup {
    if record.tests.is_empty() {
        return html! { p { "No test ran." } };
    }
    let others = record.tests.iter().enumerate();
    let others = others.filter(|(_, test)| !test.is_failed());
    let few = record.tests.len() <= FEW;
    let mut modules: Vec<(&str, Vec<usize>)> = Vec::new();
    let mut places = HashMap::new();
    for (index, test) in others {
        let module = if few { "" } else { split_or_file(test).0 };
        let place = *places.entry(module).or_insert(modules.len());
        if place == modules.len() {
            modules.push((module, Vec::new()));
        }
        modules[place].1.push(index);
    }
    let listed = |index: usize, open, whole| {
        let stack = stacks.get(&index).map(String::as_str);
        entry((index, &record.tests[index]), stack, axis, open, whole)
    };
    html! {
        @for (place, &index) in failed.iter().enumerate() { (listed(index, place < OPEN, true)) }
        @for (module, indexes) in &modules {
            @if few {
                @for &index in indexes { (listed(index, false, true)) }
            } @else {
                details.module {
                    summary {
                        @let all = indexes.iter().map(|&index| &record.tests[index]);
                        @let passed = all.clone().any(|test| test.status == StageStatus::Passed);
                        (mark(if passed { "good" } else { "skipped" })) @if module.is_empty() { "tests" } @else { (printable(module)) } " "
                        span.took { (counts(&all)) } " " span.took.hits {}
                    }
                    @for &index in indexes { (listed(index, false, false)) }
                }
            }
        }
        p.none.took hidden { "No matching tests" }
    }
}

/// Returns `24 failed · 376 passed`.
pub(super) fn counts<'r>(tests: &(impl Iterator<Item = &'r TestRecord> + Clone)) -> String {
    use StageStatus::{Failed, Interrupted, Passed, Skipped};
    let count = |status| {
        let number = tests.clone().filter(|test| test.status == status).count();
        (number > 0).then(|| format!("{number} {}", status.name()))
    };
    let all = [Failed, Interrupted, Passed, Skipped];
    let all: Vec<String> = all.into_iter().filter_map(count).collect();
    all.join(" · ")
}

/// Shows a test; with its `whole` name, or in the list of its module.
fn entry(
    (index, test): (usize, &TestRecord),
    stack: Option<&str>,
    axis: &Axis,
    open: bool,
    whole: bool,
) -> Markup {
    let name = if whole {
        printable(&test.name)
    } else {
        printable(split_or_file(test).1)
    };
    let time = axis.times.of_test(&test.name);
    let class = status_class(test.status);
    let line = html! {
        (mark(class)) (first_line(&name)) " "
        @if test.flaky { "(flaky) " }
        // A test without an end has no duration.
        @if test.duration_ms > 0 { span.took { (took(test.duration_ms)) } }
    };
    let jump = html! {
        @if let Some(time) = time {
            a.jump href="#logs" data-from=(time.from - time.slack) data-to=(time.to + time.slack) {
                "show logs during this test"
            }
        }
    };
    // Thousands of tests pass: an element that opens is dear.
    if test.message.is_none() && test.steps.is_empty() && stack.is_none() && test.attempts.len() < 2
    {
        return html! { div.test id=(anchor::of_test(index)) { (line) " " (jump) } };
    }
    let is_failed = matches!(class, "bad" | "cut");
    html! {
        details.test.failed[is_failed] id=(anchor::of_test(index)) open[open] {
            summary { (line) }
            @if time.is_some() { p { (jump) } }
            @if let Some(message) = &test.message {
                div.copyable {
                    @if is_failed { button.copy type="button" aria-label={ "copy what " (first_line(&name)) " said" } { "copy" } }
                    pre class=(class) { (coloured(message)) }
                }
            }
            @if let Some(stack) = stack { pre.stack { (stack) } }
            @for (at, attempt) in earlier(test) {
                p { "Attempt " (at + 1) " " (attempt.status.name()) }
                @if let Some(message) = &attempt.message { pre { (coloured(message)) } }
            }
            @if !test.steps.is_empty() { ul.steps { @for step in &test.steps { (step_of(step)) } } }
        }
    }
}

/// Returns the attempts before the last one.
fn earlier(test: &TestRecord) -> impl Iterator<Item = (usize, &AttemptRecord)> {
    let last = test.attempts.len().saturating_sub(1);
    test.attempts.iter().take(last).enumerate()
}

fn step_of(step: &StepRecord) -> Markup {
    html! {
        li style={ "margin-left:" (step.depth) "em" } {
            (mark(status_class(step.status))) (printable(&step.name)) " "
            @if step.duration_ms > 0 { span.took { (took(step.duration_ms)) } }
        }
    }
}

fn took(millis: u64) -> String {
    duration(Duration::from_millis(millis))
}

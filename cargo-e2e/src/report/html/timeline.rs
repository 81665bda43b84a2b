//! The timeline: stages, health checks, containers and tests on one axis, in a bounded number of
//! rows. `timeline.js` zooms it.

use maud::{Markup, html};

use super::axis::{Axis, Bar, Row, took};
use super::style::mark;
use crate::record::outcome::Record;
use crate::report::ReportInputs;
use crate::text::count;

/// Tests that have a row of their own.
const TESTS: usize = 20;
/// Steps of the axis in milliseconds.
const STEPS: [i64; 16] = [
    10, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000,
    1_800_000, 3_600_000,
];

pub(super) fn timeline(
    record: &Record,
    inputs: &ReportInputs<'_>,
    axis: &Axis,
    failed: &[usize],
) -> Markup {
    let (all, tests) = axis.tests(record, failed, TESTS);
    let group = |title: &str, rows: &[Row]| {
        html! {
            @if !rows.is_empty() {
                h3 { (title) }
                @for row in rows { (row_of(row)) }
            }
        }
    };
    html! {
        p.zoom hidden {
            button type="button" data-zoom="in" aria-label="zoom in" { "+" } " "
            button type="button" data-zoom="out" aria-label="zoom out" { "−" } " "
            button type="button" data-zoom="left" aria-label="earlier" { "◀" } " "
            button type="button" data-zoom="right" aria-label="later" { "▶" } " "
            button type="button" data-zoom="all" { "whole run" } " "
            span.took { "drag over the bars to zoom" }
        }
        div #bars data-length=(axis.length) {
            div.row.scale {
                span {}
                span.track { span.lane { @for at in ticks(axis.length) { (tick(at, axis.length)) } } }
                span.took { (took(axis.length)) }
            }
            (group("Stages", &axis.stages(record)))
            (group("Health checks", &axis.checks(record)))
            (group("Containers", &axis.containers(record, inputs)))
            @if !tests.is_empty() {
                h3 { "Tests" }
                @if !all.is_empty() {
                    div.row {
                        span.name { "all " (record.tests.len()) }
                        (track(&all))
                        span.took {}
                    }
                    p.took { (count(tests.len(), "test")) " of " (record.tests.len()) ": failed ones, then the slowest" }
                }
                @for row in &tests { (row_of(row)) }
            }
        }
        @if axis.times.is_empty() && record.tests.len() > 1 {
            p.took { "The start times of the tests are unknown: no file of the tests has them." }
        }
    }
}

fn track(bars: &[Bar]) -> Markup {
    html! {
        span.track {
            span.lane {
                @for bar in bars {
                    span class={ "bar " (bar.class) } style={ "left:" (bar.left) "%;width:" (bar.width) "%" } {}
                }
            }
        }
    }
}

fn row_of(row: &Row) -> Markup {
    html! {
        details.row-details data-from=(row.from) data-to=(row.to) {
            summary.row {
                span.name { (mark(row.class)) (row.name) }
                (track(&row.bars))
                span.took { (row.took()) }
            }
            p {
                (took(row.from)) " to " (took(row.to))
                @if !row.detail.is_empty() { ": " (row.detail) }
                @if let Some(link) = &row.link { " " a href={ "#" (link) } { "show " (row.name) } }
            }
        }
    }
}

fn tick(at: i64, length: i64) -> Markup {
    html! { span.tick style={ "left:" (at * 100 / length) "%" } { (took(at)) } }
}

/// Returns at most eight round times.
fn ticks(length: i64) -> impl Iterator<Item = i64> {
    let step = STEPS.into_iter().find(|step| length / step < 8);
    let step = step.unwrap_or(length / 8).max(1);
    (0..)
        .map(move |number| number * step)
        .take_while(move |at| *at <= length * 95 / 100)
}

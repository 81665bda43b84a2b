//! The logs, as lines that can be filtered and jumped to; of long ones a part, with the whole file
//! a link away. `logs.js` filters them.

use std::path::Path;

use jiff::Timestamp;
use maud::{Markup, html};

use super::anchor;
use super::ansi::coloured;
use super::axis::Axis;
use super::excerpt::{Excerpt, complains, excerpt, shares};
use crate::record::outcome::Record;
use crate::report::ReportInputs;
use crate::report::log_lines::split_time;
use crate::text::{clip, count, printable};

/// Bytes of all logs that the page has: more makes it slow to open.
const WHOLE: u64 = 3 << 20;
/// Characters at which a line is cut.
const WIDTH: usize = 2000;
/// Lines that a browser lays out at a time.
const CHUNK: usize = 100;
/// A log of less lines is open.
const FEW: usize = 30;
/// So many failed tests have the lines of their time.
const WINDOWS: usize = 10;

const OUTPUT: &str = "test-output.log";

struct Log<'r> {
    name: &'r str,
    path: String,
}

pub(super) fn logs(
    record: &Record,
    inputs: &ReportInputs<'_>,
    axis: &Axis,
    failed: &[usize],
) -> Markup {
    let log = |name, path| Log { name, path };
    let services = record.services.iter().map(|one| one.name.as_str());
    let services = services.map(|name| log(name, format!("logs/{name}.log")));
    let output = log("test output", OUTPUT.to_owned());
    let all: Vec<Log> = std::iter::once(output).chain(services).collect();
    let length =
        |log: &Log| std::fs::metadata(inputs.bundle.join(&log.path)).map_or(0, |file| file.len());
    let lengths: Vec<u64> = all.iter().map(length).collect();
    let window = |&index: &usize| {
        let time = axis.times.of_test(&record.tests[index].name)?;
        let (from, to) = (time.from - time.slack, time.to + time.slack);
        Some((axis.on_host(from), axis.on_host(to)))
    };
    let times: Vec<_> = failed.iter().filter_map(window).take(WINDOWS).collect();
    let logs = all.iter().zip(&lengths).zip(shares(&lengths, WHOLE));
    let logs = logs.filter(|((log, length), _)| log.path != OUTPUT || **length > 0);
    let logs: Vec<(&Log, Excerpt)> = logs
        .map(|((log, _), share)| (log, read(inputs.bundle, log, share, &times)))
        .collect();
    html! {
        @if logs.is_empty() { p { "Nothing was logged." } }
        div.tools #log-tools hidden {
            label { input type="checkbox" id="complaints"; " errors and warnings only" }
            @if logs.len() > 1 {
                " " label { input type="checkbox" id="merged"; " one list by time" }
                " " span.chips role="group" aria-label="logs to show" {
                    @for (log, _) in &logs { label.chip { input type="checkbox" checked data-log=(log.name); " " (log.name) } " " }
                }
            }
            " " button type="button" id="whole" hidden { "clear time range" }
        }
        details.log-details #by-time hidden {
            summary { "all by time " span.took.hits {} }
            div.log tabindex="0" role="region" aria-label="all logs by time" {}
            button type="button" id="more" hidden { "show more" }
        }
        @for (log, excerpt) in &logs { (shown(log, excerpt, axis)) }
    }
}

fn read(bundle: &Path, log: &Log, share: u64, times: &[(Timestamp, Timestamp)]) -> Excerpt {
    // Only Docker's logs have times.
    let times = if log.path == OUTPUT { &[] } else { times };
    excerpt(&bundle.join(&log.path), share, times)
}

fn shown(log: &Log, excerpt: &Excerpt, axis: &Axis) -> Markup {
    let (all, parts) = (excerpt.all(), excerpt.shown());
    let is_timed = log.path != OUTPUT;
    html! {
        details.log-details id=(anchor::of_log(log.name)) data-log=(log.name) open[all < FEW] {
            summary { (log.name) " " span.took { (count(all, "line")) } " " span.took.hits {} }
            @if all > 0 {
                p {
                    "whole log: " a href=(log.path) { (log.path) }
                    @if parts < all { span.took { "; " (parts) " lines are here: the first, the last, errors and warnings, and those of failed tests" } }
                    " " button.copy type="button" aria-label={ "copy the lines of " (log.name) } { "copy" }
                }
                p.none.took hidden { "No matching lines" @if parts < all { " here" } }
                div.log tabindex="0" role="region" aria-label={ "log of " (log.name) } {
                    @for piece in &excerpt.pieces {
                        (gap(piece.skipped))
                        @for chunk in piece.lines.chunks(CHUNK) {
                            div.chunk style={ "contain-intrinsic-height:" (chunk.len() * 19) "px" } {
                                @for line in chunk { (line_of(line, is_timed, axis)) }
                            }
                        }
                    }
                    (gap(excerpt.left_out))
                }
            }
        }
    }
}

fn gap(lines: usize) -> Markup {
    html! { @if lines > 0 { p.gap { (count(lines, "line")) " left out" } } }
}

fn line_of(line: &str, is_timed: bool, axis: &Axis) -> Markup {
    let line = if line.len() > WIDTH {
        &clip(line, WIDTH)
    } else {
        line
    };
    // Docker begins each line with its time.
    let (at, text) = match split_time(line).filter(|_| is_timed) {
        Some((at, text)) => (Some(axis.of_host(at)), text),
        None => (None, line),
    };
    html! {
        div class=[complains(&printable(text))] {
            @if let Some(at) = at { i { (seconds(at)) } " " }
            (coloured(text))
        }
    }
}

fn seconds(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let millis = millis.unsigned_abs();
    format!("{sign}{}.{:02}", millis / 1000, millis % 1000 / 10)
}

//! The ends of the logs, as lines that can be filtered and jumped to.

use std::path::Path;

use maud::{Markup, html};

use super::axis::Axis;
use crate::record::outcome::Record;
use crate::report::ReportInputs;
use crate::report::failure::is_complaint;
use crate::report::log_lines::{LogLines, split_time};
use crate::text::printable;

/// How many lines of each log the page shows; the file beside it has all.
const LINES: usize = 2000;
/// Characters at which a line is cut.
const WIDTH: usize = 2000;

struct Line {
    at: Option<i64>,
    text: String,
}

pub(super) fn logs(record: &Record, inputs: &ReportInputs<'_>, axis: &Axis) -> Markup {
    let output = ends(&inputs.bundle.join("test-output.log"), |text| Line {
        at: None,
        text: printable(text),
    });
    html! {
        p.tools hidden {
            input type="search" id="filter" placeholder="filter lines" aria-label="filter lines";
            " " label { input type="checkbox" id="complaints"; " complaints only" }
            " " button type="button" id="whole" hidden { "all times" }
        }
        @if output.0.is_empty() && record.services.is_empty() { p { "Nothing was logged." } }
        @if !output.0.is_empty() { (one("test output", "test-output.log", &output)) }
        @for service in &record.services {
            @let path = format!("logs/{}.log", service.name);
            (one(&service.name, &path, &ends(&inputs.bundle.join(&path), |text| timed(text, axis))))
        }
    }
}

fn one(title: &str, path: &str, (lines, left_out): &(Vec<Line>, usize)) -> Markup {
    html! {
        details open[lines.len() < 30] {
            @let all = lines.len() + left_out;
            summary { (title) " " span.took { (all) @if all == 1 { " line" } @else { " lines" } } }
            @if *left_out > 0 { p.took { (left_out) " earlier lines are in " (path) } }
            @if !lines.is_empty() {
                p.none.took hidden {
                    "No line here is of that kind."
                    @if *left_out > 0 { " Earlier ones are in " (path) "." }
                }
                div.log tabindex="0" {
                    @for line in lines {
                        div.bad[is_complaint(&line.text)] data-at=[line.at] {
                            @if let Some(at) = line.at { span.at { (seconds(at)) " " } }
                            (line.text)
                        }
                    }
                }
            }
        }
    }
}

/// Splits off the time that Docker begins each line with.
fn timed(text: &str, axis: &Axis) -> Line {
    match split_time(text) {
        Some((at, rest)) => Line {
            at: Some(axis.of_host(at)),
            text: printable(rest),
        },
        None => Line {
            at: None,
            text: printable(text),
        },
    }
}

fn seconds(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let millis = millis.unsigned_abs();
    format!("{sign}{}.{:02}", millis / 1000, millis % 1000 / 10)
}

/// Returns the last lines, and how many precede them. Only the returned lines are converted.
fn ends(path: &Path, read: impl Fn(&str) -> Line) -> (Vec<Line>, usize) {
    let last = LogLines::open(path).and_then(|mut lines| lines.last(0..lines.length(), LINES));
    // A missing file was reported when it was not fetched.
    let last = last.unwrap_or_default();
    let shown = |text: String| {
        let mut line = read(&text);
        if let Some((end, _)) = line.text.char_indices().nth(WIDTH) {
            line.text.truncate(end);
        }
        line
    };
    (last.lines.into_iter().map(shown).collect(), last.before)
}

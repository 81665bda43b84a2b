//! The ends of the logs, line by line, so that they can be filtered and jumped to.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use jiff::Timestamp;
use maud::{Markup, html};

use super::axis::Axis;
use crate::event::printable;
use crate::outcome::Record;
use crate::report::failure::{Known, is_complaint};

/// So many lines of each are in the page, the last ones; the file beside it has all.
const LINES: usize = 2000;
/// A line that is longer is cut.
const WIDTH: usize = 2000;

struct Line {
    at: Option<i64>,
    text: String,
}

pub(super) fn logs(record: &Record, known: &Known<'_>, axis: &Axis) -> Markup {
    let output = ends(&known.bundle.join("test-output.log"), |text| Line {
        at: None,
        text: printable(text),
    });
    html! {
        p.tools hidden {
            input type="search" id="filter" placeholder="filter lines" aria-label="filter lines";
            " " label { input type="checkbox" id="complaints"; " complaints only" }
            " " button type="button" id="whole" hidden { "all times" }
        }
        @if !output.0.is_empty() { (one("what the tests printed", "test-output.log", &output)) }
        @for service in &record.services {
            @let path = format!("logs/{}.log", service.name);
            (one(&service.name, &path, &ends(&known.bundle.join(&path), |text| timed(text, axis))))
        }
    }
}

fn one(title: &str, path: &str, (lines, left_out): &(VecDeque<Line>, usize)) -> Markup {
    html! {
        details open[lines.len() < 30] {
            summary { (title) " " span.took { (lines.len() + left_out) " lines" } }
            @if *left_out > 0 { p.took { (left_out) " earlier lines are in " (path) } }
            @if !lines.is_empty() {
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

/// Docker begins each line with its time.
fn timed(text: &str, axis: &Axis) -> Line {
    let parts = text.split_once(' ');
    match parts.and_then(|(at, rest)| Some((at.parse::<Timestamp>().ok()?, rest))) {
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

/// The last lines, and how many there were before. Only those that stay are looked at.
fn ends(path: &Path, read: impl Fn(&str) -> Line) -> (VecDeque<Line>, usize) {
    let (mut last, mut left_out) = (VecDeque::new(), 0);
    let Ok(file) = File::open(path) else {
        return (VecDeque::new(), 0);
    };
    let mut reader = BufReader::new(file);
    let mut bytes = Vec::new();
    while matches!(reader.read_until(b'\n', &mut bytes), Ok(1..)) {
        if last.len() == LINES {
            last.pop_front();
            left_out += 1;
        }
        last.push_back(std::mem::take(&mut bytes));
    }
    let shown = |bytes: Vec<u8>| {
        let text = String::from_utf8_lossy(&bytes);
        let mut line = read(text.trim_end_matches(['\r', '\n']));
        if let Some((end, _)) = line.text.char_indices().nth(WIDTH) {
            line.text.truncate(end);
        }
        line
    };
    (last.into_iter().map(shown).collect(), left_out)
}

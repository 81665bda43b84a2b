//! The last lines of a run: its verdict, where the evidence is, what is left to do.

use std::path::Path;

use super::paint::{COLUMN, Paint};
use crate::record::assertion::in_one_line;
use crate::record::outcome::{Record, Stage, TestRecord, Verdict};
use crate::record::summary::{
    WIDTH, at_step, by_spec, failed_tests, first_failed, first_line, says_nothing_new, signal_name,
    tail, with_cause,
};
use crate::text::{clip, printable};

/// Failed tests that are named; the bundle has all.
const NAMED_TESTS: usize = 10;
/// Health checks that did not pass, beside the first.
const NAMED_CHECKS: usize = 9;

/// Returns the last lines; none for a quiet run that passed and left nothing behind.
pub(super) fn lines(
    paint: &Paint,
    quiet: bool,
    record: &Record,
    bundle: &Path,
    failure: Option<&str>,
    kept: Option<&str>,
) -> Vec<String> {
    let mut lines = Vec::new();
    if !quiet || record.verdict != Verdict::Passed {
        lines.push(verdict(paint, record));
        let margin = " ".repeat(COLUMN + 1);
        // It is printable already, and has no colours.
        let explained = failure.unwrap_or_default().lines().map(str::to_owned);
        let below = why(
            paint,
            record,
            failure.is_some_and(|failure| !failure.is_empty()),
        )
        .into_iter()
        .chain(explained)
        .chain(leftovers(paint, record))
        .chain(results(paint, bundle));
        lines.extend(below.map(|line| format!("{margin}{line}")));
    }
    // Also when quiet: a user who keeps a sandbox needs to know how to enter and remove it.
    if let Some(kept) = kept.map(str::trim_end).filter(|kept| !kept.is_empty()) {
        lines.push(printable(kept));
    }
    lines
}

fn verdict(paint: &Paint, record: &Record) -> String {
    let style = match record.verdict {
        Verdict::Passed => paint.good,
        Verdict::Interrupted => paint.caution,
        _ => paint.bad,
    };
    // `up` ends without tests.
    let reached = |stage| record.stages.iter().any(|one| one.name == stage);
    let word = match record.verdict {
        Verdict::Passed if reached(Stage::Up) && !reached(Stage::Test) => "Up",
        other => other.info().title,
    };
    let verb = paint.verb(style, word);
    let signal = signal_name(record).map_or_else(String::new, |name| format!(" ({name})"));
    let by = by_spec(record);
    format!("{verb} {} e2e{by}{signal}{}", record.repo, tail(record))
}

/// Returns lines for the stage that failed first, and for the failed tests where nothing explains
/// them below.
fn why(paint: &Paint, record: &Record, explained: bool) -> Vec<String> {
    let mut lines = Vec::new();
    // Leftovers are listed below, without an announcement.
    let listed = |detail: &str| {
        let left = record.leftovers.first();
        record.verdict == Verdict::Leaked && left.is_some_and(|left| detail.contains(left.as_str()))
    };
    if record.verdict != Verdict::Passed
        && let Some(stage) = first_failed(record)
        && !listed(&stage.detail)
    {
        let detail = printable(&stage.detail);
        lines.push(format!("{}: {}", stage.name.name(), with_cause(&detail)));
        if stage.name == Stage::Ready {
            lines.extend(other_checks(&detail));
        }
    }
    // A test that only repeats its stage is a test command.
    let says_more = |test: &&TestRecord| !says_nothing_new(record, test);
    let failed: Vec<&TestRecord> = failed_tests(record).into_iter().filter(says_more).collect();
    if !failed.is_empty() && !explained {
        lines.extend(failed.iter().take(NAMED_TESTS).map(|test| {
            let name = printable(&test.name);
            let name = paint.with(paint.bad, first_line(&name));
            let message = printable(test.message.as_deref().unwrap_or_default());
            let at = at_step(test);
            match in_one_line(&message).as_str() {
                "" => format!("- {name}{at}"),
                message => format!("- {name}{at}: {}", clip(message, WIDTH)),
            }
        }));
        if failed.len() > NAMED_TESTS {
            lines.push(format!("- and {} more", failed.len() - NAMED_TESTS));
        }
    }
    lines
}

/// Returns the other reasons for a stack that is not ready, each in its line.
fn other_checks(detail: &str) -> Vec<String> {
    let mut lines = detail.trim().lines().skip(1).map(str::trim_end);
    let is_reason =
        |line: &&str| !line.is_empty() && !line.ends_with(':') && !line.starts_with(' ');
    let reasons: Vec<&str> = lines.by_ref().take_while(is_reason).collect();
    let named = reasons.iter().take(NAMED_CHECKS);
    let mut shown: Vec<String> = named
        .map(|line| format!("ready: {}", clip(line, WIDTH)))
        .collect();
    if reasons.len() > NAMED_CHECKS {
        shown.push(format!("ready: and {} more", reasons.len() - NAMED_CHECKS));
    }
    shown
}

fn leftovers(paint: &Paint, record: &Record) -> Vec<String> {
    let left = |left: &String| {
        let left = format!("left: {}", first_line(&printable(left)));
        paint.with(paint.bad, &left)
    };
    let mut lines: Vec<String> = record.leftovers.iter().map(left).collect();
    if !lines.is_empty() {
        lines.push(format!(
            "remove: cargo e2e down {} --host {}",
            record.run_id, record.host
        ));
    }
    lines
}

fn results(paint: &Paint, bundle: &Path) -> Option<String> {
    let word = paint.with(paint.dim, "results:");
    (!bundle.as_os_str().is_empty()).then(|| format!("{word} {}", near(bundle).display()))
}

/// Returns a path relative to the current directory, where it lies in it.
pub(super) fn near(path: &Path) -> &Path {
    let here = std::env::current_dir().unwrap_or_default();
    match path.strip_prefix(here) {
        Ok(rest) if !rest.as_os_str().is_empty() => rest,
        _ => path,
    }
}

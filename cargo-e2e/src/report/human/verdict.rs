//! The last lines of a run: its verdict, why, where the evidence is, what is left to do. Each thing
//! is said once.

use std::path::Path;
use std::time::Duration;

use super::checks::Checks;
use super::excerpts::{excerpt, indented};
use super::paint::{COLUMN, Paint};
use crate::record::event::Failure;
use crate::record::outcome::{Record, Stage, StageRecord, StageStatus, Verdict};
use crate::record::summary::{by_spec, counts, first_line, signal_name, with_cause};
use crate::text::printable;
use crate::units::duration;

/// Lines of a message that are shown.
const MESSAGE: usize = 30;

/// What a run ended with.
#[derive(Clone, Copy)]
pub(super) struct Ended<'r> {
    pub(super) record: &'r Record,
    pub(super) bundle: &'r Path,
    /// Why stages failed.
    pub(super) failures: &'r [Failure],
    /// Whether why the tests failed has been shown.
    pub(super) tests_explained: bool,
    /// What failed tests say, where it has not been shown, and what to type next.
    pub(super) explained: &'r str,
    pub(super) kept: Option<&'r str>,
}

/// Returns the last lines; none for a quiet run that passed and left nothing behind.
pub(super) fn lines(paint: &Paint, quiet: bool, ended: &Ended<'_>) -> Vec<String> {
    let record = ended.record;
    let mut lines = Vec::new();
    if !quiet || record.verdict != Verdict::Passed {
        lines.push(verdict(paint, record));
        let mut below = Vec::new();
        for failure in ended.failures {
            below.extend(why(paint, Some(record), failure));
        }
        below.extend(unexplained(ended));
        if record.verdict == Verdict::Unhealthy && record.health_checks.len() > 1 {
            below.push(Checks::recorded(&record.health_checks).marks());
        }
        below.extend(leftovers(paint, record));
        below.extend(explained(paint, ended.explained));
        below.extend(results(paint, ended.bundle));
        lines.extend(in_margin(&below));
    }
    // Also when quiet: a user who keeps a sandbox needs to know that it is there.
    if let Some(kept) = ended
        .kept
        .map(str::trim_end)
        .filter(|kept| !kept.is_empty())
    {
        let kept = printable(kept);
        let most = if quiet { 1 } else { usize::MAX };
        lines.extend(kept.lines().take(most).map(str::to_owned));
    }
    lines
}

/// Returns why the tests failed, to be shown before the last lines.
pub(super) fn of_tests(paint: &Paint, failures: &[Failure], text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for failure in failures {
        lines.extend(why(paint, None, failure));
    }
    lines.extend(explained(paint, text));
    in_margin(&lines)
}

/// Returns lines below what a stage's name is in.
fn in_margin(texts: &[String]) -> Vec<String> {
    let margin = " ".repeat(COLUMN + 1);
    let lines = texts.iter().flat_map(|text| text.lines());
    lines.map(|line| format!("{margin}{line}")).collect()
}

/// Colours an explanation, which is printable already.
fn explained<'a>(paint: &'a Paint, text: &'a str) -> impl Iterator<Item = String> + 'a {
    text.lines().map(|line| painted(paint, line))
}

fn verdict(paint: &Paint, record: &Record) -> String {
    // `up` ends without tests.
    let reached = |stage| record.stages.iter().any(|one| one.name == stage);
    let (style, word) = match record.verdict {
        Verdict::Passed if reached(Stage::Up) && !reached(Stage::Test) => (paint.good, "Up"),
        Verdict::Passed => (paint.good, "Passed"),
        Verdict::Interrupted => (paint.caution, "Interrupted"),
        _ => (paint.bad, "FAIL"),
    };
    let counts = counts(record);
    let title = record.verdict.info().title.to_lowercase();
    let what = match record.verdict {
        Verdict::Failed if counts.is_empty() => "tests failed".to_owned(),
        Verdict::Passed | Verdict::Interrupted | Verdict::Failed => counts,
        _ if counts.is_empty() => title,
        _ => format!("{title}: {counts}"),
    };
    let signal = signal_name(record).map_or_else(String::new, |name| format!(" ({name})"));
    let took = duration(Duration::from_millis(record.duration_ms));
    let repo = format!("{}{}{signal}", record.repo, by_spec(record));
    let parts = [what, repo, took, record.host.clone()];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    let parts: Vec<String> = parts.collect();
    format!("{} {}", paint.verb(style, word), parts.join(" · "))
}

/// Returns why a stage failed, with what was printed, and help; less what is shown of the record.
fn why(paint: &Paint, record: Option<&Record>, failure: &Failure) -> Vec<String> {
    let mut lines = Vec::new();
    let message = printable(&failure.message);
    // What is left is listed, and failed tests are counted above.
    let is_listed = failure.stage == Stage::Teardown
        && record.is_some_and(|record| !record.leftovers.is_empty());
    let mut message: Vec<&str> = message.trim().lines().map(str::trim_end).collect();
    let counts = record.map(counts).unwrap_or_default();
    let counted = counts.split(" (").next().unwrap_or_default();
    if message
        .first()
        .is_some_and(|first| *first == format!("{counted} failed"))
    {
        message.remove(0);
    }
    if !is_listed {
        let stage = failure.stage.name();
        let shown = message.iter().take(MESSAGE).enumerate();
        lines.extend(shown.map(|(at, line)| match at {
            0 => format!("{stage}: {line}"),
            _ => format!("  {line}").trim_end().to_owned(),
        }));
    }
    // An engine's error is the cause in the message already.
    let is_news = |line: &str| {
        let line = line
            .trim()
            .trim_start_matches("Error response from daemon: ");
        !message.iter().any(|said| said.contains(line))
    };
    for one in &failure.excerpts {
        if one.text.trim().is_empty() || printable(&one.text).lines().any(is_news) {
            excerpt(paint, one, &mut lines);
        }
    }
    if let Some(help) = &failure.help {
        let word = paint.with(paint.strong, "help");
        lines.push(format!("{word}: {}", indented(help, "      ")));
    }
    lines
}

/// Returns a line for each stage that failed without a word of its own, such as `report`.
fn unexplained(ended: &Ended<'_>) -> Vec<String> {
    let record = ended.record;
    let is_told = |stage: Stage| {
        let mut failures = ended.failures.iter();
        failures.any(|failure| failure.stage == stage)
            || (stage == Stage::Test && ended.tests_explained)
    };
    let failed = |stage: &&StageRecord| {
        let listed = stage.name == Stage::Teardown && !record.leftovers.is_empty();
        stage.status == StageStatus::Failed
            && !stage.detail.trim().is_empty()
            && !is_told(stage.name)
            && !listed
    };
    let stages = record.stages.iter().filter(failed);
    let line = |stage: &StageRecord| {
        let detail = printable(&stage.detail);
        format!("{}: {}", stage.name.name(), with_cause(&detail))
    };
    match record.verdict {
        Verdict::Passed => Vec::new(),
        _ => stages.map(line).collect(),
    }
}

/// Colours a line of the explanation by how it begins.
fn painted(paint: &Paint, line: &str) -> String {
    for (label, style) in [
        ("next", paint.strong),
        ("meanwhile", paint.dim),
        ("about then", paint.dim),
        ("  E", paint.bad),
        ("  >", paint.bad),
    ] {
        if let Some(rest) = line.strip_prefix(label)
            && rest.starts_with(' ')
        {
            return format!("{}{rest}", paint.with(style, label));
        }
    }
    if line.starts_with(' ') || line.starts_with("and ") {
        return line.to_owned();
    }
    match line.split_once("  ") {
        Some((name, place)) => format!("{}  {place}", paint.with(paint.strong, name)),
        None => paint.with(paint.strong, line),
    }
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
    (!bundle.as_os_str().is_empty()).then(|| {
        let shown = near(bundle).display().to_string();
        format!("{word} {}", paint.link(&bundle.join("report.html"), &shown))
    })
}

/// Returns a path relative to the current directory, where it lies in it.
pub(super) fn near(path: &Path) -> &Path {
    let here = std::env::current_dir().unwrap_or_default();
    match path.strip_prefix(here) {
        Ok(rest) if !rest.as_os_str().is_empty() => rest,
        _ => path,
    }
}

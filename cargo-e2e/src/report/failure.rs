//! Why tests failed, from the evidence: their messages, and what the stack did meanwhile. About a
//! screen for the terminal, more for the bundle.

mod during;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::time::Duration;

use crate::record::outcome::{
    HealthStatus, Record, ServiceRecord, Stage, StageRecord, StageStatus, TestRecord, Verdict,
};
use crate::record::summary::{
    WIDTH, at_step, duration, failed_tests, first_failed, first_line, headline, place,
    says_nothing_new, signal_name,
};
use crate::report::ReportInputs;
use crate::text::{clip, count, printable};

use during::{During, Service};

/// For the terminal.
const SHORT: Shown = Shown {
    tests: 1,
    message: 10,
    lines: 24,
    width: WIDTH,
    verdict: true,
};
/// For report.html, above the tests.
const PAGE: Shown = Shown {
    verdict: false,
    ..SHORT
};
/// For failure.txt.
const LONG: Shown = Shown {
    tests: usize::MAX,
    message: usize::MAX,
    lines: 2000,
    width: usize::MAX,
    verdict: false,
};

#[derive(Clone, Copy)]
struct Shown {
    tests: usize,
    message: usize,
    lines: usize,
    width: usize,
    /// Whether the verdict stands above it, with the first line of each message, and what a test
    /// command printed above that.
    verdict: bool,
}

/// A failure explained, for each place that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// For the terminal, below the verdict.
    pub short: String,
    /// What the stack did meanwhile, for the record; empty unless [`explained`] names a stage.
    pub stack: String,
    /// For the page, which has the tests' messages elsewhere.
    pub page: String,
    /// For failure.txt.
    pub long: String,
}

/// Explains why a run did not pass; `None` for one that passed. Where the tests had not begun, only
/// says what to do: the failed stage has said why.
#[must_use]
pub fn report(record: &Record, inputs: &ReportInputs<'_>) -> Option<Report> {
    if record.verdict == Verdict::Passed {
        return None;
    }
    let failed = failed_tests(record);
    let during = explained(record).and_then(|stage| {
        let test = failed.first().map(|test| test.name.as_str());
        During::of(record, stage, test, inputs)
    });
    let again = again(record, inputs);
    let text = |shown| {
        let mut text = messages(record, &failed, shown);
        if let Some(during) = &during {
            text += &stack(record, during, shown);
        }
        text + &again
    };
    let failure =
        |stage: &StageRecord| format!("{}: {}\n", stage.name.name(), printable(&stage.detail));
    let why = match record.verdict {
        Verdict::Interrupted => cut_short(record),
        _ => first_failed(record).map(failure),
    };
    let why = why.unwrap_or_default();
    Some(Report {
        short: text(SHORT),
        stack: during
            .as_ref()
            .map_or_else(String::new, |during| stack(record, during, SHORT)),
        page: format!("{why}{}", text(PAGE)),
        long: format!("{}\n{why}\n{}", headline(record), text(LONG)),
    })
}

/// Returns the failed stage that ran on a ready stack, which may be the cause.
#[must_use]
pub fn explained(record: &Record) -> Option<Stage> {
    match record.verdict {
        Verdict::Failed | Verdict::TimedOut => Some(Stage::Test),
        Verdict::SetupFailed => {
            // There is no stack before it is brought up.
            let is_setup = |stage: &StageRecord| stage.name == Stage::Setup;
            record.stages.iter().any(is_setup).then_some(Stage::Setup)
        }
        _ => None,
    }
}

/// Says, for the page of an interrupted run, where the signal came and which it was.
#[must_use]
pub fn cut_short(record: &Record) -> Option<String> {
    let is_cut = |stage: &&StageRecord| stage.status == StageStatus::Interrupted;
    let Some(stage) = record.stages.iter().find(is_cut) else {
        let by = signal_name(record)?;
        return Some(format!("{by} arrived after the tests had ended\n"));
    };
    let detail = first_line(&stage.detail);
    Some(format!("{} was interrupted: {detail}\n", stage.name.name()))
}

/// Returns the messages of failed tests, without their first lines where the verdict shows those.
fn messages(record: &Record, failed: &[&TestRecord], shown: Shown) -> String {
    let mut text = String::new();
    for test in failed.iter().take(shown.tests) {
        let message = printable(test.message.as_deref().unwrap_or_default());
        let nothing_new = says_nothing_new(record, test);
        let is_line = message.trim().lines().count() == 1;
        let seen = if shown.verdict {
            nothing_new || is_line
        } else {
            nothing_new && is_line
        };
        if message.trim().is_empty() || seen {
            continue;
        }
        let step = at_step(test);
        let at =
            place(&message).map_or_else(String::new, |(file, line)| format!(" at {file}:{line}"));
        let _ = writeln!(text, "{}{step}{at}:", first_line(&printable(&test.name)));
        // A test prints the reason for its failure last.
        let mut lines: Vec<&str> = message.trim_end().lines().collect();
        if nothing_new {
            lines.remove(0);
        }
        let left_out = lines.len().saturating_sub(shown.message);
        if left_out > 0 {
            let left_out = count(left_out, "earlier line");
            let _ = writeln!(text, "| ({left_out} left out)");
        }
        for line in &lines[left_out..] {
            let line = clip(line, shown.width);
            let _ = writeln!(text, "{}", format!("| {line}").trim_end());
        }
        for step in test.steps.iter().filter(|_| shown.tests > 1) {
            let margin = "  ".repeat(usize::try_from(step.depth).unwrap_or_default() + 1);
            let mark = if step.status == StageStatus::Failed {
                "!"
            } else {
                " "
            };
            let took = duration(Duration::from_millis(step.duration_ms));
            let _ = writeln!(text, "{mark}{margin}{} {took}", printable(&step.name));
        }
    }
    text
}

/// Describes what the stack did, the services that likely matter first.
fn stack(record: &Record, during: &During, shown: Shown) -> String {
    let mut text = String::new();
    let what = during.test.as_deref().unwrap_or(match during.stage {
        Stage::Setup => "setup_command",
        _ => "the tests",
    });
    let _ = writeln!(
        text,
        "while {} ran ({}):",
        printable(what),
        duration(during.took)
    );
    let mut services: Vec<(&ServiceRecord, Option<&Service>)> = record
        .services
        .iter()
        .map(|service| {
            (
                service,
                during.services.iter().find(|one| one.name == service.name),
            )
        })
        .collect();
    services.sort_by_key(|(record, service)| {
        let errors = service.map_or(0, Service::errors);
        (
            changes(record).is_empty(),
            errors == 0,
            service.is_none_or(|one| one.lines.is_empty()),
        )
    });
    let mut left = shown.lines;
    let mut silent: Vec<String> = Vec::new();
    for (record, service) in services {
        let printed = service.is_some_and(|service| !service.lines.is_empty());
        let changes = changes(record);
        if changes.is_empty() && !printed {
            // Nothing happened to this container: its state is enough.
            silent.push(match record.state.as_str() {
                "running" => record.name.clone(),
                state => format!("{} ({state})", record.name),
            });
            continue;
        }
        let state = if changes.is_empty() {
            record.state.clone()
        } else {
            changes.join(", ")
        };
        let nothing = if printed { "" } else { "; it printed nothing" };
        let _ = writeln!(text, "{}: {state}{nothing}", record.name);
        let picked =
            service.map_or_else(Vec::new, |service| service.pick(left.min(shown.lines / 2)));
        left -= picked.len();
        for line in &picked {
            let mark = if line.is_error { '!' } else { ' ' };
            let _ = writeln!(text, "| {:>8} {mark} {}", line.after, line.text);
        }
        let more = service.map_or(0, |service| service.count.saturating_sub(picked.len()));
        if more > 0 {
            let _ = writeln!(text, "| and {more} more in logs/{}.log", record.name);
        }
    }
    if !silent.is_empty() {
        let _ = writeln!(text, "no log lines from {}", silent.join(", "));
    }
    let checks: Vec<String> = record
        .health_checks
        .iter()
        .map(|check| match (&check.status, &check.last_error) {
            (HealthStatus::Passed, _) => {
                format!(
                    "{} passed after {}",
                    check.name,
                    duration(Duration::from_millis(check.waited_ms))
                )
            }
            (HealthStatus::Failed, answer) => {
                let answer = printable(answer.as_deref().unwrap_or("no response"));
                format!("{}: {}", check.name, first_line(&answer))
            }
        })
        .collect();
    if !checks.is_empty() {
        let _ = writeln!(text, "health checks before: {}", checks.join("; "));
    }
    text
}

pub(crate) fn restarted(times: u64) -> String {
    match times {
        1 => "restarted once".to_owned(),
        times => format!("restarted {times} times"),
    }
}

/// Lists unexpected events of a container: restarts, exits, lack of memory.
fn changes(service: &ServiceRecord) -> Vec<String> {
    let mut all = Vec::new();
    if service.oom_killed {
        all.push("out of memory (killed)".to_owned());
    }
    if service.restarts > 0 {
        // Docker does not say when: it may have been before the tests.
        all.push(format!("{} since it was made", restarted(service.restarts)));
    }
    if let Some(code) = service.exit_code.filter(|code| *code != 0) {
        all.push(format!("{} with code {code}", service.state));
    }
    if service.health.as_deref() == Some("unhealthy") {
        all.push("unhealthy".to_owned());
    }
    all
}

fn again(record: &Record, inputs: &ReportInputs<'_>) -> String {
    let filter = inputs.tail;
    let again = inputs.again;
    let mut text = format!("again: {again}{filter}\n");
    match record.verdict {
        // Another run does not remove what this one left.
        Verdict::Leaked => text.clear(),
        // The stack is up, so keeping it helps.
        Verdict::Failed
        | Verdict::TimedOut
        | Verdict::UpFailed
        | Verdict::Unhealthy
        | Verdict::SetupFailed => {
            if let Some(keep) = inputs.keep {
                let _ = writeln!(text, "keep:  {keep}{filter}");
            }
        }
        _ => {}
    }
    text
}

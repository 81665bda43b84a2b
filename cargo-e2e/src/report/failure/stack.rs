//! What the stack did while a test ran, as text.

use std::fmt::Write as _;
use std::time::Duration;

use super::during::{During, Line, Service};
use super::shown::Shown;
use crate::record::outcome::{HealthStatus, Record, ServiceRecord, Stage};
use crate::record::summary::first_line;
use crate::text::printable;
use crate::units::duration;

/// Describes what the stack did, the services that likely matter first.
pub(super) fn stack(record: &Record, during: &During, shown: Shown) -> String {
    let what = during.test.as_deref().unwrap_or(match during.stage {
        Stage::Setup => "setup_command",
        _ => "the tests",
    });
    let (what, took) = (printable(what), duration(during.took));
    let mut text = if during.estimated {
        format!("about when {what} ran (within {took}):\n")
    } else {
        format!("while {what} ran ({took}):\n")
    };
    let (services, silent) = activity(record, during, shown.lines);
    for one in services {
        let state = if one.changes.is_empty() {
            &one.record.state
        } else {
            &one.changes
        };
        // What is estimated may have missed the lines.
        let nothing = if one.printed || during.estimated {
            ""
        } else {
            "; no output"
        };
        let _ = writeln!(text, "{}: {state}{nothing}", one.record.name);
        for line in one.lines {
            let _ = writeln!(text, "| {line}");
        }
        if let Some(more) = one.more {
            let _ = writeln!(text, "| {more}");
        }
    }
    if let Some(silent) = silent {
        let _ = writeln!(text, "{silent}");
    }
    text
}

/// What a service did and said meanwhile.
pub(super) struct Activity<'r> {
    pub(super) record: &'r ServiceRecord,
    pub(super) changes: String,
    /// Whether it said anything, though other services may have taken all lines.
    printed: bool,
    pub(super) lines: Vec<&'r Line>,
    /// Where its other lines are.
    pub(super) more: Option<String>,
}

/// Returns what services did and said, those that likely matter first, in at most `most` lines; and
/// which did nothing.
pub(super) fn activity<'r>(
    record: &'r Record,
    during: &'r During,
    most: usize,
) -> (Vec<Activity<'r>>, Option<String>) {
    let services = record.services.iter().map(|record| {
        let log = during.services.iter().find(|one| one.name == record.name);
        let log = log.filter(|log| !log.lines.is_empty());
        (record, changes(record).join(", "), log)
    });
    let mut services: Vec<_> = services.collect();
    services.sort_by_key(|(_, changes, log)| {
        let errors = log.map_or(0, Service::errors);
        (changes.is_empty(), errors == 0, log.is_none())
    });
    // One service does not take all lines from the others.
    let share = match services.iter().filter(|(.., log)| log.is_some()).count() {
        0 | 1 => most,
        _ => most * 2 / 3,
    };
    let mut left = most;
    let (mut active, mut silent) = (Vec::new(), Vec::new());
    for (record, changes, log) in services {
        if changes.is_empty() && log.is_none() {
            // Nothing happened to this container: its state is enough.
            silent.push(name_of_silent(record));
            continue;
        }
        let lines = log.map_or_else(Vec::new, |log| log.pick(left.min(share)));
        left -= lines.len();
        let more = log.map_or(0, |log| log.count.saturating_sub(lines.len()));
        let more = (more > 0).then(|| format!("and {more} more in logs/{}.log", record.name));
        active.push(Activity {
            record,
            changes,
            printed: log.is_some(),
            lines,
            more,
        });
    }
    // An estimated time may have missed the lines.
    let said = if during.estimated {
        "other services:"
    } else {
        "no output from"
    };
    let silent = (!silent.is_empty()).then(|| format!("{said} {}", silent.join(", ")));
    (active, silent)
}

/// Returns the name of a service that did nothing, with its state where it does not run.
fn name_of_silent(record: &ServiceRecord) -> String {
    match record.state.as_str() {
        "running" => record.name.clone(),
        state => format!("{} ({state})", record.name),
    }
}

/// Says how the health checks went.
pub(super) fn health(record: &Record) -> String {
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
    if checks.is_empty() {
        return String::new();
    }
    format!("health checks, before tests: {}\n", checks.join("; "))
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

//! What the stack did while a test ran, as text.

use std::fmt::Write as _;
use std::time::Duration;

use super::during::{During, Service};
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
    let services = ranked(record, during);
    let noisy = services
        .iter()
        .filter(|(_, service)| service.is_some_and(|one| !one.lines.is_empty()));
    // One service does not take all lines from the others.
    let share = match noisy.count() {
        0 | 1 => shown.lines,
        _ => shown.lines * 2 / 3,
    };
    let mut left = shown.lines;
    let mut silent: Vec<String> = Vec::new();
    for (record, service) in services {
        let printed = service.is_some_and(|service| !service.lines.is_empty());
        let changes = changes(record);
        if changes.is_empty() && !printed {
            // Nothing happened to this container: its state is enough.
            silent.push(name_of_silent(record));
            continue;
        }
        let state = if changes.is_empty() {
            record.state.clone()
        } else {
            changes.join(", ")
        };
        // What is estimated may have missed the lines.
        let nothing = if printed || during.estimated {
            ""
        } else {
            "; no output"
        };
        let _ = writeln!(text, "{}: {state}{nothing}", record.name);
        let picked = service.map_or_else(Vec::new, |service| service.pick(left.min(share)));
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
        let said = if during.estimated {
            "other services:"
        } else {
            "no output from"
        };
        let _ = writeln!(text, "{said} {}", silent.join(", "));
    }
    text
}

/// Returns the services with their logs, those that likely matter first.
pub(super) fn ranked<'r>(
    record: &'r Record,
    during: &'r During,
) -> Vec<(&'r ServiceRecord, Option<&'r Service>)> {
    let log = |name: &str| during.services.iter().find(|one| one.name == name);
    let services = record.services.iter();
    let mut services: Vec<_> = services.map(|one| (one, log(&one.name))).collect();
    services.sort_by_key(|(record, service)| {
        let errors = service.map_or(0, Service::errors);
        (
            changes(record).is_empty(),
            errors == 0,
            service.is_none_or(|one| one.lines.is_empty()),
        )
    });
    services
}

/// Returns the name of a service that did nothing, with its state where it does not run.
pub(super) fn name_of_silent(record: &ServiceRecord) -> String {
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
pub(super) fn changes(service: &ServiceRecord) -> Vec<String> {
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

//! `report.html`: a run on one page that needs no network, no other file, and no script to be read.
//! maud escapes everything from outside.

mod axis;
mod logs;
mod style;
#[cfg(test)]
mod tests;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::record::junit::Stacks;
use crate::record::outcome::{HealthStatus, Record, StageStatus, TestRecord, Verdict};
use crate::record::summary::{by_spec, duration, first_line, tail};
use crate::report::ReportInputs;
use crate::text::printable;

use axis::{Axis, Bar};
use style::{STYLE, status_class};

const SCRIPT: &str = include_str!("html/script.js");
/// The browser fetches nothing, whatever a log contains.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// Renders the page. `failure` is the explanation from the evidence, `stacks` that of each failed
/// test.
#[must_use]
pub fn page(
    record: &Record,
    inputs: &ReportInputs<'_>,
    failure: Option<&str>,
    stacks: &Stacks,
) -> String {
    let axis = Axis::of(record, inputs);
    let class = if record.verdict == Verdict::Passed {
        "good"
    } else {
        "bad"
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (record.repo) " e2e: " (record.verdict.info().title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    span class={ "verdict " (class) } { (record.verdict.info().title) }
                    h1 { (record.repo) " e2e" (by_spec(record)) (printable(&tail(record))) }
                    nav {
                        a href="#timeline" { "Timeline" } " "
                        a href="#tests" { "Tests" } " "
                        a href="#logs" { "Logs" } " "
                        a href="#about" { "About" }
                    }
                }
                main {
                    @if let Some(failure) = failure {
                        section #why { h2 { "Why" } pre { (failure) } }
                    }
                    section #timeline { h2 { "Timeline" } (timeline(&axis)) }
                    section #tests { h2 { "Tests" } (tests(record, &axis, stacks)) }
                    section #logs { h2 { "Logs" } (logs::logs(record, inputs, &axis)) }
                    section #about { h2 { "About" } (about(record, inputs)) }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// Stages, health checks, containers and tests on one axis.
fn timeline(axis: &Axis) -> Markup {
    let group = |title: &str, bars: &[Bar]| {
        html! {
            @if !bars.is_empty() {
                h3 { (title) }
                @for bar in bars {
                    div.row {
                        span.name title=(bar.name) { (bar.short) }
                        span.track {
                            span class={ "bar " (bar.class) } title=(bar.detail)
                                style={ "left:" (bar.left) "%;width:" (bar.width) "%" } {}
                        }
                        span.took { (bar.took) }
                    }
                }
            }
        }
    };
    html! {
        (group("Stages", &axis.stages))
        (group("Health checks", &axis.checks))
        (group("Containers", &axis.containers))
        (group("Tests", &axis.tests))
        @if axis.hidden_tests {
            p.took { "The start times of the tests are unknown: no file of the tests has them." }
        }
        p.axis { span { "0 s" } span { (axis.total()) } }
    }
}

fn tests(record: &Record, axis: &Axis, stacks: &Stacks) -> Markup {
    if record.tests.is_empty() {
        return html! { p { "No test ran." } };
    }
    html! {
        @for (place, test) in record.tests.iter().enumerate() {
            (test_details(test, axis, stacks.get(&place)))
        }
    }
}

fn test_details(test: &TestRecord, axis: &Axis, stack: Option<&String>) -> Markup {
    let took = |millis| duration(std::time::Duration::from_millis(millis));
    html! {
        details open[test.status == StageStatus::Failed] {
            summary {
                span class={ "status " (status_class(test.status)) } { (test.status.name()) }
                " " (first_line(&printable(&test.name))) " "
                // A test without an end has no duration.
                @if test.duration_ms > 0 { span.took { (took(test.duration_ms)) } }
            }
            @if let Some((from, to)) = axis.time_of(&test.name) {
                p { a.jump href="#logs" data-from=(from) data-to=(to) { "logs of this time" } }
            }
            @if let Some(message) = &test.message { pre { (printable(message)) } }
            @if let Some(stack) = stack { pre.stack { (stack) } }
            @if !test.steps.is_empty() {
                ul.steps {
                    @for step in &test.steps {
                        li style={ "margin-left:" (step.depth) "em" } {
                            span class={ "status " (status_class(step.status)) } { (step.status.name()) }
                            " " (printable(&step.name)) " "
                            @if step.duration_ms > 0 { span.took { (took(step.duration_ms)) } }
                        }
                    }
                }
            }
        }
    }
}

/// Lists how the stack that ran differs from the compose file, in the words of `plan`.
fn rewrites(inputs: &ReportInputs<'_>) -> Markup {
    // The file is missing where the stack was never prepared.
    let text = std::fs::read(inputs.bundle.join("rewrites.txt")).unwrap_or_default();
    let text = printable(&String::from_utf8_lossy(&text));
    html! {
        @if !text.is_empty() {
            h3 { "Rewrites" }
            p { "The stack that ran differs from the compose file; compose.json has all of it." }
            ul.rewrites { @for line in text.lines() { li { (line) } } }
        }
    }
}

fn about(record: &Record, inputs: &ReportInputs<'_>) -> Markup {
    let commit = record.git.sha.as_deref().unwrap_or("none");
    let changed = if record.git.dirty {
        ", with changes"
    } else {
        ""
    };
    html! {
        dl {
            dt { "run" } dd { (record.run_id) }
            dt { "host" } dd { (printable(&record.host)) }
            dt { "began" } dd { (record.started_at) }
            dt { "commit" } dd { (printable(commit)) " " (printable(record.git.branch.as_deref().unwrap_or_default())) (changed) }
            dt { "exit code" } dd { (record.exit_code) }
            dt { "cargo-e2e" } dd { (record.tool_version) }
        }
        @if !record.services.is_empty() {
            table {
                tr { th { "service" } th { "image" } th { "state" } th { "restarts" } }
                @for service in &record.services {
                    tr {
                        td { (service.name) }
                        td { (printable(&service.image)) }
                        td {
                            (printable(&service.state))
                            @if let Some(health) = &service.health { ", " (printable(health)) }
                            @if service.oom_killed { ", out of memory (killed)" }
                            @if let Some(code) = service.exit_code.filter(|_| service.state != "created") { ", code " (code) }
                        }
                        td { (service.restarts) }
                    }
                }
            }
        }
        @for check in &record.health_checks {
            @if check.status == HealthStatus::Failed {
                p { "Health check " (check.name) ": " (printable(check.last_error.as_deref().unwrap_or("no response"))) }
            }
        }
        @for left in &record.leftovers { p.bad { "left behind: " (printable(left)) } }
        (rewrites(inputs))
    }
}

//! `report.html`: a run on one page that needs no network, no other file, and no script to be read.
//! maud escapes everything from outside.

mod anchor;
mod ansi;
mod axis;
mod excerpt;
mod lives;
mod logs;
mod style;
mod test_list;
mod test_times;
#[cfg(test)]
mod tests;
mod timeline;

use std::time::Duration;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::record::junit::Stacks;
use crate::record::outcome::{HealthStatus, Record, Verdict};
use crate::record::summary::{at_step, by_spec, first_line};
use crate::report::ReportInputs;
use crate::text::{clip, printable};
use crate::units::{duration, kilobytes};

use axis::Axis;
use style::STYLE;

const SCRIPTS: [&str; 5] = [
    "\"use strict\";\n",
    include_str!("html/logs.js"),
    include_str!("html/tests.js"),
    include_str!("html/timeline.js"),
    include_str!("html/script.js"),
];
/// The browser fetches nothing, whatever a log contains.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
/// Characters of the first failure above all else.
const FIRST: usize = 300;

/// Renders the page. `failure` is the explanation from the evidence, `stacks` that of each failed
/// test.
pub fn page(
    record: &Record,
    inputs: &ReportInputs<'_>,
    failure: Option<&str>,
    stacks: &Stacks,
) -> String {
    let axis = Axis::of(record, inputs);
    let failed = test_list::failed(record);
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
                    (verdict(record))
                    @if let Some(&first) = failed.first().filter(|_| record.tests.len() > 1) {
                        (first_failure(record, first))
                    }
                    nav aria-label="parts of this page" {
                        a href="#tests" { "Tests" } " "
                        a href="#timeline" { "Timeline" } " "
                        a href="#logs" { "Logs" } " "
                        a href="#about" { "About" }
                    }
                }
                div.tools.search role="search" hidden {
                    @if record.tests.len() > 1 {
                        span.which role="group" aria-label="tests to show" {
                            label { input type="radio" name="which" value="failed" disabled[failed.is_empty()]; " Failed" } " "
                            label { input type="radio" name="which" value="all" checked; " All" }
                        }
                    }
                    input type="search" id="filter" placeholder="search tests and logs  ( / )" aria-label="search tests and logs";
                    output #found aria-live="polite" for="filter" {}
                }
                main {
                    @if let Some(failure) = failure {
                        section #why.copyable {
                            h2 { "Why" }
                            button.copy type="button" aria-label="copy why it failed" { "copy" }
                            pre.bad { (failure) }
                        }
                    }
                    section #tests { h2 { "Tests" } (test_list::tests(record, &axis, &failed, stacks)) }
                    section #timeline { h2 { "Timeline" } (timeline::timeline(record, inputs, &axis, &failed)) }
                    section #logs { h2 { "Logs" } (logs::logs(record, inputs, &axis, &failed)) }
                    section #about { h2 { "About" } (about(record, inputs)) }
                }
                script { @for script in SCRIPTS { (PreEscaped(script)) } }
            }
        }
    };
    page.into_string()
}

/// Shows the verdict, what was run, and how many tests ended how.
fn verdict(record: &Record) -> Markup {
    let (class, shape) = if record.verdict == Verdict::Passed {
        ("good", "✓")
    } else {
        ("bad", "✗")
    };
    let counts = test_list::counts(&record.tests.iter());
    let took = duration(Duration::from_millis(record.duration_ms));
    html! {
        div.headline {
            span class={ "verdict " (class) } { span aria-hidden="true" { (shape) } " " (record.verdict.info().title) }
            h1 { (record.repo) " e2e" (by_spec(record)) }
            p.counts {
                // A test command counts as one test.
                @if record.tests.len() > 1 { (counts) " · " }
                (took) " · " (printable(&record.host))
            }
        }
    }
}

fn first_failure(record: &Record, index: usize) -> Markup {
    let test = &record.tests[index];
    let name = printable(&test.name);
    let message = printable(test.message.as_deref().unwrap_or_default());
    html! {
        p.copyable {
            span aria-hidden="true" { "▸ " } "first failure "
            span.text {
                a href={ "#" (anchor::of_test(index)) } { (first_line(&name)) } (at_step(test))
                @if !message.trim().is_empty() { ": " (clip(first_line(&message), FIRST)) }
            }
            " " button.copy type="button" aria-label="copy the first failure" { "copy" }
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
            @if let Some(usage) = &record.usage {
                dt { "used" } dd { (kilobytes(usage.memory_kb)) " of memory, " (duration(Duration::from_millis(usage.cpu_ms))) " of CPU time" }
            }
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

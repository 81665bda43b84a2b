//! A record as JUnit XML, valid by the schema of Jenkins' xUnit plugin, which is stricter than what
//! other readers want. Tests are in a suite for each file that their runner names, the others in
//! one suite. Stages are no tests: one that failed is an error in a suite of its own.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::xml::Xml;
use crate::record::assertion::in_one_line;
use crate::record::outcome::{Record, Stage, StageRecord, StageStatus, TestRecord};
use crate::record::summary::{at_step, reason};
use crate::record::test_name::split;

/// So much of what the tests printed goes in, its end: CI systems read the file as a whole.
pub const OUTPUT: usize = 256 << 10;

/// Tests that are shown together.
#[derive(Default)]
struct Suite<'r> {
    file: Option<&'r str>,
    /// Each with its index in the record.
    tests: Vec<(usize, &'r TestRecord)>,
}

/// How many failures and errors, and how long.
#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    millis: u64,
}

impl Counts {
    fn of<'r>(tests: impl Iterator<Item = &'r TestRecord>) -> Self {
        let mut all = Self::default();
        for test in tests {
            all.tests += 1;
            all.millis = all.millis.saturating_add(test.duration_ms);
            match test.status {
                StageStatus::Passed => {}
                StageStatus::Failed => all.failures += 1,
                StageStatus::Interrupted => all.errors += 1,
                StageStatus::Skipped => all.skipped += 1,
            }
        }
        all
    }
}

/// What the stack did while failed tests ran, by their index in the record.
pub type Stacks = BTreeMap<usize, String>;

/// Returns the file's text. `output` is the end of what the tests printed.
pub fn write(record: &Record, output: &str, stacks: &Stacks) -> String {
    let mut suites = suites(record);
    let stages = failed_stages(record);
    if suites.is_empty() && stages.is_empty() {
        // Run and commit are told in any case.
        suites.push(Suite::default());
    }
    let all = Counts::of(record.tests.iter());
    let mut xml = Xml::new();
    xml.open(
        "testsuites",
        &[
            ("name", &record.repo),
            ("tests", &(all.tests + stages.len()).to_string()),
            ("failures", &all.failures.to_string()),
            ("errors", &(all.errors + stages.len()).to_string()),
            ("time", &seconds(record.duration_ms)),
        ],
    );
    // It is of all tests: it stands where one failed.
    let failed = |suite: &Suite<'_>| suite.tests.iter().any(|(_, test)| test.is_failed());
    let of_output = suites.iter().position(failed).unwrap_or_default();
    let mut properties = properties(record);
    for (place, suite) in suites.iter().enumerate() {
        let output = if place == of_output { output } else { "" };
        write_suite(&mut xml, record, suite, stacks, (&properties, output));
        properties.clear();
    }
    if !stages.is_empty() {
        let output = if suites.is_empty() { output } else { "" };
        write_stages(&mut xml, record, &stages, &properties, output);
    }
    xml.finish()
}

/// Returns the stages that no test speaks for: a failure counts once, and at least once.
pub(crate) fn failed_stages(record: &Record) -> Vec<&StageRecord> {
    let told = record.tests.iter().any(TestRecord::is_failed);
    let failed = |stage: &&StageRecord| match stage.status {
        StageStatus::Failed | StageStatus::Interrupted => stage.name != Stage::Test || !told,
        StageStatus::Passed | StageStatus::Skipped => false,
    };
    record.stages.iter().filter(failed).collect()
}

fn suites(record: &Record) -> Vec<Suite<'_>> {
    let mut suites: Vec<Suite<'_>> = Vec::new();
    let mut places = HashMap::new();
    for (at, test) in record.tests.iter().enumerate() {
        let file = test.file.as_deref();
        let place = *places.entry(file).or_insert(suites.len());
        if place == suites.len() {
            suites.push(Suite {
                file,
                ..Suite::default()
            });
        }
        suites[place].tests.push((at, test));
    }
    suites
}

fn write_suite(
    xml: &mut Xml,
    record: &Record,
    suite: &Suite<'_>,
    stacks: &Stacks,
    (properties, output): (&[(&str, String)], &str),
) {
    let counts = Counts::of(suite.tests.iter().map(|(_, test)| *test));
    let stage = record.stages.iter().find(|stage| stage.name == Stage::Test);
    let began = stage.map_or(&record.started_at, |stage| &stage.started_at);
    let name = suite.file.unwrap_or(&record.repo);
    open_suite(xml, (name, suite.file), &counts, began, properties);
    for (at, test) in &suite.tests {
        let stack = stacks.get(at).map_or("", String::as_str);
        write_test(xml, record, test, stack);
    }
    close_suite(xml, output);
}

fn open_suite(
    xml: &mut Xml,
    (name, file): (&str, Option<&str>),
    counts: &Counts,
    began: &str,
    properties: &[(&str, String)],
) {
    let numbers = [counts.tests, counts.failures, counts.errors, counts.skipped]
        .map(|number| number.to_string());
    let time = seconds(counts.millis);
    let mut attributes = vec![
        ("name", name),
        ("tests", numbers[0].as_str()),
        ("failures", &numbers[1]),
        ("errors", &numbers[2]),
        ("skipped", &numbers[3]),
        ("time", &time),
        ("timestamp", began),
    ];
    attributes.extend(file.map(|file| ("file", file)));
    xml.open("testsuite", &attributes);
    if !properties.is_empty() {
        xml.open("properties", &[]);
        for (name, value) in properties {
            xml.leaf("property", &[("name", name), ("value", value)], "");
        }
        xml.close();
    }
}

fn close_suite(xml: &mut Xml, output: &str) {
    if !output.is_empty() {
        xml.leaf("system-out", &[], output);
    }
    xml.close();
}

fn write_test(xml: &mut Xml, record: &Record, test: &TestRecord, stack: &str) {
    let (class, name) = split(test, &record.repo);
    open_case(xml, class, name, test.duration_ms);
    let mut why = test.message.clone().unwrap_or_default();
    if test.has_no_end() {
        // One that did not end says nothing of where it was.
        why += &at_step(test);
    }
    match test.status {
        StageStatus::Passed => {}
        StageStatus::Skipped => explain(xml, "skipped", &[], &why),
        StageStatus::Failed => {
            let line = in_one_line(&why);
            let message = (!why.is_empty()).then_some(("message", line.as_str()));
            xml.leaf("failure", message.as_slice(), &why);
        }
        StageStatus::Interrupted => explain(xml, "error", &[("type", "interrupted")], &why),
    }
    // The last attempt is the test's own status; the others have elements of their own.
    let last = test.attempts.len().saturating_sub(1);
    let others = test.attempts.iter().take(last);
    for other in others.filter(|other| other.status != StageStatus::Passed) {
        let tag = match test.status {
            StageStatus::Passed => "flakyFailure",
            _ => "rerunFailure",
        };
        let why = other.message.as_deref().unwrap_or_default();
        explain(xml, tag, &[("type", other.status.name())], why);
    }
    let mut steps = String::new();
    for step in &test.steps {
        let margin = "  ".repeat(usize::try_from(step.depth).unwrap_or_default());
        let (name, status, took) = (&step.name, step.status.name(), step.duration_ms);
        // Writing to a String can't fail.
        let _ = writeln!(steps, "{margin}{name} {status} in {took} ms");
    }
    if !steps.is_empty() {
        xml.leaf("system-out", &[], &steps);
    }
    if !stack.is_empty() {
        xml.leaf("system-err", &[], stack);
    }
    xml.close();
}

fn write_stages(
    xml: &mut Xml,
    record: &Record,
    stages: &[&StageRecord],
    properties: &[(&str, String)],
    output: &str,
) {
    let suite = format!("{}::stages", record.repo);
    let counts = Counts {
        tests: stages.len(),
        errors: stages.len(),
        millis: stages.iter().map(|stage| stage.duration_ms).sum(),
        ..Counts::default()
    };
    let began = &record.started_at;
    open_suite(xml, (&suite, None), &counts, began, properties);
    for stage in stages {
        open_case(xml, &suite, stage.name.name(), stage.duration_ms);
        let status = [("type", stage.status.name())];
        explain(xml, "error", &status, &stage.detail);
        xml.close();
    }
    close_suite(xml, output);
}

fn open_case(xml: &mut Xml, class: &str, name: &str, millis: u64) {
    let time = seconds(millis);
    let attributes = [("classname", class), ("name", name), ("time", &*time)];
    xml.open("testcase", &attributes);
}

fn explain(xml: &mut Xml, tag: &str, attributes: &[(&str, &str)], why: &str) {
    let message = reason(why);
    let mut attributes = attributes.to_vec();
    if !message.is_empty() {
        attributes.push(("message", &message));
    }
    xml.leaf(tag, &attributes, why);
}

/// Returns what was tested, where, and what came of it, by the record's own names.
fn properties(record: &Record) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("run_id", record.run_id.clone()),
        ("host", record.host.clone()),
        ("verdict", record.verdict.name().to_owned()),
        ("exit_code", record.exit_code.to_string()),
        ("tool_version", record.tool_version.clone()),
    ];
    all.extend(record.git.sha.clone().map(|sha| ("git.sha", sha)));
    all.extend(
        record
            .git
            .branch
            .clone()
            .map(|branch| ("git.branch", branch)),
    );
    all
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

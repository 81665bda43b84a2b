//! Made-up input for all that reads what others wrote: files of users, lines of hosts, answers of
//! tests. A target takes any bytes, and panics where it finds a promise broken. libFuzzer makes up
//! the bytes (scripts/fuzz); [`tests`] feeds each target what `fuzz/corpus` holds, and changes of
//! that, in every test run. Not part of the tool: only tests and fuzzing compile it.

mod model;
mod shown;
#[cfg(test)]
mod tests;
mod texts;

use std::borrow::Cow;

pub(crate) use shown::shown;

/// What takes any bytes.
pub type Target = fn(&[u8]);

/// All targets, each with the folder of its corpus as its name.
pub const TARGETS: [(&str, Target); 9] = [
    ("spec", texts::spec),
    ("scan", texts::scan),
    ("rewrite", model::rewrite),
    ("junit", texts::junit),
    ("masking", crate::secrets::fuzz::masking),
    ("probes", crate::run::ready::fuzz::probes),
    ("listings", crate::sandbox::fuzz::listings),
    ("events", crate::run::stages::test::fuzz::events),
    ("journal", crate::record::store::fuzz::journal),
];

/// The target of this name.
pub fn target(name: &str) -> Option<Target> {
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.map(|(_, target)| *target)
}

/// Bytes as a text, as readers of files and hosts make them one.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// The parts between zeros, for targets that take several inputs.
pub(crate) fn parts(bytes: &[u8]) -> Vec<Cow<'_, str>> {
    bytes.split(|byte| *byte == 0).map(text).collect()
}

/// Panics at what could move a terminal's cursor or begin another line.
pub(crate) fn assert_one_line(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

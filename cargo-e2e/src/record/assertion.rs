//! Finds what says most in the message of a failure: the assertion, as each runner writes it. All
//! views that shorten a message or an output call this. It knows text alone.
//!
//! pytest marks its lines with `E` and `>` and ends with the place; what jest, vitest and
//! Playwright expected stands at the head, above many lines of stack; Go puts the place before each
//! message, and Rust the place before the assertion.

use std::sync::LazyLock;

use crate::text::LazyRegex;
use regex::RegexSet;

/// A part of a shortened text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Line(&'t str),
    /// So many lines are left out here.
    Gap(usize),
}

/// How much a line says; more is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// A frame of a stack, or nothing.
    Frame,
    Other,
    /// The first line of a message, and the first frame in the tests' own code.
    Place,
    Assertion,
}

static ASSERTION: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    RegexSet::new([
        // pytest
        r"^E(?:\s|$)",
        r"^>\s+\S",
        // A frame of code: `> 12 | expect(…)`.
        r"^\s*>\s*[0-9]+ \|",
        // jest, Playwright, testify, Rust
        r"(?i)^\s*(?:expected|received|actual|left|right|want|got)\b[^:(]{0,30}:",
        r"(?i)^\s*[-+] (?:expected|received)",
        r"\bAssert(?:ion)?(?:Error|Failed)?\b|\b[Aa]ssertion .*failed|panicked at",
        r"^\s*[\w./-]+\.go:[0-9]+: ",
        r"^\s*(?:\w+[.:]+)*\w*(?:Error|Exception)(?: \[\w+\])?: \S",
        r"(?i)\bexpected\b.+\b(?:got|but|to|found|was)\b",
    ])
    .ok()
});

static FRAME: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    RegexSet::new([
        r"^\s+at ",
        r"^\s*❯ ",
        r"^\s+[0-9]+: ",
        r"^stack backtrace:|^note: (?:run with|[Ss]ome details)",
        r"^\W*$",
    ])
    .ok()
});

/// What is never a test's own code.
const FOREIGN: &[&str] = &[
    "node_modules",
    "node:",
    "site-packages",
    "/rustc/",
    ".cargo/registry",
    "<anonymous>",
    "internal/",
    "/usr/lib/",
    "/usr/local/",
];

/// A first line that only announces the failure.
static ANNOUNCED: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    RegexSet::new([
        r"(?i)^(?:test )?(?:failed|failure|fail|error)[:.]?$",
        r"panicked at \S+:[0-9]+:?$",
        r"^\W*Test suite failed to run",
        // Playwright: the place and the name of the test.
        r"^(?:\[[^\]]*\] › )?\S+\.\w+:[0-9]+:[0-9]+ ",
        r"^(?:=== RUN|--- FAIL|=== FAIL)",
        // What a `test_command` printed, which has no message of its own.
        r"^last lines of output:$",
        r"^\W*$",
    ])
    .ok()
});

/// Pairs of what was expected and what came.
static PAIR: LazyRegex =
    LazyRegex::new(r"(?i)^\s*(?:expected|received|actual|left|right)\b[^:(]{0,30}:\s*\S");

fn matches(set: &LazyLock<Option<RegexSet>>, line: &str) -> bool {
    set.as_ref().is_some_and(|set| set.is_match(line))
}

/// Returns whether a file belongs to a library or a runtime.
pub(crate) fn is_foreign(file: &str) -> bool {
    FOREIGN.iter().any(|part| file.contains(part))
}

/// Returns whether a line is an assertion, or a value of one.
pub(crate) fn is_assertion(line: &str) -> bool {
    matches(&ASSERTION, line) && !line.trim_start().starts_with("at ")
}

/// Returns at most `most` lines of a text in their order, with marks where some are left out: the
/// assertion, the first line, the place in the tests' code, and the last lines.
pub(crate) fn shortened(text: &str, most: usize) -> Vec<Piece<'_>> {
    picked(text, most, true)
}

/// Returns the same of an output, whose first line says nothing by itself.
pub(crate) fn shortened_output(text: &str, most: usize) -> Vec<Piece<'_>> {
    picked(text, most, false)
}

fn picked(text: &str, most: usize, is_message: bool) -> Vec<Piece<'_>> {
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    if lines.len() <= most {
        return lines.into_iter().map(Piece::Line).collect();
    }
    let ranks = &ranks(&lines, is_message);
    let of = |rank: Rank| (0..lines.len()).filter(move |at| ranks[*at] == rank);
    let mut wanted = vec![false; lines.len()];
    let mut left = most;
    let mut take = |places: &mut dyn Iterator<Item = usize>, most: usize| {
        let mut taken = 0;
        for at in places {
            if left == 0 || taken == most {
                return;
            }
            if !wanted[at] {
                wanted[at] = true;
                left -= 1;
                taken += 1;
            }
        }
    };
    let asserted: Vec<usize> = of(Rank::Assertion).collect();
    // Of a chain of errors, the last is the one that was raised.
    let enough = (most * 2 / 3).max(1);
    take(&mut asserted.iter().rev().copied(), enough / 2);
    take(&mut asserted.iter().copied(), enough - enough / 2);
    take(&mut of(Rank::Place), 2);
    // The end says what came of it.
    let own = |at: &usize| ranks[*at] != Rank::Frame;
    take(&mut (0..lines.len()).rev().filter(own), 2);
    if let Some(first) = asserted.first() {
        let mut near: Vec<usize> = (0..lines.len()).filter(own).collect();
        let distance = |at: &usize| {
            let distances = asserted.iter().map(|one| one.abs_diff(*at));
            (distances.min(), at.abs_diff(*first))
        };
        near.sort_by_key(distance);
        take(&mut near.into_iter(), most);
    }
    take(&mut (0..lines.len()).rev(), most);
    pieces(&lines, &wanted)
}

fn pieces<'t>(lines: &[&'t str], wanted: &[bool]) -> Vec<Piece<'t>> {
    let mut pieces = Vec::new();
    for (line, wanted) in lines.iter().zip(wanted) {
        match (wanted, pieces.last_mut()) {
            (true, _) => pieces.push(Piece::Line(line)),
            (false, Some(Piece::Gap(gap))) => *gap += 1,
            (false, _) => pieces.push(Piece::Gap(1)),
        }
    }
    pieces
}

fn ranks(lines: &[&str], is_message: bool) -> Vec<Rank> {
    let is_header = |line: &&str| line.trim_start().starts_with("- Expected");
    let is_diff = lines.iter().any(is_header);
    let differs = |line: &str| {
        let line = line.trim_start();
        is_diff && (line.starts_with("- ") || line.starts_with("+ "))
    };
    let mut ranks: Vec<Rank> = Vec::new();
    let mut placed = false;
    for line in lines {
        let is_frame = matches(&FRAME, line);
        ranks.push(if is_assertion(line) || differs(line) {
            Rank::Assertion
        } else if is_frame && !placed && line.contains(':') && !is_foreign(line) {
            placed = true;
            Rank::Place
        } else if is_frame {
            Rank::Frame
        } else if ranks.is_empty() && is_message {
            Rank::Place
        } else {
            Rank::Other
        });
    }
    ranks
}

/// Returns a message in one line: its first that says something, with what was expected and what
/// came where those stand apart.
pub(crate) fn in_one_line(message: &str) -> String {
    let mut lines = message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let Some(first) = lines.next() else {
        return String::new();
    };
    let own = |line: &&str| !matches(&ANNOUNCED, line);
    let says = [first].into_iter().chain(lines).find(own).unwrap_or(first);
    // `expect(received).toBe(expected)` and `left == right` name no values.
    let is_bare = ["expect(", "left == right", "left != right"];
    let is_bare = says.ends_with(':') || is_bare.iter().any(|part| says.contains(part));
    let values = if is_bare { values(message) } else { Vec::new() };
    match values.as_slice() {
        [] => says.to_owned(),
        values => format!("{}: {}", says.trim_end_matches(':'), values.join(", ")),
    }
}

/// Returns what was expected and what came: two lines that say so, or the first that differ.
fn values(message: &str) -> Vec<&str> {
    let lines = || message.lines().map(str::trim);
    let is_value = |line: &&str| PAIR.is_match(line);
    let values: Vec<&str> = lines().filter(is_value).take(2).collect();
    if !values.is_empty() || !lines().any(|line| line.starts_with("- Expected")) {
        return values;
    }
    let differing = |sign: &str| {
        let is_header = |line: &&str| line.contains("Expected") || line.contains("Received");
        let mut lines = lines().filter(|line| line.starts_with(sign) && !is_header(line));
        lines.next().map(|line| line.trim_end_matches(','))
    };
    ["- ", "+ "].into_iter().filter_map(differing).collect()
}

#[cfg(test)]
mod tests;

//! A failure on the terminal, below the verdict: of each failed test its place, its assertion, and
//! what services said meanwhile; then what to type next. Each thing is said once.
//!
//! The lines have neither margin nor colours: the terminal's reporter adds them, and wraps.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::during::During;
use super::failed_test::FailedTest;
use super::stack::activity;
use crate::record::assertion::{Piece, in_one_line, is_assertion, shortened};
use crate::record::outcome::Record;
use crate::record::summary::{WIDTH, says_nothing_new};
use crate::text::{clip, printable};

/// Tests that are shown whole where there are not more; else the first is.
const WHOLE: usize = 2;
/// Tests that are named.
const NAMED: usize = 8;
/// Lines of a message, and of logs; of one of several tests three quarters.
const MESSAGE: usize = 8;
const LINES: usize = 8;
/// The column behind `meanwhile`.
const LABEL: usize = 11;

/// Returns what each failed test says, and what the stack did meanwhile: said once for tests whose
/// own lines nothing tells apart.
pub(super) fn screen(record: &Record, tests: &[FailedTest<'_>], all: Option<&During>) -> String {
    let several = tests.len() > 1;
    let share = |most: usize| if several { most * 3 / 4 } else { most };
    let whole = if tests.len() > WHOLE { 1 } else { tests.len() };
    let is_told = |during: &&During| !(several && during.is_ambiguous());
    let mut text = String::new();
    let mut said = Said::new();
    let mut common = tests.is_empty();
    for (at, one) in tests.iter().take(NAMED).enumerate() {
        let during = one.during.as_ref();
        common |= during.is_none_or(|during| several && during.is_ambiguous());
        let during = during.filter(is_told);
        text += &if at < whole {
            let own = |it| meanwhile(record, it, share(LINES), &mut said);
            message(record, one, share(MESSAGE)) + &during.map_or_else(String::new, own)
        } else {
            brief(one, during, &mut said)
        };
    }
    if tests.len() > NAMED {
        let _ = writeln!(text, "and {} more in failure.txt", tests.len() - NAMED);
    }
    match all.filter(|_| common) {
        Some(all) => text + &meanwhile(record, all, share(LINES), &mut said),
        None => text,
    }
}

/// Returns the name, the place and the lines of a message that say most, the assertion marked as
/// pytest marks it. What a test command printed has been seen.
fn message(record: &Record, one: &FailedTest<'_>, most: usize) -> String {
    if says_nothing_new(record, one.test) {
        return String::new();
    }
    let message = printable(one.test.message.as_deref().unwrap_or_default());
    let place = one.place(&message);
    let mut text = one.title(place.as_deref());
    let lines = shortened(&message, most);
    let lines = lines.into_iter().filter_map(|piece| match piece {
        Piece::Line(line) if !line.trim().is_empty() => Some(marked(line)),
        _ => None,
    });
    let is_place = |line: &str| place.as_deref().is_some_and(|place| is_place(line, place));
    let lines: Vec<(char, &str)> = lines.filter(|(_, line)| !is_place(line)).collect();
    // Where lines are marked, those say it; the files have the others.
    let is_marked = lines.iter().any(|(mark, _)| *mark != ' ');
    let mut shown: Vec<&str> = Vec::new();
    for (mark, line) in lines {
        // What the code says may be what came of it, word for word.
        let is_news = mark == '>' || !shown.contains(&line.trim());
        if is_news && (mark != ' ' || !is_marked) {
            let _ = writeln!(text, "  {mark} {}", clip(line, WIDTH));
            if mark != '>' {
                shown.push(line.trim());
            }
        }
    }
    text
}

/// Returns whether a line says little but a place: `at tests/orders.rs:12:5`, or
/// `tests/test_shop.py:14: AssertionError`.
fn is_place(line: &str, place: &str) -> bool {
    let line = line.trim().trim_start_matches("at ");
    let rest = line.strip_prefix(place);
    rest.is_some_and(|rest| !rest.trim_start_matches([':', ' ']).contains(' '))
}

/// Returns a line's mark, and the line without it.
fn marked(line: &str) -> (char, &str) {
    if let Some(rest) = line.strip_prefix('E')
        && (rest.is_empty() || rest.starts_with(' '))
    {
        return ('E', rest.trim_start());
    }
    if let Some(rest) = line.trim_start().strip_prefix("> ") {
        return ('>', rest.trim_start());
    }
    // Of objects, lines with a sign say what differs.
    let differs = line.trim_start().starts_with(['-', '+']);
    if differs || is_assertion(line) {
        return ('E', line.trim_start());
    }
    (' ', line)
}

/// Returns a test's line, what it says in one line, and the log line that says most.
fn brief(one: &FailedTest<'_>, during: Option<&During>, said: &mut Said) -> String {
    let message = printable(one.test.message.as_deref().unwrap_or_default());
    let mut text = one.title(one.place(&message).as_deref());
    let says = in_one_line(&message);
    if !says.is_empty() {
        let _ = writeln!(text, "  E {}", clip(&says, WIDTH));
    }
    if let Some((service, line)) = during.and_then(During::decisive) {
        said.insert((service.to_owned(), line.text.clone()));
        let row = format!("{} ! {}", line.after, line.text);
        text += &rows("meanwhile", &[(service.to_owned(), row)]);
    }
    text
}

/// What has been shown of each service.
type Said = BTreeSet<(String, String)>;

/// Returns what services did and said in a test's time and is not shown yet: the error that says
/// most, those beside it, and the last lines.
fn meanwhile(record: &Record, during: &During, most: usize, said: &mut Said) -> String {
    let (services, silent) = activity(record, during, most);
    let mut shown: Vec<(String, String)> = Vec::new();
    for one in services {
        let name = &one.record.name;
        let mut is_news = |text: &String| said.insert((name.clone(), text.clone()));
        let changes = Some(one.changes).filter(|changes| !changes.is_empty() && is_news(changes));
        shown.extend(changes.map(|changes| (name.clone(), changes)));
        let lines = one.lines.into_iter().filter(|line| is_news(&line.text));
        shown.extend(lines.map(|line| (name.clone(), line.to_string())));
        let more = one.more.filter(is_news);
        shown.extend(more.map(|more| (name.clone(), more)));
    }
    let label = if during.estimated {
        "about then"
    } else {
        "meanwhile"
    };
    let mut text = rows(label, &shown);
    if let Some(silent) = silent
        && said.insert((String::new(), silent.clone()))
    {
        let label = if shown.is_empty() { label } else { "" };
        let _ = writeln!(text, "{label:LABEL$}{silent}");
    }
    text
}

/// Returns what services said, each line with its service, behind one label.
fn rows(label: &str, shown: &[(String, String)]) -> String {
    let widths = shown.iter().map(|(service, _)| service.chars().count());
    let width = widths.max().unwrap_or_default();
    let row = |(at, (service, text)): (usize, &(String, String))| {
        let label = if at == 0 { label } else { "" };
        let row = format!("{label:LABEL$}{service:width$} {text}");
        row.trim_end().to_owned() + "\n"
    };
    shown.iter().enumerate().map(row).collect()
}

//! JSON values compared path by path: `assert-json-diff`, with a first line that says enough for a
//! summary.

use assert_json_diff::{CompareMode, Config, assert_json_matches_no_panic};
use serde::Serialize;

/// Lines of a message, and characters of its first line.
const LINES: usize = 60;
const FIRST: usize = 300;

/// Returns how two values differ, for [`assert_json_eq`](crate::assert_json_eq).
///
/// # Errors
/// The differences.
pub fn equal(actual: &impl Serialize, expected: &impl Serialize) -> Result<(), String> {
    let config = Config::new(CompareMode::Strict);
    assert_json_matches_no_panic(actual, expected, config).map_err(|why| message(&why))
}

/// Returns what a value lacks, for [`assert_json_include`](crate::assert_json_include).
///
/// # Errors
/// The differences.
pub fn includes(actual: &impl Serialize, expected: &impl Serialize) -> Result<(), String> {
    let config = Config::new(CompareMode::Inclusive);
    assert_json_matches_no_panic(actual, expected, config).map_err(|why| message(&why))
}

fn message(why: &str) -> String {
    let lines: Vec<String> = why.lines().map(side).collect();
    let mut all = lines.split(String::is_empty);
    let first = all.next().unwrap_or_default();
    let words: Vec<&str> = first.iter().map(|line| line.trim()).collect();
    let mut text: String = words.join(" ").chars().take(FIRST).collect();
    let more = all.count();
    if more > 0 {
        text = format!("{text} (and {more} more)");
    }
    text.push('\n');
    text.push_str(&lines[..lines.len().min(LINES)].join("\n"));
    if lines.len() > LINES {
        text.push_str(&format!("\n… {} more lines", lines.len() - LINES));
    }
    text
}

/// Says actual and expected, where the library says left and right.
fn side(line: &str) -> String {
    match line {
        "    lhs:" => "    actual:".to_owned(),
        "    rhs:" => "    expected:".to_owned(),
        _ => {
            let missing = [
                (" is missing from lhs", " is missing from actual"),
                (" is missing from rhs", " is missing from expected"),
            ];
            let found = missing.iter().find_map(|(end, other)| {
                let start = line.strip_suffix(end)?;
                Some(format!("{start}{other}"))
            });
            found.unwrap_or_else(|| line.to_owned())
        }
    }
}

/// Panics when two values are not the same JSON, with each path at which they differ.
///
/// Both are anything that serializes; numbers of different types (`1` and `1.0`) differ.
///
/// ```
/// use e2e_harness::assert_json_eq;
/// use serde_json::json;
///
/// let order = json!({ "id": 7, "item": "tea" });
/// assert_json_eq!(order, json!({ "item": "tea", "id": 7 }));
/// ```
///
/// ```should_panic
/// # use e2e_harness::assert_json_eq;
/// # use serde_json::json;
/// // json atoms at path ".items[1].quantity" are not equal: actual: 2 expected: 3
/// assert_json_eq!(
///     json!({ "items": [{ "quantity": 1 }, { "quantity": 2 }] }),
///     json!({ "items": [{ "quantity": 1 }, { "quantity": 3 }] }),
/// );
/// ```
#[macro_export]
macro_rules! assert_json_eq {
    ($actual:expr, $expected:expr $(,)?) => {
        if let ::core::result::Result::Err(why) = $crate::__private::equal(&$actual, &$expected) {
            ::core::panic!("{why}");
        }
    };
}

/// Panics when a value lacks something of the expected JSON; what it has beyond that is not looked
/// at.
///
/// ```
/// use e2e_harness::assert_json_include;
/// use serde_json::json;
///
/// let order = json!({ "id": 7, "item": "tea", "placed_at": "2026-11-29T07:00:00Z" });
/// assert_json_include!(order, json!({ "item": "tea" }));
/// ```
#[macro_export]
macro_rules! assert_json_include {
    ($actual:expr, $expected:expr $(,)?) => {
        if let ::core::result::Result::Err(why) = $crate::__private::includes(&$actual, &$expected)
        {
            ::core::panic!("{why}");
        }
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_line_is_enough_for_a_summary() {
        let actual = json!({ "a": [1, { "b": 2 }], "c": "x" });
        assert_eq!(equal(&actual, &actual), Ok(()));
        let why = equal(&actual, &json!({ "a": [1, { "b": 3 }], "d": 1 })).unwrap_err();
        assert_eq!(
            why,
            r#"json atoms at path ".a[1].b" are not equal: actual: 2 expected: 3 (and 2 more)
json atoms at path ".a[1].b" are not equal:
    actual:
        2
    expected:
        3

json atom at path ".c" is missing from expected

json atom at path ".d" is missing from actual"#
        );
        assert_eq!(includes(&actual, &json!({ "c": "x" })), Ok(()));
        let why = includes(&actual, &json!({ "c": "y" })).unwrap_err();
        assert!(
            why.starts_with(r#"json atoms at path ".c" are not equal: expected: "y" actual: "x""#),
            "{why}"
        );
    }

    #[test]
    fn a_long_message_is_cut() {
        let numbers: Vec<u32> = (0..1000).collect();
        let why = equal(&numbers, &Vec::<u32>::new()).unwrap_err();
        assert_eq!(why.lines().count(), LINES + 2, "{why}");
        assert!(why.ends_with("more lines"), "{why}");
    }
}

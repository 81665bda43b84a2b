//! JSON values compared path by path, in the order of their paths, with a first line that says
//! enough for a summary.
//!
//! `assert-json-diff` has an empty first line and gives paths in a random order.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

/// Lines of a message, and characters of a value in it.
const LINES: usize = 50;
const VALUE: usize = 200;

/// Returns how two values differ, for [`assert_json_eq`](crate::assert_json_eq).
///
/// # Errors
/// The differences.
pub fn equal(actual: &impl Serialize, expected: &impl Serialize) -> Result<(), String> {
    compare(actual, expected, true)
}

/// Returns what a value lacks, for [`assert_json_include`](crate::assert_json_include).
///
/// # Errors
/// The differences.
pub fn includes(actual: &impl Serialize, expected: &impl Serialize) -> Result<(), String> {
    compare(actual, expected, false)
}

fn compare(actual: &impl Serialize, expected: &impl Serialize, whole: bool) -> Result<(), String> {
    let value = |side: &str, value: serde_json::Result<Value>| {
        value.map_err(|error| format!("the {side} value is not JSON: {error}"))
    };
    let actual = value("actual", serde_json::to_value(actual))?;
    let expected = value("expected", serde_json::to_value(expected))?;
    let mut found = Differences {
        whole,
        lines: Vec::new(),
    };
    found.look("", Some(&actual), Some(&expected));
    found.message().map_or(Ok(()), Err)
}

struct Differences {
    /// What is not expected is a difference, too.
    whole: bool,
    lines: Vec<String>,
}

impl Differences {
    fn look(&mut self, path: &str, actual: Option<&Value>, expected: Option<&Value>) {
        match (actual, expected) {
            (Some(Value::Object(actual)), Some(Value::Object(expected))) => {
                let keys: BTreeSet<_> = actual.keys().chain(expected.keys()).collect();
                for key in keys {
                    let path = format!("{path}{}", step(key));
                    self.look(&path, actual.get(key), expected.get(key));
                }
            }
            (Some(Value::Array(actual)), Some(Value::Array(expected))) => {
                for index in 0..actual.len().max(expected.len()) {
                    let path = format!("{path}[{index}]");
                    self.look(&path, actual.get(index), expected.get(index));
                }
            }
            (Some(actual), Some(expected)) if actual == expected => {}
            (Some(actual), Some(expected)) => {
                let (actual, expected) = (short(actual), short(expected));
                self.add(path, &format!("{actual}, expected {expected}"));
            }
            (Some(actual), None) if self.whole => {
                self.add(path, &format!("{}, not expected", short(actual)));
            }
            (None, Some(expected)) => {
                self.add(path, &format!("missing, expected {}", short(expected)));
            }
            _ => {}
        }
    }

    fn add(&mut self, path: &str, what: &str) {
        let path = if path.is_empty() { "." } else { path };
        self.lines.push(format!("{path}: {what}"));
    }

    fn message(self) -> Option<String> {
        let count = self.lines.len();
        let text = match self.lines.as_slice() {
            [] => return None,
            [only] => return Some(format!("JSON differs: {only}")),
            lines => lines[..count.min(LINES)].join("\n  "),
        };
        let more = match count.saturating_sub(LINES) {
            0 => String::new(),
            more => format!("\n  … {more} more"),
        };
        Some(format!("JSON differs at {count} paths: {text}{more}"))
    }
}

/// A key as a part of a path.
fn step(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !key.is_empty() && key.chars().all(plain) {
        return format!(".{key}");
    }
    format!("[{key:?}]")
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
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
/// // JSON differs: .items[1].quantity: 2, expected 3
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
    fn each_path_is_said_in_order() {
        let actual = json!({ "a": [1, { "b": 2 }], "c": "x", "e f": null });
        assert_eq!(equal(&actual, &actual), Ok(()));
        let why = equal(
            &actual,
            &json!({ "a": [1, { "b": 3 }, 4], "d": 1, "e f": 1.5 }),
        );
        assert_eq!(
            why.unwrap_err(),
            r#"JSON differs at 5 paths: .a[1].b: 2, expected 3
  .a[2]: missing, expected 4
  .c: "x", not expected
  .d: missing, expected 1
  ["e f"]: null, expected 1.5"#
        );
        let why = equal(&1, &json!("1")).unwrap_err();
        assert_eq!(why, r#"JSON differs: .: 1, expected "1""#);
    }

    #[test]
    fn what_is_not_asked_for_is_not_looked_at() {
        let actual = json!({ "a": [1, 2], "c": { "d": "x", "e": 1 } });
        for expected in [json!({ "c": { "d": "x" } }), json!({ "a": [1] }), json!({})] {
            assert_eq!(includes(&actual, &expected), Ok(()), "{expected}");
        }
        let why = includes(&actual, &json!({ "c": { "d": "y" } })).unwrap_err();
        assert_eq!(why, r#"JSON differs: .c.d: "x", expected "y""#);
        assert!(includes(&actual, &json!({ "a": [1, 2, 3] })).is_err());
    }

    #[test]
    fn a_long_message_is_cut() {
        let numbers: Vec<String> = (0..1000).map(|_| "ä".repeat(1000)).collect();
        let why = equal(&numbers, &Vec::<u32>::new()).unwrap_err();
        assert_eq!(why.lines().count(), LINES + 1, "{why}");
        assert!(why.ends_with("\n  … 950 more"), "{why}");
        assert!(why.len() < (2 * VALUE + 100) * LINES, "{}", why.len());
    }
}

//! What programs say of canaries: as they are, and in other forms.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::shapes::Shape;

/// All that is said, a paragraph each.
pub(super) fn everything(shapes: &[Shape]) -> String {
    let each = |shape: &Shape| format!("said:\n{}\n", shape.said.join("\n"));
    shapes.iter().map(each).collect()
}

/// The same as tests tell of themselves in `E2E_EVENTS`, one test each.
pub(super) fn events(shapes: &[Shape]) -> String {
    let each = |shape: &Shape| {
        let name = format!("test {}", shape.test_name);
        let message = format!("said: {}", shape.said.join("\n"));
        let message = serde_json::Value::from(message);
        let name = serde_json::Value::from(name);
        format!(
            r#"{{"event":"test_ended","test":{name},"attempt":1,"status":"failed","duration_ms":1,"message":{message},"at":"2026-11-22T10:00:00Z"}}"#
        ) + "\n"
    };
    shapes.iter().map(each).collect()
}

/// The same as a JUnit file.
pub(super) fn junit(shapes: &[Shape]) -> String {
    let each = |shape: &Shape| {
        let said = shape
            .said
            .join("\n")
            .replace(|c: char| c.is_control() && c != '\n', "");
        let (attribute, text) = (xml(&said).replace('\n', "&#10;"), xml(&said));
        format!(
            "<testcase name=\"test {}\"><failure message=\"said: {attribute}\">{text}</failure></testcase>\n",
            xml(&shape.test_name)
        )
    };
    let cases: String = shapes.iter().map(each).collect();
    format!(
        "<testsuites><testsuite name=\"all\" tests=\"{0}\" failures=\"{0}\" errors=\"0\">\n{cases}</testsuite></testsuites>\n",
        shapes.len()
    )
}

pub(super) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

pub(super) fn base64url(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

pub(super) fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Lines of so many characters, with something before each.
pub(super) fn wrapped(text: &str, width: usize, before: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let lines = characters
        .chunks(width)
        .map(|line| line.iter().collect::<String>());
    lines.collect::<Vec<_>>().join(&format!("\n{before}"))
}

/// As `encodeURIComponent` does.
pub(super) fn url(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    text.bytes()
        .map(|byte| {
            if plain(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

pub(super) fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// As Python's json does.
pub(super) fn ascii_json(text: &str) -> String {
    let mut out = String::new();
    for c in json(text).chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

pub(super) fn xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

pub(super) fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

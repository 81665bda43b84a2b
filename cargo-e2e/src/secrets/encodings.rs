//! The forms in which programs print a value.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use regex::Captures;

use super::guess;
use super::mask::SHORTEST;
use crate::text::{LazyRegex, escaped, hex, printable};

/// What a URL may hold as it is (RFC 3986, unreserved).
const URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// The same for a path.
const PATH: &AsciiSet = &URL.remove(b'/');

/// A value that is longer is known by its pieces, so that what finds it stays small, and half of
/// it is found too.
const PIECE: usize = 256;
/// So much of one piece is in the next: what of its base64 depends on what is around is in both.
const OVERLAP: usize = 4;
/// The characters of a value that stay before the dots where a program cut it.
const CUT: usize = 8;

/// Returns every form of a value, and of each of its lines, that is long enough to be told from
/// other text.
pub(super) fn forms(value: &str) -> BTreeSet<Vec<u8>> {
    let mut all = BTreeSet::new();
    for part in parts(value.trim_end_matches(['\r', '\n'])) {
        if part.trim().len() < SHORTEST {
            continue;
        }
        let encoded: Vec<String> = base64(part);
        let twice = encoded.iter().flat_map(|one| base64(one));
        let texts = texts(part).into_iter().chain(twice);
        all.extend(texts.map(String::into_bytes));
        all.extend(encoded.into_iter().map(String::into_bytes));
        if !part.contains('\n') {
            all.extend(cut(part));
        }
    }
    all.retain(|form| form.len() >= SHORTEST);
    all
}

/// Returns all of it or its pieces, and each line.
fn parts(value: &str) -> Vec<&str> {
    let mut all = pieces(value);
    if value.contains('\n') {
        all.extend(value.lines().flat_map(pieces));
    }
    all
}

fn pieces(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut from = 0;
    while text.len() - from > PIECE {
        let end = text.floor_char_boundary(from + PIECE);
        all.push(&text[from..end]);
        from = text.floor_char_boundary(end - OVERLAP);
    }
    // The last one is no shorter than others.
    let last = text.len().saturating_sub(PIECE);
    all.push(&text[text.floor_char_boundary(last)..]);
    all
}

/// Its beginnings, as they are shown where there was no room for more.
fn cut(value: &str) -> Vec<Vec<u8>> {
    let ends = value.char_indices().map(|(at, _)| at);
    let beginnings = ends.filter(|at| *at >= CUT).map(|end| &value[..end]);
    let telling = beginnings.filter(|beginning| !guess::is_plain(beginning));
    let dotted = |text| ["...", "…"].map(|dots| [text, dots].concat().into_bytes());
    telling.flat_map(dotted).collect()
}

fn texts(value: &str) -> Vec<String> {
    // Compose doubles dollars in the model that it prints.
    let doubled = value.replace('$', "$$");
    let mut all = vec![value.to_owned(), doubled.clone(), printable(value)];
    for text in [value, doubled.as_str()] {
        let once = json(text);
        // A log of lines in JSON is often in JSON itself.
        let twice = once.iter().flat_map(|text| json(text));
        all.extend(twice.collect::<BTreeSet<_>>());
        all.extend(once);
    }
    for set in [URL, PATH] {
        let url = utf8_percent_encode(value, set).to_string();
        all.push(url.replace('%', "%25"));
        all.push(url.replace("%20", "+"));
        all.push(lower_hex(&url));
        all.push(url);
    }
    let hex = hex(value.as_bytes());
    all.push(hex.to_uppercase());
    all.push(hex);
    all.extend(xml(value));
    // Shells, ours and others; Python; and YAML in single quotes.
    all.push(value.replace('\'', "'\\''"));
    all.push(value.replace('\'', "'\"'\"'"));
    all.push(value.replace('\'', "''"));
    all.push(escaped(value, |c| matches!(c, '"' | '$' | '`' | '\\')));
    for special in ["'\\", "\"\\", "\\"] {
        let text = escaped(value, |c| special.contains(c));
        all.push(text.replace('\r', "\\r").replace('\n', "\\n"));
    }
    all.push(escaped(value, |c| {
        c.is_ascii() && !c.is_ascii_alphanumeric() && !"@%+=:,./-_".contains(c)
    }));
    all
}

/// Inside the quotes: Go escapes what means something in HTML, Python what is not ASCII, PHP
/// slashes.
fn json(text: &str) -> Vec<String> {
    let json = serde_json::Value::from(text).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let go = json
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    vec![ascii(&go), ascii(&json), json.replace('/', "\\/"), go, json]
}

/// Between tags, and in attributes.
fn xml(value: &str) -> Vec<String> {
    let mut all = Vec::new();
    for [and, less, more] in [
        ["&amp;", "&lt;", "&gt;"],
        ["&amp;", "&lt;", ">"],
        ["&#38;", "&#60;", "&#62;"],
        ["&#x26;", "&#x3C;", "&#x3E;"],
    ] {
        let text = value
            .replace('&', and)
            .replace('<', less)
            .replace('>', more);
        for [double, single, line] in [
            ["&quot;", "&apos;", "&#10;"],
            ["&quot;", "&#39;", "&#xA;"],
            ["&quot;", "&#x27;", "&#xa;"],
            ["&#34;", "&#39;", "&#10;"],
            ["&#34;", "&#x27;", "&#10;"],
            ["&quot;", "'", "&#10;"],
        ] {
            let text = text.replace('"', double).replace('\'', single);
            all.push(text.replace('\r', "&#13;").replace('\n', line));
            all.push(text);
        }
        all.push(text);
    }
    all
}

fn ascii(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String can't fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// `%2F` as `%2f`.
fn lower_hex(url: &str) -> String {
    static HEX: LazyRegex = LazyRegex::new("%[0-9A-F]{2}");
    let lower = HEX.replace_all(url, |found: &Captures<'_>| found[0].to_ascii_lowercase());
    lower.into_owned()
}

/// Returns what is the same in the base64 of every text that holds this one: it may begin at any of
/// three places in a group of four characters, and shares the first and last with what is around.
fn base64(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for shift in 0..3 {
            let mut shifted = vec![0; shift];
            shifted.extend_from_slice(text.as_bytes());
            let encoded = engine.encode(&shifted);
            let first = (shift * 8).div_ceil(6);
            let last = shifted.len() * 8 / 6;
            if first + SHORTEST <= last {
                all.push(encoded[first..last].to_owned());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn masks(value: &str, shown: &str) {
        let patterns = super::super::Patterns::of(std::iter::once(value));
        let masked = patterns.mask(shown.as_bytes());
        let masked = String::from_utf8_lossy(&masked);
        assert!(masked.contains("***"), "{shown}");
        assert!(!masked.contains(value), "{masked}");
    }

    #[test]
    fn a_value_is_known_in_every_dress() {
        let value = "pa$$'s \"w\\rd\"<&>/ü€";
        masks(value, &format!("x{value}x"));
        masks(value, &serde_json::json!({ "a": value }).to_string());
        masks(value, r#"{"a":"pa$$'s \"w\\rd\"\u003c\u0026\u003e/ü€"}"#);
        masks(value, r#""pa$$'s \"w\\rd\"<&>/\u00fc\u20ac""#);
        masks(value, r#"{"a":"pa$$$$'s \"w\\rd\"\u003c\u0026\u003e/ü€"}"#);
        masks(
            value,
            "?q=pa%24%24%27s%20%22w%5Crd%22%3C%26%3E%2F%C3%BC%E2%82%AC&",
        );
        masks(
            value,
            "?q=pa%24%24%27s%20%22w%5crd%22%3c%26%3e%2f%c3%bc%e2%82%ac",
        );
        masks(
            value,
            "?q=pa%24%24%27s+%22w%5Crd%22%3C%26%3E%2F%C3%BC%E2%82%AC",
        );
        masks(
            value,
            "<e m=\"pa$$&apos;s &quot;w\\rd&quot;&lt;&amp;&gt;/ü€\"/>",
        );
        masks(value, "<p>pa$$'s \"w\\rd\"&lt;&amp;&gt;/ü€</p>");
        masks(value, "pa$$&#39;s &#34;w\\rd&#34;&lt;&amp;&gt;/ü€");
        masks(value, &crate::shell::quote(value));
        masks(value, r#"'pa$$'"'"'s "w\rd"<&>/ü€'"#);
        masks(value, r#""pa\$\$'s \"w\\rd\"<&>/ü€""#);
        masks(value, r#"pa\$\$\'s\ \"w\\rd\"\<\&\>/ü€"#);
    }

    #[test]
    fn base64_at_any_place_and_in_lines() {
        let value = "correct horse battery staple";
        for before in ["", "u", "us", "use", "user:"] {
            for after in ["", ":", "::", ":::"] {
                let text = format!("{before}{value}{after}");
                let encoded = base64::engine::general_purpose::STANDARD.encode(&text);
                let patterns = super::super::Patterns::of(std::iter::once(value));
                let masked = patterns.mask(encoded.as_bytes());
                let rest = String::from_utf8_lossy(&masked).replace("***", "");
                // What is left is what the neighbours are in.
                assert!(
                    rest.len() <= before.len() * 2 + after.len() * 2 + 4,
                    "{rest}"
                );
            }
        }
        let long = "x1Y2".repeat(150);
        let encoded = base64::engine::general_purpose::STANDARD.encode(&long);
        let patterns = super::super::Patterns::of(std::iter::once(long.as_str()));
        for width in [64, 76] {
            let lines: Vec<&str> = (0..encoded.len())
                .step_by(width)
                .map(|at| &encoded[at..encoded.len().min(at + width)])
                .collect();
            let text = lines.join("\n  ");
            assert_eq!(&*patterns.mask(text.as_bytes()), b"***");
        }
    }

    #[test]
    fn half_of_a_long_one_is_known_too() {
        let numbers: Vec<String> = (0..2000).map(|number: u32| number.to_string()).collect();
        let long = numbers.join("é");
        let patterns = super::super::Patterns::of(std::iter::once(long.as_str()));
        assert_eq!(&*patterns.mask(long.as_bytes()), b"***");
        let half = patterns.mask(&long.as_bytes()[1000..5000]);
        assert!(half.len() < 600, "{}", half.len());
        assert_eq!(&*patterns.mask(&long.as_bytes()[..1234]), b"***");
        let cut = format!("it is {}...", &long[..40]);
        assert_eq!(&*patterns.mask(cut.as_bytes()), b"it is ***");
    }

    #[test]
    fn each_line_of_several_is_a_secret() {
        let key = "-----BEGIN KEY-----\nMIIEow\nab\n-----END KEY-----\n";
        let patterns = super::super::Patterns::of(std::iter::once(key));
        let mask =
            |text: &str| String::from_utf8_lossy(&patterns.mask(text.as_bytes())).into_owned();
        assert_eq!(mask("log: MIIEow end"), "log: *** end");
        assert_eq!(mask(key), "***\n");
        assert_eq!(mask("ab is too short"), "ab is too short");
    }
}

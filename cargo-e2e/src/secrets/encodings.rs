//! The forms in which programs print a value.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::SHORTEST;
use crate::text::printable;

/// What a URL may hold as it is (RFC 3986, unreserved).
const URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// The same for a path.
const PATH: &AsciiSet = &URL.remove(b'/');

/// The widths at which tools break base64 into lines.
const BASE64_LINES: [usize; 2] = [76, 64];

/// Every form of a value, and of each of its lines, that is long enough to be told from other
/// text.
pub(super) fn forms(value: &str) -> BTreeSet<Vec<u8>> {
    let mut all = BTreeSet::new();
    for part in std::iter::once(value.trim_end_matches(['\r', '\n'])).chain(value.lines()) {
        if part.trim().len() < SHORTEST {
            continue;
        }
        for text in texts(part) {
            all.insert(text.into_bytes());
        }
        for text in base64(part.as_bytes()) {
            all.insert(text.into_bytes());
        }
    }
    // With and without the newline that `echo` adds, the base64 of a whole file differs at its end
    // only: what depends on it is left out.
    all.retain(|form| form.len() >= SHORTEST);
    all
}

fn texts(value: &str) -> Vec<String> {
    // Compose doubles dollars in the model that it prints.
    let doubled = value.replace('$', "$$");
    let mut all = vec![value.to_owned(), doubled.clone(), printable(value)];
    for text in [value, doubled.as_str()] {
        let json = serde_json::Value::from(text).to_string();
        let json = json[1..json.len() - 1].to_owned();
        // Go escapes what means something in HTML, Python what is not ASCII, PHP slashes.
        let go = json
            .replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026");
        all.push(ascii(&go));
        all.push(ascii(&json));
        all.push(json.replace('/', "\\/"));
        all.push(go);
        all.push(json);
    }
    for set in [URL, PATH] {
        let url = utf8_percent_encode(value, set).to_string();
        all.push(url.replace("%20", "+"));
        all.push(lower_hex(&url));
        all.push(url);
    }
    // XML and HTML: between tags, and in attributes.
    let xml = value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    for (double, single) in [
        ("&quot;", "&apos;"),
        ("&quot;", "&#39;"),
        ("&#34;", "&#39;"),
    ] {
        all.push(xml.replace('"', double).replace('\'', single));
    }
    all.push(xml.replace('"', "&quot;"));
    all.push(xml);
    // Shells, ours and others; and YAML in single quotes.
    all.push(value.replace('\'', "'\\''"));
    all.push(value.replace('\'', "'\"'\"'"));
    all.push(value.replace('\'', "''"));
    all.push(escaped(value, |c| matches!(c, '"' | '$' | '`' | '\\')));
    all.push(escaped(value, |c| {
        c.is_ascii() && !c.is_ascii_alphanumeric() && !"@%+=:,./-_".contains(c)
    }));
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

fn escaped(text: &str, special: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if special(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `%2F` as `%2f`.
fn lower_hex(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    let mut hex = 0;
    for c in url.chars() {
        if c == '%' {
            hex = 2;
            out.push(c);
        } else if hex > 0 {
            hex -= 1;
            out.push(c.to_ascii_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}

/// What is the same in the base64 of every text that holds these bytes: they may begin at any of
/// three places in a group of four characters, and share the first and last with what is around.
fn base64(bytes: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for shift in 0..3 {
            let mut shifted = vec![0; shift];
            shifted.extend_from_slice(bytes);
            let encoded = engine.encode(&shifted);
            let first = (shift * 8).div_ceil(6);
            let last = shifted.len() * 8 / 6;
            if first + SHORTEST <= last {
                all.push(encoded[first..last].to_owned());
            }
            if shift == 0 {
                for width in BASE64_LINES.into_iter().filter(|width| last > *width) {
                    let mut rest = &encoded[..last];
                    while rest.len() > width {
                        let (line, after) = rest.split_at(width);
                        all.push(line.to_owned());
                        rest = after;
                    }
                    all.push(rest.to_owned());
                }
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
        masks(value, &crate::host::quote(value));
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
        let long = "x1Y2".repeat(60);
        let encoded = base64::engine::general_purpose::STANDARD.encode(&long);
        let lines: Vec<&str> = [&encoded[..76], &encoded[76..152]].into();
        let patterns = super::super::Patterns::of(std::iter::once(long.as_str()));
        for line in lines {
            assert_eq!(&*patterns.mask(line.as_bytes()), b"***");
        }
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

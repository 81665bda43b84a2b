//! XML being written: elements, attributes and texts, for [`super::write`]. It knows nothing of
//! JUnit; characters that XML can't hold are left out.

use quick_xml::escape::escape;

use crate::text::printable;

/// A document that grows.
pub(super) struct Xml {
    text: String,
    open: Vec<&'static str>,
    /// Nothing stands yet in the element that was opened last.
    empty: bool,
}

impl Xml {
    pub(super) fn new() -> Self {
        Self {
            text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned(),
            open: Vec::new(),
            empty: false,
        }
    }

    /// Opens an element, in which others will stand.
    pub(super) fn open(&mut self, tag: &'static str, attributes: &[(&str, &str)]) {
        self.begin(tag, attributes);
        self.text.push('>');
        self.open.push(tag);
        self.empty = true;
    }

    /// Closes the element that was opened last.
    pub(super) fn close(&mut self) {
        let Some(tag) = self.open.pop() else {
            return;
        };
        if std::mem::take(&mut self.empty) {
            self.text.pop();
            self.text.push_str("/>");
        } else {
            self.indent();
            self.push(&["</", tag, ">"]);
        }
    }

    /// Adds an element that holds a text, or nothing.
    pub(super) fn leaf(&mut self, tag: &str, attributes: &[(&str, &str)], text: &str) {
        self.begin(tag, attributes);
        self.empty = false;
        if text.is_empty() {
            self.text.push_str("/>");
        } else {
            let text = clean(text);
            self.push(&[">", &escape(&text), "</", tag, ">"]);
        }
    }

    /// Returns the document.
    pub(super) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text.push('\n');
        self.text
    }

    fn begin(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.indent();
        self.push(&["<", tag]);
        for (name, value) in attributes {
            let value = clean(value);
            // Readers take a line feed in an attribute for a space.
            let value = escape(&value).replace('\n', "&#10;").replace('\t', "&#9;");
            self.push(&[" ", name, "=\"", &value, "\""]);
        }
    }

    fn indent(&mut self) {
        self.push(&["\n", &"  ".repeat(self.open.len())]);
    }

    fn push(&mut self, parts: &[&str]) {
        self.text.extend(parts.iter().copied());
    }
}

fn clean(text: &str) -> String {
    printable(text).replace(['\u{fffe}', '\u{ffff}'], "")
}

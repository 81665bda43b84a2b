//! Collects everything that is wrong with a file while its values are read; nothing stops at the
//! first mistake. It knows no key: `types` says what values may be, and `level` reads maps.

use std::collections::HashMap;

use super::keys::Keys;
use super::node::{Kind, Node, PlainKind};
use super::source::{Finding, Source, Spot, quoted};

/// The key whose value is looked at.
#[derive(Clone, Copy)]
pub(super) struct Place<'k> {
    pub(super) key: &'k str,
    pub(super) spot: Spot,
}

/// What was found up to now.
pub(super) struct Decoder<'s> {
    source: &'s Source<'s>,
    /// The file's own keys, to say where a misplaced one belongs.
    pub(super) top: &'s Keys,
    findings: Vec<Finding>,
}

impl<'s> Decoder<'s> {
    pub(super) fn new(source: &'s Source<'s>, top: &'s Keys) -> Self {
        Self {
            source,
            top,
            findings: source.odd_character().into_iter().collect(),
        }
    }

    /// Returns the value, unless anything was wrong.
    pub(super) fn end<T>(self, value: Option<T>) -> Result<T, Vec<Finding>> {
        value
            .filter(|_| self.findings.is_empty())
            .ok_or(self.findings)
    }

    pub(super) fn report(&mut self, spot: Spot, message: impl Into<String>, help: Option<String>) {
        self.findings.push(Finding {
            spot,
            message: message.into(),
            help,
        });
    }

    /// Reports a value of the wrong kind.
    pub(super) fn expected(
        &mut self,
        place: Place<'_>,
        expected: &str,
        found: &Node,
        help: Option<String>,
    ) {
        let message = format!(
            "`{}` expects {expected}, found {}",
            place.key,
            found.describe()
        );
        self.report(found.spot_or(place.spot), message, help);
    }

    /// Reports a value of the wrong kind, of which nothing is taken.
    pub(super) fn refuse<T>(
        &mut self,
        place: Place<'_>,
        expected: &str,
        found: &Node,
        help: Option<String>,
    ) -> Option<T> {
        self.expected(place, expected, found, help);
        None
    }

    /// Reports keys that are written twice or aren't text.
    pub(super) fn unique_keys(&mut self, entries: &[(Node, Node)]) {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (key, _) in entries {
            let Some(name) = key.text() else {
                let message = format!("a key must be text, found {}", key.describe());
                self.report(key.spot, message, None);
                continue;
            };
            if let Some(first) = seen.get(name) {
                let help = format!("the first one is on line {first}");
                let message = format!("duplicate key {}", quoted(name));
                self.report(key.spot, message, Some(help));
            } else {
                seen.insert(name, self.source.line(key.spot));
            }
        }
    }

    /// Reads a text that isn't blank. What other YAML readers may take for something else has to be
    /// quoted.
    pub(super) fn text<'n>(
        &mut self,
        place: Place<'_>,
        expected: &str,
        node: &'n Node,
    ) -> Option<&'n str> {
        let Some(text) = node.text() else {
            return self.refuse(place, expected, node, None);
        };
        // YAML 1.1, which many tools still read, has these as booleans.
        let word = text.to_ascii_lowercase();
        if node.is_plain() && matches!(word.as_str(), "yes" | "no" | "on" | "off") {
            let message = format!(
                "`{}` expects {expected}, but many YAML readers take {} without quotes for a boolean",
                place.key,
                quoted(text)
            );
            self.report(node.spot, message, Some(format!("write \"{text}\"")));
            return None;
        }
        let kind = node.plain_kind();
        if kind != PlainKind::Text || text.trim().is_empty() {
            let quote = matches!(kind, PlainKind::Number | PlainKind::Bool);
            let help = quote.then(|| format!("write \"{text}\""));
            return self.refuse(place, expected, node, help);
        }
        if text.contains('\0') {
            let message = format!("`{}` contains a NUL byte", place.key);
            self.report(node.spot, message, None);
            return None;
        }
        Some(text)
    }

    /// Reads a text without line breaks or other control characters.
    pub(super) fn line<'n>(
        &mut self,
        place: Place<'_>,
        expected: &str,
        node: &'n Node,
    ) -> Option<&'n str> {
        let text = self.text(place, expected, node)?;
        if text.chars().any(char::is_control) {
            let message = format!(
                "`{}` contains a line break or a control character",
                place.key
            );
            self.report(node.spot, message, None);
            return None;
        }
        Some(text)
    }

    pub(super) fn list<'n>(
        &mut self,
        place: Place<'_>,
        expected: &str,
        node: &'n Node,
    ) -> Option<&'n [Node]> {
        if let Kind::List(items) = &node.kind {
            return Some(items);
        }
        let quote = if node.is_plain() { "" } else { "\"" };
        let help = node
            .text()
            .map(|text| format!("write [{quote}{text}{quote}]"));
        let help = help.filter(|help| !help.contains(char::is_control));
        self.refuse(place, expected, node, help)
    }
}

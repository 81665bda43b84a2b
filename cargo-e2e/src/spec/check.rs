//! Walks the located tree and collects everything that is wrong with it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use super::fields::{LEVELS, Level, TOP};
use super::locate::{Kind, Node};
use super::source::{Finding, Source, Spot, quoted};
use super::{nearest, value};

/// The key whose value is looked at.
#[derive(Clone, Copy)]
pub(super) struct Place<'k> {
    pub(super) key: &'k str,
    pub(super) spot: Spot,
}

/// Collects findings; nothing stops at the first.
pub(super) struct Checker<'s> {
    source: &'s Source<'s>,
    findings: Vec<Finding>,
}

/// Everything that is wrong with the file. `path` only gives the hint for a missing `name`;
/// `in_cargo` is whether Cargo's test targets may be the tests.
pub(super) fn check(path: &Path, source: &Source<'_>, root: &Node, in_cargo: bool) -> Vec<Finding> {
    let mut checker = Checker {
        source,
        findings: Vec::new(),
    };
    let Kind::Map(_) = root.kind else {
        let message = format!(
            "e2e.yml is a map of keys such as `name`, found {}",
            root.describe()
        );
        checker.report(root.spot, message, None);
        return checker.findings;
    };
    let file = Place {
        key: TOP.what,
        spot: root.spot,
    };
    checker.map(&TOP, file, root);
    if lacks(&TOP, root, "name") {
        let folder = path
            .parent()
            .and_then(Path::parent)
            .and_then(Path::file_name);
        let slug = folder.and_then(|name| value::slug_of(&name.to_string_lossy()));
        let slug = slug.unwrap_or_else(|| "my-repo".to_owned());
        checker.report(
            root.spot,
            "`name` is missing: the repo's slug",
            Some(format!("add `name: {slug}`")),
        );
    }
    if !in_cargo && lacks(&TOP, root, "test_command") && root.get("test_service").is_none() {
        checker.report(
            root.spot,
            "`test_command` is missing, and this is no Cargo project whose test targets could run",
            Some(
                "add for example `test_command: e2e/tests/run.sh`, or name a compose service that tests with \
                 `test_service`"
                    .to_owned(),
            ),
        );
    }
    checker.findings
}

/// A key isn't there, nor anything that was likely meant to be it: one mistake, one message.
pub(super) fn lacks(level: &Level, map: &Node, key: &str) -> bool {
    let Kind::Map(entries) = &map.kind else {
        return true;
    };
    let is_it = |name: &str| {
        let known = level.keys.iter().any(|known| known.name == name);
        name == key || (!known && nearest(name, level.names()) == Some(key))
    };
    !entries
        .iter()
        .filter_map(|(name, _)| name.text())
        .any(is_it)
}

impl Checker<'_> {
    /// Takes note of a mistake.
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

    /// Checks a map with known keys: each key once, known, with a value that its own check
    /// accepts. True when it is a map at all.
    pub(super) fn map(&mut self, level: &Level, place: Place<'_>, node: &Node) -> bool {
        let Kind::Map(entries) = &node.kind else {
            let names: Vec<_> = level.names().collect();
            let expected = format!("a map with {}", listed(&names, "and"));
            self.expected(place, &expected, node, None);
            return false;
        };
        self.unique_keys(entries);
        for (key, value) in entries {
            let Some(name) = key.text() else { continue };
            let Some(known) = level.keys.iter().find(|known| known.name == name) else {
                self.unknown(level, key, name);
                continue;
            };
            let place = Place {
                key: name,
                spot: key.spot,
            };
            if value.is_null() {
                let message = format!("`{name}` has no value");
                let help = "give it one, or remove the key".to_owned();
                self.report(key.spot, message, Some(help));
                continue;
            }
            (known.check)(self, place, value);
        }
        true
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
            let line = self.source.line(key.spot);
            match seen.get(name) {
                Some(first) => {
                    let help = format!("the first one is on line {first}");
                    let message = format!("the key {} is here twice", quoted(name));
                    self.report(key.spot, message, Some(help));
                }
                None => {
                    seen.insert(name, line);
                }
            }
        }
    }

    fn unknown(&mut self, level: &Level, key: &Node, name: &str) {
        let elsewhere = LEVELS
            .iter()
            .find(|other| other.keys.iter().any(|key| key.name == name));
        let help = if name == "<<" {
            "merge keys are not read; write the keys out".to_owned()
        } else if let Some(other) = elsewhere {
            format!("`{name}` is a key of {}", other.what)
        } else if let Some(meant) = nearest(name, level.names()) {
            format!("did you mean `{meant}`?")
        } else {
            format!(
                "known here: {}",
                listed(&level.names().collect::<Vec<_>>(), "and")
            )
        };
        let message = match name {
            "" => "a key is missing here".to_owned(),
            _ => format!("unknown key {}", quoted(name)),
        };
        self.report(key.spot, message, Some(help));
    }
}

impl Node {
    /// What a person would say this is.
    pub(super) fn describe(&self) -> String {
        match &self.kind {
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a map".to_owned(),
            Kind::Scalar { text, .. } => match self.plain_kind() {
                PlainKind::Null => "nothing".to_owned(),
                PlainKind::Bool => format!("the boolean {}", quoted(text)),
                PlainKind::Number => format!("the number {}", quoted(text)),
                PlainKind::Text if text.is_empty() => "an empty text".to_owned(),
                PlainKind::Text => quoted(text),
            },
        }
    }

    /// Nothing: `key:`, `~` or `null`.
    pub(super) fn is_null(&self) -> bool {
        self.text().is_some() && self.plain_kind() == PlainKind::Null
    }

    /// What `serde_yaml` takes a scalar for; anything in quotes is text.
    pub(super) fn plain_kind(&self) -> PlainKind {
        let Kind::Scalar { text, plain: true } = &self.kind else {
            return PlainKind::Text;
        };
        match serde_yaml::from_str(text) {
            Ok(serde_yaml::Value::Null) => PlainKind::Null,
            Ok(serde_yaml::Value::Bool(_)) => PlainKind::Bool,
            Ok(serde_yaml::Value::Number(_)) => PlainKind::Number,
            Ok(_) | Err(_) => PlainKind::Text,
        }
    }

    /// Where to point: what is empty has no place of its own.
    pub(super) fn spot_or(&self, parent: Spot) -> Spot {
        match self.text() {
            Some("") if self.spot.start == self.spot.end => parent,
            _ => self.spot,
        }
    }
}

/// What a scalar without quotes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlainKind {
    Null,
    Bool,
    Number,
    Text,
}

/// `a`, `b` and `c`
pub(super) fn listed(names: &[&str], last: &str) -> String {
    let mut text = String::new();
    for (at, name) in names.iter().enumerate() {
        // Writing to a String can't fail.
        let _ = match at {
            0 => write!(text, "`{name}`"),
            _ if at + 1 == names.len() => write!(text, " {last} `{name}`"),
            _ => write!(text, ", `{name}`"),
        };
    }
    text
}

//! What single values must be. Every check reports and goes on.

use std::sync::LazyLock;

use regex::Regex;

use super::check::{Checker, Place, PlainKind, listed};
use super::locate::{Kind, Node};
use super::name::is_slug;
use super::nearest;
use super::seconds::{SecondsError, meant_seconds, seconds};
use super::source::quoted;

pub(super) const MAX_SLUG: usize = 40;

/// The pattern, anchored at both ends.
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(&format!(r"\A(?:{text})\z")).expect("a literal pattern")
}

/// The slug nearest to what was written, or `None` when nothing of it can stay.
pub(crate) fn slug_of(written: &str) -> Option<String> {
    let mut slug = String::new();
    for c in written.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(MAX_SLUG);
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

impl Checker<'_> {
    /// A text that isn't blank. What other YAML readers may take for something else has to be
    /// quoted.
    pub(super) fn text<'n>(
        &mut self,
        place: Place<'_>,
        expected: &str,
        node: &'n Node,
    ) -> Option<&'n str> {
        let Some(text) = node.text() else {
            self.expected(place, expected, node, None);
            return None;
        };
        let kind = node.plain_kind();
        // YAML 1.1, which many tools still read, has these as booleans.
        let plain = matches!(node.kind, Kind::Scalar { plain: true, .. });
        let word = text.to_ascii_lowercase();
        if plain && matches!(word.as_str(), "yes" | "no" | "on" | "off") {
            let message = format!(
                "`{}` expects {expected}, and {} without quotes is a boolean to many YAML readers",
                place.key,
                quoted(text)
            );
            self.report(node.spot, message, Some(format!("write \"{text}\"")));
            return None;
        }
        if kind != PlainKind::Text || text.trim().is_empty() {
            let quote = matches!(kind, PlainKind::Number | PlainKind::Bool);
            let help = quote.then(|| format!("write \"{text}\""));
            self.expected(place, expected, node, help);
            return None;
        }
        if text.contains('\0') {
            self.report(node.spot, format!("`{}` holds a NUL byte", place.key), None);
            return None;
        }
        Some(text)
    }

    /// A text without line breaks or other control characters.
    pub(super) fn line<'n>(
        &mut self,
        place: Place<'_>,
        expected: &str,
        node: &'n Node,
    ) -> Option<&'n str> {
        let text = self.text(place, expected, node)?;
        if text.chars().any(char::is_control) {
            let message = format!("`{}` holds a line break or a control character", place.key);
            self.report(node.spot, message, None);
            return None;
        }
        Some(text)
    }

    /// The items of a list.
    pub(super) fn list<'n>(
        &mut self,
        place: Place<'_>,
        expected: &str,
        node: &'n Node,
    ) -> &'n [Node] {
        if let Kind::List(items) = &node.kind {
            return items;
        }
        let plain = matches!(node.kind, Kind::Scalar { plain: true, .. });
        let help = match node.text() {
            Some(text) if plain => Some(format!("write [{text}]")),
            Some(text) => Some(format!("write [\"{text}\"]")),
            None => None,
        };
        let help = help.filter(|help| !help.contains(char::is_control));
        self.expected(place, expected, node, help);
        &[]
    }

    /// A list whose items match a pattern.
    fn matching(&mut self, place: Place<'_>, what: &str, shape: &Regex, node: &Node) {
        for item in self.list(place, &format!("a list of {what}"), node) {
            if let Some(text) = self.line(place, what, item)
                && !shape.is_match(text)
            {
                self.expected(place, what, item, None);
            }
        }
    }

    fn choice(&mut self, place: Place<'_>, choices: &[&str], node: &Node) {
        let written = node.text();
        if written.is_some_and(|text| choices.contains(&text)) {
            return;
        }
        let meant = written.and_then(|text| nearest(text, choices.iter().copied()));
        let help = meant.map(|meant| format!("did you mean `{meant}`?"));
        self.expected(
            place,
            &format!("one of {}", listed(choices, "or")),
            node,
            help,
        );
    }

    fn relative_path(&mut self, place: Place<'_>, node: &Node) {
        let Some(path) = self.line(place, "a path", node) else {
            return;
        };
        let refuse = |why: &str| format!("`{}`: the path {} {why}", place.key, quoted(path));
        let inside = "write it relative to the repo root, inside the repo".to_owned();
        if path.starts_with('/') || path.starts_with('~') {
            self.report(node.spot, refuse("is absolute"), Some(inside));
        } else if path.split('/').any(|part| part == "..") {
            self.report(node.spot, refuse("leaves the repo with `..`"), Some(inside));
        }
    }
}

/// `name`
pub(super) fn slug(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    let Some(text) = checker.text(place, "a slug", node) else {
        return;
    };
    if !is_slug(text) {
        let message = format!(
            "{} is no slug: up to {MAX_SLUG} of a-z, 0-9 and `-`, and no `-` first",
            quoted(text)
        );
        let help = slug_of(text).map(|slug| format!("write `{slug}`"));
        checker.report(node.spot, message, help);
    }
}

/// A shell command.
pub(super) fn command(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    checker.text(place, "a shell command", node);
}

/// The words that start a command: a text without quotes, or a list.
pub(super) fn shell(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    const EXPECTED: &str = "a shell or a list of words";
    let mut words = Vec::new();
    match &node.kind {
        Kind::Scalar { .. } => {
            let Some(text) = checker.line(place, EXPECTED, node) else {
                return;
            };
            if text.contains(['\'', '"', '\\']) {
                let help = "write a list of words, such as [bash, -euo, pipefail, -c]".to_owned();
                return checker.expected(place, "words without quotes", node, Some(help));
            }
            words.extend(text.split_whitespace());
        }
        Kind::List(items) => {
            for item in items {
                let Some(word) = checker.line(place, "a word", item) else {
                    return;
                };
                words.push(word);
            }
        }
        Kind::Map(_) => {}
    }
    let Some(first) = words.first() else {
        return checker.expected(place, EXPECTED, node, None);
    };
    let name = first.rsplit('/').next().unwrap_or_default();
    if words.iter().any(|word| word.contains("{0}")) {
        let message = "`shell`: the command follows as one word, not as the file `{0}`".to_owned();
        checker.report(node.spot, message, Some(format!("write `{name} -e -c`")));
    } else if words.len() == 1 && !crate::shell::KNOWN.contains(&name) {
        let message = format!("`shell`: {} is not known to take `-e -c`", quoted(first));
        checker.report(node.spot, message, Some(format!("write `{name} -c`")));
    }
}

/// A text on one line.
pub(super) fn line(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    checker.line(place, "text", node);
}

/// A compose service.
pub(super) fn service(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    static SERVICE: LazyLock<Regex> = LazyLock::new(|| pattern("[a-zA-Z0-9._-]+"));
    let expected = "the name of a compose service";
    if let Some(text) = checker.line(place, expected, node)
        && !SERVICE.is_match(text)
    {
        checker.expected(place, expected, node, None);
    }
}

/// The `name` of a health check.
pub(super) fn health_check_name(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    checker.line(place, "a name", node);
}

/// Seconds.
pub(super) fn timeout(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    const EXPECTED: &str = "a number of seconds";
    let Some(text) = node.text() else {
        checker.expected(place, EXPECTED, node, None);
        return;
    };
    let plain = matches!(node.kind, Kind::Scalar { plain: true, .. });
    let help = meant_seconds(text).map(|meant| format!("write {meant}"));
    match seconds(text) {
        Ok(_) if plain => {}
        Ok(_) => {
            let expected = "a number of seconds without quotes";
            checker.expected(place, expected, node, help);
        }
        Err(SecondsError::NotANumber) => checker.expected(place, EXPECTED, node, help),
        Err(error) => {
            let message = format!("`{}` {error}", place.key);
            checker.report(node.spot, message, None);
        }
    }
}

/// A path, or a list of at least one.
pub(super) fn compose_file(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    match &node.kind {
        Kind::Scalar { .. } => checker.relative_path(place, node),
        Kind::List(items) if items.is_empty() => {
            checker.expected(place, "at least one path", node, None);
        }
        Kind::List(items) => items
            .iter()
            .for_each(|item| checker.relative_path(place, item)),
        Kind::Map(_) => checker.expected(place, "a path or a list of paths", node, None),
    }
}

/// One path.
pub(super) fn path(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    checker.relative_path(place, node);
}

/// A list of paths or globs.
pub(super) fn paths(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    for item in checker.list(place, "a list of paths", node) {
        checker.relative_path(place, item);
    }
}

/// `profiles`
pub(super) fn profiles(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    static PROFILE: LazyLock<Regex> = LazyLock::new(|| pattern(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*|\*"));
    checker.matching(place, "compose profiles", &PROFILE, node);
}

/// `secrets`
pub(super) fn secrets(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    checker.matching(place, "names of variables", &VARIABLE, node);
}

/// `cleanup`
pub(super) fn cleanup(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    checker.choice(place, &["always", "on_success", "never"], node);
}

/// `tests_run_on`
pub(super) fn tests_run_on(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    checker.choice(place, &["host", "client"], node);
}

/// `ports`
pub(super) fn ports(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    checker.choice(place, &["isolated", "declared"], node);
}

static VARIABLE: LazyLock<Regex> = LazyLock::new(|| pattern("[A-Za-z_][A-Za-z0-9_]*"));

/// `env`: the one place where numbers and booleans are text, since nothing else can be meant.
pub(super) fn env(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    let Kind::Map(entries) = &node.kind else {
        let help = "write `NAME: value`, one a line".to_owned();
        checker.expected(place, "a map", node, Some(help));
        return;
    };
    checker.unique_keys(entries);
    for (key, value) in entries {
        let Some(name) = key.text() else { continue };
        if !VARIABLE.is_match(name) {
            let message = format!("{} can't be the name of a variable", quoted(name));
            let help = "letters, digits and `_`, and no digit first".to_owned();
            checker.report(key.spot, message, Some(help));
        } else if name == "E2E" || name.starts_with("E2E_") {
            let message = format!("`{name}` is reserved: cargo-e2e sets `E2E` and `E2E_…` itself");
            checker.report(key.spot, message, None);
        }
        let place = Place {
            key: name,
            spot: key.spot,
        };
        let Some(text) = value.text() else {
            checker.expected(place, "a value", value, None);
            continue;
        };
        if value.is_null() {
            let message = format!("{} has no value", quoted(name));
            let help = "write \"\" for an empty one".to_owned();
            checker.report(key.spot, message, Some(help));
        } else if text.contains('\0') {
            checker.report(value.spot, format!("`{name}` holds a NUL byte"), None);
        } else if !braces_close(text) {
            let help = "close it with `}`, or write `$$` for a `$`".to_owned();
            let message = format!("a `${{` is not closed in {}", quoted(text));
            checker.report(value.spot, message, Some(help));
        }
    }
}

/// Every `${` has its `}`; `$$` is a `$`.
fn braces_close(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let Some(end) = after.find('}') else {
                return false;
            };
            rest = &after[end + 1..];
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{braces_close, slug_of};

    #[test]
    fn slugs_keep_what_they_can() {
        for (written, slug) in [
            ("Activity Core", Some("activity-core")),
            ("--a__b--", Some("a-b")),
            ("naïve", Some("na-ve")),
            ("日本", None),
        ] {
            assert_eq!(slug_of(written).as_deref(), slug);
        }
        assert_eq!(slug_of(&"x".repeat(50)), Some("x".repeat(40)));
    }

    #[test]
    fn braces() {
        for good in ["", "$", "$$", "$${", "${A}", "a${A:-b}c$D", "$$${A}"] {
            assert!(braces_close(good), "{good}");
        }
        for bad in ["${", "${A", "${A}${B", "$$${A"] {
            assert!(!braces_close(bad), "{bad}");
        }
    }
}

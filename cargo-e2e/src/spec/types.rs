//! What single values may be, and what they become.

use std::time::Duration;

use serde_json::{Value, json};

use super::decoder::{Decoder, Place};
use super::level::{Decode, Type};
use super::name::{MAX_SLUG, is_slug, slug_of};
use super::node::{Kind, Node};
use super::pattern::{IMAGE, PROFILE, Pattern, SERVICE, SLUG, VARIABLE};
use super::seconds::{MAX_SECONDS, SecondsError, meant_seconds, seconds};
use super::source::quoted;

pub(super) const NAME: Type<String> = Type::new(
    "`[a-z0-9][a-z0-9-]{0,39}`",
    || SLUG.schema(),
    |decoder, place, node| {
        let text = decoder.text(place, "a slug", node)?;
        if !is_slug(text) {
            let message = format!(
                "{} is not a valid slug: up to {MAX_SLUG} of a-z, 0-9 and `-`, and no `-` first",
                quoted(text)
            );
            let help = slug_of(text).map(|slug| format!("write `{slug}`"));
            decoder.report(node.spot, message, help);
        }
        Some(text.to_owned())
    },
);

pub(super) const COMMAND: Type<String> =
    Type::new("shell command", not_empty, |decoder, place, node| {
        let text = decoder.text(place, "a shell command", node)?;
        Some(text.to_owned())
    });

/// A text on one line.
pub(super) const LINE: Type<String> = Type::new("text", not_empty, |decoder, place, node| {
    decoder.line(place, "text", node).map(str::to_owned)
});

pub(super) const SERVICE_NAME: Type<String> = Type::new(
    "compose service",
    || SERVICE.schema(),
    |decoder, place, node| {
        let expected = "the name of a compose service";
        matching(decoder, place, expected, &SERVICE, node)
    },
);

pub(super) const TIMEOUT: Type<Duration> = Type::new(
    "seconds",
    || json!({"type": "number", "exclusiveMinimum": 0, "maximum": MAX_SECONDS.as_secs()}),
    timeout,
);

pub(super) const PATHS: Type<Vec<String>> = Type::new(
    "list of paths",
    || list_of(&path_schema()),
    |decoder, place, node| {
        let items = decoder.list(place, "a list of paths", node)?;
        each(items, |item| path(decoder, place, item))
    },
);

/// A path, or a list of at least one.
pub(super) const PATH_OR_PATHS: Type<Vec<String>> = Type::new(
    "path or list of paths",
    || one_or_many(&path_schema()),
    |decoder, place, node| one_or_more(decoder, place, node, path),
);

/// Files by path or glob, or a list of at least one.
pub(super) const GLOBS: Type<Vec<String>> = Type::new(
    "path, glob, or list of them",
    || one_or_many(&file_schema()),
    |decoder, place, node| one_or_more(decoder, place, node, file),
);

pub(super) const PROFILES: Type<Vec<String>> = Type::new(
    "list of profiles",
    || list_of(&PROFILE.schema()),
    |decoder, place, node| list_matching(decoder, place, "compose profiles", &PROFILE, node),
);

pub(super) const SERVICE_NAMES: Type<Vec<String>> = Type::new(
    "list of compose services",
    || list_of(&SERVICE.schema()),
    |decoder, place, node| list_matching(decoder, place, "compose services", &SERVICE, node),
);

pub(super) const IMAGES: Type<Vec<String>> = Type::new(
    "list of images",
    || list_of(&IMAGE.schema()),
    |decoder, place, node| list_matching(decoder, place, "images, without a digest", &IMAGE, node),
);

pub(super) const VARIABLES: Type<Vec<String>> = Type::new(
    "list of names",
    || list_of(&VARIABLE.schema()),
    |decoder, place, node| list_matching(decoder, place, "names of variables", &VARIABLE, node),
);

/// The words that start a command: a text without quotes, or a list.
pub(super) const SHELL: Type<Vec<String>> = Type::new(
    "a name, or words",
    || {
        let words = json!({"type": "array", "minItems": 1, "items": not_empty()});
        json!({"anyOf": [not_empty(), words]})
    },
    shell,
);

/// The words before a container's command: a text without quotes, or a list; none of them where it
/// is empty.
pub(super) const ENTRYPOINT: Type<Vec<String>> = Type::new(
    "words",
    || json!({"anyOf": [{"type": "string"}, list_of(&not_empty())]}),
    |decoder, place, node| match &node.kind {
        Kind::Scalar { .. } if node.text() == Some("") && !node.is_plain() => Some(Vec::new()),
        _ => split_words(decoder, place, "words", node),
    },
);

/// A map of variables, in the order of the file.
pub(super) const ENV: Type<Vec<(String, String)>> = Type::new(
    "map",
    || {
        let values = json!({"type": ["string", "number", "boolean"]});
        json!({"type": "object", "propertyNames": VARIABLE.schema(), "additionalProperties": values})
    },
    env,
);

pub(super) fn not_empty() -> Value {
    json!({"type": "string", "minLength": 1})
}

pub(super) fn list_of(item: &Value) -> Value {
    json!({"type": "array", "items": item})
}

pub(super) fn one_or_many(item: &Value) -> Value {
    json!({"oneOf": [item, {"type": "array", "items": item, "minItems": 1}]})
}

/// Reads every item, also after one that is wrong.
pub(super) fn each<T>(items: &[Node], one: impl FnMut(&Node) -> Option<T>) -> Option<Vec<T>> {
    let read: Vec<Option<T>> = items.iter().map(one).collect();
    read.into_iter().collect()
}

/// Reads a line that a pattern matches.
pub(super) fn matching(
    decoder: &mut Decoder<'_>,
    place: Place<'_>,
    expected: &str,
    pattern: &Pattern,
    node: &Node,
) -> Option<String> {
    let text = decoder.line(place, expected, node)?;
    if !pattern.is_match(text) {
        decoder.expected(place, expected, node, None);
    }
    Some(text.to_owned())
}

fn list_matching(
    decoder: &mut Decoder<'_>,
    place: Place<'_>,
    what: &str,
    pattern: &Pattern,
    node: &Node,
) -> Option<Vec<String>> {
    let items = decoder.list(place, &format!("a list of {what}"), node)?;
    each(items, |item| matching(decoder, place, what, pattern, item))
}

fn timeout(decoder: &mut Decoder<'_>, place: Place<'_>, node: &Node) -> Option<Duration> {
    const EXPECTED: &str = "a number of seconds";
    let Some(text) = node.text() else {
        return decoder.refuse(place, EXPECTED, node, None);
    };
    let help = meant_seconds(text).map(|meant| format!("write {meant}"));
    match seconds(text) {
        Ok(duration) if node.is_plain() => return Some(duration),
        Ok(_) => decoder.expected(place, "a number of seconds without quotes", node, help),
        Err(SecondsError::NotANumber) => decoder.expected(place, EXPECTED, node, help),
        Err(error) => decoder.report(node.spot, format!("`{}` {error}", place.key), None),
    }
    None
}

fn path(decoder: &mut Decoder<'_>, place: Place<'_>, node: &Node) -> Option<String> {
    let path = decoder.line(place, "a path", node)?;
    let why = if path.starts_with('/') || path.starts_with('~') {
        "is absolute"
    } else if path.split('/').any(|part| part == "..") {
        "leaves the repo with `..`"
    } else {
        return Some(path.to_owned());
    };
    let message = format!("`{}`: the path {} {why}", place.key, quoted(path));
    let help = "write it relative to the repo root, inside the repo".to_owned();
    decoder.report(node.spot, message, Some(help));
    None
}

fn path_schema() -> Value {
    json!({"type": "string", "minLength": 1, "not": {"pattern": r"^[/~]|(^|/)\.\.(/|$)"}})
}

fn one_or_more(
    decoder: &mut Decoder<'_>,
    place: Place<'_>,
    node: &Node,
    one: Decode<String>,
) -> Option<Vec<String>> {
    match &node.kind {
        Kind::Scalar { .. } => Some(vec![one(decoder, place, node)?]),
        Kind::List(items) if items.is_empty() => {
            decoder.refuse(place, "at least one path", node, None)
        }
        Kind::List(items) => each(items, |item| one(decoder, place, item)),
        Kind::Map(_) => decoder.refuse(place, "a path or a list of paths", node, None),
    }
}

/// Reads a path or glob of files.
fn file(decoder: &mut Decoder<'_>, place: Place<'_>, node: &Node) -> Option<String> {
    let path = path(decoder, place, node)?;
    let (why, help) = if path.ends_with('/') {
        ("names a folder".to_owned(), format!("write `{path}*.xml`"))
    } else if let Err(error) = glob::Pattern::new(&path) {
        let help = "`**` is a folder of its own, as in `reports/**/*.xml`; `[[]` is a `[`";
        let why = format!("is not a valid glob: {}", error.msg);
        (why, help.to_owned())
    } else {
        return Some(path);
    };
    let message = format!("`{}`: {} {why}", place.key, quoted(&path));
    decoder.report(node.spot, message, Some(help));
    None
}

fn file_schema() -> Value {
    json!({"type": "string", "minLength": 1, "not": {"pattern": r"^[/~]|(^|/)\.\.(/|$)|/$"}})
}

/// Reads a text without quotes, or a list of words.
fn split_words(
    decoder: &mut Decoder<'_>,
    place: Place<'_>,
    expected: &str,
    node: &Node,
) -> Option<Vec<String>> {
    match &node.kind {
        Kind::List(items) => each(items, |item| {
            decoder.line(place, "a word", item).map(str::to_owned)
        }),
        Kind::Scalar { .. } => {
            let text = decoder.line(place, expected, node)?;
            if text.contains(['\'', '"', '\\']) {
                let help = "write a list of words, such as [bash, -euo, pipefail, -c]".to_owned();
                return decoder.refuse(place, "words without quotes", node, Some(help));
            }
            Some(text.split_whitespace().map(str::to_owned).collect())
        }
        Kind::Map(_) => decoder.refuse(place, expected, node, None),
    }
}

fn shell(decoder: &mut Decoder<'_>, place: Place<'_>, node: &Node) -> Option<Vec<String>> {
    const EXPECTED: &str = "a shell or a list of words";
    let words = split_words(decoder, place, EXPECTED, node)?;
    let Some(first) = words.first() else {
        return decoder.refuse(place, EXPECTED, node, None);
    };
    let name = first.rsplit('/').next().unwrap_or_default();
    if words.iter().any(|word| word.contains("{0}")) {
        let message =
            "`shell`: `{0}` is not supported; the command is appended as one word".to_owned();
        decoder.report(node.spot, message, Some(format!("write `{name} -e -c`")));
    } else if words.len() == 1 && !crate::shell::KNOWN.contains(&name) {
        let message = format!("`shell`: {} is not known to take `-e -c`", quoted(first));
        decoder.report(node.spot, message, Some(format!("write `{name} -c`")));
    }
    Some(words)
}

/// Returns the one place where numbers and booleans are text, since nothing else can be meant.
fn env(decoder: &mut Decoder<'_>, place: Place<'_>, node: &Node) -> Option<Vec<(String, String)>> {
    let Kind::Map(entries) = &node.kind else {
        let help = "write `NAME: value`, one a line".to_owned();
        return decoder.refuse(place, "a map", node, Some(help));
    };
    decoder.unique_keys(entries);
    let mut variables = Vec::new();
    for (key, value) in entries {
        let Some(name) = key.text() else { continue };
        if !VARIABLE.is_match(name) {
            let message = format!("{} is not a valid variable name", quoted(name));
            let help = "letters, digits and `_`, and no digit first".to_owned();
            decoder.report(key.spot, message, Some(help));
        } else if name == e2e_harness::protocol::E2E || name.starts_with("E2E_") {
            let message = format!("`{name}` is reserved: cargo-e2e sets `E2E` and `E2E_…` itself");
            decoder.report(key.spot, message, None);
        }
        let place = Place {
            key: name,
            spot: key.spot,
        };
        let Some(text) = value.text() else {
            decoder.expected(place, "a value", value, None);
            continue;
        };
        if value.is_null() {
            let message = format!("{} has no value", quoted(name));
            let help = "write \"\" for an empty one".to_owned();
            decoder.report(key.spot, message, Some(help));
        } else if text.contains('\0') {
            decoder.report(value.spot, format!("`{name}` contains a NUL byte"), None);
        } else if !braces_close(text) {
            let help = "close it with `}`, or write `$$` for a `$`".to_owned();
            let message = format!("unclosed `${{` in {}", quoted(text));
            decoder.report(value.spot, message, Some(help));
        }
        variables.push((name.to_owned(), text.to_owned()));
    }
    Some(variables)
}

/// Tells that every `${` has its `}`; `$$` is a `$`.
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
    use super::braces_close;

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

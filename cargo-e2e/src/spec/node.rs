//! One value, or key, of the file, and what a person would call it.

use super::source::{Spot, quoted};

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) spot: Spot,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// `plain`: without quotes, so it may be a number, a boolean or nothing.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlainKind {
    Null,
    Bool,
    Number,
    Text,
}

impl Node {
    /// Returns a map's value for a key.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Returns a map's key node and value for a key.
    pub(super) fn entry(&self, key: &str) -> Option<&(Node, Node)> {
        let Kind::Map(entries) = &self.kind else {
            return None;
        };
        entries.iter().find(|(known, _)| known.text() == Some(key))
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// Tells a scalar without quotes.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.kind, Kind::Scalar { plain: true, .. })
    }

    /// Says what a person would call it.
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

    /// Tells nothing: `key:`, `~` or `null`.
    pub(super) fn is_null(&self) -> bool {
        self.plain_kind() == PlainKind::Null
    }

    /// Resolves a scalar by the core schema of YAML 1.2, where a number has no leading zeros and may
    /// be binary, as Compose has it; anything in quotes is text.
    pub(super) fn plain_kind(&self) -> PlainKind {
        match &self.kind {
            Kind::Scalar { text, plain: true } => plain_kind(text),
            _ => PlainKind::Text,
        }
    }

    /// Returns where to point: what is empty has no place of its own.
    pub(super) fn spot_or(&self, parent: Spot) -> Spot {
        match self.text() {
            Some("") if self.spot.start == self.spot.end => parent,
            _ => self.spot,
        }
    }
}

fn plain_kind(text: &str) -> PlainKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => PlainKind::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => PlainKind::Bool,
        _ if is_number(text) => PlainKind::Number,
        _ => PlainKind::Text,
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let in_base = |prefix, base| {
        let digits = unsigned.strip_prefix(prefix).unwrap_or_default();
        !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(base))
    };
    let is_decimal = || {
        let padded = unsigned.len() > 1 && unsigned.starts_with('0');
        unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
            && !(padded && unsigned.bytes().all(|digit| digit.is_ascii_digit()))
            && unsigned.parse().is_ok_and(f64::is_finite)
    };
    in_base("0x", 16)
        || in_base("0o", 8)
        || in_base("0b", 2)
        || matches!(unsigned, ".inf" | ".Inf" | ".INF")
        || matches!(text, ".nan" | ".NaN" | ".NAN")
        || is_decimal()
}

#[cfg(test)]
mod tests {
    use super::{PlainKind, plain_kind};
    use serde_yaml::Value;

    /// Compose files are read with `serde_yaml`: what is a number in one file is one in the other.
    #[test]
    fn scalars_are_what_they_are_in_a_compose_file() {
        let words = "~ null Null NULL nULL true True TRUE tRue false no yes on off \
            0 -0 +1 12 -12 010 -010 00 007.5 1.10 1. .5 . .. - + +-1 --1 1e3 1E-3 1e999 1_000 \
            0x1F -0x1f 0x +0x1 0x-1 0xg 0o17 0o8 0b101 0b2 12:30 1:2 .inf -.inf +.Inf .INF .nan -.nan \
            inf nan infinity 18446744073709551615 -9223372036854775808 2026-01-01 1a a1 ٣";
        for word in words.split_whitespace() {
            let kind = match serde_yaml::from_str(word) {
                Ok(Value::Null) => PlainKind::Null,
                Ok(Value::Bool(_)) => PlainKind::Bool,
                Ok(Value::Number(_)) => PlainKind::Number,
                _ => PlainKind::Text,
            };
            assert_eq!(plain_kind(word), kind, "{word}");
        }
    }
}

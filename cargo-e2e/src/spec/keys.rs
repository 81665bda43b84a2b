//! What people and editors are told of the keys of a map.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::nearest;
use super::node::{Kind, Node};

/// What people and editors are told of a value.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// As the reference calls it.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test writes the reference"))]
    pub(super) name: &'static str,
    pub(super) schema: fn() -> Value,
    /// Of a map, or of a list of maps.
    pub(super) keys: Option<&'static Keys>,
}

pub(super) struct Keys {
    /// What the map is, for messages.
    pub(super) what: &'static str,
    pub(super) fields: &'static [Field],
}

pub(super) struct Field {
    pub(super) name: &'static str,
    /// What people are told of it.
    pub(super) doc: &'static str,
    /// As it would be written.
    pub(super) default: Option<&'static str>,
    pub(super) shape: Shape,
}

impl Keys {
    /// Returns the keys' names, to be offered to people.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|field| field.name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// Finds the level that has a key, in this one and those below it.
    pub(super) fn level_of(&self, name: &str) -> Option<&Keys> {
        if self.has(name) {
            return Some(self);
        }
        let below = self.fields.iter().filter_map(|field| field.shape.keys);
        below.into_iter().find_map(|keys| keys.level_of(name))
    }

    /// Tells that a key isn't there, nor anything that was likely meant to be it: one mistake, one
    /// message.
    pub(super) fn lacks(&self, map: &Node, key: &str) -> bool {
        let Kind::Map(entries) = &map.kind else {
            return true;
        };
        let is_it = |name: &str| {
            name == key || (!self.has(name) && nearest(name, self.names()) == Some(key))
        };
        let mut names = entries.iter().filter_map(|(name, _)| name.text());
        !names.any(is_it)
    }

    pub(super) fn schema(&self) -> Map<String, Value> {
        let fields = self.fields.iter();
        let properties: Value = fields.map(|field| (field.name, field.schema())).collect();
        Map::from_iter([
            ("type".to_owned(), "object".into()),
            ("additionalProperties".to_owned(), false.into()),
            ("properties".to_owned(), properties),
        ])
    }
}

impl Field {
    fn schema(&self) -> Value {
        let mut schema = (self.shape.schema)();
        schema["description"] = self.doc.trim().into();
        if let Some(default) = self.default {
            schema["default"] = serde_json::from_str(default).unwrap_or_else(|_| default.into());
        }
        schema
    }
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

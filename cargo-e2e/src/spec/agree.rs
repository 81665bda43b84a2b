//! Makes sure that both YAML readers saw the same file.
//!
//! The checks look at saphyr's tree (YAML 1.2) and the values come from `serde_yaml` (1.1). The two
//! differ on some corners: U+0085 and U+2028 end a line, and so a comment, in 1.1 only. Without
//! this, a path that was never checked could get into a `Spec`.

use std::cell::Cell;
use std::fmt;
use std::sync::LazyLock;

use regex::Regex;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::locate::{Kind, Node, syntax};
use super::source::{Finding, Source, Spot};

/// Reads the text again with `serde_yaml`, along the checked tree.
pub(super) fn agree(source: &Source<'_>, root: &Node) -> Result<(), Finding> {
    let difference = Cell::new(None);
    let same = Same {
        node: root,
        difference: &difference,
    };
    let Err(error) = same.deserialize(serde_yaml::Deserializer::from_str(source.text)) else {
        return Ok(());
    };
    Err(match difference.get() {
        Some(spot) => Finding {
            spot,
            message: "YAML readers differ on what this is".to_owned(),
            help: Some("write it more simply, for example in double quotes".to_owned()),
        },
        None => serde_error(source, &error),
    })
}

/// An error of `serde_yaml` itself, at its place.
pub(super) fn serde_error(source: &Source<'_>, error: &serde_yaml::Error) -> Finding {
    static PLACE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(" at line [0-9]+ column [0-9]+").expect("a literal pattern"));
    let spot = error.location().map_or(Spot { start: 0, end: 1 }, |at| {
        source.spot(at.line().saturating_sub(1), at.column().saturating_sub(1))
    });
    syntax(source, spot, &PLACE.replace_all(&error.to_string(), ""))
}

#[derive(Clone, Copy)]
struct Same<'n> {
    node: &'n Node,
    difference: &'n Cell<Option<Spot>>,
}

impl Same<'_> {
    fn differs<E: Error>(&self) -> E {
        self.difference.set(Some(self.node.spot));
        E::custom("the YAML readers differ")
    }

    fn child<'n>(&'n self, node: &'n Node) -> Same<'n> {
        Same {
            node,
            difference: self.difference,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Same<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match &self.node.kind {
            // As text, whatever it looks like: `1.10` stays `1.10`.
            Kind::Scalar { .. } => deserializer.deserialize_str(self),
            Kind::List(_) => deserializer.deserialize_seq(self),
            Kind::Map(_) => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for Same<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Called when the kinds differ.
        self.difference.set(Some(self.node.spot));
        out.write_str("what the other YAML reader saw")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        match self.node.text() {
            Some(known) if known == text => Ok(()),
            _ => Err(self.differs()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Kind::List(items) = &self.node.kind else {
            return Err(self.differs());
        };
        for item in items {
            if list.next_element_seed(self.child(item))?.is_none() {
                return Err(self.differs());
            }
        }
        match list.next_element::<IgnoredAny>()? {
            Some(_) => Err(self.differs()),
            None => Ok(()),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Kind::Map(entries) = &self.node.kind else {
            return Err(self.differs());
        };
        for (key, value) in entries {
            if map.next_key_seed(self.child(key))?.is_none() {
                return Err(self.differs());
            }
            map.next_value_seed(self.child(value))?;
        }
        match map.next_key::<IgnoredAny>()? {
            Some(_) => Err(self.differs()),
            None => Ok(()),
        }
    }
}

//! A map with known keys, declared once: `level!` makes of each key a field of a struct, with what
//! people are told of it, its [`Type`] and its default.

use serde_json::Value;

use super::decoder::{Decoder, Place};
use super::did_you_mean;
use super::keys::{Keys, Shape, listed};
use super::node::{Kind, Node};
use super::source::{Source, Spot, quoted};

/// How a value is read: `None` after a mistake, which the decoder then has.
pub(super) type Decode<T> = fn(&mut Decoder<'_>, Place<'_>, &Node) -> Option<T>;

/// What a value may be.
pub(super) struct Type<T> {
    pub(super) shape: Shape,
    pub(super) decode: Decode<T>,
}

/// A map with known keys, and the value that it becomes. The default has every key's own.
pub(super) trait Level: Default + 'static {
    const KEYS: &'static Keys;

    /// Decodes the value of the place's key into its field.
    fn take(&mut self, decoder: &mut Decoder<'_>, place: Place<'_>, node: &Node);
}

/// Declares a [`Level`]: `/// doc`, `key: type in the struct = type in the file, "default";`.
macro_rules! level {
    (
        $what:literal
        $(#[$attribute:meta])*
        $seen:vis struct $name:ident {
            $($(#[doc = $doc:literal])+ $field:ident: $type:ty = $decoder:expr $(, $default:literal)?;)+
        }
    ) => {
        $(#[$attribute])*
        $seen struct $name {
            $($(#[doc = $doc])+ $seen $field: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $($field: $crate::spec::level::initial!($decoder $(, $default)?),)+
                }
            }
        }

        impl $crate::spec::level::Level for $name {
            const KEYS: &'static $crate::spec::keys::Keys = &$crate::spec::keys::Keys {
                what: $what,
                fields: &[$($crate::spec::keys::Field {
                    name: stringify!($field),
                    doc: concat!($($doc),+),
                    default: $crate::spec::level::written!($($default)?),
                    shape: $decoder.shape,
                }),+],
            };

            fn take(
                &mut self,
                decoder: &mut $crate::spec::decoder::Decoder<'_>,
                place: $crate::spec::decoder::Place<'_>,
                node: &$crate::spec::node::Node,
            ) {
                match place.key {
                    $(stringify!($field) => {
                        if let Some(value) = ($decoder.decode)(decoder, place, node) {
                            self.$field = value.into();
                        }
                    })+
                    _ => {}
                }
            }
        }
    };
}

macro_rules! written {
    () => {
        None
    };
    ($default:literal) => {
        Some($default)
    };
}

macro_rules! initial {
    ($decoder:expr) => {
        Default::default()
    };
    ($decoder:expr, $default:literal) => {
        $decoder.of($default).into()
    };
}

pub(super) use {initial, level, written};

impl<T> Type<T> {
    pub(super) const fn new(name: &'static str, schema: fn() -> Value, decode: Decode<T>) -> Self {
        let shape = Shape {
            name,
            schema,
            keys: None,
        };
        Self { shape, decode }
    }

    /// As [`new`](Self::new), of maps that have these keys.
    pub(super) const fn with_keys(mut self, keys: &'static Keys) -> Self {
        self.shape.keys = Some(keys);
        self
    }

    /// Reads a default of this program's own.
    pub(super) fn of(&self, text: &str) -> T {
        let none = Keys {
            what: "",
            fields: &[],
        };
        let source = Source::new(text);
        let spot = Spot { start: 0, end: 0 };
        let kind = Kind::Scalar {
            text: text.to_owned(),
            plain: true,
        };
        let place = Place { key: "", spot };
        (self.decode)(
            &mut Decoder::new(&source, &none),
            place,
            &Node { spot, kind },
        )
        .expect("a default that its own type takes")
    }
}

/// Returns a map of this level.
pub(super) const fn map<T: Level>() -> Type<T> {
    Type::new("map", || T::KEYS.schema().into(), read).with_keys(T::KEYS)
}

/// Reads a map with known keys: each key once, known, with a value of its type.
pub(super) fn read<T: Level>(
    decoder: &mut Decoder<'_>,
    place: Place<'_>,
    node: &Node,
) -> Option<T> {
    let Kind::Map(entries) = &node.kind else {
        let names: Vec<_> = T::KEYS.names().collect();
        let expected = format!("a map with {}", listed(&names, "and"));
        return decoder.refuse(place, &expected, node, None);
    };
    decoder.unique_keys(entries);
    let mut made = T::default();
    for (key, value) in entries {
        let Some(name) = key.text() else { continue };
        let place = Place {
            key: name,
            spot: key.spot,
        };
        if !T::KEYS.has(name) {
            unknown(decoder, T::KEYS, place);
        } else if value.is_null() {
            let message = format!("`{name}` has no value");
            let help = "give it one, or remove the key".to_owned();
            decoder.report(key.spot, message, Some(help));
        } else {
            made.take(decoder, place, value);
        }
    }
    Some(made)
}

fn unknown(decoder: &mut Decoder<'_>, keys: &Keys, place: Place<'_>) {
    let name = place.key;
    let help = if name == "<<" {
        "merge keys are not supported; write the keys out".to_owned()
    } else if let Some(other) = decoder.top.level_of(name) {
        format!("`{name}` is a key of {}", other.what)
    } else if let Some(help) = did_you_mean(name, keys.names()) {
        help
    } else {
        let names: Vec<_> = keys.names().collect();
        format!("known here: {}", listed(&names, "and"))
    };
    let message = match name {
        "" => "a key is missing here".to_owned(),
        _ => format!("unknown key {}", quoted(name)),
    };
    decoder.report(place.spot, message, Some(help));
}

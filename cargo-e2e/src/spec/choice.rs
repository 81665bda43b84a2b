//! A value that is one of a few words, each with what it becomes.

use serde_json::json;

use super::did_you_mean;
use super::keys::listed;
use super::level::Type;

/// A value that is one of a few words.
pub(super) trait Choice: Copy + 'static {
    const ALL: &'static [(&'static str, Self)];
}

/// Declares types with a value for each of a few words.
macro_rules! choices {
    ($($(#[$about:meta])* $name:ident { $($(#[$meaning:meta])* $word:literal => $value:ident,)+ })+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$meaning])* $value,)+ }

        impl $crate::spec::choice::Choice for $name {
            const ALL: &'static [(&'static str, Self)] = &[$(($word, Self::$value)),+];
        }
    )+};
}
pub(super) use choices;

/// One of a few words.
pub(super) const fn choice<T: Choice>() -> Type<T> {
    Type::new(
        "choice",
        || json!({"enum": words::<T>()}),
        |decoder, place, node| {
            let written = node.text();
            let all = T::ALL.iter();
            if let Some((_, value)) = all.clone().find(|(word, _)| written == Some(word)) {
                return Some(*value);
            }
            let words = words::<T>();
            let help = written.and_then(|text| did_you_mean(text, words.iter().copied()));
            let expected = format!("one of {}", listed(&words, "or"));
            decoder.refuse(place, &expected, node, help)
        },
    )
}

pub(super) fn words<T: Choice>() -> Vec<&'static str> {
    T::ALL.iter().map(|(word, _)| *word).collect()
}

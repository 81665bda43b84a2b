//! What must not be shown: the values of `secrets:`, and of variables that look like credentials.
//! They are masked in all that a run prints, keeps or sends, raw and in the encodings that
//! programs use, by whoever hands text on: [`Events`](crate::event::Events) and the stages that
//! keep files.

mod dotenv;
mod encodings;
mod files;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod guess;
mod patterns;
mod record;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

pub use patterns::{MASK, Masking, Patterns};

/// A named secret that is shorter than this is not masked: it would stand everywhere.
pub const SHORTEST: usize = 4;

/// A value that only looks like one is masked from this length on.
const SHORTEST_GUESS: usize = 8;

/// A file that is larger is no password.
const LARGEST_FILE: u64 = 64 << 10;

/// A secret that e2e.yml names, and this environment has not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`secrets` names {}, which {} not set in this environment", names.join(", "), if names.len() == 1 { "is" } else { "are" })]
pub struct MissingSecrets {
    /// All of them.
    pub names: Vec<String>,
}

/// The values, and what finds them in bytes.
#[derive(Debug, Default)]
pub struct Secrets {
    named: Vec<(String, String)>,
    found: RwLock<Found>,
}

#[derive(Default)]
struct Found {
    certain: BTreeSet<String>,
    likely: BTreeSet<String>,
    patterns: Arc<Patterns>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} values",
            self.certain.len().saturating_add(self.likely.len())
        )
    }
}

impl Secrets {
    /// Takes the values of these names from an environment, and masks what else in it looks like
    /// a credential.
    ///
    /// # Errors
    /// When a name is not set, or is empty.
    ///
    /// # Examples
    /// ```
    /// use cargo_e2e::secrets::Secrets;
    /// let environment = [("API_TOKEN".to_owned(), "hunter2-hunter2".to_owned())];
    /// let secrets = Secrets::of(&["API_TOKEN".to_owned()], environment).unwrap();
    /// assert_eq!(secrets.text("it is hunter2-hunter2."), "it is ***.");
    /// ```
    pub fn of(
        names: &[String],
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, MissingSecrets> {
        let mut given = Vec::new();
        let mut likely = BTreeSet::new();
        for (name, value) in environment {
            if names.contains(&name) {
                if !value.is_empty() {
                    given.push((name, value));
                }
            } else {
                likely.extend(guess::values(&name, &value));
            }
        }
        let missing: Vec<String> = names
            .iter()
            .filter(|name| !given.iter().any(|(known, _)| known == *name))
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Err(MissingSecrets { names: missing });
        }
        given.sort_by_key(|(name, _)| names.iter().position(|known| known == name));
        let certain = given.iter().map(|(_, value)| value.clone()).collect();
        let secrets = Self {
            named: given,
            found: RwLock::default(),
        };
        secrets.set(certain, likely);
        Ok(secrets)
    }

    /// The named ones, as variables for commands.
    #[must_use]
    pub fn variables(&self) -> &[(String, String)] {
        &self.named
    }

    /// The named ones that are too short to be masked.
    #[must_use]
    pub fn too_short(&self) -> Vec<&str> {
        self.named
            .iter()
            .filter(|(_, value)| value.len() < SHORTEST)
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Learns what looks like a credential in a compose model. `read` gives the content of a
    /// file that the model names. What the model shows as a name too, such as a password that
    /// is the name of its image, is no secret.
    pub fn learn(&self, model: &Value, read: impl Fn(&str) -> Option<String>) {
        let (mut certain, mut likely) = self.known();
        let plain = guess::in_plain_sight(model);
        likely.extend(guess::in_model(model));
        for file in guess::secret_files(model) {
            likely.extend(read(file).map(|text| text.trim().to_owned()));
        }
        for name in guess::secret_variables(model) {
            certain.extend(std::env::var(name));
        }
        likely.retain(|value| !plain.has(value));
        self.set(certain, likely);
    }

    /// Learns what looks like a credential in files of variables. One that can't be read has none:
    /// whoever needs it says so.
    pub fn learn_files<'p>(&self, files: impl IntoIterator<Item = &'p Path>) {
        let found = files.into_iter().filter_map(read_small);
        let learned: Vec<String> = found
            .flat_map(|text| dotenv::variables(&text))
            .flat_map(|(name, value)| guess::values(&name, &value))
            .collect();
        let (certain, mut likely) = self.known();
        likely.extend(learned);
        self.set(certain, likely);
    }

    fn known(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        (found.certain.clone(), found.likely.clone())
    }

    fn set(&self, certain: BTreeSet<String>, likely: BTreeSet<String>) {
        let enough = |value: &&String, shortest| value.len() >= shortest;
        let values = certain
            .iter()
            .filter(|value| enough(value, SHORTEST))
            .chain(
                likely
                    .iter()
                    .filter(|value| enough(value, SHORTEST_GUESS) && !guess::is_word(value)),
            );
        let patterns = Arc::new(Patterns::of(values.map(String::as_str)));
        *self.found.write().unwrap_or_else(PoisonError::into_inner) = Found {
            certain,
            likely,
            patterns,
        };
    }

    /// What finds them, as far as they are known now.
    #[must_use]
    pub fn patterns(&self) -> Arc<Patterns> {
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&found.patterns)
    }

    /// A text without them.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.patterns().mask(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// The beginning of a text without them. What may be the beginning of one at its end goes too:
    /// half a secret would not be known.
    #[must_use]
    pub fn beginning(&self, text: &str) -> String {
        // Where the cut went through a letter.
        let text = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
        let shown = Masking::default().take(&self.patterns(), text.as_bytes());
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// A JSON document without them: every text in it, and all that stands beside the name of a
    /// credential, however short it is.
    pub fn json(&self, document: &mut Value) {
        guess::mask_beside_names(document);
        mask_texts(&self.patterns(), document);
    }
}

/// The content of a file that holds a secret, when it is small enough to be one.
#[must_use]
pub fn read_small(path: &Path) -> Option<String> {
    let data = std::fs::metadata(path).ok()?;
    // A pipe or a device may never end.
    let is_small = data.is_file() && data.len() <= LARGEST_FILE;
    is_small.then(|| std::fs::read_to_string(path).ok())?
}

fn mask_texts(patterns: &Patterns, value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(bytes) = patterns.mask(text.as_bytes()) {
                *text = String::from_utf8_lossy(&bytes).into_owned();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask_texts(patterns, item)),
        Value::Object(map) => map.values_mut().for_each(|item| mask_texts(patterns, item)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

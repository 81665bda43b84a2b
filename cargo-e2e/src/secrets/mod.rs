//! What must not be shown: the values of `secrets:`, and of variables that look like credentials.
//! They are masked in all that a run prints, keeps or sends, raw and in the encodings that
//! programs use, by each module that hands text on: [`Events`](crate::record::event::Events) and the
//! stages that keep files.

mod document;
mod dotenv;
mod encodings;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod guess;
mod known;
mod mask;
mod matcher;
mod model;
mod patterns;
#[cfg(test)]
mod tests;
mod view;

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

pub use dotenv::variables as dotenv;
use known::{Known, Origin};
pub use mask::SHORTEST;
pub use patterns::{Masking, Patterns};

/// A file that is larger is no password.
const LARGEST_FILE: u64 = 64 << 10;
/// Nobody writes a longer compose file.
const LARGEST_YAML: u64 = 4 << 20;

/// A secret that e2e.yml names, and this environment has not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`secrets` names {}, which {} not set in this environment", names.join(", "), if names.len() == 1 { "is" } else { "are" })]
pub struct MissingSecrets {
    pub names: Vec<String>,
}

/// Returns whether a variable holds a credential, by its name or by what it is.
pub fn is_credential(name: &str, value: &str) -> bool {
    !guess::values(name, value).is_empty()
}

/// The values, and what finds them in bytes.
#[derive(Default)]
pub struct Secrets {
    named: Vec<(String, String)>,
    /// What files of variables set, for what Compose makes secrets of.
    set: RwLock<Vec<(String, String)>>,
    known: RwLock<Known>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_tuple("Secrets").field(&*known).finish()
    }
}

impl Secrets {
    /// Takes the values of these names from an environment, and masks what else in it looks like
    /// a credential.
    ///
    /// # Errors
    /// When a name is not set, or is empty.
    pub fn of(
        names: &[String],
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, MissingSecrets> {
        let mut given = Vec::new();
        let mut found = Vec::new();
        for (name, value) in environment {
            if names.contains(&name) && !value.is_empty() {
                found.push((value.clone(), Origin::Named));
                given.push((name.clone(), value.clone()));
            }
            found.extend(of_variable(&name, &value));
        }
        let is_given = |name: &String| given.iter().any(|(known, _)| known == name);
        let mut missing = names.to_vec();
        missing.retain(|name| !is_given(name));
        if !missing.is_empty() {
            return Err(MissingSecrets { names: missing });
        }
        given.sort_by_key(|(name, _)| names.iter().position(|known| known == name));
        let secrets = Self {
            named: given,
            ..Self::default()
        };
        secrets.add(found);
        Ok(secrets)
    }

    /// The named ones, as variables for commands.
    pub fn variables(&self) -> &[(String, String)] {
        &self.named
    }

    /// The named ones that are too short to be masked.
    pub fn too_short(&self) -> Vec<&str> {
        let named = self.named.iter();
        let short = named.filter(|(_, value)| value.len() < SHORTEST);
        short.map(|(name, _)| name.as_str()).collect()
    }

    /// Learns what a compose model calls a credential. `read` gives the content of a file that the
    /// model names. A plain word that the model shows as a name too, such as a password that is
    /// the name of its image, is none, unless something else said so.
    pub fn learn(&self, model: &Value, read: impl Fn(&str) -> Option<String>) {
        let credentials = model::credentials(model).into_iter();
        let credentials = credentials.map(|value| (value, Origin::Compose));
        let texts = model::secrets(model, "file").filter_map(read);
        let texts = texts.map(|text| (text.trim().to_owned(), Origin::File));
        let variables = model::secrets(model, "environment");
        let values = variables
            .filter_map(|name| std::env::var(name).ok().or_else(|| self.set_in_files(name)));
        let values = values.map(|value| (value, Origin::Named));
        self.add(credentials.chain(texts).chain(values));
    }

    /// Learns what compose files call a credential, before anything is put into them. What is no
    /// YAML is Compose's to complain about.
    pub fn learn_compose_files<'p>(&self, files: impl IntoIterator<Item = &'p Path>) {
        let texts = files.into_iter().filter_map(read_yaml);
        let files = texts.filter_map(|text| serde_yaml::from_str::<Value>(&text).ok());
        let found = files.flat_map(|file| model::written(&file));
        self.add(found.map(|value| (value, Origin::Compose)));
    }

    /// Learns what looks like a credential in files of variables. One that can't be read has none:
    /// the caller that needs it says so.
    pub fn learn_files<'p>(&self, files: impl IntoIterator<Item = &'p Path>) {
        for text in files.into_iter().filter_map(read_small) {
            let variables = dotenv::variables(&text);
            self.learn_variables(variables.iter());
            let mut set = self.set.write().unwrap_or_else(PoisonError::into_inner);
            set.extend(variables);
        }
    }

    /// Learns values that are credentials for certain.
    pub fn learn_values(&self, values: impl IntoIterator<Item = String>) {
        self.add(values.into_iter().map(|value| (value, Origin::Named)));
    }

    /// Learns what looks like a credential in variables.
    pub fn learn_variables<'v>(&self, variables: impl IntoIterator<Item = &'v (String, String)>) {
        let variables = variables.into_iter();
        self.add(variables.flat_map(|(name, value)| of_variable(name, value)));
    }

    fn set_in_files(&self, name: &str) -> Option<String> {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        let found = set.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }

    fn add(&self, found: impl IntoIterator<Item = (String, Origin)>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.add(found);
    }

    /// What finds them, as far as they are known now.
    pub fn patterns(&self) -> Arc<Patterns> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.patterns()
    }

    /// A text without them.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.patterns().mask(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// The beginning of a text without them. What may be the beginning of one at its end goes too:
    /// half a secret would not be known.
    pub fn beginning(&self, text: &str) -> String {
        // Where the cut went through a letter.
        let text = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
        let shown = Masking::default().take(&self.patterns(), text.as_bytes());
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// JSON documents without them, one a line; what is none is masked as text.
    pub fn json_lines(&self, text: &[u8]) -> Vec<u8> {
        let patterns = self.patterns();
        let mut masked = Vec::with_capacity(text.len());
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            // Only what there is something to mask in is written anew.
            let document = serde_json::from_slice::<Value>(line).ok();
            let written = document.and_then(|document| {
                let mut shown = document.clone();
                document::mask(&patterns, &mut shown);
                (shown != document).then(|| serde_json::to_vec(&shown).ok())?
            });
            if let Some(written) = written {
                masked.extend(written);
                masked.extend(line.ends_with(b"\n").then_some(b'\n'));
            } else {
                masked.extend_from_slice(&patterns.mask(line));
            }
        }
        masked
    }

    /// A JSON document without them: every text in it, and all that stands beside the name of a
    /// credential, however short it is.
    pub fn json(&self, document: &mut Value) {
        document::mask(&self.patterns(), document);
    }
}

fn of_variable(name: &str, value: &str) -> impl Iterator<Item = (String, Origin)> + use<> {
    let values = guess::values(name, value).into_iter();
    values.map(|value| (value, Origin::Variable))
}

/// The content of a file that holds a secret, when it is small enough to be one.
pub fn read_small(path: &Path) -> Option<String> {
    read_up_to(path, LARGEST_FILE)
}

/// Returns the content of a compose file, unless it is longer than any that people write.
pub fn read_yaml(path: &Path) -> Option<String> {
    read_up_to(path, LARGEST_YAML)
}

fn read_up_to(path: &Path, largest: u64) -> Option<String> {
    let data = std::fs::metadata(path).ok()?;
    // A pipe or a device may never end.
    let ends = data.is_file() && data.len() <= largest;
    ends.then(|| std::fs::read_to_string(path).ok())?
}

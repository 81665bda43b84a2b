//! What a whole text must look like: for decoders and, as the same words, for editors.

use std::sync::OnceLock;

use regex::Regex;
use serde_json::{Value, json};

/// A regular expression that the whole text matches; it has no alternatives outside of brackets.
pub(super) struct Pattern {
    text: &'static str,
    compiled: OnceLock<Regex>,
}

pub(super) static SLUG: Pattern = Pattern::new("[a-z0-9][a-z0-9-]{0,39}");
pub(super) static SERVICE: Pattern = Pattern::new("[a-zA-Z0-9._-]+");
pub(super) static PROFILE: Pattern = Pattern::new(r"(?:[a-zA-Z0-9][a-zA-Z0-9_.-]*|\*)");
/// A name with or without a tag; a digest is a registry's, and none of a client's.
pub(super) static IMAGE: Pattern = Pattern::new(
    r"[a-z0-9][a-zA-Z0-9._/-]*(?::[0-9]+/[a-z0-9][a-zA-Z0-9._/-]*)?(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]*)?",
);
pub(super) static VARIABLE: Pattern = Pattern::new("[A-Za-z_][A-Za-z0-9_]*");
pub(super) static GRPC_SERVICE: Pattern = Pattern::new("[!-~]{1,200}");
pub(super) static SECONDS: Pattern = Pattern::new(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?");
pub(super) static SECONDS_WITH_UNITS: Pattern = Pattern::new(
    r"(?:[0-9]+(?:\.[0-9]+)?\s*(?:ms|s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?|d|days?)\s*)+",
);

impl Pattern {
    const fn new(text: &'static str) -> Self {
        Self {
            text,
            compiled: OnceLock::new(),
        }
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        let compile = || Regex::new(&format!(r"\A{}\z", self.text)).expect("a literal pattern");
        self.compiled.get_or_init(compile).is_match(text)
    }

    pub(super) fn schema(&self) -> Value {
        json!({"type": "string", "pattern": format!("^{}$", self.text)})
    }
}

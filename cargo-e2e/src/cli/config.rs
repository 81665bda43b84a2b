//! The user's configuration: defaults of flags, in `$XDG_CONFIG_HOME/cargo-e2e/config.toml`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::environment;
use crate::record::store::user_folder;
use crate::spec::did_you_mean;
use crate::text::printable;

/// What may be set: preferences of a person. What to run is no preference.
pub(super) const KEYS: [&str; 12] = [
    "host",
    "keep",
    "keep-on-failure",
    "keep-for",
    "strict",
    "no-wait",
    "nextest",
    "locked",
    "offline",
    "verbose",
    "quiet",
    "color",
];

/// Nobody writes a longer one.
const LARGEST: u64 = 1 << 20;

/// What the file sets; nothing where there is none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    /// Each with its place: `PATH:LINE`.
    set: BTreeMap<String, (String, String)>,
}

impl Config {
    /// Reads this user's file.
    ///
    /// # Errors
    /// Every mistake in it, with its line.
    pub(super) fn read() -> Result<Self, String> {
        let Some(path) = path() else {
            return Ok(Self::default());
        };
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        match path.metadata() {
            Ok(file) if file.len() > LARGEST => return Err(failed(&"it is too large")),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(failed(&error)),
        }
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&error))?;
        Self::parse(&path, &text)
    }

    /// Returns a value as it would be typed, and its place.
    pub(super) fn get(&self, key: &str) -> Option<(String, String)> {
        self.set.get(key).cloned()
    }

    fn parse(path: &Path, text: &str) -> Result<Self, String> {
        let path = path.display();
        let line = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            format!("{path}:{}: {}", line(at), error.message())
        })?;
        let (mut set, mut mistakes) = (BTreeMap::new(), Vec::new());
        for (key, value) in table.get_ref() {
            let at = key.span().start;
            let place = format!("{path}:{}", line(at));
            match typed(key.get_ref(), value.get_ref()) {
                Ok(value) => {
                    set.insert(key.get_ref().to_string(), (value, place));
                }
                Err(mistake) => mistakes.push((at, format!("{place}: {mistake}"))),
            }
        }
        if mistakes.is_empty() {
            return Ok(Self { set });
        }
        mistakes.sort();
        let texts: Vec<String> = mistakes.into_iter().map(|(_, text)| text).collect();
        Err(texts.join("\n"))
    }
}

/// Returns a value as it would be typed; an error is a mistake in the file.
fn typed(key: &str, value: &DeValue<'_>) -> Result<String, String> {
    if !KEYS.contains(&key) {
        let help = did_you_mean(key, KEYS);
        let help = help.unwrap_or_else(|| format!("known here: {}", KEYS.join(", ")));
        return Err(format!("unknown key `{}`\n  help: {help}", printable(key)));
    }
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Boolean(is) => Ok(is.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        _ => Err(format!("`{key}` must be a text, a number, true or false")),
    }
}

fn path() -> Option<PathBuf> {
    let folder = user_folder(environment::CONFIG_HOME, ".config")?;
    Some(folder.join("cargo-e2e/config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_has_its_line() {
        let parse = |text: &str| Config::parse(Path::new("c.toml"), text);
        let config = parse("# mine\nhost = \"railiance01\"\nkeep-for = \"2h\"\nquiet = true\n");
        let config = config.expect("it is sound");
        assert_eq!(
            config.get("keep-for"),
            Some(("2h".to_owned(), "c.toml:3".to_owned()))
        );
        assert_eq!(config.get("color"), None);
        let wrong = parse("color = \"never\"\nkeep_on_failure = true\n[table]\nx = 1\nhost = []\n");
        assert_eq!(
            wrong.expect_err("two mistakes"),
            "c.toml:2: unknown key `keep_on_failure`\n  help: did you mean `keep-on-failure`?\n\
             c.toml:3: unknown key `table`\n  help: known here: host, keep, keep-on-failure, keep-for, strict, no-wait, nextest, locked, offline, verbose, quiet, color"
        );
        let broken = parse("host = \"a\"\nkeep\n").expect_err("no TOML");
        assert!(broken.starts_with("c.toml:2: "), "{broken}");
        let list = parse("host = ['a']\n").expect_err("a list");
        assert_eq!(
            list,
            "c.toml:1: `host` must be a text, a number, true or false"
        );
    }
}

//! The command line of this run, to paste: a result is often read on another machine.

use std::ffi::OsString;
use std::path::Path;

use crate::host::LOCAL;
use crate::secrets::Secrets;
use crate::shell::word;

/// How to run the same again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rerun {
    /// The typed command with the chosen host, without arguments for the tests.
    pub(crate) run: String,
    /// The same with `--keep` or `--keep-on-failure`; `None` where one of them was typed.
    pub(crate) keep: Option<String>,
}

impl Rerun {
    /// Reads this process's arguments.
    pub(crate) fn typed(host: &str, spec: &Path) -> Self {
        let folder = std::env::current_dir().unwrap_or_default();
        let spec = spec.strip_prefix(folder).unwrap_or(spec);
        Self::of(std::env::args_os().skip(1), host, &spec.to_string_lossy())
    }

    /// Masks secrets in the words.
    pub(crate) fn mask(&mut self, secrets: &Secrets) {
        for text in self.keep.iter_mut().chain([&mut self.run]) {
            *text = secrets.text(text).into_owned();
        }
    }

    /// `spec` is the e2e.yml of this run: of several that were typed it alone runs again.
    fn of(typed: impl Iterator<Item = OsString>, host: &str, spec: &str) -> Self {
        let typed = typed.map(|word| word.to_string_lossy().into_owned());
        let mut words: Vec<String> = typed.take_while(|word| word != "--").collect();
        if words.first().is_some_and(|first| first == "e2e") {
            words.remove(0);
        }
        if is_several(&words) {
            let mut is_value = false;
            words.retain(|word| {
                let drops = is_value || word.starts_with("--spec=") || word == "--spec";
                is_value = word == "--spec";
                !drops
            });
            words.extend(["--spec".to_owned(), spec.to_owned()]);
        }
        let has = |option: &str| {
            let is_it = |word: &String| word.split('=').next() == Some(option);
            words.iter().any(is_it)
        };
        let has_host = has("--host");
        let keeps = has("--keep") || has("--keep-on-failure");
        if !has_host && host != LOCAL {
            words.extend(["--host".to_owned(), host.to_owned()]);
        }
        let run = command(&words);
        let option = match words.first().map(String::as_str) {
            Some("up") => "--keep",
            _ => "--keep-on-failure",
        };
        let keep = (!keeps).then(|| format!("{run} {option}"));
        Self { run, keep }
    }
}

/// Whether these name more than one e2e.yml, or may do so.
fn is_several(words: &[String]) -> bool {
    let is_option = |word: &&String| word.split('=').next() == Some("--spec");
    let options = words.iter().filter(is_option).count();
    let mut values = words
        .iter()
        .zip(words.iter().skip(1))
        .filter(|(option, _)| *option == "--spec")
        .map(|(_, value)| value)
        .chain(words.iter().filter(|word| word.starts_with("--spec=")));
    options > 1 || values.any(|value| value.contains(['*', '?', '[']))
}

fn command(words: &[String]) -> String {
    let words = words.iter().map(|one| format!(" {}", word(one)));
    format!("cargo e2e{}", words.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(typed: &[&str], host: &str) -> (String, Option<String>) {
        let again = Rerun::of(typed.iter().map(OsString::from), host, "e2e/ui.yml");
        (again.run, again.keep)
    }

    #[test]
    fn it_is_what_was_typed_with_the_host_it_had() {
        let (run, keep) = again(&["e2e"], "local");
        assert_eq!(run, "cargo e2e");
        assert_eq!(keep.as_deref(), Some("cargo e2e --keep-on-failure"));
        let (run, _) = again(&["e2e", "../a shop", "--nextest", "--", "one"], "far");
        assert_eq!(run, "cargo e2e '../a shop' --nextest --host far");
        let (run, keep) = again(&["--host=h", "x", "--keep"], "h");
        assert_eq!((run.as_str(), keep), ("cargo e2e --host=h x --keep", None));
        let (_, keep) = again(&["e2e", "--keep-for", "2h"], "local");
        let asked = "cargo e2e --keep-for 2h --keep-on-failure";
        assert_eq!(keep.as_deref(), Some(asked));
        let (run, _) = again(&["e2e", "--spec", "x.yml", "y"], "local");
        assert_eq!(run, "cargo e2e --spec x.yml y");
        for typed in [
            &["e2e", "--spec", "e2e/*.yml", "y"][..],
            &["e2e", "--spec", "x.yml", "y", "--spec=e2e/ui.yml"],
        ] {
            assert_eq!(again(typed, "local").0, "cargo e2e y --spec e2e/ui.yml");
        }
        let (run, keep) = again(&["e2e", "up", "x"], "local");
        assert_eq!(run, "cargo e2e up x");
        assert_eq!(keep.as_deref(), Some("cargo e2e up x --keep"));
    }
}

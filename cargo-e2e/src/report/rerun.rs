//! The command line of this run, to paste: a result is often read on another machine.

use std::ffi::OsString;
use std::path::Path;

use crate::host::LOCAL;
use crate::plan::Runner;
use crate::record::outcome::{Record, Subject, TestRecord, short_id};
use crate::secrets::Secrets;
use crate::shell::word;
use crate::text::printable;

/// How to run the same again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rerun {
    /// The typed command with the chosen host, without arguments for the tests and without
    /// `--last-failed`.
    pub(crate) run: String,
    /// The same with `--keep` or `--keep-on-failure`; `None` where one of them was typed.
    pub(crate) keep: Option<String>,
    /// Whether this is one of several runs of the command, so that it need not be the last.
    pub(crate) of_several: bool,
    /// `--last-failed`, as it was typed.
    last_failed: Option<String>,
    /// Arguments for the tests, as they were typed.
    typed: Vec<String>,
}

/// Characters of a filter that people still read and paste; a longer one is that of its run.
const READABLE: usize = 300;

impl Rerun {
    /// Reads this process's arguments.
    pub(crate) fn typed(host: &str, spec: &Path) -> Self {
        let folder = std::env::current_dir().unwrap_or_default();
        let spec = spec.strip_prefix(folder).unwrap_or(spec);
        Self::of(std::env::args_os().skip(1), host, &spec.to_string_lossy())
    }

    /// Masks secrets in the words.
    pub(crate) fn mask(&mut self, secrets: &Secrets) {
        let all = self.keep.iter_mut().chain(&mut self.last_failed);
        for text in all.chain(&mut self.typed).chain([&mut self.run]) {
            *text = secrets.text(text).into_owned();
        }
    }

    /// Returns what follows the command, so that the failed tests run again: their names where the
    /// runner takes them, and always what was typed.
    pub(crate) fn tail(&self, record: &Record, runner: Option<(&Runner, &Path)>) -> String {
        let failed: Vec<&TestRecord> = record.tests.iter().filter(|one| one.is_failed()).collect();
        let judged = record.verdict.subject() == Subject::Tests;
        let only = runner.filter(|_| judged).and_then(|(runner, root)| {
            let exists = |path: &str| root.join(path).is_file();
            let filter = runner.only(&failed, &self.typed, &exists)?;
            Some((filter.is_empty(), runner.joined(&self.typed, filter)))
        });
        let length = |words: &[String]| words.iter().map(String::len).sum::<usize>();
        let (flag, words) = match only {
            Some((false, words)) if length(&words) > READABLE => {
                let end = short_id(&record.run_id);
                (Some(format!("--last-failed={end}")), self.typed.clone())
            }
            Some((_, words)) => (None, words),
            None if judged => (None, self.typed.clone()),
            None => (self.last_failed.clone(), self.typed.clone()),
        };
        let mut tail = flag.map_or_else(String::new, |flag| format!(" {}", word(&flag)));
        if !words.is_empty() {
            tail.push_str(" --");
        }
        for one in words {
            tail.push(' ');
            tail.push_str(&word(&printable(&one)));
        }
        tail
    }

    /// `spec` is the e2e.yml of this run: of several that were typed it alone runs again.
    fn of(typed: impl Iterator<Item = OsString>, host: &str, spec: &str) -> Self {
        let mut typed = typed.map(|word| word.to_string_lossy().into_owned());
        let mut words: Vec<String> = typed.by_ref().take_while(|word| word != "--").collect();
        let typed = typed.collect();
        let last_failed = take_last_failed(&mut words);
        if words.first().is_some_and(|first| first == "e2e") {
            words.remove(0);
        }
        // It is one run now.
        drop_option(&mut words, "--jobs");
        drop_option(&mut words, "-j");
        let of_several = is_several(&words);
        if of_several {
            drop_option(&mut words, "--spec");
            words.retain(|word| word != "--workspace");
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
        Self {
            run,
            keep,
            of_several,
            last_failed,
            typed,
        }
    }
}

/// Takes the flag out of the words, with its value.
fn take_last_failed(words: &mut Vec<String>) -> Option<String> {
    const FLAG: &str = "--last-failed";
    let is_it = |word: &String| word.split('=').next() == Some(FLAG);
    let at = words.iter().position(is_it)?;
    let flag = words.remove(at);
    if flag != FLAG || words.get(at).is_none_or(|next| next.starts_with('-')) {
        return Some(flag);
    }
    Some(format!("{flag}={}", words.remove(at)))
}

/// Removes an option with its value, which may be in the same word.
fn drop_option(words: &mut Vec<String>, option: &str) {
    let is_short = !option.starts_with("--");
    let mut is_value = false;
    words.retain(|word| {
        let inside = word.strip_prefix(option);
        let inside = inside.filter(|rest| !rest.is_empty() && (is_short || rest.starts_with('=')));
        let drops = is_value || inside.is_some() || word == option;
        is_value = !is_value && word == option;
        !drops
    });
}

/// Whether these name more than one e2e.yml, or may do so.
fn is_several(words: &[String]) -> bool {
    let is_option = |word: &&String| word.split('=').next() == Some("--spec");
    let options = words.iter().filter(is_option).count();
    let apart = words.windows(2).filter(|pair| pair[0] == "--spec");
    let joined = words.iter().filter(|word| word.starts_with("--spec="));
    let mut values = apart.map(|pair| &pair[1]).chain(joined);
    let workspace = words.iter().any(|word| word == "--workspace");
    workspace || options > 1 || values.any(|value| value.contains(['*', '?', '[']))
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
            &["e2e", "--workspace", "y", "--jobs", "3"],
            &["e2e", "-j4", "--workspace", "-j", "4", "y", "--jobs=4"],
        ] {
            assert_eq!(again(typed, "local").0, "cargo e2e y --spec e2e/ui.yml");
        }
        let (run, keep) = again(&["e2e", "up", "x"], "local");
        assert_eq!(run, "cargo e2e up x");
        assert_eq!(keep.as_deref(), Some("cargo e2e up x --keep"));
    }
    #[test]
    fn the_failed_tests_run_again_with_what_was_typed() {
        use crate::plan::Tests;
        use crate::record::outcome::{Stage, StageStatus, Verdict};
        use crate::record::samples::{failed, test};
        let typed = ["e2e", "--last-failed", "--", "-v", "a b"];
        let again = Rerun::of(typed.iter().map(OsString::from), "local", "e2e/e2e.yml");
        assert_eq!(again.run, "cargo e2e");
        let mut record = failed(Verdict::Failed, Stage::Test, "exit status 1");
        let case = |name: &str| {
            let mut test = test(&format!("shop::{name}"), StageStatus::Failed);
            test.classname = Some("shop".to_owned());
            test
        };
        record.tests = vec![
            case("ships"),
            case("it's late"),
            test("ok", StageStatus::Passed),
        ];
        let runner = Runner::of(&Tests::Command("npx jest".to_owned())).unwrap();
        let here = Path::new("/");
        assert_eq!(
            again.tail(&record, Some((&runner, here))),
            r" -- -v 'a b' -t '^((?:.* )?it'\''s late|(?:.* )?ships)$'"
        );
        assert_eq!(again.tail(&record, None), " -- -v 'a b'");
        record.tests.push(case(&"x".repeat(READABLE)));
        let end = &record.run_id[18..];
        assert_eq!(
            again.tail(&record, Some((&runner, here))),
            format!(" --last-failed={end} -- -v 'a b'")
        );
        record.verdict = Verdict::Unhealthy;
        assert_eq!(
            again.tail(&record, Some((&runner, here))),
            " --last-failed -- -v 'a b'"
        );
    }
}

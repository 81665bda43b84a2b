//! A command as a person would type it.

use crate::text::{LazyRegex, lists};

/// The words as they would be typed: without those that only CI or a caller can fill in, and without
/// what measures coverage.
pub(super) fn typed(words: &[String]) -> String {
    static EXPRESSION: LazyRegex = LazyRegex::new(r"(?s)\$\{\{.*?\}\}");
    let mut kept: Vec<String> = Vec::new();
    for word in without_coverage(words) {
        let word = EXPRESSION.replace_all(&word, "$$").into_owned();
        let is_whole = word.contains("$(") || word.contains(char::is_whitespace);
        let mut known: Vec<&str> = word.split(',').filter(|part| !is_open(part)).collect();
        if is_whole && is_open(&word) {
            known.clear();
        }
        if known.is_empty() || word.ends_with('=') {
            // The option whose value it was; not where more arguments would follow.
            let name = word.trim_matches(['$', '{', '}', '"']);
            let is_more = matches!(name, "@" | "*" | "[@]") || name.parse::<u8>().is_ok();
            if kept.last().is_some_and(|last| takes_value(last)) && !is_more {
                kept.pop();
            }
            continue;
        }
        let word = if word.contains('$') {
            known.join(",")
        } else {
            word
        };
        let is_special = |c: char| c.is_whitespace() || "'\"|&;<>()*?[]#~".contains(c);
        kept.push(if word.is_empty() || word.contains(is_special) {
            crate::shell::quote(&word)
        } else {
            word
        });
    }
    kept.join(" ")
}

/// Returns whether an option may have a value of its own: most long ones, and the short ones that no
/// test runner has as a switch.
fn takes_value(option: &str) -> bool {
    let is_long = option.starts_with("--") && !option.contains('=') && option.len() > 2;
    is_long || lists("-p -e -k -m -n -c -t -P -F -j -f", option)
}

/// Whether a part of a word is known only where it is run.
pub(super) fn is_open(part: &str) -> bool {
    part.contains('$') || part.contains("{{")
}

/// The same tests without a report of coverage, for which a CI job may have installed a program.
fn without_coverage(words: &[String]) -> Vec<String> {
    let mut words = words.to_vec();
    if let Some(at) = words
        .iter()
        .take(4)
        .position(|word| word == "c8" || word == "nyc")
    {
        words.drain(..=at);
    }
    if words.first().is_some_and(|word| word == "cargo")
        && words.get(1).is_some_and(|word| word == "llvm-cov")
    {
        words.remove(1);
        if let Some(at) = words.iter().position(|word| word == "nextest") {
            words.remove(at);
            words.splice(1..1, ["nextest".to_owned(), "run".to_owned()]);
        } else if words.get(1).is_none_or(|word| word != "test") {
            words.insert(1, "test".to_owned());
        }
        let mut is_value = false;
        words.retain(|word| {
            let report =
                "--no-report --no-clean --lcov --json --html --summary-only --branch --codecov";
            let drops = is_value || lists(report, word) || word.starts_with("--output-path");
            is_value = word == "--output-path";
            !drops
        });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_ci_knows_is_left_out() {
        let words: Vec<String> = [
            "cargo",
            "test",
            "--features",
            "${{ matrix.f }}",
            "-k",
            "a or b",
        ]
        .map(str::to_owned)
        .to_vec();
        assert_eq!(typed(&words), "cargo test -k 'a or b'");
        for (command, same) in [
            (
                "cargo test --features a,${{x}},b $@",
                "cargo test --features a,b",
            ),
            ("pnpm exec c8 pnpm test", "pnpm test"),
            ("cargo test -p ${{x}} -v $@", "cargo test -v"),
            ("gotestsum $(if_${CI},a,b) -- -race", "gotestsum -- -race"),
            (
                "cargo llvm-cov --workspace --lcov --output-path x.info",
                "cargo test --workspace",
            ),
            (
                "cargo llvm-cov nextest -p x --no-report",
                "cargo nextest run -p x",
            ),
        ] {
            let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
            assert_eq!(typed(&words), same);
        }
    }
}

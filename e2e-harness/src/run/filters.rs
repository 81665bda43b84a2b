//! Several filters, as the standard harness takes them and libtest-mimic does not: a test that fits
//! any of them runs.

use libtest_mimic::Arguments;

/// Options whose value is a word of its own.
const WITH_VALUE: [&str; 6] = [
    "--color",
    "--format",
    "--logfile",
    "--skip",
    "--test-threads",
    "-Z",
];

/// Returns the arguments of this process, and the filters where there are several.
pub(super) fn arguments() -> (Arguments, Vec<String>) {
    let typed: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let (rest, filters) = split(&typed);
    if filters.len() < 2 {
        return (Arguments::from_args(), Vec::new());
    }
    (Arguments::from_iter(rest), filters)
}

/// Returns whether a test fits one of them.
pub(super) fn fits(name: &str, filters: &[String], exact: bool) -> bool {
    let fits = |filter: &String| name == filter || (!exact && name.contains(filter.as_str()));
    filters.is_empty() || filters.iter().any(fits)
}

/// Separates filters from the rest, which begins with the program.
fn split(typed: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut rest, mut filters) = (Vec::new(), Vec::new());
    let (mut is_value, mut only_filters) = (false, false);
    for (at, word) in typed.iter().enumerate() {
        let is_option = word.starts_with('-') && word != "-";
        if at == 0 || is_value {
            rest.push(word.clone());
            is_value = false;
        } else if only_filters || !is_option {
            filters.push(word.clone());
        } else if word == "--" {
            only_filters = true;
        } else {
            is_value = WITH_VALUE.contains(&word.as_str());
            rest.push(word.clone());
        }
    }
    (rest, filters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_told_from_options_and_their_values() {
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let (rest, filters) = split(&words("e2e --exact a --skip b --test-threads=2 c -- --d"));
        assert_eq!(rest, words("e2e --exact --skip b --test-threads=2"));
        assert_eq!(filters, words("a c --d"));
        assert!(fits("x::a", &words("a c"), false) && !fits("x::a", &words("a c"), true));
        assert!(fits("a", &[], true));
    }
}

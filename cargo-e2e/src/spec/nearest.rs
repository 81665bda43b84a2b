//! Did you mean …?

/// Returns the candidate that was most likely meant, or `None` when nothing is near.
///
/// Case, `-` and `_` don't count as differences. A typo of one character in three is near, and so
/// is a word that begins or contains the other (`environment` for `env`, `command` for
/// `test_command`; the first candidate wins).
pub(crate) fn nearest<'c>(
    typed: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    const SHORTEST_PART: usize = 3;
    // No candidate is that long, and the distance takes time with the length of both.
    const LONGEST: usize = 200;
    if typed.len() > LONGEST {
        return None;
    }
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let plain = |word: &str| -> String {
        let letters = word.chars().filter(|c| !matches!(c, '-' | '_' | ' '));
        letters.flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(typed);
    let typos = candidates.iter().filter_map(|candidate| {
        let known = plain(candidate);
        let distance = strsim::damerau_levenshtein(&wanted, &known);
        let allowed = wanted.chars().count().max(known.chars().count()) / 3;
        (distance <= allowed).then_some((distance, *candidate))
    });
    let nearest = typos.min_by_key(|(distance, _)| *distance);
    nearest.map(|(_, candidate)| candidate).or_else(|| {
        let part = |candidate: &&&str| {
            let known = plain(candidate);
            wanted.len().min(known.len()) >= SHORTEST_PART
                && (wanted.starts_with(&known) || known.contains(&wanted))
        };
        candidates.iter().find(part).copied()
    })
}

/// Returns a help that names what was most likely meant.
pub(crate) fn did_you_mean<'c>(
    typed: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    nearest(typed, candidates).map(|meant| format!("did you mean `{meant}`?"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        let keys = [
            "name",
            "health_checks",
            "test_command",
            "setup_command",
            "env",
            "env_files",
            "url",
            "tcp",
        ];
        for (typed, meant) in [
            ("healthcheks", Some("health_checks")),
            ("healthChecks", Some("health_checks")),
            ("health-check", Some("health_checks")),
            ("env_file", Some("env_files")),
            ("environment", Some("env")),
            ("command", Some("test_command")),
            ("nmae", Some("name")),
            ("uri", Some("url")),
            ("version", None),
            ("x", None),
            ("", None),
            ("<<", None),
        ] {
            assert_eq!(nearest(typed, keys), meant, "{typed}");
        }
    }
}

//! What to do about an env file that is not there: it is ignored by git, and made of an example.

use crate::text::LazyRegex;
use std::path::Path;

const EXAMPLES: [&str; 6] = [
    ".example",
    ".sample",
    ".dist",
    ".template",
    "-example",
    ".default",
];

/// Returns what to do where Compose misses an env file; `folder` is the repo's where Compose ran, and
/// `root` is the repo here.
pub fn help(said: &str, folder: &str, root: &Path) -> Option<String> {
    static MISSING: LazyRegex =
        LazyRegex::new(r"(?:env file (\S+) not found|find env file: (\S+))");
    let found = MISSING.captures(said)?;
    let path = found.get(1).or_else(|| found.get(2))?.as_str();
    // What a host said has lost its folder already.
    let file = path
        .strip_prefix(folder)
        .map_or(path, |rest| rest.trim_start_matches('/'));
    if file.starts_with('/') {
        return None;
    }
    let mut examples = EXAMPLES.iter().map(|end| format!("{file}{end}"));
    let make = match examples.find(|example| root.join(example).is_file()) {
        Some(example) => format!("cp {example} {file}"),
        None => format!("write {file}"),
    };
    Some(format!(
        "{make}; it is sent to the host although git ignores it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_beside_it_is_named() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join(".env.example"), "").unwrap();
        let help = |said: &str| help(said, "/box/repo", root.path()).unwrap_or_default();
        assert!(
            help("env file /box/repo/.env not found: stat …").starts_with("cp .env.example .env")
        );
        assert!(help("couldn't find env file: /box/repo/a/.env").starts_with("write a/.env"));
        assert_eq!(help("env file /elsewhere/.env not found"), "");
        assert_eq!(help("no such service"), "");
    }
}

//! The names that an ssh config gives to hosts: for help and for completions. ssh itself reads the
//! config when it connects.

use std::path::{Path, PathBuf};

use super::kind::ssh_config;

/// Files that include each other are followed this far, as ssh does.
const DEEPEST: usize = 16;
/// Nobody writes a longer config.
const LARGEST: u64 = 1 << 20;

/// Returns the names of the user's ssh config, or of the file of `CARGO_E2E_SSH_CONFIG`; without
/// patterns, in the order written.
pub fn named_hosts() -> Vec<String> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let folder = home.unwrap_or_default().join(".ssh");
    let file = ssh_config().unwrap_or_else(|| folder.join("config"));
    let mut names = Vec::new();
    read(&file, &folder, DEEPEST, &mut names);
    names
}

fn read(file: &Path, folder: &Path, depth: usize, names: &mut Vec<String>) {
    let small = file
        .metadata()
        .is_ok_and(|it| it.is_file() && it.len() <= LARGEST);
    let Some(text) = small.then(|| std::fs::read_to_string(file).ok()).flatten() else {
        return;
    };
    for line in text.lines() {
        let line = line.trim();
        let Some((key, rest)) = line.split_once([' ', '\t', '=']) else {
            continue;
        };
        let values = rest.split_whitespace().filter(|word| *word != "=");
        let values = values.map(|word| word.trim_matches('"'));
        if key.eq_ignore_ascii_case("host") {
            for name in values.filter(|name| !name.contains(['*', '?', '!'])) {
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        } else if key.eq_ignore_ascii_case("include") && depth > 0 {
            for pattern in values {
                let pattern = match (pattern.strip_prefix("~/"), folder.parent()) {
                    (Some(inside), Some(home)) => home.join(inside),
                    _ => folder.join(pattern),
                };
                let found = glob::glob(&pattern.to_string_lossy());
                for file in found.into_iter().flatten().flatten() {
                    read(&file, folder, depth - 1, names);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_without_patterns_also_of_included_files() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join(".ssh");
        std::fs::create_dir(&folder).expect("writable");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.join(name), text).expect("writable");
        };
        write(
            "config",
            "# Host no\nHost one \"two\" *.lan !bad\n  User x\nhost=three\nInclude more/* config ~/other\n",
        );
        std::fs::create_dir(folder.join("more")).expect("writable");
        write("more/a", "Host four one\n");
        write("../other", "Host five\n");
        let mut names = Vec::new();
        read(&folder.join("config"), &folder, DEEPEST, &mut names);
        assert_eq!(names, ["one", "two", "three", "four", "five"]);
    }
}

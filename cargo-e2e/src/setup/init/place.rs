//! Where a script is: the folder that it lies in, the one where it is run, and the root of the checkout.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::recipe::{ROOT, join};
use crate::text::LazyRegex;

/// Fills in what a script knows of its place: the folder that it lies in, the one where it is run, and
/// the root of the checkout.
pub(super) fn placed(script: &str, own_folder: &str) -> String {
    static OWN: LazyLock<Regex> = LazyLock::new(|| {
        const FILE: &str = r#""?\$(?:0|\{0\}|\{?BASH_SOURCE(?:\[0\])?\}?)"?"#;
        let folder = format!(
            r"\$\(\s*dirname\s+(?:--\s+)?{FILE}\s*\)|\$\{{(?:0|BASH_SOURCE(?:\[0\])?)%/\*\}}"
        );
        let entered = r#"\$\(\s*cd\s+(?:-P\s+)?(?:--\s+)?"?(?:{})"?([^"()\s&;>]*)"?[^()]*?(?:&&|;)\s*pwd(?:\s+-P)?\s*\)"#;
        Regex::new(&format!("{}|{folder}", entered.replace("{}", &folder)))
            .expect("a literal pattern")
    });
    static CHECKOUT: LazyRegex = LazyRegex::new(
        r"\$\(\s*git rev-parse --show-toplevel\s*\)|\$\{\{\s*github\.workspace\s*\}\}|\$\{?(?:GITHUB_WORKSPACE|CI_PROJECT_DIR)\b\}?",
    );
    static HERE: LazyRegex = LazyRegex::new(r"\$\(\s*pwd\s*\)|\$\{PWD\}|\$PWD\b");
    if !script.contains('$') {
        return script.to_owned();
    }
    let own = OWN.replace_all(script, |found: &Captures<'_>| {
        let below = found.get(1).map_or("", |below| below.as_str());
        format!("{ROOT}/{own_folder}{below}")
    });
    let checkout = CHECKOUT.replace_all(&own, ROOT);
    HERE.replace_all(&checkout, ".").into_owned()
}

/// Where a script is, while its commands are read.
pub(super) struct Place {
    pub(super) folder: String,
    /// Where it was before, the last at the end; each with whether `)` leads back there.
    before: Vec<(String, bool)>,
}

impl Place {
    pub(super) fn new(folder: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            before: Vec::new(),
        }
    }

    /// Follows a command that only changes the place; says whether it was one.
    pub(super) fn moves(&mut self, words: &[String]) -> bool {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["("] => self.before.push((self.folder.clone(), true)),
            [")"] => {
                if let Some(at) = self.before.iter().rposition(|(_, outside)| *outside) {
                    self.folder = self.before.swap_remove(at).0;
                    self.before.truncate(at);
                }
            }
            ["popd"] | ["cd", "-"] => {
                if self.before.last().is_some_and(|(_, outside)| !outside)
                    && let Some((folder, _)) = self.before.pop()
                {
                    self.folder = folder;
                }
            }
            ["cd" | "pushd", to] => {
                let variable = to.strip_prefix('$');
                let variable = variable.map(|name| name.split_once('/').unwrap_or((name, "")));
                let to = match variable {
                    Some((name, below)) if is_constant(name.trim_matches(['{', '}'])) => {
                        // The repo's own root, most likely.
                        join("", below)
                    }
                    // Found by a command, as the root is.
                    _ if to.contains("$(") => String::new(),
                    _ => join(&self.folder, to),
                };
                // A way out of the repo is one that this copy of it does not take.
                if !to.starts_with("..") {
                    self.before
                        .push((std::mem::replace(&mut self.folder, to), false));
                }
            }
            _ => return false,
        }
        true
    }
}

/// `DATABASE_URL`
pub(super) fn is_constant(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_knows_its_place() {
        for (script, filled) in [
            ("cd \"$(dirname \"$0\")/..\"", "cd \"@root@/ci/..\""),
            (
                "D=\"$(cd \"$(dirname \"${BASH_SOURCE[0]}\")/x\" >/dev/null 2>&1 && pwd)\"",
                "D=\"@root@/ci/x\"",
            ),
            ("cd ${0%/*}", "cd @root@/ci"),
            ("cd $(git rev-parse --show-toplevel)", "cd @root@"),
            ("-f ${{ github.workspace }}/x.yml", "-f @root@/x.yml"),
            ("$PWD/a.sh $PWDX", "./a.sh $PWDX"),
        ] {
            assert_eq!(placed(script, "ci"), filled);
        }
    }
}

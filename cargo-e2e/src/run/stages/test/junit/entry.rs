//! An entry of `junit` in e2e.yml: which files it names.

use glob::{MatchOptions, Pattern};

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// A path or a glob.
pub(super) struct Entry {
    /// As e2e.yml has it.
    pub(super) written: String,
    /// Without what stands for nothing in a path.
    path: String,
    glob: Option<Pattern>,
}

impl Entry {
    pub(super) fn new(written: &str) -> Self {
        let parts = written.split('/').filter(|part| !matches!(*part, "" | "."));
        let path = parts.collect::<Vec<_>>().join("/");
        let is_glob = path.contains(['*', '?', '[']);
        // e2e.yml has none that is wrong.
        let glob = Pattern::new(&path).ok().filter(|_| is_glob);
        Self {
            written: written.to_owned(),
            path,
            glob,
        }
    }

    /// Returns the only file that it names; none of a glob.
    pub(super) fn file(&self) -> Option<&str> {
        self.glob.is_none().then_some(self.path.as_str())
    }

    /// Returns whether a path is one that it names.
    pub(super) fn fits(&self, path: &str) -> bool {
        match &self.glob {
            Some(glob) => glob.matches_with(path, OPTIONS),
            None => path == self.path,
        }
    }

    /// Returns the folder in which all that a glob names must be, as a path that begins with `.`.
    pub(super) fn folder(&self) -> String {
        let parts = self.path.split('/');
        let sure = parts.take_while(|part| !part.contains(['*', '?', '[']));
        std::iter::once(".")
            .chain(sure)
            .collect::<Vec<_>>()
            .join("/")
    }

    /// Returns a pattern of `find -path`, whose `*` takes slashes too: it fits all that the glob
    /// names, and more.
    pub(super) fn rough(&self) -> String {
        let path = self.path.replace('\\', "\\\\").replace("**/", "*");
        format!("./{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_names_what_a_shell_with_globstar_would() {
        let entry = Entry::new("./reports//**/j*.xml");
        assert_eq!(entry.file(), None);
        assert_eq!(
            (entry.folder(), entry.rough()),
            ("./reports".into(), "./reports/*j*.xml".into())
        );
        for (path, fits) in [
            ("reports/junit.xml", true),
            ("reports/a/b/j.xml", true),
            ("reports/junit/out.xml", false),
            ("other/junit.xml", false),
        ] {
            assert_eq!(entry.fits(path), fits, "{path}");
        }
        assert!(!Entry::new("out/*.xml").fits("out/a/b.xml"));
        assert_eq!(Entry::new("*/out.xml").folder(), ".");
        assert_eq!(Entry::new("./out.xml").file(), Some("out.xml"));
    }
}

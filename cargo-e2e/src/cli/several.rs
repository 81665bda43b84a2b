//! What came of the repos of one command: each with its exit code, of which the worst counts.

use std::fmt::Write as _;

use crate::record::outcome::exit_codes;

/// The repos of one command that have ended, or never began.
#[derive(Debug, Default)]
pub(super) struct Several {
    /// The exit code of the command.
    pub(super) worst: u8,
    /// The e2e.yml of each, and the exit code of what ran.
    each: Vec<(String, Option<u8>)>,
}

impl Several {
    /// Adds one, with what it does to the exit code.
    pub(super) fn add(&mut self, spec: String, ended: Option<u8>, code: u8) {
        self.each.push((spec, ended));
        self.worst = self.worst.max(code);
    }

    /// Returns a line for each, where there are several; when it should be `quiet`, only where not
    /// all passed.
    pub(super) fn summary(&self, quiet: bool) -> Option<String> {
        if self.each.len() < 2 || (quiet && self.worst == 0) {
            return None;
        }
        let passed = self.each.iter().filter(|one| one.1 == Some(0)).count();
        let mut text = format!("{:>12} {passed} of {} passed", "Summary", self.each.len());
        for (spec, ended) in &self.each {
            let _ = match ended {
                Some(code) => write!(text, "\n{:13}{code:>3} {}: {spec}", "", word(*code)),
                None => write!(text, "\n{:13}  - not run: {spec}", ""),
            };
        }
        Some(text)
    }
}

/// The verdicts that end with a code.
fn word(code: u8) -> String {
    let code = code.to_string();
    let of_signal = || vec!["interrupted"];
    let row = exit_codes().into_iter().find(|row| row.0 == code);
    match row.map_or_else(of_signal, |row| row.1) {
        names if names.is_empty() => "usage".to_owned(),
        names => names.join(" or "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts_and_each_has_its_line() {
        let mut several = Several::default();
        several.add("e2e/e2e.yml".into(), Some(0), 0);
        assert_eq!(several.summary(false), None);
        several.add("e2e/slow.yml".into(), Some(0), 0);
        assert_eq!(several.summary(true), None);
        several.add("e2e/ui.yml".into(), Some(100), 100);
        several.add("e2e/up.yml".into(), Some(130), 130);
        several.add("e2e/x.yml".into(), None, 130);
        let expected = "     Summary 2 of 5 passed
               0 passed: e2e/e2e.yml
               0 passed: e2e/slow.yml
             100 failed or timed_out: e2e/ui.yml
             130 interrupted: e2e/up.yml
               - not run: e2e/x.yml";
        assert_eq!(several.summary(true).as_deref(), Some(expected));
        assert_eq!(several.worst, 130);
    }
}

//! The health checks of `ready`, each with its mark and its last answer.

use crate::record::outcome::{HealthRecord, HealthStatus};
use crate::record::summary::first_line;
use crate::report::output::Row;
use crate::text::{clip, printable};

/// Between two that share a line.
pub(super) const GAP: &str = "   ";
/// Characters of an answer: the last screen has all of it.
const ANSWER: usize = 40;

#[derive(Default)]
pub(super) struct Checks {
    all: Vec<Check>,
    /// What the service of one that fails said last.
    said: String,
}

struct Check {
    name: String,
    passed: bool,
    answer: String,
}

impl Checks {
    pub(super) fn of(names: &[String]) -> Self {
        let check = |name: &String| Check {
            name: name.clone(),
            passed: false,
            answer: String::new(),
        };
        Self {
            all: names.iter().map(check).collect(),
            said: String::new(),
        }
    }

    /// Returns those of a record.
    pub(super) fn recorded(records: &[HealthRecord]) -> Self {
        let check = |one: &HealthRecord| {
            let passed = one.status == HealthStatus::Passed;
            // One that passed keeps what it said before.
            let answer = one.last_error.as_deref().filter(|_| !passed);
            Check {
                name: one.name.clone(),
                passed,
                answer: printable(answer.unwrap_or_default()),
            }
        };
        Self {
            all: records.iter().map(check).collect(),
            said: String::new(),
        }
    }

    pub(super) fn answer(&mut self, name: &str, passed: bool, answer: &str) {
        if !self.all.iter().any(|one| one.name == name) {
            self.all.extend(Self::of(&[name.to_owned()]).all);
        }
        if let Some(check) = self.all.iter_mut().find(|one| one.name == name) {
            check.passed = passed;
            answer.clone_into(&mut check.answer);
        }
    }

    pub(super) fn says(&mut self, line: &str) {
        line.clone_into(&mut self.said);
    }

    /// Returns how many have passed, and the lines below.
    pub(super) fn shown(&self) -> (String, Vec<Row>) {
        if self.all.is_empty() {
            return ("containers".to_owned(), Vec::new());
        }
        let passed = self.all.iter().filter(|one| one.passed).count();
        let all = self.all.len();
        let checks = if all == 1 { "check" } else { "checks" };
        let mut rows = vec![Row::of(self.marks())];
        if passed < all && !self.said.is_empty() {
            rows.push(Row::of(self.said.clone()));
        }
        (format!("{passed} of {all} {checks}"), rows)
    }

    /// Returns all of them in a line: `✓ web  200   ✗ api  404   … queue  refused`.
    pub(super) fn marks(&self) -> String {
        let marked = |one: &Check| {
            let answer = first_line(&one.answer);
            let mark = match answer {
                _ if one.passed => '✓',
                // Nobody has answered.
                "" => '…',
                answer if !is_answer(answer) => '…',
                _ => '✗',
            };
            let answer = match answer.strip_prefix("HTTP ") {
                Some(status) if one.passed => status,
                _ if one.passed => "",
                _ => answer,
            };
            let line = format!("{mark} {}  {}", one.name, clip(answer, ANSWER));
            line.trim_end().to_owned()
        };
        self.all.iter().map(marked).collect::<Vec<_>>().join(GAP)
    }
}

/// Returns whether the service itself has answered, though not as wanted.
fn is_answer(answer: &str) -> bool {
    ["HTTP", "exit status", "NOT_SERVING", "UNKNOWN"]
        .iter()
        .any(|begin| answer.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_checks_are_shown_each_with_its_mark() {
        let names = ["web", "api", "queue", "db"].map(str::to_owned);
        let mut checks = Checks::of(&names);
        checks.answer("web", false, "HTTP 503");
        checks.answer("web", true, "HTTP 200");
        checks.answer("api", false, "HTTP 404: no such page\nat all");
        checks.answer("queue", false, "connection refused");
        checks.says("api says: loading module 8 of 20");
        let (words, rows) = checks.shown();
        let rows: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!(words, "1 of 4 checks");
        assert_eq!(
            rows,
            [
                "✓ web  200   ✗ api  HTTP 404: no such page   … queue  connection refused   … db",
                "api says: loading module 8 of 20"
            ]
        );
        assert_eq!(Checks::of(&[]).shown().0, "containers");
    }
}

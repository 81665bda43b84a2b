//! What came of injections, and the table of it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use e2e_tests::Host;

/// What came of one injection.
pub(super) struct Seen {
    pub(super) fault: &'static str,
    pub(super) at: String,
    pub(super) clean: Duration,
    pub(super) wrong: Vec<Wrong>,
    pub(super) run_id: String,
    pub(super) host: Host,
}

/// What must not have come of it.
pub(super) enum Wrong {
    /// This was left.
    Leaked(String),
    /// Its end is not recorded once, or not as it was.
    Record(String),
    /// The row came to no end: nothing is known of its run.
    Row,
}

impl Seen {
    fn leaked(&self) -> bool {
        let leaked = |what: &Wrong| matches!(what, Wrong::Leaked(_));
        self.wrong.iter().any(leaked)
    }

    fn recorded(&self) -> bool {
        let leaked = |what: &Wrong| matches!(what, Wrong::Leaked(_));
        self.wrong.iter().all(leaked)
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, {} ({}):", self.fault, self.at, self.run_id)?;
        for wrong in &self.wrong {
            match wrong {
                Wrong::Leaked(what) => writeln!(f, "left: {what}")?,
                Wrong::Record(what) => writeln!(f, "no record: {what}")?,
                Wrong::Row => writeln!(f, "the row itself failed")?,
            }
        }
        Ok(())
    }
}

/// A line for each fault; runs are counted, not what is wrong with them.
pub(super) fn table(seen: &[Seen]) -> String {
    let mut faults: BTreeMap<(u32, &str), Vec<&Seen>> = BTreeMap::new();
    for one in seen {
        // Names begin with the number that the fault has in the matrix.
        let number = one.fault.split([' ', ',']).next().unwrap_or_default();
        let key = (number.parse().unwrap_or_default(), one.fault);
        faults.entry(key).or_default().push(one);
    }
    let mut table =
        "| fault | times | leaked | slowest to clean | recorded |\n|---|---|---|---|---|\n"
            .to_owned();
    for ((_, fault), all) in faults {
        let slowest = all.iter().map(|one| one.clean).max().unwrap_or_default();
        let _ = writeln!(
            table,
            "| {fault} | {times} | {} | {:.1} s | {} of {times} |",
            all.iter().filter(|one| one.leaked()).count(),
            slowest.as_secs_f64(),
            all.iter().filter(|one| one.recorded()).count(),
            times = all.len(),
        );
    }
    table
}

#[test]
fn runs_are_counted_and_not_what_is_wrong_with_them() {
    let seen = |wrong| Seen {
        fault: "5 SIGKILL",
        at: "up".to_owned(),
        clean: Duration::from_millis(1500),
        wrong,
        run_id: "01".to_owned(),
        host: Host::Local,
    };
    let text = |what: &str| what.to_owned();
    let all = [
        seen(vec![]),
        seen(vec![Wrong::Record(text("one")), Wrong::Record(text("two"))]),
        seen(vec![Wrong::Leaked(text("a")), Wrong::Leaked(text("b"))]),
        seen(vec![Wrong::Row]),
    ];
    let table = table(&all);
    assert!(
        table.ends_with("| 5 SIGKILL | 4 | 1 | 1.5 s | 2 of 4 |\n"),
        "{table}"
    );
    // One that is wrong alone, and twice.
    let lost = self::table(&all[1..2]);
    assert!(
        lost.ends_with("| 5 SIGKILL | 1 | 0 | 1.5 s | 0 of 1 |\n"),
        "{lost}"
    );
    assert_eq!(
        all[1].to_string(),
        "5 SIGKILL, up (01):\nno record: one\nno record: two\n"
    );
}

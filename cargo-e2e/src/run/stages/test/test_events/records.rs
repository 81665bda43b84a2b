//! The lines of an events file as the record's tests.

use std::collections::HashMap;

use e2e_harness::protocol::record::{Entry, Status};
use jiff::Timestamp;

use crate::record::outcome::{StageStatus, StepRecord, TestRecord, millis};

/// One test, as far as it is told.
struct Telling {
    record: TestRecord,
    began: Option<Timestamp>,
    ended: bool,
    /// Steps that have begun and not ended, innermost last, by their place in the record.
    open: Vec<usize>,
}

/// A test, and where it has no end, when it began by the clock where it ran.
pub(super) type Told = (TestRecord, Option<Timestamp>);

/// Gives tests without an end the time until all were ended.
pub(super) fn until(told: Vec<Told>, end: Timestamp) -> Vec<TestRecord> {
    let ended = |(mut record, began): Told| {
        let took = began.map(|began| end.duration_since(began).try_into());
        if let Some(Ok(took)) = took {
            record.duration_ms = millis(took);
        }
        record
    };
    told.into_iter().map(ended).collect()
}

/// The lines with the names of the record's tests.
pub(super) fn named(text: &[u8], prefix: &str) -> Vec<u8> {
    if prefix.is_empty() {
        return text.to_vec();
    }
    let mut all = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let Ok(mut entry) = serde_json::from_slice::<Entry>(line) else {
            all.extend(line);
            continue;
        };
        let (Entry::TestStarted { test, .. }
        | Entry::StepStarted { test, .. }
        | Entry::StepEnded { test, .. }
        | Entry::TestEnded { test, .. }) = &mut entry;
        test.insert_str(0, prefix);
        // What was read can be written.
        all.extend(serde_json::to_vec(&entry).unwrap_or_default());
        all.push(b'\n');
    }
    all
}

/// Reads the lines; what is none, such as a torn last one, is passed over.
pub(super) fn read(text: &[u8], prefix: &str, cut: bool) -> Vec<Told> {
    let mut tests: Vec<Telling> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        let Ok(entry) = serde_json::from_slice::<Entry>(line) else {
            continue;
        };
        let (Entry::TestStarted { test: name, .. }
        | Entry::StepStarted { test: name, .. }
        | Entry::StepEnded { test: name, .. }
        | Entry::TestEnded { test: name, .. }) = &entry;
        let place = *places.entry(name.clone()).or_insert_with(|| {
            tests.push(Telling::new(format!("{prefix}{name}")));
            tests.len() - 1
        });
        tests[place].take(entry);
    }
    tests.into_iter().map(|test| test.finish(cut)).collect()
}

impl Telling {
    fn new(name: String) -> Self {
        Self {
            record: TestRecord {
                name,
                status: StageStatus::Failed,
                duration_ms: 0,
                message: None,
                steps: Vec::new(),
            },
            began: None,
            ended: false,
            open: Vec::new(),
        }
    }

    fn take(&mut self, entry: Entry) {
        match entry {
            // Another try: the last one counts.
            Entry::TestStarted { at, .. } => {
                *self = Self::new(std::mem::take(&mut self.record.name));
                self.began = at.parse().ok();
            }
            Entry::StepStarted { step, depth, .. } => {
                self.open.push(self.record.steps.len());
                self.record.steps.push(StepRecord {
                    name: step,
                    status: StageStatus::Failed,
                    duration_ms: 0,
                    depth,
                });
            }
            Entry::StepEnded {
                step,
                depth,
                status,
                duration_ms,
                ..
            } => {
                let steps = &mut self.record.steps;
                let it = |place: &usize| steps[*place].name == step && steps[*place].depth == depth;
                if let Some(at) = self.open.iter().rposition(it) {
                    let place = self.open.remove(at);
                    steps[place].status = ended(status);
                    steps[place].duration_ms = duration_ms;
                }
            }
            Entry::TestEnded {
                status,
                duration_ms,
                message,
                ..
            } => {
                self.record.status = ended(status);
                self.record.duration_ms = duration_ms;
                self.record.message = message;
                self.ended = true;
            }
        }
    }

    fn finish(mut self, cut: bool) -> Told {
        if !self.ended {
            let status = if cut {
                StageStatus::Interrupted
            } else {
                StageStatus::Failed
            };
            self.record.status = status;
            self.record.message = Some(TestRecord::NO_END.to_owned());
            for place in self.open {
                self.record.steps[place].status = status;
            }
        }
        (self.record, self.began.filter(|_| !self.ended))
    }
}

fn ended(status: Status) -> StageStatus {
    match status {
        Status::Passed => StageStatus::Passed,
        Status::Failed => StageStatus::Failed,
        Status::Ignored => StageStatus::Skipped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-01-01T00:00:00Z";

    fn started(test: &str, attempt: u32) -> Entry {
        Entry::TestStarted {
            test: test.into(),
            attempt,
            at: AT.into(),
        }
    }

    fn over(test: &str, attempt: u32, status: Status) -> Entry {
        Entry::TestEnded {
            test: test.into(),
            attempt,
            status,
            duration_ms: 7,
            message: (status != Status::Passed).then(|| "why".into()),
            at: AT.into(),
        }
    }

    fn step(test: &str, step: &str, depth: u32) -> Entry {
        Entry::StepStarted {
            test: test.into(),
            step: step.into(),
            depth,
            at: AT.into(),
        }
    }

    fn step_over(test: &str, step: &str, depth: u32) -> Entry {
        Entry::StepEnded {
            test: test.into(),
            step: step.into(),
            depth,
            status: Status::Passed,
            duration_ms: 3,
            message: None,
        }
    }

    fn text(entries: &[Entry]) -> Vec<u8> {
        let lines = entries
            .iter()
            .map(|entry| serde_json::to_string(entry).expect("JSON"));
        lines
            .flat_map(|line| line.into_bytes().into_iter().chain(*b"\n"))
            .collect()
    }

    #[test]
    fn lines_of_several_tests_may_mix_and_the_last_may_be_torn() {
        let mut told = text(&[
            started("a", 1),
            started("b", 1),
            step("a", "outer", 0),
            step("a", "inner", 1),
            over("b", 1, Status::Passed),
            step_over("a", "inner", 1),
        ]);
        told.extend(b"{\"event\":\"step_en");
        let end = "2026-01-01T00:00:09Z".parse().unwrap();
        let tests = until(read(&told, "e2e::", false), end);
        let took = tests.iter().map(|test| test.duration_ms);
        assert_eq!(took.collect::<Vec<_>>(), [9000, 7]);
        let statuses: Vec<_> = tests
            .iter()
            .map(|test| (test.name.as_str(), test.status))
            .collect();
        assert_eq!(
            statuses,
            [
                ("e2e::a", StageStatus::Failed),
                ("e2e::b", StageStatus::Passed)
            ]
        );
        assert_eq!(tests[0].message.as_deref(), Some(TestRecord::NO_END));
        let kept = named(&told, "e2e::");
        assert_eq!(until(read(&kept, "", false), end), tests);
        assert!(kept.ends_with(b"{\"event\":\"step_en"));
        let steps: Vec<_> = tests[0]
            .steps
            .iter()
            .map(|step| (step.depth, step.status))
            .collect();
        assert_eq!(steps, [(0, StageStatus::Failed), (1, StageStatus::Passed)]);
        assert_eq!(read(&told, "", true)[0].0.status, StageStatus::Interrupted);
    }

    #[test]
    fn the_last_try_of_a_test_counts() {
        let told = text(&[
            started("a", 1),
            step("a", "first", 0),
            over("a", 1, Status::Failed),
            started("a", 2),
            over("a", 2, Status::Passed),
        ]);
        let told = read(&told, "", false);
        let [(test, None)] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert_eq!((test.status, test.steps.len()), (StageStatus::Passed, 0));
        assert_eq!(test.message, None);
    }

    #[test]
    fn ignored_tests_did_not_run() {
        let told = read(&text(&[over("a", 1, Status::Ignored)]), "", false);
        let tests = until(told, Timestamp::now());
        assert_eq!(tests[0].message.as_deref(), Some("why"));
        assert_eq!(tests[0].status, StageStatus::Skipped);
    }
}

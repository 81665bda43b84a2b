//! Converts the lines of an events file into tests of the record.

use std::collections::HashMap;

use e2e_harness::protocol::record::{Entry, Status};
use jiff::Timestamp;

use crate::record::outcome::{AttemptRecord, StageStatus, StepRecord, TestRecord, millis};

/// Everything recorded under one name: several tests may have it, with several attempts each.
struct Named {
    name: String,
    /// Each test by its last attempt, in the order of their begins.
    tests: Vec<Attempt>,
}

/// One attempt at a test, as far as it is recorded.
struct Attempt {
    number: u32,
    record: TestRecord,
    /// Attempts before it.
    earlier: Vec<AttemptRecord>,
    began: Option<Timestamp>,
    ended: bool,
    /// Indices of the unfinished steps, the innermost last.
    open: Vec<usize>,
}

/// A test, and its begin by the clock where it ran, where it has no end.
pub(super) type ReadTest = (TestRecord, Option<Timestamp>);

/// Ends tests without an end at the time when all were stopped.
pub(super) fn end_at(tests: Vec<ReadTest>, end: Timestamp) -> Vec<TestRecord> {
    let ended = |(mut record, began): ReadTest| {
        let took = began.map(|began| end.duration_since(began).try_into());
        if let Some(Ok(took)) = took {
            record.duration_ms = millis(took);
        }
        record
    };
    tests.into_iter().map(ended).collect()
}

/// Returns the lines with the record's names of the tests.
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
        // An event that was read can be written.
        all.extend(serde_json::to_vec(&entry).unwrap_or_default());
        all.push(b'\n');
    }
    all
}

/// Reads the lines; skips any that is no event, such as a torn last one.
pub(super) fn read(text: &[u8], prefix: &str, cut: bool) -> Vec<ReadTest> {
    let mut all: Vec<Named> = Vec::new();
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
            all.push(Named {
                name: format!("{prefix}{name}"),
                tests: Vec::new(),
            });
            all.len() - 1
        });
        all[place].take(entry);
    }
    all.into_iter().map(|named| named.finish(cut)).collect()
}

impl Named {
    fn take(&mut self, entry: Entry) {
        match entry {
            Entry::TestStarted { attempt, at, .. } => {
                let mut begun = Attempt::new(&self.name, attempt);
                begun.began = at.parse().ok();
                begun.record.started_at = begun.began.map(|at| at.to_string());
                match self.repeated(attempt) {
                    Some(place) => {
                        begun.earlier = self.tests[place].so_far();
                        self.tests[place] = begun;
                    }
                    None => self.tests.push(begun),
                }
            }
            Entry::StepStarted { step, depth, .. } => self.latest().begin_step(step, depth),
            Entry::StepEnded {
                step,
                depth,
                status,
                duration_ms,
                ..
            } => self.latest().end_step(&step, depth, status, duration_ms),
            Entry::TestEnded {
                attempt,
                status,
                duration_ms,
                message,
                ..
            } => {
                let place = self.ending(attempt);
                self.tests[place].end(status, duration_ms, message);
            }
        }
    }

    /// Returns the test that this attempt retries: one that did not pass before. Without one, this
    /// is another test of the same name.
    fn repeated(&self, attempt: u32) -> Option<usize> {
        let failed = |it: &Attempt| !it.ended || it.record.status == StageStatus::Failed;
        let places = 0..self.tests.len();
        places
            .filter(|at| self.tests[*at].number < attempt && failed(&self.tests[*at]))
            // Of equally close ones, the first.
            .rev()
            .max_by_key(|at| (self.tests[*at].ended, self.tests[*at].number))
    }

    /// Returns the attempt that ends here: the first without an end. Without one, the event belongs
    /// to an attempt that has ended, such as of a process that died after its test passed.
    fn ending(&mut self, attempt: u32) -> usize {
        let is_it = |it: &Attempt| it.number == attempt;
        let open = self.tests.iter().position(|it| is_it(it) && !it.ended);
        let place = open.or_else(|| self.tests.iter().rposition(is_it));
        place.unwrap_or_else(|| {
            self.tests.push(Attempt::new(&self.name, attempt));
            self.tests.len() - 1
        })
    }

    /// Returns the attempt that began last, because steps don't name theirs.
    fn latest(&mut self) -> &mut Attempt {
        if self.tests.is_empty() {
            self.tests.push(Attempt::new(&self.name, 1));
        }
        let last = self.tests.len() - 1;
        &mut self.tests[last]
    }

    /// Returns the worst of the tests of this name, the last of equally bad ones.
    fn finish(self, cut: bool) -> ReadTest {
        let finished = self.tests.into_iter().map(|test| test.finish(cut));
        let worst = finished.max_by_key(|(record, _)| badness(record.status));
        // A name exists only with a first line.
        worst.unwrap_or_else(|| Attempt::new(&self.name, 1).finish(cut))
    }
}

impl Attempt {
    fn new(name: &str, number: u32) -> Self {
        Self {
            number,
            record: TestRecord::new(name, StageStatus::Failed),
            earlier: Vec::new(),
            began: None,
            ended: false,
            open: Vec::new(),
        }
    }

    /// Returns the attempts up to this one, which another one follows.
    fn so_far(&self) -> Vec<AttemptRecord> {
        let mut all = self.earlier.clone();
        let mut last = self.record.attempt();
        if !self.ended {
            last.message = Some(TestRecord::NO_END.to_owned());
        }
        all.push(last);
        all
    }

    fn begin_step(&mut self, step: String, depth: u32) {
        self.open.push(self.record.steps.len());
        self.record.steps.push(StepRecord {
            name: step,
            status: StageStatus::Failed,
            duration_ms: 0,
            depth,
        });
    }

    fn end_step(&mut self, step: &str, depth: u32, status: Status, duration_ms: u64) {
        let steps = &mut self.record.steps;
        let it = |place: &usize| steps[*place].name == step && steps[*place].depth == depth;
        if let Some(at) = self.open.iter().rposition(it) {
            let place = self.open.remove(at);
            steps[place].status = ended(status);
            steps[place].duration_ms = duration_ms;
        }
    }

    fn end(&mut self, status: Status, duration_ms: u64, message: Option<String>) {
        let status = ended(status);
        if self.ended && badness(status) < badness(self.record.status) {
            return;
        }
        self.record.status = status;
        self.record.duration_ms = duration_ms;
        self.record.message = message;
        self.ended = true;
    }

    fn finish(mut self, cut: bool) -> ReadTest {
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
        self.record.retries(self.earlier);
        (self.record, self.began.filter(|_| !self.ended))
    }
}

/// Ranks statuses: worse is greater.
fn badness(status: StageStatus) -> u8 {
    match status {
        StageStatus::Skipped => 0,
        StageStatus::Passed => 1,
        StageStatus::Interrupted => 2,
        StageStatus::Failed => 3,
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
mod tests;

//! The requests of one try of a test, recorded as steps: method, path and status. Headers, query
//! strings and bodies are left out, because they carry credentials.
//!
//! What is repeated is recorded once, and then how often, so that a wait that asks for 30 s does
//! not fill a record.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::protocol::record::{Entry, Status};
use crate::recorder::{Recorder, milliseconds, now};

/// The most that is recorded of one try.
const MOST: usize = 200;

/// The requests of one try.
pub(crate) struct Exchanges {
    test: String,
    recorder: Recorder,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    recorded: usize,
    last: Option<Last>,
}

/// What was recorded last, and how often it came again since.
struct Last {
    what: String,
    depth: u32,
    status: Status,
    again: Option<Again>,
}

struct Again {
    times: u32,
    since: Instant,
    at: String,
}

/// A request under way, inside as many steps as its depth says. Dropped before an answer came, it
/// has none.
pub(crate) struct UnderWay<'a> {
    exchanges: &'a Exchanges,
    name: String,
    depth: u32,
    at: String,
    since: Instant,
    answer: Option<u16>,
}

impl UnderWay<'_> {
    /// The status of its answer.
    pub(crate) fn answered(mut self, status: u16) {
        self.answer = Some(status);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.exchanges.ended(self);
    }
}

impl Exchanges {
    pub(crate) fn of(test: &str, recorder: Recorder) -> Self {
        Self {
            test: test.to_owned(),
            recorder,
            state: Mutex::default(),
        }
    }

    /// Begins a request, such as `POST /orders`.
    pub(crate) fn begin(&self, name: String, depth: u32) -> UnderWay<'_> {
        UnderWay {
            exchanges: self,
            name,
            depth,
            at: now(),
            since: Instant::now(),
            answer: None,
        }
    }

    fn ended(&self, request: &UnderWay<'_>) {
        let UnderWay { name, at, .. } = request;
        let (depth, since) = (request.depth, request.since);
        let (what, status) = match request.answer {
            Some(code) => (format!("{name}: {code}"), Status::Passed),
            None => (format!("{name}: no answer"), Status::Failed),
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &mut state.last
            && (&last.what, last.depth) == (&what, depth)
        {
            let again = last.again.get_or_insert_with(|| Again {
                times: 0,
                since,
                at: at.clone(),
            });
            again.times += 1;
            return;
        }
        self.settle(&mut state);
        state.recorded += 1;
        match state.recorded {
            ..=MOST => self.write(&what, depth, status, at, since),
            number if number == MOST + 1 => {
                let what = format!("more than {MOST} requests: the others are not recorded");
                self.write(&what, depth, Status::Passed, at, since);
                return;
            }
            _ => return,
        }
        state.last = Some(Last {
            what,
            depth,
            status,
            again: None,
        });
    }

    /// Records how often the last request was repeated: something else comes next, or nothing.
    pub(crate) fn interrupt(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.settle(&mut state);
    }

    fn settle(&self, state: &mut State) {
        let Some(last) = state.last.take() else {
            return;
        };
        if let Some(again) = last.again {
            let what = match again.times {
                1 => format!("{}, once more", last.what),
                times => format!("{}, {times} more times", last.what),
            };
            self.write(&what, last.depth, last.status, &again.at, again.since);
        }
    }

    fn write(&self, step: &str, depth: u32, status: Status, at: &str, since: Instant) {
        // Both at once: before the end nobody knows the answer, which the name has.
        self.recorder.write(&Entry::StepStarted {
            test: self.test.clone(),
            step: step.to_owned(),
            depth,
            at: at.to_owned(),
        });
        self.recorder.write(&Entry::StepEnded {
            test: self.test.clone(),
            step: step.to_owned(),
            depth,
            status,
            duration_ms: milliseconds(since.elapsed()),
            message: None,
        });
    }
}

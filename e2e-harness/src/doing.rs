//! What a test is waiting for at the moment, for the message when its time is up.
//!
//! Kept beside the thread that polls the test, because waits know no sandbox: [`eventually`] is a
//! free function.
//!
//! [`eventually`]: crate::eventually

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

thread_local! {
    static HERE: RefCell<Option<Doing>> = const { RefCell::new(None) };
}

/// What one try of a test is waiting for. A clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Doing(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    waits: Vec<Arc<Mutex<Wait>>>,
    /// What it did last, when that was no wait.
    last: Option<String>,
}

struct Wait {
    what: String,
    since: Instant,
    status: Option<String>,
}

impl Doing {
    /// What waits on this thread from now on belongs to this try.
    pub(crate) fn install(&self) {
        HERE.set(Some(self.clone()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a clause for behind `timed out after 3 s`; empty when nothing is known.
    pub(crate) fn clause(&self) -> String {
        let state = self.state();
        let waits: Vec<String> = state.waits.iter().map(said).collect();
        match &state.last {
            _ if !waits.is_empty() => format!(", while {}", waits.join(", ")),
            Some(last) => format!("; the last thing before that: {last}"),
            None => String::new(),
        }
    }
}

fn said(wait: &Arc<Mutex<Wait>>) -> String {
    let wait = wait.lock().unwrap_or_else(PoisonError::into_inner);
    let seconds = wait.since.elapsed().as_secs_f64();
    let what = &wait.what;
    match &wait.status {
        Some(status) => format!("{what} ({seconds:.1} s, last status: {status})"),
        None => format!("{what} ({seconds:.1} s)"),
    }
}

/// A wait that goes on until this is dropped.
#[must_use = "the wait ends when it is dropped"]
pub(crate) struct Waiting {
    of: Option<Doing>,
    wait: Arc<Mutex<Wait>>,
}

impl Waiting {
    /// What the wait saw last.
    pub(crate) fn status(&self, status: &str) {
        let mut wait = self.wait.lock().unwrap_or_else(PoisonError::into_inner);
        wait.status = Some(status.to_owned());
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(doing) = &self.of {
            let mut state = doing.state();
            state.waits.retain(|wait| !Arc::ptr_eq(wait, &self.wait));
        }
    }
}

/// Begins a wait, such as `stopping service web`.
pub(crate) fn waiting(what: impl Into<String>) -> Waiting {
    let wait = Arc::new(Mutex::new(Wait {
        what: what.into(),
        since: Instant::now(),
        status: None,
    }));
    let of = HERE.with_borrow(Clone::clone);
    if let Some(doing) = &of {
        doing.state().waits.push(Arc::clone(&wait));
    }
    Waiting { of, wait }
}

/// Notes something that is no wait, or whose end can't be seen; `None` when it is past.
pub(crate) fn note(last: Option<String>) {
    if let Some(doing) = HERE.with_borrow(Clone::clone) {
        doing.state().last = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_said_before_what_was_last() {
        let doing = Doing::default();
        doing.install();
        assert_eq!(doing.clause(), "");
        note(Some("step `pay it`".to_owned()));
        assert_eq!(
            doing.clause(),
            "; the last thing before that: step `pay it`"
        );
        let outer = waiting("making fixture Account");
        let inner = waiting("waiting for `a row`");
        inner.status("0 rows");
        assert_eq!(
            doing.clause(),
            ", while making fixture Account (0.0 s), waiting for `a row` (0.0 s, last status: 0 rows)"
        );
        drop(outer);
        drop(inner);
        note(None);
        assert_eq!(doing.clause(), "");
    }
}

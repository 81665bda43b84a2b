//! A run of `cargo e2e` under way.

use std::time::Duration;

use rustix::process::Signal;

use crate::lab::Host;
use crate::leaks::Trace;
use crate::process::{Running, wait_for};
use crate::ran::Ran;
use crate::repo::{LIMIT, Repo};

/// A run under way.
#[derive(Debug)]
#[must_use = "it is ended when it is dropped"]
pub struct Started<'a> {
    pub(crate) repo: &'a Repo,
    pub(crate) running: Running,
    pub(crate) trace: Trace,
}

impl<'repo> Started<'repo> {
    /// Waits until it prints this.
    #[track_caller]
    pub fn prints(&mut self, text: &str) -> &mut Self {
        self.running.prints(text);
        self
    }

    /// Sends it a signal.
    pub fn signal(&mut self, signal: Signal) -> &mut Self {
        self.running.signal(signal);
        self
    }

    /// The process itself.
    pub fn process(&mut self) -> &mut Running {
        &mut self.running
    }

    /// Its id; it has been told by the time the first stage ended.
    #[track_caller]
    #[must_use]
    pub fn run_id(&mut self) -> String {
        self.prints("(run ");
        let newest = self.repo.newest_result();
        newest.expect("a run that was told of has a result")
    }

    /// Waits until containers of its repo are made that have not started.
    #[track_caller]
    pub fn makes_containers(&mut self, host: Host) -> &mut Self {
        let made = format!(
            "docker ps -aq --filter label=cargo-e2e.repo={} --filter status=created",
            self.repo.slug()
        );
        wait_for("a container", Duration::from_mins(1), || {
            !host.says(&made).trim().is_empty()
        });
        self
    }

    /// Waits for its end.
    #[track_caller]
    pub fn finish(self) -> Ran<'repo> {
        self.finish_within(LIMIT)
    }

    /// The same for one that takes longer than others.
    #[track_caller]
    pub fn finish_within(self, limit: Duration) -> Ran<'repo> {
        let ended = self.running.finish(limit);
        Ran::new(ended, self.trace, self.repo)
    }
}

//! The time that compiling has before the stack comes up, where arguments may select no test: what
//! is compiled already says so before anything is brought up.

use std::time::Duration;

use tokio::sync::watch;

use crate::plan::Plan;

/// Cargo finds out in less that nothing is to be compiled, also on a busy machine.
const LONGEST: Duration = Duration::from_secs(10);

/// Ends when the targets are known, or when Cargo begins to compile or waits for another one.
pub struct HeadStart {
    /// `Some(false)` when the stack is not to come up.
    over: watch::Sender<Option<bool>>,
}

impl HeadStart {
    /// Of a run's plan: without arguments, compiling has none.
    pub fn of(plan: &Plan) -> Self {
        let has_one = !plan.options.arguments.is_empty() && plan.tests.harness().is_some();
        Self {
            over: watch::Sender::new((!has_one).then_some(true)),
        }
    }

    /// Ends it, unless it is over.
    pub fn end(&self, comes_up: bool) {
        self.over.send_if_modified(|over| {
            let first = over.is_none();
            *over = Some(over.unwrap_or(comes_up));
            first
        });
    }

    /// Waits for its end; returns whether the stack is to come up.
    pub async fn over(&self) -> bool {
        let mut over = self.over.subscribe();
        let ended = over.wait_for(Option::is_some);
        match tokio::time::timeout(LONGEST, ended).await {
            Ok(Ok(comes_up)) => comes_up.unwrap_or(true),
            _ => true,
        }
    }
}

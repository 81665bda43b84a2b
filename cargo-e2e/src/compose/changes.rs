//! What the rewrite did, in lines for `plan` and the result.

use crate::spec::{Lint, Warning};

/// Collects the lines while the rewrite goes from pass to pass.
#[derive(Debug, Default)]
pub(super) struct ChangeLog {
    /// What was changed and why.
    pub(super) changes: Vec<String>,
    /// What can't be isolated.
    pub(super) shared: Vec<Warning>,
}

impl ChangeLog {
    pub(super) fn change(&mut self, change: String) {
        self.changes.push(change);
    }

    pub(super) fn share(&mut self, shared: Warning) {
        self.shared.push(shared);
    }

    /// Takes what all sandboxes on a host share.
    pub(super) fn share_object(&mut self, text: String) {
        self.share(Warning::new(Lint::SharedObject, text));
    }
}

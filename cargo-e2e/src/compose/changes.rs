//! What the rewrite did, in lines for `plan` and the result.

/// Collects the lines while the rewrite goes from pass to pass.
#[derive(Debug, Default)]
pub(super) struct ChangeLog {
    /// What was changed and why.
    pub(super) changes: Vec<String>,
    /// What can't be isolated.
    pub(super) shared: Vec<String>,
}

impl ChangeLog {
    pub(super) fn change(&mut self, change: String) {
        self.changes.push(change);
    }

    pub(super) fn share(&mut self, shared: String) {
        self.shared.push(shared);
    }
}

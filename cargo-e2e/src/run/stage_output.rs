//! The end of a stage that did not fail.

/// A stage's result for later stages, and its line in the record.
#[derive(Debug)]
pub struct StageOutput<T> {
    pub value: T,
    /// What was done, in a few words.
    pub detail: String,
    pub skipped: bool,
}

impl<T> StageOutput<T> {
    pub fn new(value: T, detail: impl Into<String>) -> Self {
        Self {
            value,
            detail: detail.into(),
            skipped: false,
        }
    }

    /// Returns the same end with another result.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> StageOutput<U> {
        StageOutput {
            value: with(self.value),
            detail: self.detail,
            skipped: self.skipped,
        }
    }

    /// Makes the output of a stage that had nothing to do.
    pub fn skipped(value: T) -> Self {
        Self {
            value,
            detail: String::new(),
            skipped: true,
        }
    }
}

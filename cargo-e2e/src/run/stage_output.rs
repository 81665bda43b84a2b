//! The end of a stage that went well.

/// What a stage hands on, and what the record says of it.
#[derive(Debug)]
pub struct StageOutput<T> {
    /// What later stages need of it.
    pub value: T,
    /// What was done, in a few words.
    pub detail: String,
    /// There was nothing to do.
    pub skipped: bool,
}

impl<T> StageOutput<T> {
    /// Something was done.
    pub fn new(value: T, detail: impl Into<String>) -> Self {
        Self {
            value,
            detail: detail.into(),
            skipped: false,
        }
    }

    /// There was nothing to do.
    pub fn skipped(value: T) -> Self {
        Self {
            value,
            detail: String::new(),
            skipped: true,
        }
    }
}

//! The ids of parts of the page that others link to.

/// Returns the id of a test, by its place in the record.
pub(super) fn of_test(index: usize) -> String {
    format!("test-{index}")
}

/// Returns the id of a log.
pub(super) fn of_log(name: &str) -> String {
    format!("log-{}", name.replace(' ', "-"))
}

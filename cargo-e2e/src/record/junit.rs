//! JUnit XML: read from the file that a repo's tests write, and written for CI systems.

mod document;
#[cfg(test)]
mod files_tests;
mod number;
mod read;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod tests;
mod times;
mod write;
mod xml;

/// The file of a bundle that says when each test of a repo's own file ran, in the form of the
/// harness's `events.jsonl`.
pub const TIMES: &str = "times.jsonl";

pub use read::read;
pub use times::{Time, times};
pub use write::{OUTPUT, write};
pub(crate) use write::{class_and_name, failed_stages};

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
#[cfg(test)]
mod times_tests;
mod write;
mod xml;

#[cfg(any(test, fuzzing))]
pub use read::read;
pub use read::read_with_times;
pub(crate) use write::failed_stages;
pub use write::{OUTPUT, Stacks, write};

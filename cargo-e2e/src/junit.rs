//! JUnit XML: read from the file that a repo's tests write, and written for CI systems.

mod read;
#[cfg(test)]
mod tests;
mod times;
mod write;

pub use read::{Unreadable, read};
pub use times::{Time, times};
pub use write::{OUTPUT, write};

//! What a run shows and leaves behind. Reporters only read events and the record.

pub mod bundle;
pub mod human;
mod spinner;
pub mod test_log;
mod words;

pub use bundle::Bundle;
pub use human::{Human, HumanOptions, Verbosity};
pub use test_log::TestLog;
pub use words::{duration, summary_line};

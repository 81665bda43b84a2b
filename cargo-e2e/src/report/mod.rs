//! What a run shows and leaves behind. Reporters only read events and the record.

pub mod attach_hints;
pub mod bundle;
pub(crate) mod evidence;
pub mod failure;
pub mod github;
pub mod html;
pub mod hub;
pub mod human;
mod inputs;
pub mod json;
pub mod log_lines;
pub mod output;
pub(crate) mod rerun;
pub mod test_log;

pub use bundle::Bundle;
pub use github::GitHub;
pub use human::{Human, HumanOptions, Verbosity};
pub use inputs::ReportInputs;
pub use json::Json;
pub use test_log::TestLog;

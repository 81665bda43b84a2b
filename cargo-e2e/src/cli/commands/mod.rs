//! One file a command.

pub(crate) mod attach;
pub(crate) mod check;
pub(crate) mod complete;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod down;
pub(crate) mod env;
pub(crate) mod forward;
pub(crate) mod gc;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod open;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod schema;

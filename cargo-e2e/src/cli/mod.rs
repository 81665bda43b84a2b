//! The command line: what can be typed, and one file a command in `commands/`, which turns it into
//! values, calls the engine and returns a code. Only `dispatch` knows the commands; what they share
//! is in files beside it.

pub(crate) mod args;
mod commands;
mod dispatch;
mod evidence;
mod exit;
mod finish;
mod host;
mod keeping;
mod killed_runs;
mod plans;
mod print;
mod refused;
mod reporters;
mod repos;
mod rerun;
mod sandboxes;
mod signals;
mod unplanned;

pub(crate) use dispatch::dispatch;

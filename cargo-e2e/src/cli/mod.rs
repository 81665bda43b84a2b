//! The command line: what can be typed, and one file a command in `commands/`, which turns it into
//! values, calls the engine and returns a code. Only `dispatch` knows the commands; what they share
//! is in files beside it.

pub(crate) mod args;
mod commands;
mod dispatch;
mod exit;
mod host;
mod plans;
mod print;
mod refused;
mod reporters;
mod repos;
mod sandboxes;
mod several;
mod signals;
mod unplanned;
mod values;

pub(crate) use dispatch::dispatch;

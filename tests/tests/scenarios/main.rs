//! What a run does, on this machine and over ssh: one program, so that its tests keep both
//! cores busy to the end.

mod canaries;
mod client;
mod control;
mod durable;
mod examples;
mod gc;
mod github;
mod hosts;
mod hub;
mod images;
mod lifetimes;
mod living;
mod long_logs;
mod outcomes;
mod page;
mod ports;
mod prepare;
mod readers;
mod ready;
mod records;
mod refused;
mod results;
mod rust_targets;
mod sandboxes;
mod secrets;
mod sending;
mod service;
mod shells;
mod shipped;
mod signals;
mod stale;
mod strict;
mod turns;
mod verdicts;

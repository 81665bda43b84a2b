//! `cargo e2e`: parse, call, return a code.
#![forbid(unsafe_code)]

mod cli;
mod commands;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli::Cargo::E2e(typed) = cli::Cargo::parse();
    ExitCode::from(commands::dispatch(*typed))
}

//! `cargo e2e`, as a process.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_e2e::main()
}

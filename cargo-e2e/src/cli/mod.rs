//! The command line: what can be typed, and one file a command in `commands/`, which turns it into
//! values, calls the engine and returns a code. Only `dispatch` knows the commands; what they share
//! is in files beside it.

mod args;
mod commands;
mod dispatch;
mod exit;
mod host;
mod last_failed;
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

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::host::client;

/// Runs the command line of this process: parses, calls, and returns the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let [_, word, mark] = arguments.as_slice()
        && word == client::WATCH
    {
        // Nobody reads what it would say.
        return client::watch(&mark.to_string_lossy())
            .map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    let args::Cargo::E2e(typed) = args::Cargo::parse_from(as_cargo(arguments));
    ExitCode::from(dispatch::dispatch(*typed))
}

/// Cargo calls `cargo-e2e e2e plan`, people and completions may say `cargo-e2e plan`.
fn as_cargo(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_none_or(|first| first != "e2e") {
        arguments.insert(arguments.len().min(1), "e2e".into());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_call_it_mean_the_same() {
        let given = |words: &[&str]| as_cargo(words.iter().map(OsString::from).collect());
        for words in [
            ["cargo-e2e", "e2e", "plan"].as_slice(),
            &["cargo-e2e", "plan"],
        ] {
            assert_eq!(given(words), ["cargo-e2e", "e2e", "plan"]);
        }
        assert_eq!(given(&["cargo-e2e"]), ["cargo-e2e", "e2e"]);
    }
}

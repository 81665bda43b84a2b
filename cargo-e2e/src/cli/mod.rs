//! The command line: what can be typed, and one file a command in `commands/`, which turns it into
//! values, calls the engine and returns a code. Only `dispatch` knows the commands; what they share
//! is in files beside it.

mod answers;
mod args;
mod commands;
mod config;
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
mod screens;
mod settings;
mod several;
mod signals;
mod unplanned;
mod values;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::environment::set;
use crate::host::client;

/// Runs the command line of this process: parses, calls, and returns the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let [_, word, what] = arguments.as_slice()
        && word == client::WATCH
    {
        // Nobody reads what it would say.
        return client::watch(what).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    match parse(as_cargo(arguments)) {
        Ok(typed) => ExitCode::from(dispatch::dispatch(typed)),
        Err(wrong) => {
            eprintln!("error: {wrong}");
            ExitCode::from(exit::USAGE)
        }
    }
}

/// Reads what was typed, on top of what variables and the user's configuration set; an error is a
/// mistake in those. One in what was typed ends the process.
fn parse(arguments: Vec<OsString>) -> Result<args::E2e, String> {
    let config = config::Config::read()?;
    host::set_users_host(config.get("host"));
    let mut command = settings::with_defaults(args::Cargo::command(), &set, &config)?;
    if let Some(color) = settings::color(&set, &config) {
        color.write_global();
        command = command.color(match color {
            anstream::ColorChoice::Never => clap::ColorChoice::Never,
            _ => clap::ColorChoice::Always,
        });
    }
    let mut matches = command.get_matches_from(arguments);
    let run = matches.subcommand_matches("e2e");
    let typed_for_cargo = run.is_some_and(args::typed_for_cargo);
    let args::Cargo::E2e(mut typed) =
        args::Cargo::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| error.exit());
    typed.run.cargo.typed = typed_for_cargo;
    Ok(*typed)
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

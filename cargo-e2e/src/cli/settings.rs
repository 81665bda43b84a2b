//! Defaults of flags: what is not typed comes from `CARGO_E2E_<FLAG>`, then from Cargo's own
//! variables, then from the user's configuration. The table of docs/src/reference/variables.md is
//! made of this.

use std::collections::BTreeMap;

use anstream::ColorChoice;
use clap::builder::ArgPredicate;
use clap::{Arg, ArgAction, Command};

use super::config::Config;

/// Flags that no variable sets: `--host` has rules of its own, the others are not of a run.
const WITHOUT: [&str; 3] = ["host", "help", "version"];
/// Flags that Cargo has a variable for.
pub(super) const OF_CARGO: [(&str, &str); 3] = [
    ("color", "CARGO_TERM_COLOR"),
    ("quiet", "CARGO_TERM_QUIET"),
    ("verbose", "CARGO_TERM_VERBOSE"),
];
/// Pairs that conflict only after parsing.
const ALSO_CONFLICT: [(&str, &str); 2] = [("spec", "package"), ("spec", "workspace")];

/// A default that somebody set.
struct Found {
    value: String,
    /// The variable, or the place in a file.
    source: String,
}

/// Returns the name of a flag's variable.
pub(super) fn variable(long: &str) -> String {
    let name = long.to_ascii_uppercase().replace('-', "_");
    format!("CARGO_E2E_{name}")
}

/// Returns the flags of a run that have a variable: their long names, in the order of the help.
pub(super) fn flags(run: &Command) -> Vec<String> {
    let longs = run.get_arguments().filter_map(Arg::get_long);
    let with = longs.filter(|long| !WITHOUT.contains(long));
    with.map(str::to_owned).collect()
}

/// Gives the flags of a run, in all commands that have them, the defaults that are set.
///
/// # Errors
/// What is set and can't be.
pub(super) fn with_defaults(
    cargo: Command,
    set: &dyn Fn(&str) -> Option<String>,
    config: &Config,
) -> Result<Command, String> {
    let Some(run) = cargo.find_subcommand("e2e") else {
        return Ok(cargo);
    };
    let mut found = BTreeMap::new();
    for long in flags(run) {
        let Some(arg) = run
            .get_arguments()
            .find(|arg| arg.get_long() == Some(&long))
        else {
            continue;
        };
        if let Some(mut one) = find(&long, set, config) {
            one.value = valid(arg, &long, &one)?;
            found.insert(long, one.value);
        }
    }
    let conflicts = conflicts(run);
    let apply = |command: Command| apply(command, &found, &conflicts);
    let names: Vec<String> = run
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    Ok(cargo.mut_subcommand("e2e", |e2e| {
        let e2e = apply(e2e);
        names
            .iter()
            .fold(e2e, |e2e, name| e2e.mut_subcommand(name, apply))
    }))
}

/// Returns when to use colours, where somebody set it for all commands.
pub(super) fn color(set: &dyn Fn(&str) -> Option<String>, config: &Config) -> Option<ColorChoice> {
    match find("color", set, config)?.value.as_str() {
        "always" => Some(ColorChoice::Always),
        "never" => Some(ColorChoice::Never),
        _ => None,
    }
}

fn find(long: &str, set: &dyn Fn(&str) -> Option<String>, config: &Config) -> Option<Found> {
    let of_cargo = OF_CARGO.iter().find(|(flag, _)| *flag == long);
    let names = [Some(variable(long)), of_cargo.map(|pair| pair.1.to_owned())];
    for name in names.into_iter().flatten() {
        if let Some(value) = set(&name) {
            let source = name;
            return Some(Found { value, source });
        }
    }
    let (value, source) = config.get(long)?;
    Some(Found { value, source })
}

/// Returns the value as its flag takes it.
fn valid(arg: &Arg, long: &str, found: &Found) -> Result<String, String> {
    let Found { value, source } = found;
    if is_switch(arg) {
        return match value.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok("true".to_owned()),
            "0" | "false" | "no" | "off" => Ok("false".to_owned()),
            _ => Err(format!("{source}: give `true` or `false`, not `{value}`")),
        };
    }
    let mut alone = Arg::new("it")
        .long(long.to_owned())
        .value_parser(arg.get_value_parser().clone());
    if let Some(names) = arg.get_value_names() {
        alone = alone.value_names(names.iter().cloned());
    }
    let trial = Command::new("cargo-e2e").no_binary_name(true).arg(alone);
    match trial.try_get_matches_from([format!("--{long}={value}")]) {
        Ok(_) => Ok(value.clone()),
        Err(error) => {
            let text = error.to_string();
            let lines = text.lines().take_while(|line| !line.is_empty());
            let text = lines.collect::<Vec<_>>().join("\n");
            let text = text.strip_prefix("error: ").unwrap_or(&text);
            Err(format!("{source}: {text}"))
        }
    }
}

fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

/// Returns, for each flag, those that set it aside when they are typed.
fn conflicts(run: &Command) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |one: &str, other: &str| {
        all.entry(one.to_owned())
            .or_default()
            .push(other.to_owned());
        all.entry(other.to_owned())
            .or_default()
            .push(one.to_owned());
    };
    for arg in run.get_arguments() {
        for other in run.get_arg_conflicts_with(arg) {
            add(arg.get_id().as_str(), other.get_id().as_str());
        }
    }
    for (one, other) in ALSO_CONFLICT {
        add(one, other);
    }
    all
}

fn apply(
    command: Command,
    found: &BTreeMap<String, String>,
    conflicts: &BTreeMap<String, Vec<String>>,
) -> Command {
    let ids: Vec<String> = command
        .get_arguments()
        .map(|arg| arg.get_id().to_string())
        .collect();
    command.mut_args(|arg| {
        let Some(value) = arg.get_long().and_then(|long| found.get(long)) else {
            return arg;
        };
        let none = is_switch(&arg).then_some("false");
        let others = conflicts.get(arg.get_id().as_str());
        // What is typed sets aside what is not.
        let others = others.into_iter().flatten().filter(|id| ids.contains(id));
        let aside = others.map(|id| (id.clone(), ArgPredicate::IsPresent, none));
        let aside: Vec<_> = aside.collect();
        arg.default_value(value.clone()).default_value_ifs(aside)
    })
}

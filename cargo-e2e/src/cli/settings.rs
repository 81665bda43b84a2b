//! Defaults of flags: what is not typed comes from `CARGO_E2E_<FLAG>`, then from Cargo's own
//! variables, then from the user's configuration. A flag that a run does not have is named with its
//! command: `CARGO_E2E_<COMMAND>_<FLAG>`. The table of docs/src/reference/variables.md is made of
//! this.

use std::collections::BTreeMap;

use anstream::ColorChoice;
use clap::builder::ArgPredicate;
use clap::{Arg, ArgAction, Command};

use super::config::Config;

/// Flags that no variable sets: `--host` has rules of its own, `--json` is `--format json`, `--all` and
/// `--all-users` remove more than one expects who has forgotten a variable, the others only print.
const WITHOUT: [&str; 6] = ["host", "json", "all", "all-users", "help", "version"];
/// Flags that Cargo has a variable for.
pub(super) const OF_CARGO: [(&str, &str); 3] = [
    ("color", "CARGO_TERM_COLOR"),
    ("quiet", "CARGO_TERM_QUIET"),
    ("verbose", "CARGO_TERM_VERBOSE"),
];
/// Pairs that conflict only after parsing.
const ALSO_CONFLICT: [(&str, &str); 2] = [("spec", "package"), ("spec", "workspace")];

/// A default, and the variable or the place in config.toml that sets it.
type Found = (String, String);

/// What is set for the flags of a command, and what sets each aside.
type Defaults = (BTreeMap<String, String>, BTreeMap<String, Vec<String>>);

/// Returns the name of a flag's variable; of one that only a command has, with that command.
pub(super) fn variable(command: Option<&str>, long: &str) -> String {
    let command = command.map(|name| format!("{name}_")).unwrap_or_default();
    let name = format!("CARGO_E2E_{command}{long}");
    name.to_ascii_uppercase().replace('-', "_")
}

/// Returns the flags of a run or of a command that have a variable: their long names, in the order
/// of the help.
pub(super) fn flags(command: &Command) -> Vec<String> {
    let longs = command.get_arguments().filter_map(Arg::get_long);
    let with = longs.filter(|long| !WITHOUT.contains(long));
    with.map(str::to_owned).collect()
}

/// Gives the flags of a run, in all commands that have them, and the other flags of those commands
/// the defaults that are set.
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
    let of_run = flags(run);
    let shared: Defaults = (defaults(run, None, &of_run, set, config)?, conflicts(run));
    let mut own: BTreeMap<String, Defaults> = BTreeMap::new();
    for command in run.get_subcommands() {
        let name = command.get_name();
        let mut flags = flags(command);
        flags.retain(|long| !of_run.contains(long));
        let defaults = defaults(command, Some(name), &flags, set, config)?;
        own.insert(name.to_owned(), (defaults, conflicts(command)));
    }
    Ok(cargo.mut_subcommand("e2e", |e2e| {
        let e2e = apply(e2e, &shared);
        own.iter().fold(e2e, |e2e, (name, own)| {
            e2e.mut_subcommand(name, |command| apply(apply(command, &shared), own))
        })
    }))
}

/// Returns what is set for these flags of a command.
fn defaults(
    command: &Command,
    name: Option<&str>,
    flags: &[String],
    set: &dyn Fn(&str) -> Option<String>,
    config: &Config,
) -> Result<BTreeMap<String, String>, String> {
    let mut defaults = BTreeMap::new();
    for arg in command.get_arguments() {
        let long = arg
            .get_long()
            .filter(|long| flags.iter().any(|one| one == long));
        if let Some(long) = long
            && let Some(found) = find(name, long, set, config)
        {
            defaults.insert(long.to_owned(), valid(arg, long, &found)?);
        }
    }
    Ok(defaults)
}

/// Returns when to use colours, where a variable or config.toml sets it for all commands.
pub(super) fn color(set: &dyn Fn(&str) -> Option<String>, config: &Config) -> Option<ColorChoice> {
    match find(None, "color", set, config)?.0.as_str() {
        "always" => Some(ColorChoice::Always),
        "never" => Some(ColorChoice::Never),
        _ => None,
    }
}

fn find(
    command: Option<&str>,
    long: &str,
    set: &dyn Fn(&str) -> Option<String>,
    config: &Config,
) -> Option<Found> {
    let of_cargo = OF_CARGO.iter().find(|(flag, _)| *flag == long);
    let names = [
        Some(variable(command, long)),
        of_cargo.map(|pair| pair.1.to_owned()),
    ];
    let mut names = names.into_iter().flatten();
    let found = names.find_map(|name| Some((set(&name)?, name)));
    found.or_else(|| config.get(long))
}

/// Returns the value as its flag takes it.
fn valid(arg: &Arg, long: &str, (value, source): &Found) -> Result<String, String> {
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
        for (flag, aside) in [(one, other), (other, one)] {
            let known = all.entry(flag.to_owned()).or_default();
            known.push(aside.to_owned());
        }
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

fn apply(command: Command, (found, conflicts): &Defaults) -> Command {
    // A switch that nobody typed is there, too, with its own default.
    let when = |arg: &Arg| {
        let is_typed = is_switch(arg).then(|| ArgPredicate::Equals("true".into()));
        is_typed.unwrap_or(ArgPredicate::IsPresent)
    };
    let all = command.get_arguments();
    let when: BTreeMap<String, ArgPredicate> = all
        .map(|arg| (arg.get_id().to_string(), when(arg)))
        .collect();
    command.mut_args(|arg| {
        let Some(value) = arg.get_long().and_then(|long| found.get(long)) else {
            return arg;
        };
        let none = is_switch(&arg).then_some("false");
        let others = conflicts.get(arg.get_id().as_str());
        // What is typed sets aside what is not.
        let others = others.into_iter().flatten();
        let aside = others.filter_map(|id| Some((id.clone(), when.get(id)?.clone(), none)));
        let aside: Vec<_> = aside.collect();
        arg.default_value(value.clone()).default_value_ifs(aside)
    })
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _};

    use super::*;
    use crate::cli::args::{Cargo, Command, E2e};

    fn parsed(set: &[(&str, &str)], words: &[&str]) -> E2e {
        let look = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let config = Config::default();
        let command = with_defaults(Cargo::command(), &look, &config).expect("they are sound");
        command.clone().debug_assert();
        let words = ["cargo", "e2e"].iter().chain(words);
        let matches = command.try_get_matches_from(words).expect("it parses");
        let Cargo::E2e(typed) = Cargo::from_arg_matches(&matches).expect("it parses");
        *typed
    }

    #[test]
    fn what_is_typed_sets_aside_what_is_not() {
        let keeps = |set: &[(&str, &str)], words: &[&str]| {
            let run = parsed(set, words).run;
            (run.keep, run.keep_on_failure)
        };
        let (keep, on_failure) = ("CARGO_E2E_KEEP", "CARGO_E2E_KEEP_ON_FAILURE");
        assert_eq!(keeps(&[(keep, "1")], &[]), (true, false));
        assert_eq!(keeps(&[(keep, "0")], &[]), (false, false));
        let typed = ["--keep-on-failure"];
        assert_eq!(keeps(&[(keep, "1")], &typed), (false, true));
        assert_eq!(keeps(&[(on_failure, "1")], &["--keep"]), (true, false));
        let quiet = |set: &[(&str, &str)], words: &[&str]| {
            let output = parsed(set, words).run.sandbox.output;
            (output.quiet, output.verbose)
        };
        let cargos = [("CARGO_TERM_QUIET", "true")];
        assert_eq!(quiet(&cargos, &[]), (true, false));
        assert_eq!(quiet(&cargos, &["-v"]), (false, true));
        let own = [("CARGO_TERM_QUIET", "true"), ("CARGO_E2E_QUIET", "no")];
        assert_eq!(quiet(&own, &[]), (false, false));
    }

    #[test]
    fn flags_of_a_command_are_set_with_its_name() {
        let set = [
            ("CARGO_E2E_DOWN_ALL", "true"),
            ("CARGO_E2E_DOWN_FORMAT", "json"),
            ("CARGO_E2E_LOGS_TAIL", "3"),
        ];
        let all = |words: &[&str]| match parsed(&set, words).command {
            Some(Command::Down(down)) => (down.all, down.format.is_json()),
            other => panic!("{other:?}"),
        };
        // None that is forgotten removes more than what is named.
        assert_eq!(all(&["down"]), (false, true));
        assert_eq!(all(&["down", "--all"]), (true, true));
        let tail = |words: &[&str]| match parsed(&set, words).command {
            Some(Command::Logs(logs)) => logs.tail,
            other => panic!("{other:?}"),
        };
        assert_eq!(tail(&["logs"]).as_deref(), Some("3"));
        assert_eq!(tail(&["logs", "-n", "5"]).as_deref(), Some("5"));
    }

    #[test]
    fn every_flag_can_be_set_and_commands_stay() {
        let run = Cargo::command();
        let run = run.find_subcommand("e2e").expect("it is there");
        assert!(flags(run).len() > 20);
        let set = [("CARGO_E2E_STRICT", "on"), ("CARGO_E2E_SPEC", "x.yml")];
        assert!(parsed(&set, &["plan"]).command.is_some());
        let wrong = |name: &str| {
            let set = |asked: &str| (asked == name).then(|| "x x".to_owned());
            with_defaults(Cargo::command(), &set, &Config::default()).expect_err("it is wrong")
        };
        let said = wrong("CARGO_E2E_COLOR");
        assert!(
            said.starts_with("CARGO_E2E_COLOR: invalid value 'x x'"),
            "{said}"
        );
        assert!(wrong("CARGO_TERM_VERBOSE").starts_with("CARGO_TERM_VERBOSE: give `true`"));
    }
}

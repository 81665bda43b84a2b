//! Who shows and stores events: the terminal, JSON, GitHub, and the log of the tests.

use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use crate::record::event::Reporter;
use crate::report::github::{NoCommands, StopCommands, is_job};
use crate::report::output::{Channel, Stream};
use crate::report::{GitHub, Human, HumanOptions, Json, TestLog, Verbosity, human, json};
use rustix::fs::FileType;

use super::args::{Color, MessageFormat, OutputArguments};
use super::print;

/// Returns the reporters for the typed flags.
pub(super) fn reporters(
    output: &OutputArguments,
    root: &Path,
    log: TestLog,
) -> Vec<Box<dyn Reporter>> {
    let shown = on_terminal(output, Some(log.path()));
    let mut reporters: Vec<Box<dyn Reporter>> = vec![Box::new(log)];
    reporters.extend(shown);
    let github = GitHub::detect(root, annotations(output));
    reporters.extend(github.map(|github| Box::new(github) as Box<dyn Reporter>));
    reporters
}

/// Returns the terminal's reporter and, with `--message-format json`, the one for events. `log` is
/// the path of the whole test output.
pub(super) fn on_terminal(
    output: &OutputArguments,
    log: Option<PathBuf>,
) -> Vec<Box<dyn Reporter>> {
    let (out, err) = (print::output().out(), print::output().err());
    let mut reporters: Vec<Box<dyn Reporter>> = Vec::new();
    if commands_on_stdout(output) {
        reporters.push(Box::new(StopCommands::on(out.clone())));
    }
    let err = err.announcing(human::gap(log.clone()));
    let err: Box<dyn Channel> = if is_job() {
        Box::new(NoCommands(err))
    } else {
        Box::new(err)
    };
    if is_json(output) {
        // stdout has only events.
        let human = Human::on(how(output), err, io::sink());
        reporters.extend([
            Box::new(human) as Box<dyn Reporter>,
            Box::new(Json::on(out.announcing(json::gap(log)))),
        ]);
    } else {
        let human = Human::on(how(output), err, out.announcing(human::gap(log)));
        reporters.push(Box::new(human));
    }
    reporters
}

/// Returns whether GitHub's runner may read commands from the stream that tests print to.
fn commands_on_stdout(output: &OutputArguments) -> bool {
    is_job() && !is_json(output) && !is_file(io::stdout())
}

/// Returns the stream for annotations.
fn annotations(output: &OutputArguments) -> Stream {
    if commands_on_stdout(output) {
        print::output().out()
    } else {
        print::output().err()
    }
}

fn is_file(stream: impl AsFd) -> bool {
    let kind = rustix::fs::fstat(stream).map(|stat| FileType::from_raw_mode(stat.st_mode));
    kind.is_ok_and(|kind| kind == FileType::RegularFile)
}

pub(super) fn is_json(output: &OutputArguments) -> bool {
    output.message_format == MessageFormat::Json
}

fn how(output: &OutputArguments) -> HumanOptions {
    let verbosity = match (output.quiet, output.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let color = match output.color {
        Color::Auto => None,
        Color::Always => Some(true),
        Color::Never => Some(false),
    };
    HumanOptions::detect(verbosity, color)
}

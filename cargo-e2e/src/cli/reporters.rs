//! Who shows and stores events: the terminal, JSON, GitHub, and the log of the tests.

use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use crate::record::event::Reporter;
use crate::report::github::{NoCommands, StopCommands, is_job};
use crate::report::human::Progress;
use crate::report::output::{Channel, Output, Stream};
use crate::report::{GitHub, Human, HumanOptions, Json, TestLog, Verbosity, human, json};
use rustix::fs::FileType;

use super::args::{Color, MessageFormat, OutputArguments};
use super::print;

/// Where a run is shown, and how.
#[derive(Clone, Copy)]
pub(super) struct Screen<'a> {
    pub(super) typed: &'a OutputArguments,
    pub(super) streams: &'a Output,
    /// Whether the streams are held until the run has ended, so that no line of them is redrawn.
    pub(super) held: bool,
}

impl<'a> Screen<'a> {
    /// Returns this process's own streams.
    pub(super) fn own(typed: &'a OutputArguments) -> Self {
        Self {
            typed,
            streams: print::output(),
            held: false,
        }
    }

    pub(super) fn is_json(self) -> bool {
        self.typed.message_format == MessageFormat::Json
    }

    /// Returns whether GitHub's runner may read commands from the stream that tests print to.
    fn commands_on_stdout(self) -> bool {
        is_job() && !self.is_json() && !is_file(io::stdout())
    }

    /// Returns the stream for annotations.
    fn annotations(self) -> Stream {
        if self.commands_on_stdout() {
            self.streams.out()
        } else {
            self.streams.err()
        }
    }

    pub(super) fn how(self) -> HumanOptions {
        let typed = self.typed;
        let verbosity = match (typed.quiet, typed.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        let color = match typed.color {
            Color::Auto => None,
            Color::Always => Some(true),
            Color::Never => Some(false),
        };
        let mut options = HumanOptions::detect(verbosity, color);
        if self.held {
            options.progress = Progress::None;
        }
        options
    }
}

/// Returns the reporters for the typed flags.
pub(super) fn reporters(screen: Screen<'_>, root: &Path, log: TestLog) -> Vec<Box<dyn Reporter>> {
    let shown = on_terminal(screen, Some(log.path()));
    let mut reporters: Vec<Box<dyn Reporter>> = vec![Box::new(log)];
    reporters.extend(shown);
    let github = GitHub::detect(root, screen.annotations());
    reporters.extend(github.map(|github| Box::new(github) as Box<dyn Reporter>));
    reporters
}

/// Returns the terminal's reporter and, with `--message-format json`, the one for events. `log` is
/// the path of the whole test output.
pub(super) fn on_terminal(screen: Screen<'_>, log: Option<PathBuf>) -> Vec<Box<dyn Reporter>> {
    let (out, err) = (screen.streams.out(), screen.streams.err());
    let mut reporters: Vec<Box<dyn Reporter>> = Vec::new();
    if screen.commands_on_stdout() {
        reporters.push(Box::new(StopCommands::on(out.clone())));
    }
    let err = err.announcing(human::gap(log.clone()));
    let err: Box<dyn Channel> = if is_job() {
        Box::new(NoCommands(err))
    } else {
        Box::new(err)
    };
    if screen.is_json() {
        // stdout has only events.
        let human = Human::on(screen.how(), err, io::sink());
        reporters.extend([
            Box::new(human) as Box<dyn Reporter>,
            Box::new(Json::on(out.announcing(json::gap(log)))),
        ]);
    } else {
        let human = Human::on(screen.how(), err, out.announcing(human::gap(log)));
        reporters.push(Box::new(human));
    }
    reporters
}

fn is_file(stream: impl AsFd) -> bool {
    let kind = rustix::fs::fstat(stream).map(|stat| FileType::from_raw_mode(stat.st_mode));
    kind.is_ok_and(|kind| kind == FileType::RegularFile)
}

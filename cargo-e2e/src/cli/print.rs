//! What commands print goes through this process's [`Output`], as the output of runs does.

use std::io::Write as _;
use std::sync::LazyLock;

use crate::record::outcome::{USAGE, Verdict, exit_code};
use crate::report::output::Output;
use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};

static OUTPUT: LazyLock<Output> = LazyLock::new(Output::start);

pub(super) fn output() -> &'static Output {
    &OUTPUT
}

/// Prints requested data to stdout.
pub(super) fn out(text: &str) {
    let _ = output().out().write_all(text.as_bytes());
}

/// Prints to stderr, in colours where stderr shows them.
pub(super) fn err(text: &str) {
    let plain = AutoStream::choice(&std::io::stderr()) == ColorChoice::Never;
    let mut err = output().err();
    let _ = if plain {
        err.write_all(strip_str(text).to_string().as_bytes())
    } else {
        err.write_all(text.as_bytes())
    };
}

/// Prints a line of requested data to stdout.
macro_rules! outln {
    ($($text:tt)*) => { $crate::cli::print::out(&format!("{}\n", format_args!($($text)*))) };
}

/// Prints a line for people to stderr.
macro_rules! errln {
    ($($text:tt)*) => { $crate::cli::print::err(&format!("{}\n", format_args!($($text)*))) };
}

pub(super) use {errln, outln};

/// Prints an error to stderr, in the form that all commands share.
pub(super) fn show_error(message: &str, help: Option<&str>) {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    errln!("{red}error{red:#}: {message}");
    if let Some(help) = help {
        errln!("  help: {help}");
    }
}

/// Prints an error, and returns the exit code of what was typed wrong.
pub(super) fn usage_error(message: &str, help: Option<&str>) -> u8 {
    show_error(message, help);
    USAGE
}

/// Prints an error, and returns the exit code of a verdict.
pub(super) fn failure(verdict: Verdict, message: &str) -> u8 {
    show_error(message, None);
    exit_code(verdict, None)
}

/// Returns rows as lines, each column as wide as what is in it.
pub(super) fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..COLUMNS).filter_map(width).collect();
    let line = |row: &[String; COLUMNS]| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// Prints a warning to stderr.
pub(super) fn warn(text: &str) {
    let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
    errln!("{yellow}warning{yellow:#}: {text}");
}

/// The same of a warning with a name.
pub(super) fn warn_named(name: &str, text: &str) {
    let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
    errln!("{yellow}warning[{name}]{yellow:#}: {text}");
}

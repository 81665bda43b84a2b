//! What commands print: all of it goes through this process's [`Output`], as what runs show does.

use std::io::Write as _;
use std::sync::LazyLock;

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use cargo_e2e::report::output::Output;

static OUTPUT: LazyLock<Output> = LazyLock::new(Output::start);

/// Returns this process's stdout and stderr.
pub(super) fn output() -> &'static Output {
    &OUTPUT
}

/// Prints to stdout what was asked for.
pub(super) fn out(text: &str) {
    let _ = output().out().write_all(text.as_bytes());
}

/// Prints to stderr, in colours where they are seen.
pub(super) fn err(text: &str) {
    let plain = AutoStream::choice(&std::io::stderr()) == ColorChoice::Never;
    let mut err = output().err();
    let _ = if plain {
        err.write_all(strip_str(text).to_string().as_bytes())
    } else {
        err.write_all(text.as_bytes())
    };
}

/// Prints a line of what was asked for.
macro_rules! outln {
    ($($text:tt)*) => { $crate::cli::print::out(&format!("{}\n", format_args!($($text)*))) };
}

/// Prints a line for people.
macro_rules! errln {
    ($($text:tt)*) => { $crate::cli::print::err(&format!("{}\n", format_args!($($text)*))) };
}

pub(super) use {errln, outln};

/// Shows an error on stderr, as every command does.
pub(super) fn show_error(message: &str, help: Option<&str>) {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    errln!("{red}error{red:#}: {message}");
    if let Some(help) = help {
        errln!("  help: {help}");
    }
}

/// Shows on stderr what the user should know.
pub(super) fn warn(text: &str) {
    let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
    errln!("{yellow}warning{yellow:#}: {text}");
}

/// The same of a warning with a name.
pub(super) fn warn_named(name: &str, text: &str) {
    let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
    errln!("{yellow}warning[{name}]{yellow:#}: {text}");
}

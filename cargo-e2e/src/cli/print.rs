//! What commands print: all of it goes through this process's [`Output`], as what runs show does.

use std::io::Write as _;
use std::sync::LazyLock;
use std::time::Duration;

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use cargo_e2e::cancel::Cancel;
use cargo_e2e::record::outcome::{Verdict, exit_code};
use cargo_e2e::report::output::Output;

use super::{listen, report};

/// Who was asked to end gives a reader so long to read on.
const PATIENCE: Duration = Duration::from_secs(2);
/// When it is said whom this process waits for.
const HINT: Duration = Duration::from_secs(3);

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

/// Waits until everything was read that was printed, and returns the exit code: what could not be
/// written is no success.
pub(super) async fn drain(code: u8) -> u8 {
    let code = wait(code).await;
    let Some(error) = output().take_error() else {
        return code;
    };
    report(&format!("failed to write to stdout: {error}"), None);
    let failed = exit_code(Verdict::InternalError, None);
    wait(if code == 0 { failed } else { code }).await
}

/// A slow reader has all the time it needs, until a signal.
async fn wait(code: u8) -> u8 {
    // Without handlers a signal ends the process all the same.
    let cancel = listen().unwrap_or_else(|_| Cancel::never());
    let before = cancel.count();
    let hint = async {
        tokio::time::sleep(HINT).await;
        if output().waits_for_stdout() {
            errln!("waiting for the reader of stdout; Ctrl-C ends this");
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = output().drained() => return code,
        () = cancel.reached(before + 1) => {}
        // It was asked to end before, be it too late for the run: nobody should have to ask twice.
        () = output().stalled(PATIENCE), if before > 0 => {}
        () = hint => {}
    }
    match code {
        0 => exit_code(Verdict::Interrupted, cancel.signal()),
        code => code,
    }
}

//! How this process ends: with its exit code, once its readers have read everything it printed.

use std::time::Duration;

use crate::cancel::Cancel;
pub(super) use crate::record::outcome::USAGE;
use crate::record::outcome::{Verdict, exit_code};

use super::print::{errln, output, show_error};
use super::signals;

/// How long a reader may stall after a signal.
const PATIENCE: Duration = Duration::from_secs(2);
/// After this time, a hint says that the process waits for a reader.
const HINT: Duration = Duration::from_secs(3);

/// Waits until everything printed was read, and returns the exit code: 70 in place of 0 where
/// stdout could not be written.
pub(super) async fn drain(code: u8) -> u8 {
    let code = wait(code).await;
    let Some(error) = output().take_error() else {
        return code;
    };
    show_error(&format!("failed to write to stdout: {error}"), None);
    let failed = exit_code(Verdict::InternalError, None);
    wait(if code == 0 { failed } else { code }).await
}

/// Waits for readers without a limit, until a signal.
async fn wait(code: u8) -> u8 {
    // Without handlers, a signal ends the process anyway.
    let cancel = signals::listen().unwrap_or_else(|_| Cancel::never());
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
        // The signal came before, though perhaps too late for the run: one is enough.
        () = output().stalled(PATIENCE), if before > 0 => {}
        () = hint => {}
    }
    match code {
        0 => exit_code(Verdict::Interrupted, cancel.signal()),
        code => code,
    }
}

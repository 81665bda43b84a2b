//! How this process ends: its code, once everything was read that it printed.

use std::time::Duration;

use crate::cancel::Cancel;
pub(super) use crate::record::outcome::USAGE;
use crate::record::outcome::{Verdict, exit_code};

use super::print::{errln, output, show_error};
use super::signals;

/// Who was asked to end gives a reader so long to read on.
const PATIENCE: Duration = Duration::from_secs(2);
/// When it is said whom this process waits for.
const HINT: Duration = Duration::from_secs(3);

/// Waits until everything was read that was printed, and returns the exit code: what could not be
/// written is no success.
pub(super) async fn drain(code: u8) -> u8 {
    let code = wait(code).await;
    let Some(error) = output().take_error() else {
        return code;
    };
    show_error(&format!("failed to write to stdout: {error}"), None);
    let failed = exit_code(Verdict::InternalError, None);
    wait(if code == 0 { failed } else { code }).await
}

/// A slow reader has all the time it needs, until a signal.
async fn wait(code: u8) -> u8 {
    // Without handlers a signal ends the process all the same.
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
        // It was asked to end before, be it too late for the run: nobody should have to ask twice.
        () = output().stalled(PATIENCE), if before > 0 => {}
        () = hint => {}
    }
    match code {
        0 => exit_code(Verdict::Interrupted, cancel.signal()),
        code => code,
    }
}

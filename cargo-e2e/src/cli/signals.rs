//! The signals that this process gets.

use std::io;
use std::sync::OnceLock;

use crate::cancel::Cancel;
use crate::record::outcome::Verdict;

use super::print::failure;

/// Returns this process's signals, counted from the first call on.
pub(super) fn listen() -> io::Result<Cancel> {
    static SIGNALS: OnceLock<Cancel> = OnceLock::new();
    if let Some(cancel) = SIGNALS.get() {
        return Ok(cancel.clone());
    }
    let cancel = Cancel::listen()?;
    Ok(SIGNALS.get_or_init(|| cancel).clone())
}

/// Returns the same; or prints why there are none, and returns the exit code.
pub(super) fn cancel() -> Result<Cancel, u8> {
    listen().map_err(|error| {
        let why = format!("failed to handle signals: {error}");
        failure(Verdict::InternalError, &why)
    })
}

//! Appends what happens to the file in `E2E_EVENTS`, a line at a time, as it happens.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use crate::protocol::record::Entry;

/// The file of records, or nothing where no tool reads them.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Option<Arc<Target>>);

struct Target {
    file: File,
    complained: AtomicBool,
}

impl Recorder {
    /// Appends to `path` from now on.
    pub(crate) fn to(path: &Path) -> Self {
        match OpenOptions::new().append(true).create(true).open(path) {
            Ok(file) => Self(Some(Arc::new(Target {
                file,
                complained: AtomicBool::new(false),
            }))),
            Err(error) => {
                let path = path.display();
                eprintln!("e2e-harness: failed to open {path} for records: {error}");
                Self(None)
            }
        }
    }

    /// One line, in one write, so that lines of several processes do not mix.
    pub(crate) fn write(&self, entry: &Entry) {
        let Some(target) = &self.0 else { return };
        let written = serde_json::to_string(entry)
            .map_err(std::io::Error::from)
            .and_then(|line| (&target.file).write_all(format!("{line}\n").as_bytes()));
        if let Err(error) = written
            && !target.complained.swap(true, Ordering::Relaxed)
        {
            eprintln!("e2e-harness: failed to write records: {error}");
        }
    }
}

/// Returns the time, RFC 3339 UTC.
pub(crate) fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

/// Returns a time in whole milliseconds.
pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

//! What the tests printed, kept as it came.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::event::{Event, Reporter};
use crate::outcome::{Stage, StageStatus};

/// Appends the tests' output to `test-output.log`. Clones write the same file: one goes to the
/// reporters, another is asked at the end what went wrong.
#[derive(Debug, Clone)]
pub struct TestLog {
    log: Arc<Mutex<Log>>,
}

#[derive(Debug)]
struct Log {
    path: PathBuf,
    file: Option<File>,
    failed: bool,
    error: Option<io::Error>,
}

impl TestLog {
    /// Will write into a bundle's folder. Nothing is made yet.
    #[must_use]
    pub fn new(bundle: &Path) -> Self {
        let log = Log {
            path: bundle.join("test-output.log"),
            file: None,
            failed: false,
            error: None,
        };
        Self {
            log: Arc::new(Mutex::new(log)),
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.lock().path.clone()
    }

    /// Why the log is not whole, once. After the first error nothing more is written: what is
    /// there is the beginning, without a gap.
    #[must_use]
    pub fn take_error(&self) -> Option<io::Error> {
        self.lock().error.take()
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn append(&mut self, bytes: &[u8]) {
        if self.failed {
            return;
        }
        if let Err(error) = self.try_append(bytes) {
            self.failed = true;
            self.error = Some(error);
        }
    }

    fn try_append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(
                OpenOptions::new()
                    .append(true)
                    .create(true)
                    .open(&self.path)?,
            ),
        };
        file.write_all(bytes)
    }
}

impl Reporter for TestLog {
    fn event(&mut self, event: &Event) {
        match event {
            Event::TestOutput { bytes } => self.lock().append(bytes),
            // Tests that said nothing leave an empty file: it was not forgotten.
            Event::StageEnded {
                stage: Stage::Test,
                status,
                ..
            } if *status != StageStatus::Skipped => {
                self.lock().append(&[]);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn output(text: &str) -> Event {
        Event::TestOutput {
            bytes: text.as_bytes().to_vec(),
        }
    }

    fn ended(stage: Stage) -> Event {
        Event::StageEnded {
            stage,
            status: StageStatus::Passed,
            duration: Duration::ZERO,
            detail: String::new(),
        }
    }

    #[test]
    fn output_is_kept_byte_for_byte_as_it_comes() {
        let folder = tempfile::tempdir().unwrap();
        let log = TestLog::new(folder.path());
        let mut reporter = log.clone();
        reporter.event(&ended(Stage::Up));
        assert!(!log.path().exists());
        reporter.event(&output("\u{1b}[32mok"));
        assert_eq!(std::fs::read(log.path()).unwrap(), b"\x1b[32mok");
        reporter.event(&Event::TestOutput {
            bytes: vec![0xff, b'\n'],
        });
        reporter.event(&ended(Stage::Test));
        assert_eq!(std::fs::read(log.path()).unwrap(), b"\x1b[32mok\xff\n");
        assert!(log.take_error().is_none());
    }

    #[test]
    fn silent_tests_leave_an_empty_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = TestLog::new(folder.path());
        log.event(&ended(Stage::Test));
        assert_eq!(std::fs::read(log.path()).unwrap(), b"");
    }

    #[test]
    fn an_error_is_told_once_and_does_not_stop_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = TestLog::new(&folder.path().join("gone"));
        log.event(&output("a"));
        log.event(&output("b"));
        log.event(&ended(Stage::Test));
        let error = log.take_error().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(log.take_error().is_none());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = TestLog::new(folder.path());
        std::os::unix::fs::symlink("/dev/full", log.path()).unwrap();
        log.event(&output("a"));
        let error = log.take_error().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}

//! The tests' output, stored as it comes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::record::event::{Event, Reporter};
use crate::record::outcome::{Stage, StageStatus};

/// Appends the tests' output to `test-output.log`. Clones write to the same file: one is a
/// reporter, another is asked for errors at the end.
#[derive(Debug, Clone)]
pub struct TestLog {
    log: Arc<Mutex<Log>>,
}

#[derive(Debug)]
struct Log {
    path: PathBuf,
    file: Option<File>,
    /// Bytes that may still be written.
    room: u64,
    dropped: u64,
    failed: bool,
    error: Option<io::Error>,
}

impl TestLog {
    /// Will write to a bundle's folder, at most so many bytes of output; then the log is cut, and
    /// its last line says so. Creates nothing yet.
    pub fn new(bundle: &Path, most: u64) -> Self {
        let log = Log {
            path: bundle.join("test-output.log"),
            file: None,
            room: most,
            dropped: 0,
            failed: false,
            error: None,
        };
        Self {
            log: Arc::new(Mutex::new(log)),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.lock().path.clone()
    }

    /// Returns why the log is incomplete, once. After the first error nothing more is written, so
    /// that the log is the beginning without a gap.
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

    /// Writes as much of the output as fits.
    fn output(&mut self, bytes: &[u8]) {
        let fits = usize::try_from(self.room).map_or(bytes.len(), |room| room.min(bytes.len()));
        let (kept, dropped) = bytes.split_at(fits);
        self.room -= kept.len() as u64;
        self.dropped += dropped.len() as u64;
        if !kept.is_empty() {
            self.append(kept);
        }
    }

    /// Creates an empty file where tests printed nothing, which shows that it was not forgotten.
    fn end(&mut self) {
        let last = match std::mem::take(&mut self.dropped) {
            0 => String::new(),
            dropped => format!("\n[cargo e2e: cut here, {dropped} bytes more were dropped]\n"),
        };
        self.append(last.as_bytes());
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
            Event::TestOutput { bytes } => self.lock().output(bytes),
            Event::StageEnded {
                stage: Stage::Test,
                status,
                ..
            } if *status != StageStatus::Skipped => {
                self.lock().end();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{self, output};

    fn ended(stage: Stage) -> Event {
        samples::ended(stage, StageStatus::Passed, 0, "")
    }

    #[test]
    fn output_is_kept_byte_for_byte_as_it_comes() {
        let folder = tempfile::tempdir().unwrap();
        let log = TestLog::new(folder.path(), 100);
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
        let mut log = TestLog::new(folder.path(), 100);
        log.event(&ended(Stage::Test));
        assert_eq!(std::fs::read(log.path()).unwrap(), b"");
    }

    #[test]
    fn a_log_without_end_is_cut_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = TestLog::new(folder.path(), 5);
        for text in ["abc", "def", "ghi"] {
            log.event(&output(text));
        }
        log.event(&ended(Stage::Test));
        assert_eq!(
            std::fs::read_to_string(log.path()).unwrap(),
            "abcde\n[cargo e2e: cut here, 4 bytes more were dropped]\n"
        );
    }

    #[test]
    fn an_error_is_told_once_and_does_not_stop_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = TestLog::new(&folder.path().join("gone"), 100);
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
        let mut log = TestLog::new(folder.path(), 100);
        std::os::unix::fs::symlink("/dev/full", log.path()).unwrap();
        log.event(&output("a"));
        let error = log.take_error().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}

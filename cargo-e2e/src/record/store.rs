//! What every run of this user came to: a file each, and what is known of those under way.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub mod journal;
mod learn;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use crate::record::outcome::Record;
use crate::{durable, environment};

pub use journal::{Header, Journal};

/// So many records are kept.
pub const KEPT: usize = 1000;

/// Where this user's programs keep what is no configuration: `cargo-e2e` in `XDG_STATE_HOME`, or
/// in `~/.local/state`.
#[must_use]
pub fn state_folder() -> PathBuf {
    std::env::var_os(environment::STATE_HOME)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))
        .unwrap_or_else(std::env::temp_dir)
        .join("cargo-e2e")
}

/// The folder of records. Any number of runs use it at once: each writes files of its own.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// Why a file of the store is not read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It can't be read.
    #[error("is unreadable: {0}")]
    Io(#[from] io::Error),
    /// It is no record, or one of another version.
    #[error("is not a record of schema 1: {0}")]
    NoRecord(#[from] serde_json::Error),
}

/// All that was kept.
#[derive(Debug, Default)]
pub struct Kept {
    /// The oldest first.
    pub records: Vec<Record>,
    /// Files that are no records.
    pub unreadable: Vec<(PathBuf, Unreadable)>,
}

impl Store {
    /// In `runs` of this folder. Nothing is made yet.
    #[must_use]
    pub fn in_state(state: &Path) -> Self {
        Self {
            folder: state.join("runs"),
        }
    }

    /// Where the records are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps a record, whole or not at all, and as long as the newest [`KEPT`] are. Those that wait
    /// for the state-hub stay longer.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn put(&self, record: &Record) -> io::Result<()> {
        durable::folder(&self.folder)?;
        let mut json = serde_json::to_vec_pretty(record)?;
        json.push(b'\n');
        durable::write(&self.folder, &name(&record.run_id), &json)?;
        // An old one that can't be removed costs no new one.
        let _ = self.prune(KEPT, &record.run_id);
        Ok(())
    }

    /// Where a run's record is, or would be.
    #[must_use]
    pub fn path(&self, run_id: &str) -> PathBuf {
        self.folder.join(name(run_id))
    }

    /// One record.
    ///
    /// # Errors
    /// When it can't be read, or is none.
    pub fn get(&self, run_id: &str) -> Result<Record, Unreadable> {
        read(&self.path(run_id))
    }

    /// All records.
    ///
    /// # Errors
    /// When the folder can't be read; one that does not exist is empty.
    pub fn kept(&self) -> io::Result<Kept> {
        let mut kept = Kept::default();
        for path in self.files("json")? {
            match read(&path) {
                Ok(record) => kept.records.push(record),
                // Another run removed it.
                Err(Unreadable::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => kept.unreadable.push((path, error)),
            }
        }
        Ok(kept)
    }

    /// Files with this extension, in the order of their names, which is that of time.
    fn files(&self, extension: &str) -> io::Result<Vec<PathBuf>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|found| found == extension) {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    /// Never removes the `newest`: by a clock that went back it is the oldest.
    fn prune(&self, keep: usize, newest: &str) -> io::Result<()> {
        let mut files = self.files("json")?;
        files.truncate(files.len().saturating_sub(keep));
        for file in files {
            let own = file.file_name().unwrap_or_default();
            let waits = self.folder.with_file_name(OUTBOX).join(own).exists();
            if waits || own == name(newest).as_str() {
                continue;
            }
            match std::fs::remove_file(file) {
                // Another run prunes too.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        Ok(())
    }
}

/// Where, beside the records, those are named that wait for the state-hub, each by a file of its
/// record's name.
pub(crate) const OUTBOX: &str = "outbox";

pub(crate) fn name(run_id: &str) -> String {
    format!("{run_id}.json")
}

fn read(path: &Path) -> Result<Record, Unreadable> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

//! The records of this user's runs, a file each, and journals of runs under way.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub mod journal;
mod learn;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::record::outcome::Record;
use crate::{durable, environment};

pub use journal::{Header, Journal};

pub const KEPT: usize = 1000;

/// Returns the folder for state of this user's programs: `cargo-e2e` in `XDG_STATE_HOME`, or in
/// `~/.local/state`.
pub fn state_folder() -> PathBuf {
    user_folder(environment::STATE_HOME, ".local/state")
        .unwrap_or_else(std::env::temp_dir)
        .join("cargo-e2e")
}

/// Returns the folder of a user's files of one kind: that of the variable, else one in their home.
pub fn user_folder(variable: &str, in_home: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .map(PathBuf::from)
        // As the XDG base directory specification says.
        .filter(|path| path.is_absolute())
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(in_home)))
}

/// Returns the folder of what can be made again on this machine.
pub fn cache_folder() -> PathBuf {
    user_folder(environment::CACHE_HOME, ".cache")
        .unwrap_or_else(std::env::temp_dir)
        .join("cargo-e2e")
}

/// Writes a record or another document, which is there whole or not at all, also after a power cut.
pub fn write(folder: &Path, name: &str, record: &impl Serialize) -> io::Result<()> {
    let mut json = serde_json::to_vec_pretty(record)?;
    json.push(b'\n');
    durable::write(folder, name, &json)
}

/// Returns a folder's files with this extension, in the order of their names, which is that of time. A
/// folder that does not exist has none.
pub fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
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

/// The folder of records. Many runs use it at once: each writes its own files.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// Why a file of the store can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("is unreadable: {0}")]
    Io(#[from] io::Error),
    /// The file is no record, or one of another version.
    #[error("is not a record of schema 1: {0}")]
    NoRecord(#[from] serde_json::Error),
}

/// All stored records.
#[derive(Debug, Default)]
pub struct Kept {
    /// The oldest first.
    pub records: Vec<Record>,
    /// Files that are not records.
    pub unreadable: Vec<(PathBuf, Unreadable)>,
}

impl Store {
    /// Uses `runs` in this folder; creates nothing yet.
    pub fn in_state(state: &Path) -> Self {
        Self {
            folder: state.join("runs"),
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stores a record, whole or not at all, and prunes to the newest [`KEPT`]. Records that wait
    /// for the state-hub stay longer.
    pub fn put(&self, record: &Record) -> io::Result<()> {
        durable::folder(&self.folder)?;
        write(&self.folder, &name(&record.run_id), record)?;
        // A new record is stored even where an old one can't be removed.
        let _ = self.prune(KEPT, &record.run_id);
        Ok(())
    }

    /// Returns the path of a run's record, whether it exists or not.
    pub fn path(&self, run_id: &str) -> PathBuf {
        self.folder.join(name(run_id))
    }

    pub fn get(&self, run_id: &str) -> Result<Record, Unreadable> {
        read(&self.path(run_id))
    }

    /// # Errors
    /// When the folder can't be read; a missing one is empty.
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

    /// Returns the newest record of which this is true; files that are no records are skipped.
    ///
    /// # Errors
    /// When the folder can't be read; a missing one is empty.
    pub fn latest(&self, is_it: impl Fn(&Record) -> bool) -> io::Result<Option<Record>> {
        let files = self.files("json")?;
        let mut records = files.iter().rev().filter_map(|path| read(path).ok());
        Ok(records.find(is_it))
    }

    fn files(&self, extension: &str) -> io::Result<Vec<PathBuf>> {
        files(&self.folder, extension)
    }

    /// Never removes `newest`: after a clock went back, it may be the oldest.
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
                // Another run may have pruned it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        Ok(())
    }
}

/// The folder beside the records with a file for each record that waits for the state-hub, of the
/// same name.
pub(crate) const OUTBOX: &str = "outbox";

pub(crate) fn name(run_id: &str) -> String {
    format!("{run_id}.json")
}

fn read(path: &Path) -> Result<Record, Unreadable> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

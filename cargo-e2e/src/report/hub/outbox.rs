//! Unsent records: a small file each, beside the records.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::PATIENCE;
use crate::durable;
use crate::record::store;
use crate::spec::Report;

/// How long, and how many, records of runs without a hub are kept for sending: a hub that is set
/// one day gets the last runs, not those of a year.
const UNSENT_FOR: Duration = Duration::from_hours(30 * 24);
const UNSENT: usize = 100;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub run_id: String,
    /// Fields of the request beside the record.
    pub report: Report,
    pub attempts: u32,
    /// The outcome of the last try.
    pub last_answer: Option<String>,
    /// The hub asked not to be called earlier, RFC 3339 UTC.
    pub not_before: Option<jiff::Timestamp>,
    /// The hub refuses the record: runs skip it, `cargo e2e report` tries again.
    pub refused: bool,
    /// No hub was set when the run was recorded.
    #[serde(default)]
    pub without_hub: bool,
}

impl Entry {
    /// Returns whether it waited too long for a hub to be set. A run's id begins with its time.
    fn is_over(&self, now: SystemTime) -> bool {
        let began = ulid::Ulid::from_string(&self.run_id).map(|id| id.datetime());
        let age = began.map(|began| now.duration_since(began).unwrap_or_default());
        self.without_hub && age.is_ok_and(|age| age > UNSENT_FOR)
    }

    /// Returns whether the time that the hub asked for is over. A time beyond the longest that is
    /// accepted comes from a clock that was ahead.
    pub(super) fn may_go(&self, now: jiff::Timestamp) -> bool {
        let may = |at: jiff::Timestamp| {
            let wait = at.duration_since(now);
            wait.is_negative() || wait.is_zero() || wait.unsigned_abs() > PATIENCE
        };
        self.not_before.is_none_or(may)
    }
}

/// The folder of unsent records.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
}

impl Outbox {
    /// Uses `outbox` in this folder; creates nothing yet.
    pub fn in_state(state: &Path) -> Self {
        Self {
            folder: state.join(store::OUTBOX),
        }
    }

    /// Adds a record.
    pub fn put(&self, entry: &Entry) -> io::Result<()> {
        durable::folder(&self.folder)?;
        let name = store::name(&entry.run_id);
        durable::write(&self.folder, &name, &serde_json::to_vec(entry)?)?;
        // A new record is stored even where an old one can't be removed.
        let _ = self.forget(SystemTime::now());
        Ok(())
    }

    /// Removes records that waited too long for a hub, and the oldest of too many.
    fn forget(&self, now: SystemTime) -> io::Result<()> {
        let mut unsent = self.all()?;
        unsent.retain(|entry| entry.without_hub);
        let too_many = unsent.len().saturating_sub(UNSENT);
        for (index, entry) in unsent.iter().enumerate() {
            if index < too_many || entry.is_over(now) {
                durable::remove(&self.folder, &store::name(&entry.run_id))?;
            }
        }
        Ok(())
    }

    /// Returns all entries, the oldest first.
    ///
    /// # Errors
    /// When the folder can't be read; one that does not exist is empty.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        let now = SystemTime::now();
        let mut entries = self.all()?;
        entries.retain(|entry| !entry.is_over(now));
        Ok(entries)
    }

    fn all(&self) -> io::Result<Vec<Entry>> {
        let mut all = Vec::new();
        for path in store::files(&self.folder, "json")? {
            // Another process may have sent it meanwhile.
            let Ok(text) = std::fs::read(&path) else {
                continue;
            };
            let run_id = path.file_stem().unwrap_or_default().to_string_lossy();
            // The name alone is enough to send the record of a torn entry.
            all.push(serde_json::from_slice(&text).unwrap_or_else(|_| Entry {
                run_id: run_id.into_owned(),
                ..Entry::default()
            }));
        }
        Ok(all)
    }

    /// Removes the entry of a record that the hub has.
    pub(super) fn done(&self, entry: &Entry) -> io::Result<()> {
        durable::remove(&self.folder, &store::name(&entry.run_id))
    }

    /// Takes the lock, unless another process has it: one sends at a time, so that each record is
    /// sent once.
    pub fn try_hold(&self) -> io::Result<Option<File>> {
        durable::folder(&self.folder)?;
        let lock = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.folder.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

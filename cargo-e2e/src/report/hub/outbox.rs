//! Records that the hub has not yet: a small file each, beside the records.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::PATIENCE;
use crate::durable;
use crate::record::store;
use crate::spec::Report;

/// Records of runs that no hub was named to wait so long for one, and so many of them: a hub that
/// is set one day is to hear of the last runs, not of a year.
const UNSENT_FOR: Duration = Duration::from_hours(30 * 24);
const UNSENT: usize = 100;

/// One record that waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose record.
    pub run_id: String,
    /// What the hub is told beside it.
    pub report: Report,
    /// How often it was tried.
    pub attempts: u32,
    /// What came of the last try.
    pub last_answer: Option<String>,
    /// The hub asked for patience until then, RFC 3339 UTC.
    pub not_before: Option<jiff::Timestamp>,
    /// The hub does not take it as it is: runs leave it alone, `cargo e2e report` tries again.
    pub refused: bool,
    /// When it was recorded, no hub was named.
    #[serde(default)]
    pub without_hub: bool,
}

impl Entry {
    /// Whether it waited too long for a hub to be named. A run's id begins with its time.
    fn is_over(&self, now: SystemTime) -> bool {
        let began = ulid::Ulid::from_string(&self.run_id).map(|id| id.datetime());
        let age = began.map(|began| now.duration_since(began).unwrap_or_default());
        self.without_hub && age.is_ok_and(|age| age > UNSENT_FOR)
    }

    /// Whether the hub's patience is asked for no more. A time that no hub may ask for was set by a
    /// clock that was ahead.
    pub(super) fn may_go(&self, now: jiff::Timestamp) -> bool {
        let may = |at: jiff::Timestamp| {
            let wait = at.duration_since(now);
            wait.is_negative() || wait.is_zero() || wait.unsigned_abs() > PATIENCE
        };
        self.not_before.is_none_or(may)
    }
}

/// The folder of those that wait.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
}

/// Who holds the outbox: one process sends at a time, so that each record is sent once.
#[derive(Debug)]
pub struct Waiting {
    outbox: Outbox,
    _lock: std::fs::File,
}

impl Outbox {
    /// In `outbox` of this folder. Nothing is made yet.
    #[must_use]
    pub fn in_state(state: &Path) -> Self {
        Self {
            folder: state.join(store::OUTBOX),
        }
    }

    /// Lets a record wait.
    ///
    /// # Errors
    /// When that can't be written.
    pub fn put(&self, entry: &Entry) -> io::Result<()> {
        durable::folder(&self.folder)?;
        let name = store::name(&entry.run_id);
        durable::write(&self.folder, &name, &serde_json::to_vec(entry)?)?;
        // An old one that can't be removed costs no new one.
        let _ = self.forget(SystemTime::now());
        Ok(())
    }

    /// Removes what waited too long for a hub to be named, and the oldest of too many.
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

    /// All that waits, the oldest first.
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
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut all = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|found| found == "json") {
                // One that another process sent meanwhile is gone.
                let Ok(text) = std::fs::read(&path) else {
                    continue;
                };
                let run_id = path.file_stem().unwrap_or_default().to_string_lossy();
                // Of one that was torn, the name says enough to send the record.
                all.push(serde_json::from_slice(&text).unwrap_or_else(|_| Entry {
                    run_id: run_id.into_owned(),
                    ..Entry::default()
                }));
            }
        }
        all.sort_by(|one, other| one.run_id.cmp(&other.run_id));
        Ok(all)
    }

    /// Holds it, unless another process does.
    ///
    /// # Errors
    /// When the lock can't be made.
    pub fn try_hold(&self) -> io::Result<Option<Waiting>> {
        durable::folder(&self.folder)?;
        let lock = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.folder.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Waiting {
                outbox: self.clone(),
                _lock: lock,
            })),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Waiting {
    /// All that waits, the oldest first.
    pub(super) fn entries(&self) -> io::Result<Vec<Entry>> {
        self.outbox.entries()
    }

    /// Takes note of a try.
    pub(super) fn update(&self, entry: &Entry) -> io::Result<()> {
        self.outbox.put(entry)
    }

    /// The hub has it.
    pub(super) fn done(&self, entry: &Entry) -> io::Result<()> {
        durable::remove(&self.outbox.folder, &store::name(&entry.run_id))
    }
}

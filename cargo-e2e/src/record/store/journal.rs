//! A file that grows by a line for each event of a run under way, in case the run is killed. It is
//! locked as long as its process lives.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Store;
use crate::durable;
use crate::record::event::{Event, Line, Reporter};
use crate::record::outcome::{
    HealthRecord, HealthStatus, Record, Stage, StageRecord, StageStatus, TestRecord, Verdict,
    millis, state_not_known,
};
use crate::spec::Report;

/// 128 + SIGKILL: other signals leave time to store a record.
const KILLED: u8 = 137;

/// What is known before a run begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub run_id: String,
    pub repo: String,
    /// The repo's e2e.yml, where that is another file than e2e/e2e.yml.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    pub host: String,
    /// When it began, RFC 3339 UTC.
    pub started_at: String,
    /// The folder with the result.
    pub bundle: PathBuf,
    /// Fields for the state-hub beside the record; `None` for a run that is not sent.
    pub report: Option<Report>,
    /// Whether the environment named no hub.
    #[serde(default)]
    pub without_hub: bool,
    /// Whether it runs tests. Other runs are no part of a repo's history.
    #[serde(default = "yes")]
    pub is_run: bool,
}

fn yes() -> bool {
    true
}

/// Writes the journal. Its errors don't end a run, which needs it only when killed.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

impl Journal {
    /// Creates the journal: from now on, a killed run leaves a trace.
    pub fn begin(store: &Store, header: &Header) -> io::Result<Self> {
        durable::folder(&store.folder)?;
        // Under this name, no process takes it for a killed run's before it is locked.
        let fresh = store.folder.join(format!(".{}.new", header.run_id));
        let mut file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)?;
        let mut begun = || {
            file.lock()?;
            let mut line = serde_json::to_vec(header)?;
            line.push(b'\n');
            file.write_all(&line)?;
            file.sync_all()?;
            std::fs::rename(&fresh, store.folder.join(name(&header.run_id)))?;
            File::open(&store.folder)?.sync_all()
        };
        let begun: io::Result<()> = begun();
        begun.inspect_err(|_| {
            // An incomplete one is useless.
            let _ = std::fs::remove_file(&fresh);
        })?;
        Ok(Self { file })
    }

    /// Returns a second handle that writes the same file.
    pub fn reporter(&self) -> io::Result<Self> {
        Ok(Self {
            file: self.file.try_clone()?,
        })
    }

    /// Removes the journal, once the record is stored.
    pub fn end(self, store: &Store, run_id: &str) -> io::Result<()> {
        let removed = durable::remove(&store.folder, &name(run_id));
        // Not before: without its lock it is a dead run's.
        drop(self);
        removed
    }

    fn write(&mut self, event: &Event) -> io::Result<()> {
        self.file.write_all(Line::of(event)?.as_bytes())?;
        if !matches!(event, Event::Health { .. }) {
            self.file.sync_data()?;
        }
        Ok(())
    }
}

impl Reporter for Journal {
    fn event(&mut self, event: &Event) {
        if let Event::Commit { .. }
        | Event::StageStarted { .. }
        | Event::StageEnded { .. }
        | Event::Placed { .. }
        | Event::Health { .. } = event
        {
            // A full disk is reported when the record is stored.
            let _ = self.write(event);
        }
    }
}

/// A run whose process is gone without an end.
#[derive(Debug)]
pub struct Dead {
    pub header: Header,
    /// The record made of its journal; or the one that it had stored itself.
    pub record: Record,
    /// Whether it had not stored one itself.
    pub fresh: bool,
    /// The time of its last event.
    end: jiff::Timestamp,
}

/// The outcome of reading journals without a process.
#[derive(Debug, Default)]
pub struct Recovered {
    pub dead: Vec<Dead>,
    /// Journals without even a readable header; kept under these names.
    pub torn: Vec<PathBuf>,
}

/// Stores the records of killed runs as `interrupted`, and hands each to `then` before its journal
/// is removed. `tests` returns the tests that the run had recorded. Several processes may call this
/// at once: a journal has one reader, and that of a living run has none.
pub fn recover(
    store: &Store,
    tests: impl Fn(&Path, jiff::Timestamp) -> Vec<TestRecord>,
    mut then: impl FnMut(&Dead) -> io::Result<()>,
) -> io::Result<Recovered> {
    let mut all = Recovered::default();
    for path in store.files("partial")? {
        let Ok(file) = File::open(&path) else {
            continue;
        };
        if file.try_lock().is_err() || !is_still(&path, &file) {
            continue;
        }
        // A torn journal may hold any bytes.
        let text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
        let Some(mut dead) = read(&text) else {
            let torn = path.with_extension("torn");
            std::fs::rename(&path, &torn)?;
            all.torn.push(torn);
            continue;
        };
        let stored = store.get(&dead.record.run_id).ok();
        let is_stored = stored.is_some();
        if let Some(record) = stored.or_else(|| in_bundle(&dead.header)) {
            (dead.record, dead.fresh) = (record, false);
        }
        if dead.fresh {
            dead.record.tests = tests(&dead.header.bundle, dead.end);
        }
        // A record that is stored already says more than a torn journal.
        if !is_stored {
            if dead.header.is_run {
                store.put(&dead.record)?;
            }
            if dead.header.bundle.is_dir() && !dead.header.bundle.join("run.json").exists() {
                // The bundle may be on a removable disk, or gone.
                let _ = super::write(&dead.header.bundle, "run.json", &dead.record);
            }
        }
        then(&dead)?;
        all.dead.push(dead);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        durable::remove(&store.folder, &name)?;
    }
    Ok(all)
}

/// Returns the record that a run left in its bundle because the store was not writable.
fn in_bundle(header: &Header) -> Option<Record> {
    let record = super::read(&header.bundle.join("run.json")).ok()?;
    (record.run_id == header.run_id).then_some(record)
}

/// Returns whether the opened file is still the one with this path.
fn is_still(path: &Path, file: &File) -> bool {
    let (there, here) = (std::fs::metadata(path), file.metadata());
    matches!((there, here), (Ok(there), Ok(here)) if there.ino() == here.ino() && there.dev() == here.dev())
}

/// Returns `None` for a file without a whole header. The last line may be torn.
pub(super) fn read(text: &str) -> Option<Dead> {
    let mut lines = text.lines();
    let header: Header = serde_json::from_str(lines.next()?).ok()?;
    let mut record = Record {
        schema: 1,
        run_id: header.run_id.clone(),
        repo: header.repo.clone(),
        spec: header.spec.clone(),
        host: header.host.clone(),
        verdict: Verdict::Interrupted,
        exit_code: KILLED,
        started_at: header.started_at.clone(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Record::default()
    };
    let mut last = header.started_at.clone();
    let mut may_have_a_sandbox = false;
    for line in lines {
        // A line that is torn, or of another version, is passed over.
        let Ok(Line { at, event, .. }) = serde_json::from_str(line) else {
            may_have_a_sandbox = true;
            continue;
        };
        last.clone_from(&at);
        add(&mut record, at, event);
    }
    record.duration_ms = between(&header.started_at, &last);
    let stages = &record.stages;
    may_have_a_sandbox |= stages.iter().any(|one| one.name == Stage::Provision);
    let removed =
        |one: &StageRecord| one.name == Stage::Teardown && one.status == StageStatus::Passed;
    if may_have_a_sandbox && !stages.iter().any(removed) {
        record.leftovers.push(state_not_known(&header.run_id));
    }
    Some(Dead {
        header,
        record,
        fresh: true,
        end: last.parse().unwrap_or_default(),
    })
}

/// Adds an event to a record.
fn add(record: &mut Record, at: String, event: Event) {
    match event {
        Event::Commit { git } => record.git = git,
        Event::StageStarted { stage, .. } => record.stages.push(StageRecord {
            name: stage,
            status: StageStatus::Interrupted,
            started_at: at,
            duration_ms: 0,
            detail: "the process was killed".to_owned(),
        }),
        Event::StageEnded {
            stage,
            status,
            duration,
            detail,
        } => {
            let mut stages = record.stages.iter_mut().rev();
            if let Some(record) = stages.find(|one| one.name == stage) {
                record.status = status;
                record.duration_ms = millis(duration);
                record.detail = detail;
            }
        }
        Event::Placed { host } => {
            record.host = host;
            let place = record.stages.iter().rfind(|one| one.name == Stage::Place);
            let place = place.cloned();
            record.stages.retain(|one| one.name < Stage::Place);
            record.stages.extend(place);
        }
        Event::Health {
            name,
            passed,
            answer,
            waited,
        } => {
            let checks = &mut record.health_checks;
            let known = checks.iter().position(|one| one.name == name);
            let attempts = known.map_or(0, |at| checks.remove(at).attempts) + 1;
            checks.push(HealthRecord {
                name,
                status: HealthStatus::of(passed),
                waited_ms: millis(waited),
                attempts,
                last_error: (!passed).then_some(answer),
            });
        }
        _ => {}
    }
}

fn between(from: &str, to: &str) -> u64 {
    let parsed = |text: &str| text.parse::<jiff::Timestamp>();
    let (Ok(from), Ok(to)) = (parsed(from), parsed(to)) else {
        return 0;
    };
    millis(Duration::try_from(to.duration_since(from)).unwrap_or_default())
}

fn name(run_id: &str) -> String {
    format!("{run_id}.partial")
}

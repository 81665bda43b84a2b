//! What is known of a run under way, for the case that it is killed: a file that grows line by
//! line, and is locked as long as its process lives.

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
    Git, HealthRecord, HealthStatus, Record, Stage, StageRecord, StageStatus, TestRecord, Verdict,
    millis, state_not_known,
};
use crate::spec::Report;

/// 128 + SIGKILL: the signals that leave time to say so do.
const KILLED: u8 = 137;

/// What is known of a run before it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The run's id.
    pub run_id: String,
    /// The repo's slug.
    pub repo: String,
    /// The host's name.
    pub host: String,
    /// When it began, RFC 3339 UTC.
    pub started_at: String,
    /// The folder with everything that is kept.
    pub bundle: PathBuf,
    /// What the state-hub is told beside the record; none for what it does not hear of.
    pub report: Option<Report>,
    /// Whether the environment named no hub.
    #[serde(default)]
    pub without_hub: bool,
    /// Whether it runs tests. What does not is no part of a repo's history.
    #[serde(default = "yes")]
    pub is_run: bool,
}

fn yes() -> bool {
    true
}

/// Writes it. Its errors don't end a run: a run that is not killed does not need it.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

impl Journal {
    /// Begins one: from now on a run that is killed is known of.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn begin(store: &Store, header: &Header) -> io::Result<Self> {
        durable::folder(&store.folder)?;
        // Nobody takes it for a dead run's before it is locked.
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
            // Half of one says nothing.
            let _ = std::fs::remove_file(&fresh);
        })?;
        Ok(Self { file })
    }

    /// A second hand that writes the same file.
    ///
    /// # Errors
    /// When the process can have no more files.
    pub fn reporter(&self) -> io::Result<Self> {
        Ok(Self {
            file: self.file.try_clone()?,
        })
    }

    /// Ends it: the record is where it belongs.
    ///
    /// # Errors
    /// When it can't be removed.
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
        | Event::Health { .. } = event
        {
            // Storing the record reports a full disk.
            let _ = self.write(event);
        }
    }
}

/// A run whose process is gone, and which said nothing more.
#[derive(Debug)]
pub struct Dead {
    /// What was known of it.
    pub header: Header,
    /// The record that was made of that; or the one that it could still store.
    pub record: Record,
    /// Whether it could not.
    pub fresh: bool,
    /// The last that is known of it.
    end: jiff::Timestamp,
}

/// What came of the journals that nobody holds.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Runs that were killed.
    pub dead: Vec<Dead>,
    /// Journals that say not even whose they are; kept under these names.
    pub torn: Vec<PathBuf>,
}

/// Stores what dead runs knew, as `interrupted`, and hands each to `then` before its journal goes.
/// `tests` says what its tests had told until then. Safe beside other processes: a journal has one reader, and a living run's has none.
///
/// # Errors
/// When the folder can't be read, or a record not be stored.
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
        // Torn, it may hold anything.
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
        // A torn one in its place says less.
        if !is_stored {
            if dead.header.is_run {
                store.put(&dead.record)?;
            }
            if dead.header.bundle.is_dir() && !dead.header.bundle.join("run.json").exists() {
                let json = serde_json::to_vec_pretty(&dead.record)?;
                // Its folder may be anywhere, and gone tomorrow.
                let _ = durable::write(&dead.header.bundle, "run.json", &json);
            }
        }
        then(&dead)?;
        all.dead.push(dead);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        durable::remove(&store.folder, &name)?;
    }
    Ok(all)
}

/// The record of a run whose store took nothing.
fn in_bundle(header: &Header) -> Option<Record> {
    let record = super::read(&header.bundle.join("run.json")).ok()?;
    (record.run_id == header.run_id).then_some(record)
}

/// Whether the file that was opened is the one that is there now.
fn is_still(path: &Path, file: &File) -> bool {
    let (there, here) = (std::fs::metadata(path), file.metadata());
    matches!((there, here), (Ok(there), Ok(here)) if there.ino() == here.ino() && there.dev() == here.dev())
}

/// None for a file that holds not even a header. The last line may be torn.
pub(super) fn read(text: &str) -> Option<Dead> {
    let mut lines = text.lines();
    let header: Header = serde_json::from_str(lines.next()?).ok()?;
    let mut record = Record {
        schema: 1,
        run_id: header.run_id.clone(),
        repo: header.repo.clone(),
        git: Git::default(),
        host: header.host.clone(),
        verdict: Verdict::Interrupted,
        exit_code: KILLED,
        started_at: header.started_at.clone(),
        duration_ms: 0,
        stages: Vec::new(),
        health_checks: Vec::new(),
        services: Vec::new(),
        tests: Vec::new(),
        leftovers: Vec::new(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let mut last = header.started_at.clone();
    let mut may_have_a_sandbox = false;
    for line in lines {
        // Of a line that is torn, or another version's, nobody knows what it said.
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

/// Adds to a record what happened next.
fn add(record: &mut Record, at: String, event: Event) {
    match event {
        Event::Commit { git } => record.git = git,
        Event::StageStarted { stage } => record.stages.push(StageRecord {
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
                status: if passed {
                    HealthStatus::Passed
                } else {
                    HealthStatus::Failed
                },
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

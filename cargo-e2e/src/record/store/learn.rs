//! Adds to records of killed runs what their host reports later.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::Store;
use crate::record::ended::EndedSandbox;
use crate::record::outcome::{Record, StageStatus, Verdict, state_not_known};

/// Older runs are not updated any more.
const LAST: usize = 50;

impl Store {
    /// Returns by their host killed runs of whose sandbox's end nothing is known, among the last
    /// ones.
    pub fn unknown(&self) -> io::Result<BTreeMap<String, Vec<String>>> {
        let files = self.files("json")?;
        let last = files.iter().rev().take(LAST);
        let records = last.filter_map(|path| super::read(path).ok());
        let mut unknown: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for record in records.filter(is_unknown) {
            unknown.entry(record.host).or_default().push(record.run_id);
        }
        Ok(unknown)
    }

    /// Adds to a record how its sandbox ended, also to its copy in `results`, the folder of its
    /// repo's results. Returns `None` where the record says so already.
    pub fn learn(&self, ended: &EndedSandbox, results: &Path) -> io::Result<Option<Record>> {
        let Ok(mut record) = self.get(&ended.run_id) else {
            return Ok(None);
        };
        if !is_unknown(&record) {
            return Ok(None);
        }
        record.leftovers.clear();
        let cut = |status| status == StageStatus::Interrupted;
        if let Some(stage) = record.stages.iter_mut().rev().find(|one| cut(one.status)) {
            stage.detail = format!("{}; {}", stage.detail, ended.sentence());
        }
        self.put(&record)?;
        let bundle = results.join(&record.run_id);
        if bundle.join("run.json").is_file() {
            // The store has it, so an error of the copy is ignored.
            let _ = super::write(&bundle, "run.json", &record);
        }
        Ok(Some(record))
    }
}

fn is_unknown(record: &Record) -> bool {
    record.verdict == Verdict::Interrupted && record.leftovers == [state_not_known(&record.run_id)]
}

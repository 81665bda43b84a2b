//! Records of runs that were killed, and what their host says of them later.

use std::io;
use std::path::Path;

use super::Store;
use crate::durable;
use crate::record::ended::EndedSandbox;
use crate::record::outcome::{Record, StageStatus, Verdict, state_not_known};

/// Older ones are history.
const LAST: usize = 50;

impl Store {
    /// Of the last runs those on this host that were killed, and of whose sandbox nothing is known.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub fn unknown(&self, host: &str) -> io::Result<Vec<String>> {
        let files = self.files("json")?;
        let last = files.iter().rev().take(LAST);
        let records = last.filter_map(|path| super::read(path).ok());
        let unknown = records.filter(|record| record.host == host && is_unknown(record));
        Ok(unknown.map(|record| record.run_id).collect())
    }

    /// Writes into such a record how its sandbox ended, and into its copy in `results`, the folder
    /// of its repo's results, where it is there. None where that was known already.
    ///
    /// # Errors
    /// When it can't be written.
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
            // The store has it; a copy is no reason to fail.
            let json = serde_json::to_vec_pretty(&record)?;
            let _ = durable::write(&bundle, "run.json", &json);
        }
        Ok(Some(record))
    }
}

fn is_unknown(record: &Record) -> bool {
    record.verdict == Verdict::Interrupted && record.leftovers == [state_not_known(&record.run_id)]
}

//! Files without secrets.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Masking, Secrets};

impl Secrets {
    /// Masks the evidence in a bundle: logs, states, what stages printed. Artifacts are the repo's
    /// own files, and may be of any kind: they stay as they are. A file in which secrets can't be
    /// masked is removed, and named.
    #[must_use]
    pub fn evidence(&self, bundle: &Path) -> Vec<(PathBuf, io::Error)> {
        let mut failed = Vec::new();
        for folder in ["", "logs", "inspect"] {
            let entries = std::fs::read_dir(bundle.join(folder));
            for path in entries
                .into_iter()
                .flatten()
                .flatten()
                .map(|one| one.path())
            {
                let name = path.file_name().unwrap_or_default();
                // The tests' output was masked as it came.
                let is_output = (name.as_encoded_bytes().ends_with(b"-output.log")
                    && name != "test-output.log")
                    || name == "events.jsonl"
                    || name == crate::junit::TIMES;
                if !path.is_file() || (folder.is_empty() && !is_output) {
                    continue;
                }
                if let Err(error) = self.file(&path) {
                    // Better nothing than a secret.
                    let _ = std::fs::remove_file(&path);
                    failed.push((path, error));
                }
            }
        }
        failed
    }

    /// A file without them, in its place; a JSON document as one. Lines may be of any length.
    ///
    /// # Errors
    /// When it can't be read or written.
    pub fn file(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
            && let Ok(mut document) = serde_json::from_slice::<Value>(&std::fs::read(path)?)
        {
            self.json(&mut document);
            let mut masked = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer_pretty(&mut masked, &document)?;
            masked.persist(path).map_err(|error| error.error)?;
            return Ok(());
        }
        let patterns = self.patterns();
        if patterns.is_empty() {
            return Ok(());
        }
        let mut source = std::fs::File::open(path)?;
        let mut masked = tempfile::NamedTempFile::new_in(folder)?;
        let mut masking = Masking::default();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = source.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            masked.write_all(&masking.take(&patterns, &buffer[..read]))?;
        }
        masked.write_all(&masking.finish(&patterns))?;
        masked.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

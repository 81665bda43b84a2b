//! Files without secrets.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::secrets::{Masking, Secrets};

impl Secrets {
    /// Masks the files that the run itself writes into its bundle, beside the record. Removes a
    /// file in which masking fails, and returns its name.
    #[must_use]
    pub fn outputs(&self, bundle: &Path) -> Vec<(PathBuf, io::Error)> {
        let mut failed = Vec::new();
        for path in files(bundle) {
            let name = path.file_name().unwrap_or_default();
            // The tests' output was masked when it was written.
            let is_output = (name.as_encoded_bytes().ends_with(b"-output.log")
                && name != "test-output.log")
                || name == "events.jsonl";
            if is_output && let Err(error) = self.file(&path) {
                let _ = std::fs::remove_file(&path);
                failed.push((path, error));
            }
        }
        failed
    }

    /// Moves fetched evidence into a bundle, each file once it is masked: logs, states, output of
    /// stages. A file in which masking fails stays behind, and its name is returned; hidden files
    /// are incomplete.
    #[must_use]
    pub fn evidence(&self, fetched: &Path, bundle: &Path) -> Vec<(PathBuf, io::Error)> {
        let mut failed = Vec::new();
        for folder in ["", "logs", "inspect"] {
            for path in files(&fetched.join(folder)) {
                let name = path.file_name().unwrap_or_default();
                if name.as_encoded_bytes().starts_with(b".") {
                    continue;
                }
                let to = bundle.join(folder);
                let moved = self
                    .file(&path)
                    .and_then(|()| std::fs::create_dir_all(&to))
                    .and_then(|()| std::fs::rename(&path, to.join(name)));
                failed.extend(moved.err().map(|error| (to.join(name), error)));
            }
        }
        failed
    }

    /// Masks a file in place; a JSON document as JSON. Lines may have any length.
    pub fn file(&self, path: &Path) -> io::Result<()> {
        let extension = path.extension().unwrap_or_default();
        let patterns = self.patterns();
        // Keys of JSON say by themselves what is secret.
        if patterns.is_empty() && extension != "jsonl" && extension != "json" {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut masked = tempfile::NamedTempFile::new_in(folder)?;
        if extension == "jsonl" {
            masked.write_all(&self.json_lines(&std::fs::read(path)?))?;
        } else if extension == "json"
            && let Ok(mut document) = serde_json::from_slice::<Value>(&std::fs::read(path)?)
        {
            self.json(&mut document);
            serde_json::to_writer_pretty(&mut masked, &document)?;
        } else {
            let mut source = std::fs::File::open(path)?;
            let mut masking = Masking::default();
            let mut buffer = vec![0; 64 << 10];
            while let read @ 1.. = source.read(&mut buffer)? {
                masked.write_all(&masking.take(&patterns, &buffer[..read]))?;
            }
            masked.write_all(&masking.finish(&patterns))?;
        }
        masked.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
}

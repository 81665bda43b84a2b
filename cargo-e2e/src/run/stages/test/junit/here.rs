//! `junit` files on this machine, where earlier runs have left theirs.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::record::verdict::Junit;

/// What the kernel changes whenever a file is written, whatever time a program gives it: clocks and
/// their differences don't matter.
#[derive(PartialEq, Eq)]
pub(super) struct Stamp {
    inode: (u64, u64),
    size: u64,
    changed: (i64, i64),
    modified: (i64, i64),
}

pub(super) async fn stamp(file: &Path) -> Option<Stamp> {
    let data = tokio::fs::metadata(file).await.ok()?;
    Some(Stamp {
        inode: (data.dev(), data.ino()),
        size: data.size(),
        changed: (data.ctime(), data.ctime_nsec()),
        modified: (data.mtime(), data.mtime_nsec()),
    })
}

/// Returns every file below a folder of the repo, but for those of Git, of npm and of earlier
/// results; or why they are not known.
pub(super) async fn find(
    root: PathBuf,
    folder: String,
    results: PathBuf,
) -> Result<Vec<String>, String> {
    let walk = move || {
        let start = root.join(&folder);
        if !start.is_dir() {
            return Ok(Vec::new());
        }
        let walk = WalkBuilder::new(&start)
            .standard_filters(false)
            .filter_entry(move |entry| {
                let name = entry.file_name();
                name != ".git" && name != "node_modules" && entry.path() != results
            })
            .build();
        let mut found = Vec::new();
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                // Files may go meanwhile.
                Err(error) if gone(&error) => continue,
                Err(error) => return Err(error.to_string()),
            };
            if entry.file_type().is_some_and(|kind| kind.is_file())
                && let Ok(path) = entry.path().strip_prefix(&root)
            {
                found.push(path.to_string_lossy().into_owned());
            }
        }
        Ok(found)
    };
    let found = tokio::task::spawn_blocking(walk).await;
    found.unwrap_or_else(|error| Err(error.to_string()))
}

fn gone(error: &ignore::Error) -> bool {
    let io = error.io_error();
    io.is_some_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Reads a file, unless it is as it was before.
pub(super) async fn read(file: &Path, before: Option<&Stamp>) -> Result<Vec<u8>, Junit> {
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => Junit::Unwritten,
        _ => Junit::Unreadable(error.to_string()),
    };
    let data = tokio::fs::metadata(file).await.map_err(unreadable)?;
    if !data.is_file() {
        return Err(Junit::Unreadable("it is not a file".to_owned()));
    }
    if stamp(file).await.as_ref() == before {
        return Err(Junit::Unwritten);
    }
    match tokio::fs::read(file).await {
        Ok(bytes) if bytes.is_empty() => Err(Junit::Unwritten),
        Ok(bytes) => Ok(bytes),
        Err(error) => Err(unreadable(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_was_written_again_differs_whatever_its_times_say() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out.xml");
        std::fs::write(&file, "old").unwrap();
        let before = stamp(&file).await;
        assert_eq!(read(&file, before.as_ref()).await, Err(Junit::Unwritten));
        let time = std::fs::metadata(&file).unwrap().modified().unwrap();
        let other = folder.path().join("other.xml");
        std::fs::write(&other, "new").unwrap();
        let opened = std::fs::File::options().append(true).open(&other).unwrap();
        opened.set_modified(time).unwrap();
        std::fs::rename(&other, &file).unwrap();
        assert_eq!(read(&file, before.as_ref()).await, Ok(b"new".to_vec()));
        assert!(matches!(
            read(folder.path(), before.as_ref()).await,
            Err(Junit::Unreadable(_))
        ));
    }

    #[tokio::test]
    async fn results_of_earlier_runs_and_of_dependencies_are_not_found() {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "e2e/out.xml",
            "e2e/results/01/junit.xml",
            "node_modules/a/junit.xml",
        ] {
            let file = folder.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "<testsuites/>").unwrap();
        }
        let root = || folder.path().to_owned();
        let found = |start: &str| find(root(), start.to_owned(), root().join("e2e/results"));
        assert_eq!(found(".").await.unwrap(), ["e2e/out.xml"]);
        assert_eq!(found("./e2e").await.unwrap(), ["e2e/out.xml"]);
        assert_eq!(found("./none").await.unwrap(), Vec::<String>::new());
    }
}

//! Files that are there whole or not at all, also after a power cut.

use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Writes a file: beside its place, then to the disk, then into its place, and then the folder,
/// which is what knows its name.
///
/// # Errors
/// When a step fails; what was in its place is still there then.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name))
        .map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// Removes a file for good. One that is not there is fine.
pub fn remove(folder: &Path, name: &str) -> io::Result<()> {
    match std::fs::remove_file(folder.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => File::open(folder)?.sync_all(),
    }
}

/// Makes a folder that only this user can enter, and those above it.
pub fn folder(path: &Path) -> io::Result<()> {
    // Each new one is known to the one above it.
    let new: Vec<&Path> = path.ancestors().take_while(|one| !one.is_dir()).collect();
    if new.is_empty() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    for above in new.into_iter().filter_map(Path::parent) {
        if above.as_os_str().is_empty() {
            File::open(".")?.sync_all()?;
        } else {
            File::open(above)?.sync_all()?;
        }
    }
    Ok(())
}

//! `exclusive` and `serial`: locks on files in the run's folder, which hold between threads and
//! between processes, and which the kernel lets go of when a process dies.

use std::fs::{File, OpenOptions, create_dir_all};
use std::io;
use std::path::Path;

use crate::environment::file_name;
use crate::error::Error;

/// Waits until a test of a `serial` group, or an `exclusive` one, may run beside what runs now. It may take as long as other tests take;
/// each of them has a timeout. The test holds the files that are returned while it runs.
pub(crate) fn take(
    folder: &Path,
    serial: Option<&str>,
    exclusive: bool,
) -> Result<Vec<File>, Error> {
    create_dir_all(folder)
        .map_err(|error| Error::file(format!("folder {}", folder.display()), error))?;
    let mut held = Vec::new();
    // The group first: who waits for it must not keep an exclusive test waiting.
    if let Some(group) = serial {
        let name = format!("serial-{}.lock", file_name(group));
        held.push(lock(folder, &name, File::lock)?);
    }
    // A thread that waits for all others holds the turnstile, so that no new one comes between.
    let turnstile = lock(folder, "turnstile.lock", File::lock)?;
    let how = if exclusive {
        File::lock
    } else {
        File::lock_shared
    };
    held.push(lock(folder, "exclusive.lock", how)?);
    drop(turnstile);
    Ok(held)
}

fn lock(folder: &Path, name: &str, how: fn(&File) -> io::Result<()>) -> Result<File, Error> {
    let path = folder.join(name);
    let open = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    open.and_then(|file| how(&file).map(|()| file))
        .map_err(|error| Error::file(format!("lock {}", path.display()), error))
}

//! `exclusive` and `serial`: locks on files in the run's folder, which hold between threads and
//! between processes, and which the kernel lets go of when a process dies.

use std::fs::{File, OpenOptions, create_dir_all};
use std::path::Path;

use crate::environment::file_name;
use crate::error::Error;

/// What a test holds while it runs.
#[derive(Debug)]
pub(crate) struct Locks {
    _held: Vec<File>,
}

/// Waits until a test of a `serial` group, or an `exclusive` one, may run beside what runs now. It may take as long as other tests take;
/// each of them has a timeout.
pub(crate) fn take(folder: &Path, serial: Option<&str>, exclusive: bool) -> Result<Locks, Error> {
    create_dir_all(folder)
        .map_err(|error| Error::file(format!("folder {}", folder.display()), error))?;
    let mut held = Vec::new();
    // The group first: who waits for it must not keep an exclusive test waiting.
    if let Some(group) = serial {
        held.push(lock(
            folder,
            &format!("serial-{}.lock", file_name(group)),
            Kind::Alone,
        )?);
    }
    // A thread that waits for all others holds the turnstile, so that no new one comes between.
    let turnstile = lock(folder, "turnstile.lock", Kind::Alone)?;
    let kind = if exclusive { Kind::Alone } else { Kind::Shared };
    held.push(lock(folder, "exclusive.lock", kind)?);
    drop(turnstile);
    Ok(Locks { _held: held })
}

#[derive(Clone, Copy)]
enum Kind {
    Alone,
    Shared,
}

fn lock(folder: &Path, name: &str, kind: Kind) -> Result<File, Error> {
    let path = folder.join(name);
    let open = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    open.and_then(|file| {
        match kind {
            Kind::Alone => file.lock()?,
            Kind::Shared => file.lock_shared()?,
        }
        Ok(file)
    })
    .map_err(|error| Error::file(format!("lock {}", path.display()), error))
}

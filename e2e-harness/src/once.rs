//! What is made once for all tests of a run.

use std::fs::{self, OpenOptions, TryLockError};
use std::future::Future;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::doing;
use crate::environment::file_name;
use crate::error::{BoxError, Error};

/// How often to look whether another test is done.
const LOOK: Duration = Duration::from_millis(50);

pub(crate) async fn once<T, E>(
    folder: &Path,
    name: &str,
    make: impl Future<Output = Result<T, E>>,
) -> Result<T, Error>
where
    T: Serialize + DeserializeOwned,
    E: Into<BoxError>,
{
    let file =
        |path: &Path, error| Error::file(format!("`{name}`, kept in {}", path.display()), error);
    let failed = |source: BoxError| Error::Failed {
        what: format!("`{name}`"),
        source,
    };
    fs::create_dir_all(folder).map_err(|error| file(folder, error))?;
    let kept = folder.join(format!("once-{}.json", file_name(name)));
    let path = kept.with_extension("lock");
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| file(&path, error))?;
    let waiting = doing::waiting(format!("waiting for another test to make `{name}`"));
    // The test's timeout bounds this wait.
    loop {
        match lock.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOK).await,
            Err(TryLockError::Error(error)) => return Err(file(&path, error)),
        }
    }
    drop(waiting);
    match fs::read(&kept) {
        Ok(text) => return serde_json::from_slice(&text).map_err(|error| failed(error.into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(file(&kept, error)),
    }
    let _making = doing::waiting(format!("making `{name}`"));
    let value = make.await.map_err(|error| failed(error.into()))?;
    let text = serde_json::to_vec(&value).map_err(|error| failed(error.into()))?;
    // Whole or not at all, also when the process is killed here.
    let draft = kept.with_extension("draft");
    fs::write(&draft, text)
        .and_then(|()| fs::rename(&draft, &kept))
        .map_err(|error| file(&kept, error))?;
    Ok(value)
}

//! What `cargo e2e` says in variables, and the folder that all tests of a run share.

use std::path::{Path, PathBuf};

use crate::protocol;

/// Returns a variable that is set and not empty.
pub(crate) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

pub(crate) fn env_is(name: &str, value: &str) -> bool {
    env(name).as_deref() == Some(value)
}

/// Returns where locks and what is made once are: the folder of the run's records, or one in the
/// temporary folder that all tests of the run agree on.
pub(crate) fn run_folder() -> PathBuf {
    let events = env(protocol::EVENTS).map(PathBuf::from);
    if let Some(folder) = events.as_deref().and_then(Path::parent) {
        return folder.to_owned();
    }
    let run = env(protocol::RUN_ID).unwrap_or_else(|| "no-run".to_owned());
    let user = rustix::process::geteuid().as_raw();
    std::env::temp_dir().join(format!("e2e-harness-{user}-{}", file_name(&run)))
}

/// Returns a name as part of a file name; different names stay different.
pub(crate) fn file_name(name: &str) -> String {
    name.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02x}")
            }
        })
        .collect()
}

//! Reaches a host by its name.

use super::runtime_dir::left_by_killed_clients;
use super::ssh::end_orphan;
use super::{Host, HostError, HostKind, Local, Ssh};

/// Connects to a host by its name.
///
/// Nothing is created on it; ssh's control folder here is removed by [`Host::close`].
pub async fn connect(name: &str) -> Result<Box<dyn Host>, HostError> {
    // Nobody waits for it.
    tokio::spawn(tidy());
    Ok(match HostKind::of(name) {
        HostKind::Local => Box::new(Local),
        HostKind::Ssh(destination) => Box::new(Ssh::connect(destination).await?),
    })
}

/// Removes what killed clients left, with their masters.
async fn tidy() {
    let Ok(Ok(orphans)) = tokio::task::spawn_blocking(left_by_killed_clients).await else {
        return;
    };
    for folder in orphans {
        end_orphan(&folder).await;
    }
}

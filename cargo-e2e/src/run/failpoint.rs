//! Stops a run at the begin of a stage, before its first heartbeat, or when its files were sent, so that a test
//! can do harm exactly there. Only in builds with debug assertions: a released binary never stops.

use std::path::Path;
use std::time::Duration;

use crate::environment;

const LOOK: Duration = Duration::from_millis(20);

/// Waits at a stage: with `CARGO_E2E_FAILPOINT=up:FILE`, the stage `up` writes FILE and waits until
/// it is removed.
pub(crate) async fn reached(place: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    let wanted = std::env::var(environment::FAILPOINT).unwrap_or_default();
    let Some((name, file)) = wanted.split_once(':') else {
        return;
    };
    if name != place || tokio::fs::write(file, name).await.is_err() {
        return;
    }
    while Path::new(file).exists() {
        tokio::time::sleep(LOOK).await;
    }
}

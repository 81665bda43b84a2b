//! Stops a run at the begin of a stage, so that a test can do harm exactly there. Only in builds
//! with debug assertions: a released binary never stops.

use std::path::Path;
use std::time::Duration;

use crate::environment;
use crate::record::outcome::Stage;

const LOOK: Duration = Duration::from_millis(20);

/// Waits at a stage: with `CARGO_E2E_FAILPOINT=up:FILE`, the stage `up` writes FILE and waits until
/// it is removed.
pub(crate) async fn reached(stage: Stage) {
    if !cfg!(debug_assertions) {
        return;
    }
    let wanted = std::env::var(environment::FAILPOINT).unwrap_or_default();
    let Some((name, file)) = wanted.split_once(':') else {
        return;
    };
    if name != stage.name() || tokio::fs::write(file, name).await.is_err() {
        return;
    }
    while Path::new(file).exists() {
        tokio::time::sleep(LOOK).await;
    }
}

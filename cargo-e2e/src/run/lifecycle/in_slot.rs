//! The slot that an engine has given to a run.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::host::cluster::{ClusterName, Engine};
use crate::run::StageError;
use crate::run::stages::node::last_words;

const MOMENT: Duration = Duration::from_secs(20);

/// Where a run's slot is, for who asks its engine what became of it.
#[derive(Clone)]
pub(super) struct InSlot {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) cluster: ClusterName,
    pub(super) id: String,
    pub(super) node: String,
}

impl InSlot {
    /// Adds to the loss of a host what the engine says of it, and gives the slot back.
    pub(super) async fn explain(&self, error: &mut StageError) {
        let slot = (self.id.as_str(), self.node.as_str());
        let said = last_words(self.engine.as_ref(), &self.cluster, slot).await;
        error.message = format!("{}; {said}", error.message);
    }

    /// Forgets the slot of a sandbox that is gone. The run has its result: an engine that does not answer
    /// holds it up no longer than a moment.
    pub(super) async fn release(&self) {
        let _ = timeout(MOMENT, self.engine.release(&self.id)).await;
    }
}

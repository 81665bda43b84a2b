//! Clusters: an engine that is there already gives a run a node of many.
//!
//! Each engine is one POSIX script that runs on its login or manager host. Called by the stage `place` and
//! by commands that visit every node; it knows no sandbox and no stage, and a node is only a host's name.

mod engine;
mod name;
mod slurm;

use std::sync::Arc;

use crate::host::Host;

pub use engine::{Engine, Granted, NodeRequest, NotGranted, Slot, Standing};
pub use name::{ClusterName, EngineKind};

/// Returns the engine of a cluster, asked on its login host.
#[must_use]
pub fn engine(name: &ClusterName, login: Arc<dyn Host>) -> Arc<dyn Engine> {
    match name.engine {
        EngineKind::Slurm => Arc::new(slurm::Slurm {
            login,
            partition: name.partition.clone(),
        }),
    }
}

//! Clusters: an engine that is there already gives a run a node of many.
//!
//! Each engine is one POSIX script that runs on its login or manager host. Called by the stage `place` and
//! by commands that visit every node; it knows no sandbox and no stage, and a node is only a host's name.

mod engine;
mod granted;
mod login;
mod name;
mod slurm;
mod swarm;

use std::sync::Arc;

use crate::host::Host;

pub use engine::{Engine, NodeRequest, Slot};
pub use granted::{Granted, NotGranted, Standing};
pub use name::{ClusterName, EngineKind};

use login::Login;

/// Returns the engine of a cluster, asked on its login host.
pub fn engine(name: &ClusterName, login: Arc<dyn Host>) -> Arc<dyn Engine> {
    let asked_by = |request, help| Login {
        host: login,
        request,
        help,
    };
    match name.engine {
        EngineKind::Slurm => Arc::new(slurm::Slurm {
            login: asked_by("the request to Slurm", slurm::help),
            partition: name.partition.clone(),
        }),
        EngineKind::Swarm => Arc::new(swarm::Swarm {
            manager: asked_by("the request to Swarm", swarm::help),
        }),
    }
}

//! Slurm, asked by its own commands: `host/sh/slurm.sh` has them, `host/sh/slot.sh` is what it runs.

use async_trait::async_trait;

use crate::host::Script;

use super::engine::{Engine, NodeRequest, Slot};
use super::granted::{Granted, NotGranted, Told};
use super::login::{Login, SLOT};

pub(super) struct Slurm {
    pub(super) login: Login,
    pub(super) partition: String,
}

pub(super) fn help(status: i32, _said: &str) -> Option<&'static str> {
    match status {
        3 => Some("install Slurm's commands there: `sudo apt-get install slurm-client`"),
        4 => Some("`sinfo` there lists partitions"),
        _ => None,
    }
}

impl Slurm {
    fn script(&self, verb: &str) -> Script {
        Script::new(
            "the question to Slurm",
            concat!(
                include_str!("../sh/last_node.sh"),
                include_str!("../sh/slurm.sh")
            ),
        )
        .var("verb", verb)
        .var("partition", &self.partition)
    }

    fn request(&self, request: &NodeRequest, again: bool) -> Script {
        self.script("place")
            .var("again", if again { "yes" } else { "" })
            .var("stays", if request.stays { "yes" } else { "" })
            .var("run", &request.run_id)
            .var("name", &request.name)
            .var("slot", SLOT)
            .var("grace", request.grace.as_secs().to_string())
            .var("cpus", request.cpus.to_string())
            .var("memory", request.memory.to_string())
            .var("minutes", request.time.as_secs().div_ceil(60).to_string())
            .var("exclude", request.exclude.join(","))
            .long()
    }
}

#[async_trait]
impl Engine for Slurm {
    async fn place(&self, request: &NodeRequest, told: Told<'_>) -> Result<Granted, NotGranted> {
        let script = |again| self.request(request, again);
        self.login.place(script, "Slurm ended job", told).await
    }

    async fn nodes(&self) -> Result<Vec<String>, NotGranted> {
        self.login.nodes(self.script("nodes")).await
    }

    async fn holds(&self) -> Result<Vec<Slot>, NotGranted> {
        self.login.holds(self.script("holds")).await
    }

    async fn end(&self, id: &str, node: &str) -> Result<String, NotGranted> {
        let script = self.script("end").var("job", id).var("node", node);
        self.login.end(script).await
    }
}

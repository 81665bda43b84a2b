//! Docker Swarm, asked on a manager: `host/sh/swarm.sh` has the questions. A slot is a service with one task,
//! which runs `host/sh/slot.sh`.

use async_trait::async_trait;

use crate::environment::{self, set};
use crate::host::Script;

use super::engine::{Engine, NodeRequest, Slot};
use super::granted::{Granted, NotGranted, Told};
use super::login::{Login, SLOT};

pub(super) struct Swarm {
    pub(super) manager: Login,
}

pub(super) fn help(status: i32, said: &str) -> Option<&'static str> {
    const IMAGE: &str = "`docker load` it there, or set CARGO_E2E_SWARM_IMAGE to an image with sh that all nodes have";
    match status {
        3 => Some("name a host with Docker's program that is a manager of the swarm"),
        4 => Some("name a manager, which `docker node ls` lists; `docker swarm init` makes one"),
        5 => Some(IMAGE),
        _ if said.contains("No such image") => Some(IMAGE),
        _ if said.contains("bind source path does not exist") => {
            Some("the user needs the same home on all nodes, and CARGO_E2E_ROOT's parent folder")
        }
        _ => None,
    }
}

impl Swarm {
    fn script(&self, verb: &str) -> Script {
        Script::new(
            "the question to Swarm",
            concat!(
                include_str!("../sh/last_node.sh"),
                include_str!("../sh/swarm.sh")
            ),
        )
        .var("verb", verb)
        .var("manager", self.manager.host.name())
    }

    fn request(&self, request: &NodeRequest, again: bool) -> Script {
        self.script("place")
            .var("again", if again { "yes" } else { "" })
            .var("run", &request.run_id)
            .var("name", &request.name)
            .var("slot", SLOT)
            .var("image", set(environment::SWARM_IMAGE).unwrap_or_default())
            .var("grace", request.grace.as_secs().to_string())
            .var("cpus", request.cpus.to_string())
            .var("memory", request.memory.to_string())
            .var("exclude", request.exclude.join(","))
            .var("why", &request.why)
            .long()
    }
}

#[async_trait]
impl Engine for Swarm {
    async fn place(&self, request: &NodeRequest, told: Told<'_>) -> Result<Granted, NotGranted> {
        let script = |again| self.request(request, again);
        self.manager
            .place(script, "Swarm ended service", told)
            .await
    }

    async fn nodes(&self) -> Result<Vec<String>, NotGranted> {
        self.manager.nodes(self.script("nodes")).await
    }

    async fn holds(&self) -> Result<Vec<Slot>, NotGranted> {
        self.manager.holds(self.script("holds")).await
    }

    async fn end(&self, id: &str, node: &str) -> Result<String, NotGranted> {
        let script = self.script("end").var("service", id).var("node", node);
        self.manager.end(script).await
    }

    async fn release(&self, id: &str) {
        // The next question to Swarm removes what is over, too.
        let _ = self
            .manager
            .ask(self.script("release").var("service", id))
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_lacks_has_a_help() {
        let lacks = |said| help(0, said).unwrap_or_default();
        assert!(lacks("n2: No such image: busybox:1").contains(environment::SWARM_IMAGE));
        let said =
            "n2: invalid mount config for type \"bind\": bind source path does not exist: /x";
        assert!(lacks(said).contains("same home"));
        assert_eq!(lacks("n2: Failed"), "");
        assert!(help(4, "This node is not a swarm manager.").is_some());
    }
}

//! The names of clusters: `slurm:PARTITION`, `slurm://LOGIN/PARTITION`, `swarm:`, `swarm://MANAGER`.

use crate::host::{HostError, LOCAL};

/// What places sandboxes on nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    Slurm,
    Swarm,
}

impl EngineKind {
    /// Returns the name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slurm => "slurm",
            Self::Swarm => "swarm",
        }
    }

    /// Returns what holds a slot, in the engine's own word.
    pub fn hold(self) -> &'static str {
        match self {
            Self::Slurm => "job",
            Self::Swarm => "service",
        }
    }

    /// Returns how people list its nodes.
    pub fn lists_nodes(self) -> &'static str {
        match self {
            Self::Slurm => "`sinfo` there lists partitions and nodes",
            Self::Swarm => "`docker node ls` there lists nodes",
        }
    }

    /// Returns whether it lists slots that are over until they are released.
    pub fn lists_what_is_over(self) -> bool {
        self == Self::Swarm
    }

    fn forms(self) -> &'static str {
        match self {
            Self::Slurm => "give slurm://LOGIN/PARTITION, or slurm:PARTITION",
            Self::Swarm => "give swarm://MANAGER, or swarm: where this machine is a manager",
        }
    }

    /// Reads what follows the engine's name: the login host, and the partition.
    fn read(self, rest: &str) -> Option<(&str, &str)> {
        let remote = rest.strip_prefix("//");
        match self {
            Self::Slurm => {
                let (login, partition) = match remote {
                    None => (LOCAL, rest),
                    Some(rest) => rest.split_once('/')?,
                };
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
                let is_name = !partition.is_empty()
                    && !partition.starts_with('-')
                    && partition.chars().all(is_plain);
                (!login.is_empty() && is_name).then_some((login, partition))
            }
            Self::Swarm => {
                let manager = if rest.is_empty() { LOCAL } else { remote? };
                let manager = manager.strip_suffix('/').unwrap_or(manager);
                let is_one = !manager.is_empty() && !manager.contains('/');
                is_one.then_some((manager, ""))
            }
        }
    }
}

/// A cluster, as it is named in place of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterName {
    pub engine: EngineKind,
    /// The host on which the engine is asked.
    pub login: String,
    /// Of Slurm; empty for Swarm, which has one set of nodes.
    pub partition: String,
}

impl ClusterName {
    /// Reads a name; none where it is that of a host, or of hosts.
    ///
    /// # Errors
    /// When it is half of one.
    pub fn parse(name: &str) -> Result<Option<Self>, HostError> {
        let engine_of = |one: &str| match one.trim().split_once(':')?.0 {
            "slurm" => Some(EngineKind::Slurm),
            "swarm" => Some(EngineKind::Swarm),
            _ => None,
        };
        let Some(engine) = name.split(',').find_map(engine_of) else {
            return Ok(None);
        };
        let refuse = |reason| {
            Err(HostError::NotAHost {
                given: name.escape_debug().to_string(),
                reason,
            })
        };
        if name.contains(',') {
            return refuse("a cluster is no member of a pool; give it alone");
        }
        let rest = name.trim().split_once(':').map_or("", |(_, rest)| rest);
        let Some((login, partition)) = engine.read(rest) else {
            return refuse(engine.forms());
        };
        // ssh takes a port only from an address.
        let login = if login.contains(':') {
            format!("ssh://{login}")
        } else {
            login.to_owned()
        };
        Ok(Some(Self {
            engine,
            login,
            partition: partition.to_owned(),
        }))
    }

    /// Returns what has the nodes, for people.
    pub fn whole(&self) -> String {
        match self.engine {
            EngineKind::Slurm => format!("partition {}", self.partition),
            EngineKind::Swarm => "the swarm".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_has_a_login_host_and_a_partition() {
        let read = |name| {
            let cluster = ClusterName::parse(name).unwrap()?;
            Some((cluster.login, cluster.partition))
        };
        let pair = |login: &str, partition: &str| Some((login.to_owned(), partition.to_owned()));
        assert_eq!(read("slurm:e2e"), pair("local", "e2e"));
        assert_eq!(read("slurm://login/e2e"), pair("login", "e2e"));
        assert_eq!(
            read("slurm://me@login/gpu_2.a"),
            pair("me@login", "gpu_2.a")
        );
        assert_eq!(
            read("slurm://me@login:2222/e2e"),
            pair("ssh://me@login:2222", "e2e")
        );
        assert_eq!(read("swarm:"), pair("local", ""));
        assert_eq!(read("swarm://local"), pair("local", ""));
        assert_eq!(read("swarm://node1/"), pair("node1", ""));
        assert_eq!(read("swarm://me@n1"), pair("me@n1", ""));
        assert_eq!(read("swarm://me@n1:2222"), pair("ssh://me@n1:2222", ""));
        let engine = |name| ClusterName::parse(name).unwrap().unwrap().engine;
        assert_eq!(engine("swarm:"), EngineKind::Swarm);
        assert_eq!(engine("slurm:e2e"), EngineKind::Slurm);
        for host in [
            "local",
            "railiance01",
            "ssh://me@login:22",
            "a,b",
            "slurm",
            "swarm",
            "swarming:",
            "",
        ] {
            assert_eq!(read(host), None, "{host}");
        }
        for bad in [
            "slurm:",
            "slurm://login",
            "slurm://login/",
            "slurm:///e2e",
            "slurm:e2e;reboot",
            "slurm:-x",
            "slurm://login/a/b",
            "slurm:e2e,railiance01",
            "railiance01, slurm:e2e",
            "swarm:node1",
            "swarm://",
            "swarm:///",
            "swarm://node1/pool",
            "swarm://node1,railiance01",
        ] {
            assert!(ClusterName::parse(bad).is_err(), "{bad}");
        }
    }
}

//! The names of clusters: `slurm:PARTITION`, `slurm://LOGIN/PARTITION`.

use crate::host::{HostError, LOCAL};

/// What places sandboxes on nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    Slurm,
}

impl EngineKind {
    /// Returns the name in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Slurm => "slurm",
        }
    }
}

/// A cluster, as it is named in place of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterName {
    pub engine: EngineKind,
    /// The host on which the engine is asked.
    pub login: String,
    pub partition: String,
}

impl ClusterName {
    /// Reads a name; none where it is that of a host, or of hosts.
    ///
    /// # Errors
    /// When it is half of one.
    pub fn parse(name: &str) -> Result<Option<Self>, HostError> {
        if !name.split(',').any(|one| one.trim().starts_with("slurm:")) {
            return Ok(None);
        }
        let refuse = |reason| {
            Err(HostError::NotAHost {
                given: name.escape_debug().to_string(),
                reason,
            })
        };
        if name.contains(',') {
            return refuse("a cluster is no member of a pool; give it alone");
        }
        let rest = name.trim().trim_start_matches("slurm:");
        let (login, partition) = match rest.strip_prefix("//") {
            None => (LOCAL, rest),
            Some(rest) => match rest.split_once('/') {
                Some((login, partition)) if !login.is_empty() => (login, partition),
                _ => return refuse("give slurm://LOGIN/PARTITION, or slurm:PARTITION"),
            },
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if partition.is_empty() || partition.starts_with('-') || !partition.chars().all(is_plain) {
            return refuse("give slurm://LOGIN/PARTITION, or slurm:PARTITION");
        }
        // ssh takes a port only from an address.
        let login = if login.contains(':') {
            format!("ssh://{login}")
        } else {
            login.to_owned()
        };
        Ok(Some(Self {
            engine: EngineKind::Slurm,
            login,
            partition: partition.to_owned(),
        }))
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
        for host in [
            "local",
            "railiance01",
            "ssh://me@login:22",
            "a,b",
            "slurm",
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
        ] {
            assert!(ClusterName::parse(bad).is_err(), "{bad}");
        }
    }
}

//! The folder on the host that a sandbox's repo is in: an earlier run's, or an empty one. The sync
//! stage takes it and says when it is complete; teardown gives it back.

use std::time::Duration;

use crate::host::{self, Host, HostError};

use super::{Sandbox, check};

/// What a sandbox got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// An empty folder.
    New,
    /// The files of this sync: of these, one of the same size and time is the same.
    Known(String),
    /// Files that must all be read, and why.
    Unknown(String),
}

impl Taken {
    fn parse(said: &str) -> Option<Self> {
        let said = said.trim_end();
        let (word, rest) = said.split_once(' ').unwrap_or((said, ""));
        match word {
            "new" => Some(Self::New),
            "known" => Some(Self::Known(rest.to_owned())),
            "read" => Some(Self::Unknown(crate::text::printable(rest))),
            _ => None,
        }
    }
}

impl Sandbox {
    /// Takes a workspace of a repo for the sandbox. `known` are the syncs after which this working
    /// copy would know it, the last one first.
    pub async fn take_workspace(
        &self,
        host: &dyn Host,
        repo: &str,
        known: &[&str],
        deadline: Duration,
    ) -> Result<Taken, HostError> {
        let script = self
            .bind(script!("the request for a workspace", "workspace", "take"))
            .var("repo", repo)
            .var("known", known.join(" "));
        let output = check(
            host,
            &script,
            host::run(host, &script, b"", deadline).await?,
        )?;
        Taken::parse(&output.text()).ok_or_else(|| HostError::Script {
            host: host.name().to_owned(),
            doing: script.name(),
            status: output.status,
            stderr: "unexpected answer to the request for a workspace".to_owned(),
        })
    }

    /// Ends a sync, which left so many kB: what changes from now on, teardown removes.
    /// Returns why it will not be given back, if it won't.
    pub async fn settle(
        &self,
        host: &dyn Host,
        repo: &str,
        sync: &str,
        kb: usize,
        deadline: Duration,
    ) -> Result<Option<String>, HostError> {
        let script = self
            .bind(script!("the end of the sync", "workspace", "settle"))
            .var("repo", repo)
            .var("sync", sync)
            .var("kb", kb.to_string());
        let output = check(
            host,
            &script,
            host::run(host, &script, b"", deadline).await?,
        )?;
        let text = output.text();
        Ok(text
            .lines()
            .find_map(|line| line.strip_prefix("lost "))
            .map(crate::text::printable))
    }

    /// Removes files from the workspace, and then folders that they leave empty; both NUL-separated,
    /// and folders end with a slash.
    pub async fn forget(
        &self,
        host: &dyn Host,
        names: &[u8],
        deadline: Duration,
    ) -> Result<(), HostError> {
        let script = self.bind(script!("the removal of files", "forget"));
        let output = host::run(host, &script, names, deadline).await?;
        check(host, &script, output).map(drop)
    }
}

#[cfg(test)]
mod tests;

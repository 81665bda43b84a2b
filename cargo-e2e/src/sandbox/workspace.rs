//! The folder on the host that a sandbox's repo is in: an earlier run's, or an empty one. The sync
//! stage takes it and says when it is complete; teardown gives it back.

use std::time::Duration;

use crate::host::{Host, HostError};

use super::{Sandbox, succeed_within, unexpected};

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
        let output = succeed_within(host, &script, b"", deadline).await?;
        let what = "unexpected answer to the request for a workspace";
        Taken::parse(&output.text()).ok_or_else(|| unexpected(host, &script, what))
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
        let output = succeed_within(host, &script, b"", deadline).await?;
        let text = output.text();
        let lost = text.lines().find_map(|line| line.strip_prefix("lost "));
        Ok(lost.map(crate::text::printable))
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
        let forgotten = succeed_within(host, &script, names, deadline);
        forgotten.await.map(drop)
    }
}

#[cfg(test)]
mod tests;

//! What earlier syncs sent into a sandbox that stays up: the file `sent` in its folder. It lets a
//! sync remove files that an earlier one sent and that are gone here, but nothing that containers
//! wrote.

use std::collections::{BTreeMap, BTreeSet};

use crate::run::{Context, StageError};

const FILE: &str = "sent";

/// Names are bytes; folders end with a slash.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// Files that git ships.
    pub(super) tree: BTreeSet<Vec<u8>>,
    /// Ignored paths that were sent.
    pub(super) roots: BTreeSet<Vec<u8>>,
    /// All files at these, each with its stamp when it was sent.
    pub(super) extra: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Changed files that no `up` has seen yet.
    pub(super) pending: BTreeSet<Vec<u8>>,
}

impl Sent {
    /// Reads the file from the sandbox.
    pub(super) async fn read(context: &Context<'_>) -> Result<Self, StageError> {
        let bytes = context.sandbox.get(context.host, FILE).await?;
        Ok(Self::parse(&bytes))
    }

    /// Writes the file to the sandbox, unless that can't be reused.
    pub(super) async fn write(&self, context: &Context<'_>) -> Result<(), StageError> {
        let plan = context.plan;
        if context.before.is_some() || plan.options.up_only || plan.keep != crate::plan::Keep::No {
            context
                .sandbox
                .put(context.host, FILE, &self.to_bytes())
                .await?;
        }
        Ok(())
    }

    /// Returns whether an earlier sync sent this ignored path.
    pub(in crate::run::stages) fn has_root(&self, path: &str) -> bool {
        self.roots.contains(path.as_bytes())
    }

    /// Returns the changed names that no `up` has seen yet.
    pub fn pending(&self) -> &BTreeSet<Vec<u8>> {
        &self.pending
    }

    /// Notes that `up` has seen all changes.
    pub(in crate::run::stages) async fn settle(
        mut self,
        context: &Context<'_>,
    ) -> Result<(), StageError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.pending.clear();
        self.write(context).await
    }

    pub(super) fn extend_pending(&mut self, names: BTreeSet<Vec<u8>>) {
        self.pending.extend(names);
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let kinds = [
            (b't', &self.tree),
            (b'r', &self.roots),
            (b'p', &self.pending),
        ];
        for (kind, names) in kinds {
            for name in names {
                bytes.push(kind);
                bytes.extend_from_slice(name);
                bytes.push(0);
            }
        }
        for (name, stamp) in &self.extra {
            bytes.push(b'x');
            for part in [stamp, name] {
                bytes.extend_from_slice(part);
                bytes.push(0);
            }
        }
        bytes
    }

    fn parse(bytes: &[u8]) -> Self {
        let mut sent = Self::default();
        let mut entries = bytes.split(|byte| *byte == 0);
        while let Some(entry) = entries.next() {
            let Some((kind, name)) = entry.split_first() else {
                continue;
            };
            match kind {
                b't' => sent.tree.insert(name.to_vec()),
                b'r' => sent.roots.insert(name.to_vec()),
                b'p' => sent.pending.insert(name.to_vec()),
                _ => {
                    let of = entries.next().unwrap_or_default().to_vec();
                    sent.extra.insert(of, name.to_vec()).is_none()
                }
            };
        }
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written() {
        let all = |names: &[&[u8]]| names.iter().map(|name| name.to_vec()).collect();
        let sent = Sent {
            tree: all(&[b"a\nb", b"dir/", b"\xff"]),
            roots: all(&[b"dist"]),
            extra: [(b"dist/x".to_vec(), b"1 2 3".to_vec())].into(),
            pending: all(&[b"a\nb"]),
        };
        assert_eq!(Sent::parse(&sent.to_bytes()), sent);
        assert_eq!(Sent::parse(b""), Sent::default());
    }
}

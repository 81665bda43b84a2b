//! What this machine knows of the workspaces that a working copy may find on a host: how they are
//! called there, and when its own last syncs began. Called by the sync stage.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::durable;
use crate::record::store::state_folder;
use crate::sandbox::Sandbox;
use crate::text::hex;

/// The host removes a workspace after the same time.
const KEPT: Duration = Duration::from_hours(30 * 24);
/// As many workspaces as a working copy takes turns with.
const MOST: usize = 32;

pub(super) struct PastSyncs {
    /// What the names of the repo's workspaces begin with: the same for all working copies of it.
    pub(super) repo: String,
    /// The name of the sync that is under way. Not the run's id: nothing on a host is called so when
    /// the run is over.
    pub(super) own: String,
    /// Syncs after which a workspace may have been given back, the last one first.
    syncs: Vec<PastSync>,
    /// The name of the file with these on this machine.
    file: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct PastSync {
    name: String,
    /// When it began, in seconds since 1970.
    moment: i64,
    /// The digest of the files that it sent for Compose; empty where that was not noted.
    inputs: String,
    /// How many files there were; 0 where that was not noted.
    files: usize,
}

impl PastSyncs {
    /// Reads what is known of the working copy at this root, and this host.
    pub(super) async fn of(
        root: &Path,
        host: &str,
        sandbox: &Sandbox,
        origin: Option<&str>,
    ) -> Self {
        let inode = tokio::fs::metadata(root)
            .await
            .map_or(0, |found| found.ino());
        let (repo, file) = named(root, inode, host, sandbox, origin);
        let text = tokio::fs::read_to_string(folder().join(&file)).await;
        let syncs = parse(&text.unwrap_or_default());
        Self {
            repo,
            own: digest(&[sandbox.identity.run_id.as_bytes()]),
            syncs,
            file,
        }
    }

    pub(super) fn known(&self) -> Vec<&str> {
        self.syncs.iter().map(|sync| sync.name.as_str()).collect()
    }

    /// Returns when a sync began.
    pub(super) fn moment(&self, sync: &str) -> Option<i64> {
        Some(self.find(sync)?.moment)
    }

    /// Returns the digest of the files that a sync sent for Compose.
    pub(super) fn inputs(&self, sync: &str) -> Option<&str> {
        Some(&self.find(sync)?.inputs)
    }

    /// Returns how many files the repo had at a sync.
    pub(super) fn files(&self, sync: &str) -> usize {
        self.find(sync).map_or(0, |sync| sync.files)
    }

    fn find(&self, sync: &str) -> Option<&PastSync> {
        self.syncs.iter().find(|known| known.name == sync)
    }

    /// Stores that the sync under way is complete: when it began, the digest of the files that it sent for Compose,
    /// and the number of files in the repo. Where that fails, the next sync reads all files.
    pub(super) async fn remember(&self, moment: i64, inputs: &str, files: usize) {
        let name = self.file.clone();
        let sync = PastSync {
            name: self.own.clone(),
            moment,
            inputs: inputs.to_owned(),
            files,
        };
        let written = move || {
            let folder = folder();
            durable::folder(&folder)?;
            forget_old(&folder)?;
            // Another run of this working copy may have added its own meanwhile.
            let before = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
            let mut syncs = parse(&before);
            syncs.insert(0, sync);
            syncs.truncate(MOST);
            let mut text = String::new();
            for sync in syncs {
                let PastSync {
                    name,
                    moment,
                    inputs,
                    files,
                } = sync;
                let _ = writeln!(text, "{name} {moment} {inputs} {files}");
            }
            durable::write(&folder, &name, text.as_bytes())
        };
        let _ = tokio::task::spawn_blocking(written).await;
    }
}

fn parse(text: &str) -> Vec<PastSync> {
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let sync = PastSync {
            name: words.next()?.to_owned(),
            moment: words.next()?.parse().ok()?,
            inputs: words.next().unwrap_or_default().to_owned(),
            files: words
                .next()
                .and_then(|word| word.parse().ok())
                .unwrap_or_default(),
        };
        // It becomes part of a path on the host.
        let is_ours = sync.name.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_ours.then_some(sync)
    });
    lines.collect()
}

fn folder() -> PathBuf {
    state_folder().join("syncs")
}

fn forget_old(folder: &Path) -> std::io::Result<()> {
    for entry in folder.read_dir()?.filter_map(Result::ok) {
        let age = entry.metadata().and_then(|found| found.modified());
        if age.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > KEPT)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// Returns what the workspaces' names begin with, and the name of this machine's file.
fn named(
    root: &Path,
    inode: u64,
    host: &str,
    sandbox: &Sandbox,
    origin: Option<&str>,
) -> (String, String) {
    let uname = rustix::system::uname();
    let machine = uname.nodename().to_bytes();
    let path = root.as_os_str().as_encoded_bytes();
    let repo = match origin {
        Some(origin) => digest(&[origin.as_bytes()]),
        None => digest(&[machine, path]),
    };
    // A slug has no dot.
    let name = format!("{}.{repo}", sandbox.identity.slug);
    // A folder that was recreated is another working copy.
    let inode = inode.to_string();
    let place = [host.as_bytes(), sandbox.root.as_bytes(), name.as_bytes()];
    let file = digest(&[&[machine, path, inode.as_bytes()], &place[..]].concat());
    (name, file)
}

/// Returns 16 hexadecimal digits.
fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    hex(&hash.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_copies_share_workspaces_and_know_of_them_by_themselves() {
        let sandbox = Sandbox {
            identity: crate::sandbox::Identity::new("shop"),
            root: "/r".to_owned(),
            expires: 0,
            lease: Duration::from_secs(5),
            visitor: crate::sandbox::Visitor {
                run: "01r".to_owned(),
                who: "tester@here".to_owned(),
            },
        };
        let named =
            |path: &str, inode, origin| named(Path::new(path), inode, "h", &sandbox, origin);
        let first = named("/a", 1, Some("example.org/shop "));
        let second = named("/b", 2, Some("example.org/shop "));
        assert_eq!(first.0, second.0);
        assert_ne!(first.1, second.1);
        assert_ne!(first.0, named("/a", 1, Some("example.org/other ")).0);
        assert_ne!(named("/a", 1, None).0, named("/b", 1, None).0);
        assert_eq!(named("/a", 1, None).0, named("/a", 2, None).0);
        assert_ne!(named("/a", 1, None).1, named("/a", 2, None).1);
    }
}

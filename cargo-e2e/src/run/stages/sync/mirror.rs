//! The mirror of a working copy on a host: one for all checkouts of a repo, so that short-lived
//! clients share theirs. Also what this machine knows of it: which complete sync was the last, and
//! when it began.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::durable;
use crate::record::store::state_folder;
use crate::repo::git;
use crate::sandbox::{Mirror, Sandbox};

/// The host removes a mirror after the same time.
const KEPT: Duration = Duration::from_hours(30 * 24);

pub(super) struct Known {
    pub(super) mirror: Mirror,
    /// When the last complete sync began, in seconds since 1970.
    pub(super) moment: i64,
    /// The name of the file with this on this machine.
    file: String,
}

/// Returns the mirror of the repo at this root, on this host.
pub(super) async fn of(root: &Path, host: &str, sandbox: &Sandbox) -> Known {
    let origin = git::origin(root).await;
    let inode = tokio::fs::metadata(root)
        .await
        .map_or(0, |found| found.ino());
    let (name, file) = named(root, inode, host, sandbox, origin.as_deref());
    let known = tokio::fs::read_to_string(folder().join(&file)).await;
    let (last, moment) = known
        .ok()
        .and_then(|known| {
            let (last, moment) = known.trim_end().split_once(' ')?;
            Some((last.to_owned(), moment.parse().ok()?))
        })
        .unwrap_or_default();
    Known {
        mirror: Mirror { name, last },
        moment,
        file,
    }
}

impl Known {
    /// Stores which sync was the last, and when it began. Where that fails, the next sync reads all
    /// files.
    pub(super) async fn remember(&self, sandbox: &Sandbox, moment: i64) {
        let (file, text) = (
            self.file.clone(),
            format!("{} {moment}\n", sandbox.identity.run_id),
        );
        let written = move || {
            let folder = folder();
            durable::folder(&folder)?;
            forget_old(&folder)?;
            durable::write(&folder, &file, text.as_bytes())
        };
        let _ = tokio::task::spawn_blocking(written).await;
    }
}

fn folder() -> PathBuf {
    state_folder().join("mirrors")
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

/// Returns the names of the mirror, and of this machine's file about it.
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
    let mut digits = String::new();
    for byte in &hash.finalize()[..8] {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_copies_share_a_mirror_and_know_of_it_by_themselves() {
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

//! Which mirror on a host is a working copy's: one for all checkouts of a repo, so that clients
//! which live for one run share theirs.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::git;
use crate::sandbox::Mirror;

/// The mirror of the repo at this root.
pub(super) async fn of(root: &Path, slug: &str) -> Mirror {
    let origin = git::origin(root).await;
    let inode = tokio::fs::metadata(root)
        .await
        .map_or(0, |found| found.ino());
    named(root, inode, slug, origin.as_deref())
}

fn named(root: &Path, inode: u64, slug: &str, origin: Option<&str>) -> Mirror {
    let uname = rustix::system::uname();
    let machine = uname.nodename().to_bytes();
    let path = root.as_os_str().as_encoded_bytes();
    let repo = match origin {
        Some(origin) => digest(&[origin.as_bytes()]),
        None => digest(&[machine, path]),
    };
    Mirror {
        // No slug has a dot in it.
        name: format!("{slug}.{repo}"),
        // A folder that was made anew is another working copy.
        writer: digest(&[machine, path, inode.to_string().as_bytes()]),
    }
}

/// 16 hexadecimal digits.
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
    fn working_copies_share_a_mirror_and_write_it_as_themselves() {
        let mirror = |path: &str, inode, origin| named(Path::new(path), inode, "shop", origin);
        let first = mirror("/a", 1, Some("example.org/shop "));
        let second = mirror("/b", 2, Some("example.org/shop "));
        assert_eq!(first.name, second.name);
        assert_ne!(first.writer, second.writer);
        assert_ne!(first.name, mirror("/a", 1, Some("example.org/other ")).name);
        assert_ne!(mirror("/a", 1, None).name, mirror("/b", 1, None).name);
        assert_eq!(mirror("/a", 1, None).name, mirror("/a", 2, None).name);
        assert_ne!(mirror("/a", 1, None).writer, mirror("/a", 2, None).writer);
    }
}

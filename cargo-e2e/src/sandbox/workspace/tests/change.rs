//! What tests and containers may do to the files of a run.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use rustix::fs::XattrFlags;

use super::place::all_in;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Write,
    Truncate,
    Append,
    Map,
    Mode,
    Owner,
    Time,
    Replace,
    Remove,
    HardLink,
    SymbolicLink,
    Attribute,
    DefaultAcl,
    NewFile,
    NewFolder,
    NewName,
    Swap,
    Move,
    Rename,
    Close,
}

const KINDS: [Kind; 20] = [
    Kind::Write,
    Kind::Truncate,
    Kind::Append,
    Kind::Map,
    Kind::Mode,
    Kind::Owner,
    Kind::Time,
    Kind::Replace,
    Kind::Remove,
    Kind::HardLink,
    Kind::SymbolicLink,
    Kind::Attribute,
    Kind::DefaultAcl,
    Kind::NewFile,
    Kind::NewFolder,
    Kind::NewName,
    Kind::Swap,
    Kind::Move,
    Kind::Rename,
    Kind::Close,
];

/// One act, at two of the paths that are there then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    kind: Kind,
    first: usize,
    second: usize,
    /// Gives the file its times back.
    hides: bool,
}

/// What one run does.
pub(super) fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = (
        prop::sample::select(KINDS.as_slice()),
        0..1000_usize,
        0..1000_usize,
        any::<bool>(),
    );
    let change = change.prop_map(|(kind, first, second, hides)| Change {
        kind,
        first,
        second,
        hides,
    });
    prop::collection::vec(change, 1..8)
}

impl Change {
    /// A run for each kind, at many paths.
    pub(super) fn one_of_each() -> Vec<Vec<Self>> {
        let each = |kind| {
            let at = [(0, 6), (1, 9), (3, 14), (6, 1), (12, 2)];
            let one = |(first, second)| Self {
                kind,
                first,
                second,
                hides: true,
            };
            at.map(one).to_vec()
        };
        KINDS.map(each).to_vec()
    }

    /// One run that does several things.
    pub(super) fn several() -> Vec<Self> {
        let kinds = [Kind::Write, Kind::NewFolder, Kind::Swap, Kind::NewFile];
        let some = kinds.iter().zip([3, 1, 0, 2]);
        some.map(|(kind, first)| Self {
            kind: *kind,
            first,
            second: first + 6,
            hides: true,
        })
        .collect()
    }

    /// Makes it, where it can be made.
    pub(super) fn make(self, repo: &Path) {
        let all = all_in(repo);
        if all.is_empty() {
            return;
        }
        let (first, second) = (&all[self.first % all.len()], &all[self.second % all.len()]);
        let before = first.symlink_metadata().and_then(|found| found.modified());
        let _ = self.act(repo, first, second);
        if self.hides
            && !first.is_symlink()
            && let (Ok(before), Ok(opened)) = (before, File::open(first))
        {
            let _ = opened.set_modified(before);
        }
    }

    fn act(self, repo: &Path, first: &Path, second: &Path) -> std::io::Result<()> {
        let beside = |name: &str| -> PathBuf {
            let folder = if first.is_dir() && !first.is_symlink() {
                first
            } else {
                first.parent().unwrap_or(repo)
            };
            folder.join(name)
        };
        let size = first.metadata().map_or(0, |found| found.len());
        let other = vec![b'!'; usize::try_from(size).unwrap()];
        match self.kind {
            Kind::Write if first.is_file() => fs::write(first, other),
            Kind::Truncate => File::options().write(true).open(first)?.set_len(size / 2),
            Kind::Append => File::options().append(true).open(first)?.write_all(b"+"),
            Kind::Map if first.is_file() && size > 0 => {
                // Read first: then the page is there already when it is written to.
                let script = "import mmap, sys; f = open(sys.argv[1], 'r+b'); m = mmap.mmap(f.fileno(), 0); x = m[0]; m[0:1] = b'!'; m.close()";
                let mut python = Command::new("python3");
                python.args(["-c", script]).arg(first).status().map(drop)
            }
            Kind::Mode => {
                let mode = first.metadata()?.mode() ^ 0o044;
                fs::set_permissions(first, PermissionsExt::from_mode(mode))
            }
            // For root alone.
            Kind::Owner => lchown(first, Some(1234), Some(1234)),
            Kind::Time => File::open(first)?.set_modified(std::time::UNIX_EPOCH),
            Kind::Replace => {
                fs::write(beside("replacement"), other)?;
                fs::rename(beside("replacement"), first)
            }
            Kind::Remove if first.is_dir() => fs::remove_dir_all(first),
            Kind::Remove => fs::remove_file(first),
            Kind::HardLink => fs::hard_link(second, beside("hard link")),
            Kind::SymbolicLink => {
                fs::rename(first, beside("moved"))?;
                symlink("/etc/passwd", first)
            }
            Kind::Attribute => Ok(rustix::fs::lsetxattr(
                first,
                "user.e2e",
                b"x",
                XattrFlags::empty(),
            )?),
            Kind::DefaultAcl => {
                let mut acl = vec![2, 0, 0, 0];
                for (who, may) in [(1, 7), (4, 5), (0x20, 0)] {
                    acl.extend_from_slice(&[who, 0, may, 0, 0xff, 0xff, 0xff, 0xff]);
                }
                let name = "system.posix_acl_default";
                Ok(rustix::fs::setxattr(
                    beside("."),
                    name,
                    &acl,
                    XattrFlags::empty(),
                )?)
            }
            Kind::NewFile => fs::write(beside("new file"), "of the tests"),
            Kind::NewFolder => {
                fs::create_dir_all(beside("new/folder"))?;
                fs::write(beside("new/folder/file"), "of the tests")
            }
            Kind::NewName => fs::write(beside("new\n1 2 3 f ./a/one"), "of the tests"),
            Kind::Swap => {
                let aside = repo.join("aside");
                fs::rename(first, &aside)?;
                fs::rename(second, first)?;
                fs::rename(aside, second)
            }
            Kind::Move => fs::rename(second, beside("moved")),
            Kind::Rename => fs::rename(second, first),
            Kind::Close => fs::set_permissions(beside("."), PermissionsExt::from_mode(0o000)),
            Kind::Write | Kind::Map => Ok(()),
        }
    }
}

//! Whether a path stays in the repo, on a machine that has the same files.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::super::model::is_docker_socket;

/// More links in one path than this are a circle.
const MOST_LINKS: usize = 40;

/// Returns why a path is refused; none when it stays in the repo. `root` is the repo where `path`
/// was written, `here` the same folder on this machine. A relative path starts at the root.
pub(super) fn leads_out(root: &str, here: &Path, path: &str) -> Option<String> {
    if is_docker_socket(path) {
        return Some(format!("{path} gives it root on the host"));
    }
    let written = Path::new(path);
    let inside = if written.is_absolute() {
        match written.strip_prefix(root) {
            Ok(inside) => inside,
            Err(_) => return Some(outside(path)),
        }
    } else {
        written
    };
    match follow(here, inside) {
        Out::Stays => None,
        Out::Leaves => Some(outside(path)),
        Out::Link(link, target) => Some(format!(
            "{} is a link to {}, outside the repo",
            link.display(),
            target.display()
        )),
    }
}

fn outside(path: &str) -> String {
    format!("{path} is outside the repo")
}

enum Out {
    Stays,
    /// By its own `..`.
    Leaves,
    /// By a link of the repo.
    Link(PathBuf, PathBuf),
}

/// Walks down a path, and through the links on it. An absolute one leads out wherever it points:
/// a sandbox is somewhere else.
fn follow(here: &Path, path: &Path) -> Out {
    let parts = |path: &Path| -> Vec<OsString> {
        let parts = path.components().rev();
        parts
            .filter(|part| *part != Component::CurDir)
            .map(|part| part.as_os_str().to_owned())
            .collect()
    };
    let mut to_go = parts(path);
    let mut at = PathBuf::new();
    let mut last_link = None;
    let mut links = 0;
    while let Some(part) = to_go.pop() {
        if part == ".." {
            if at.pop() {
                continue;
            }
            return last_link.map_or(Out::Leaves, |(link, target)| Out::Link(link, target));
        }
        at.push(part);
        let Ok(target) = std::fs::read_link(here.join(&at)) else {
            continue;
        };
        links += 1;
        if target.is_absolute() || links > MOST_LINKS {
            return Out::Link(at, target);
        }
        to_go.extend(parts(&target));
        last_link = Some((at.clone(), target));
        at.pop();
    }
    Out::Stays
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_is_judged_by_where_it_leads() {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path();
        std::fs::create_dir_all(here.join("a/b")).expect("folders");
        for (link, target) in [
            ("in", "a/b"),
            ("up", "a/../.."),
            ("etc", "/etc"),
            ("a/own", here.to_str().expect("text")),
            ("round", "round"),
            ("dangling", "../gone"),
            ("a/b/fine", "../../in/../c"),
        ] {
            symlink(target, here.join(link)).expect("a link");
        }
        for stays in [
            "",
            ".",
            "a",
            "in/x",
            "a/../a/b",
            "/r/in",
            "/r",
            "not/there",
            "a/b/fine/x",
        ] {
            assert_eq!(leads_out("/r", here, stays), None, "{stays}");
        }
        for (path, why) in [
            ("/etc", "/etc is outside the repo"),
            ("/r/../etc", "/r/../etc is outside the repo"),
            ("/repo", "/repo is outside the repo"),
            ("a/../../x", "a/../../x is outside the repo"),
            ("/r/up/x", "up is a link to a/../.., outside the repo"),
            ("etc/passwd", "etc is a link to /etc, outside the repo"),
            (
                "dangling",
                "dangling is a link to ../gone, outside the repo",
            ),
            ("round", "round is a link to round, outside the repo"),
            ("/r/docker.sock", "/r/docker.sock gives it root on the host"),
        ] {
            assert_eq!(leads_out("/r", here, path).as_deref(), Some(why), "{path}");
        }
        assert!(leads_out("/r", here, "a/own").is_some());
    }
}

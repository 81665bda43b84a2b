//! The end of a sandbox, whoever asks for it.

use std::fmt;
use std::time::Duration;

use crate::host::{self, Host, HostError, Script};

use super::check;

/// What a teardown came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Whether there was anything to remove.
    pub found: bool,
    /// What is left.
    pub left: Vec<Left>,
}

/// Something that could not be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// `container NAME`, `network NAME`, ….
    what: String,
    /// `container NAME NAME`: what holds it, and is not the sandbox's.
    used_by: Option<String>,
}

impl Left {
    /// Of a line of teardown.sh what follows `left `.
    pub(super) fn parse(line: &str) -> Self {
        let line = crate::text::printable(line);
        let used = line
            .strip_suffix(')')
            .and_then(|line| line.split_once(" (used by "));
        let (what, used_by) = match used {
            Some((what, by)) => (what.to_owned(), Some(by.to_owned())),
            None => (line, None),
        };
        Self { what, used_by }
    }

    /// Whether what holds it must go first.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.used_by.is_some()
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.used_by {
            Some(by) => write!(f, " (used by {by})"),
            None => Ok(()),
        }
    }
}

/// One a line.
#[must_use]
pub fn listed(left: &[Left]) -> String {
    let lines: Vec<String> = left.iter().map(Left::to_string).collect();
    lines.join("\n")
}

const BODY: &str = concat!(
    include_str!("../host/sh/sandbox.sh"),
    include_str!("../host/sh/arm.sh"),
    include_str!("../host/sh/labels.sh"),
    include_str!("../host/sh/mounts.sh"),
    include_str!("../host/sh/sweep.sh"),
    include_str!("../host/sh/teardown.sh")
);

/// Removes a sandbox with everything it made.
///
/// # Errors
/// When the host is lost or teardown does not end; then nothing is known, and trying again is
/// always safe.
pub async fn teardown(
    host: &dyn Host,
    root: &str,
    run_id: &str,
    deadline: Duration,
) -> Result<Removed, HostError> {
    let script = Script::new("teardown", BODY)
        .var("root", root)
        .var("id", run_id);
    let output = check(
        host,
        &script,
        host::run(host, &script, b"", deadline).await?,
    )?;
    let text = output.text();
    let left: Vec<Left> = text
        .lines()
        .filter_map(|line| line.strip_prefix("left "))
        .map(Left::parse)
        .collect();
    Ok(Removed {
        found: !left.is_empty() || text.lines().any(|line| line == "found"),
        left,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    use std::path::Path;

    use super::*;
    use crate::host::Local;

    /// One for each test: a teardown ends what is of the same sandbox.
    fn id(letter: char) -> String {
        letter.to_string().repeat(26)
    }

    /// The script with this in place of `docker`, on a sandbox; and no sleep is one.
    async fn with_docker(id: &str, docker: &str) -> (String, bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let program = |name: &str, text: &str| {
            let text = format!("#!/bin/sh\nhere={}\n{text}\n", folder.path().display());
            std::fs::write(path(name), text).unwrap();
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(path(name), mode).unwrap();
        };
        program("docker", docker);
        program("sleep", "");
        let dir = path("root").join("sandboxes").join(id);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("sentinel"), format!("{id}\n")).unwrap();
        let search = std::env::var("PATH").unwrap();
        let script = Script::new("teardown", BODY)
            .var("PATH", format!("{}:{search}", folder.path().display()))
            .var("root", path("root").to_string_lossy())
            .var("id", id);
        let limit = Duration::from_mins(1);
        let output = host::run(&Local, &script, b"", limit).await.unwrap();
        assert_eq!(output.status, 0, "{output:?}");
        (output.text(), Path::exists(&dir))
    }

    #[tokio::test]
    async fn a_look_that_finds_nothing_at_last_is_followed_by_another() {
        // Twenty times it is there still.
        let docker = "case $1$2 in ps-a) echo x >>$here/looks\n\
             [ $(wc -l <$here/looks) -ge 20 ] || echo container x;; esac";
        let (said, is_there) = with_docker(&id('a'), docker).await;
        assert!(!said.contains("left "), "{said}");
        assert!(!is_there, "{said}");
    }

    #[tokio::test]
    async fn what_nobody_could_look_for_is_not_said_to_be_gone() {
        let (said, is_there) = with_docker(&id('b'), "[ $1 = version ]").await;
        assert!(
            said.contains(&format!("left sandbox {} (", id('b'))),
            "{said}"
        );
        assert!(is_there, "{said}");
    }

    #[tokio::test]
    async fn a_process_takes_its_group_with_it_whatever_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("a ) b");
        std::os::unix::fs::symlink("/bin/sh", &program).unwrap();
        let child = std::process::Command::new(&program)
            .args(["-c", "env -i sh -c 'sleep 30; echo survived' & wait"])
            .env("CARGO_E2E_RUN", id('c'))
            .process_group(0)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let (said, _) = with_docker(&id('c'), "").await;
        assert!(!said.contains("left "), "{said}");
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    }

    #[test]
    fn what_holds_something_is_told_from_its_name() {
        let used = Left::parse("network n (used by container a b)");
        assert_eq!((&*used.what, used.is_used()), ("network n", true));
        assert_eq!(used.to_string(), "network n (used by container a b)");
        let other = Left::parse("folder /x (it is not a sandbox's)");
        assert!(!other.is_used());
        assert_eq!(other.to_string(), "folder /x (it is not a sandbox's)");
    }
}

//! The end of a sandbox: for a run, its guard, gc and `down`.

use std::time::Duration;

use crate::host::{Host, HostError, Script};

use super::succeed_within;

/// What a teardown came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Whether there was anything to remove.
    pub found: bool,
    /// What could not be removed: `container NAME`, `network NAME (used by container OTHER)`, ….
    pub left: Vec<String>,
}

pub(super) const BODY: &str = pieces!(
    "sandbox",
    "arm",
    "labels",
    "mounts",
    "workspace",
    "give_back",
    "queue",
    "engine",
    "sweep",
    "first_sweep",
    "teardown"
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
    let output = succeed_within(host, &script, b"", deadline).await?;
    let text = output.text();
    let left = text.lines().filter_map(|line| line.strip_prefix("left "));
    let left: Vec<String> = left.map(crate::text::printable).collect();
    Ok(Removed {
        found: !left.is_empty() || text.lines().any(|line| line == "found"),
        left,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command};
    use std::time::Instant;

    use super::*;
    use crate::host::{self, Local};

    /// One for each test: a teardown ends what is of the same sandbox.
    fn id(letter: char) -> String {
        letter.to_string().repeat(26)
    }

    /// A sandbox on this machine, of which only the folder is there.
    struct Alone {
        folder: tempfile::TempDir,
        id: String,
    }

    impl Alone {
        /// With this in place of `docker`; and no sleep is one.
        fn new(id: String, docker: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let alone = Self { folder, id };
            alone.program("docker", docker);
            alone.program("sleep", "");
            std::fs::create_dir_all(alone.dir().join("repo")).unwrap();
            std::fs::write(alone.dir().join("sentinel"), format!("{}\n", alone.id)).unwrap();
            alone
        }

        /// Puts this in place of a program.
        fn program(&self, name: &str, text: &str) {
            let here = self.folder.path().display();
            let path = self.folder.path().join(name);
            std::fs::write(&path, format!("#!/bin/sh\nhere={here}\n{text}\n")).unwrap();
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(path, mode).unwrap();
        }

        fn root(&self) -> PathBuf {
            self.folder.path().join("root")
        }

        fn dir(&self) -> PathBuf {
            self.root().join("sandboxes").join(&self.id)
        }

        fn search(&self) -> String {
            let all = std::env::var("PATH").unwrap();
            format!("{}:{all}", self.folder.path().display())
        }

        /// What teardown says, and whether the folder is there still.
        async fn take_down(&self) -> (String, bool) {
            let script = Script::new("teardown", BODY)
                .var("PATH", self.search())
                .var("root", self.root().to_string_lossy())
                .var("id", &self.id);
            let limit = Duration::from_mins(1);
            let output = host::run(&Local, &script, b"", limit).await.unwrap();
            assert_eq!(output.status, 0, "{output:?}");
            (output.text(), self.dir().exists())
        }
    }

    async fn with_docker(id: &str, docker: &str) -> (String, bool) {
        Alone::new(id.to_owned(), docker).take_down().await
    }

    /// A process without the sandbox's mark, in a session of its own.
    fn stranger(folder: &Path, program: &Path) -> Child {
        std::fs::create_dir_all(folder).unwrap();
        let mut command = Command::new(program);
        command.arg("600").env_clear().current_dir(folder);
        command.process_group(0).spawn().unwrap()
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
        let child = Command::new(&program)
            .args(["-c", "env -i sh -c 'sleep 30; echo survived' & wait"])
            .env(crate::environment::RUN, id('c'))
            .process_group(0)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let (said, _) = with_docker(&id('c'), "").await;
        assert!(!said.contains("left "), "{said}");
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    }

    /// A script whose connection broke may look for the last time, with a program that ends by itself.
    #[tokio::test]
    async fn a_process_that_comes_and_goes_once_more_is_not_left() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let alone = Alone::new(id('h'), "");
        alone.program(
            "grep",
            &format!(
                "[ \"$1\" = -lsF ] || PATH=${{PATH#*:}} exec grep \"$@\"\necho x >>$here/looks\n\
                 case $(wc -l <$here/looks) in 1 | 2 | 5 | 6) echo /proc/{}/environ ;; esac",
                child.id()
            ),
        );
        let (said, _) = alone.take_down().await;
        let _ = child.kill();
        child.wait().unwrap();
        assert!(!said.contains("left "), "{said}");
    }

    #[tokio::test]
    async fn what_left_its_environment_is_known_by_the_folder() {
        let alone = Alone::new(id('d'), "");
        let sleep = Path::new("/bin/sleep");
        let own = alone.dir().join("repo/sleep");
        std::fs::copy(sleep, &own).unwrap();
        let gone = alone.dir().join("repo/gone");
        let mut ours = [
            stranger(&alone.dir(), sleep),
            stranger(&gone, sleep),
            stranger(Path::new("/"), &own),
        ];
        std::fs::remove_dir(gone).unwrap();
        let other = alone.root().join("sandboxes").join(id('d') + "d");
        let mut others = [stranger(&other, sleep), stranger(&alone.root(), sleep)];
        let (said, _) = alone.take_down().await;
        assert!(!said.contains("left "), "{said}");
        let ended = ours.each_mut().map(|child| child.try_wait().unwrap());
        let live = others.each_mut().map(|child| child.try_wait().unwrap());
        for child in ours.iter_mut().chain(&mut others) {
            let _ = child.kill();
            child.wait().unwrap();
        }
        assert!(ended.iter().all(Option::is_some), "{ended:?}");
        assert_eq!(live, [None, None]);
    }

    /// As a container's process, whose folders are others that may have the same names.
    #[tokio::test]
    async fn what_sees_other_mounts_is_not_known_by_a_folder() {
        let alone = Alone::new(id('f'), "");
        let mut command = Command::new("unshare");
        command
            .args(["-rm", "sleep", "600"])
            .current_dir(alone.dir())
            .process_group(0);
        let Ok(mut other) = command.spawn() else {
            return;
        };
        let runs = format!("/proc/{}/cmdline", other.id());
        let deadline = Instant::now() + Duration::from_mins(1);
        while !std::fs::read(&runs)
            .unwrap_or_default()
            .starts_with(b"sleep")
        {
            if other.try_wait().unwrap().is_some() {
                // Not every machine lets its users have namespaces.
                return;
            }
            assert!(Instant::now() < deadline, "unshare does not begin");
        }
        alone.take_down().await;
        let ended = other.try_wait().unwrap();
        let _ = other.kill();
        other.wait().unwrap();
        assert_eq!(ended, None);
    }

    /// In its words, names and labels are others' to choose.
    #[tokio::test]
    async fn what_the_engine_lists_goes_at_once_and_nothing_that_only_looks_like_it() {
        let number = |letter: &str| letter.repeat(64);
        let (own, inherits) = (number("a"), number("b"));
        let (anonymous, external) = (number("c"), number("d"));
        let network = number("e");
        let containers = format!(
            r#"[{{"Id":"{own}","Names":["/x"],"Command":"echo {{\"Id\":\"{network}\"","Labels":{{"Id":"{network}","cargo-e2e.external":"{external}","cargo-e2e.image":""}},"Mounts":[{{"Type":"volume","Name":"{anonymous}"}},{{"Type":"volume","Name":"{external}"}},{{"Type":"volume","Name":"named"}}]}},{{"Id":"{inherits}","Names":["/y"],"Labels":{{"cargo-e2e.image":"z"}},"Mounts":[{{"Type":"volume","Name":"{external}"}}]}}]"#
        );
        let networks = format!(
            r#"[{{"Name":"n","Id":"{network}","Created":"now","Labels":{{"Id":"{external}"}}}}]"#
        );
        let alone = Alone::new(id('g'), "echo \"$@\" >>$here/calls");
        let here = alone.folder.path();
        let lease = alone.root().join("leases").join(id('g'));
        std::fs::create_dir_all(&lease).unwrap();
        let socket = here.join("socket");
        let _engine = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        std::fs::write(lease.join("engine"), format!("{}\n", socket.display())).unwrap();
        std::fs::write(here.join("listed"), format!("{containers}\n{networks}\n")).unwrap();
        let nothing = r#"[]\n[]\n{"Volumes":[],"Warnings":null}\n[]\n"#;
        // At first what there is; nothing once that is removed.
        alone.program(
            "curl",
            &format!(
                "case \"$*\" in *DELETE*) for what; do :; done; echo \"remove $what\" >>$here/calls ;; *volumes*) printf '{nothing}' ;; *all=1*) cat $here/listed ;; *) echo '{{}}' ;; esac"
            ),
        );
        let (said, is_there) = alone.take_down().await;
        assert!(!said.contains("left ") && !is_there, "{said}");
        let calls = std::fs::read_to_string(here.join("calls")).unwrap();
        let calls: Vec<&str> = calls.lines().collect();
        assert_eq!(
            calls,
            [
                format!("remove http://docker/containers/{own}?force=1&v=1"),
                format!("remove http://docker/networks/{network}"),
                format!("volume rm {anonymous}"),
            ]
        );
    }

    #[test]
    fn whoever_asks_may_stand_in_the_folder() {
        let alone = Alone::new(id('e'), "");
        let script = r#"sh -c "$0" && echo "is there""#;
        let asker = Command::new("sh")
            .args(["-c", script, BODY])
            .env("PATH", alone.search())
            .env("root", alone.root())
            .env("id", &alone.id)
            .current_dir(alone.dir().join("repo"))
            .process_group(0)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&asker.stdout);
        assert!(
            said.ends_with("is there\n") && !said.contains("left "),
            "{asker:?}"
        );
        assert!(!alone.dir().exists());
    }
}

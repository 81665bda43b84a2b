//! A host of a test's own, and what stands on it as if a run had made it.

use std::time::Duration;

use e2e_tests::stacks::WEB;
use e2e_tests::{Ended, Host, Repo, Spare, wait_for};

/// uid of `dev` there.
pub(super) const DEV: u32 = 1000;
pub(super) const MINUTE: i64 = 60;
/// gc waits so long after what the labels say.
pub(super) const LATE: i64 = 10 * MINUTE;

/// As long as a sandbox can be kept.
pub(super) const MONTH: i64 = 30 * 24 * 60 * MINUTE;

pub(super) struct Place {
    pub(super) spare: Spare,
    /// As root, and as `dev`.
    pub(super) name: &'static str,
    pub(super) as_user: &'static str,
}

impl Place {
    pub(super) fn new(name: &'static str, as_user: &'static str) -> Self {
        let spare = Spare::new(name);
        Self {
            spare,
            name,
            as_user,
        }
    }

    pub(super) fn host(&self) -> Host {
        self.spare.host()
    }

    pub(super) fn says(&self, script: &str) -> String {
        self.host().says(script)
    }

    pub(super) fn repo(&self, name: &str) -> Repo {
        Repo::new(name)
            .env("CARGO_E2E_SSH_CONFIG", &self.spare.ssh_config())
            .compose(WEB)
            .spec("ports: isolated\ntest_command: 'true'\n")
    }

    /// Its end, when no run's guard was at it at the same time.
    #[track_caller]
    pub(super) fn gc(&self, code: i32, host: &str, more: &[&str]) -> Ended {
        let repo = self.repo("gc");
        let mut ended = None;
        wait_for("other gcs", Duration::from_mins(1), || {
            let last = repo.cargo_e2e(&[&["gc", "--host", host], more].concat());
            let busy = last.stderr.contains("another gc is running");
            ended = Some(last);
            !busy
        });
        let ended = ended.expect("it ran");
        assert_eq!(ended.code, Some(code), "{ended}");
        ended
    }

    /// Makes all that a run makes, with our labels, which expired so many seconds ago.
    pub(super) fn labelled(&self, id: &str, owner: u32, expired: i64) {
        let root = if owner == DEV {
            Host::Dev.root()
        } else {
            self.host().root()
        };
        self.labelled_in(&root, id, owner, expired);
    }

    /// The same, of a run that had its folder elsewhere.
    pub(super) fn labelled_in(&self, root: &str, id: &str, owner: u32, expired: i64) {
        let labels = format!(
            "cargo-e2e.run=$id cargo-e2e.repo=x cargo-e2e.owner=$owner \
             cargo-e2e.expires=$((now - expired)) cargo-e2e.root={root}"
        );
        let ours = format!("--label {}", labels.replace(" cargo", " --label cargo"));
        let made = self.host().sh(&format!(
            "set -e; id={id} owner={owner} expired=$(({expired})) now=$(date +%s)\n\
             docker network create {ours} n-$id; docker volume create {ours} v-$id\n\
             docker run -d --name c-$id --network n-$id -v v-$id:/v -v /anonymous {ours} \
               --restart always e2e-lab/busybox:1 sleep 6000\n\
             tar -cf - -T /dev/null | docker import -c \"LABEL {labels} cargo-e2e.image=$id\" - \
               e2e-x-${{id#??????????????????}}-$id:run\n"
        ));
        assert_eq!(made.code, Some(0), "{made}");
    }

    /// How many things there have this in their names.
    pub(super) fn has(&self, id: &str) -> usize {
        let all = self.says(
            "docker ps -a --format '{{.Names}}'; docker network ls --format '{{.Name}}'\n\
             docker volume ls -q; docker image ls --format '{{.Repository}}'\n",
        );
        all.lines().filter(|name| name.contains(id)).count()
    }

    pub(super) fn volumes(&self) -> usize {
        self.says("docker volume ls -q").lines().count()
    }

    pub(super) fn guard_of(&self, id: &str) -> String {
        let found = self
            .host()
            .sh(&format!("pgrep -o -f 'leases/{id}/guard.s[h]$'"));
        found.stdout.trim().to_owned()
    }

    /// With the sleep that it is in.
    pub(super) fn kill_guard_of(&self, id: &str) {
        let guard = self.guard_of(id);
        let _ = self.says(&format!("kill -KILL -{guard}"));
    }
}

/// An id as runs have them.
pub(super) fn id(end: &str) -> String {
    format!("{end:0>26}")
}

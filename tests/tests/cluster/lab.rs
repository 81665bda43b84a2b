//! The lab's cluster: a login host and three nodes with two slots each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use e2e_tests::{Ended, Repo, Running, Turn, exclusive, wait_for};
use serde_json::Value;

pub(crate) const LIMIT: Duration = Duration::from_mins(5);
/// As it is typed.
pub(crate) const NAME: &str = "slurm://cluster-login/e2e";
pub(crate) const NODES: [&str; 3] = ["cluster-n1", "cluster-n2", "cluster-n3"];
/// Of its machines.
const NETWORK: &str = "e2e-lab-cluster";
/// Of both users there.
const ROOTS: &str = "/home/dev/.local/state/cargo-e2e /home/other/.local/state/cargo-e2e";
/// Slots are free a moment after their sandboxes are gone.
const SOON: Duration = Duration::from_secs(20);

/// The cluster, which one test has at a time.
pub(crate) struct Cluster {
    config: PathBuf,
    _turn: Turn,
}

#[expect(
    clippy::unused_self,
    reason = "only the test that has the cluster may ask it"
)]
impl Cluster {
    /// Starts it, or repairs what is broken, and ends what an earlier test left.
    #[track_caller]
    pub(crate) fn new() -> Self {
        Self::made("up")
    }

    /// The same, with two users who share it fairly.
    #[track_caller]
    pub(crate) fn fair() -> Self {
        Self::made("fair")
    }

    #[track_caller]
    fn made(verb: &str) -> Self {
        let turn = exclusive("cluster");
        let folder = lab(&["folder"]).stdout;
        let _ = lab(&[verb]);
        let cluster = Self {
            config: PathBuf::from(folder.trim()).join("ssh_config"),
            _turn: turn,
        };
        let _ = on("cluster-login", "scancel -u dev; scancel -u other");
        wait_for("the end of earlier jobs", SOON, || {
            cluster.jobs().is_empty()
        });
        cluster
    }

    /// Starts again what a test has broken.
    #[track_caller]
    pub(crate) fn repair() -> Ended {
        lab(&["up"])
    }

    /// The jobs that wait or run, a line each.
    #[track_caller]
    pub(crate) fn jobs(&self) -> String {
        on("cluster-login", "squeue -h -o '%i %j %T %N %r'")
    }

    /// Takes all slots by jobs of other work.
    #[track_caller]
    pub(crate) fn fill(&self) {
        let fill = "runuser -u dev -- sbatch -Q -D / -o /dev/null -N 3 -n 3 -c 4 --mem=9000 -J other --wrap 'sleep 600'";
        let _ = on("cluster-login", fill);
        wait_for("other work", SOON, || self.jobs().contains("other RUNNING"));
    }

    /// Ends what [`Cluster::fill`] began.
    #[track_caller]
    pub(crate) fn empty(&self) {
        let _ = on("cluster-login", "scancel -n other");
    }

    /// A repo whose runs say by their arguments what their tests are.
    pub(crate) fn repo(&self, name: &str) -> Repo {
        self.repo_by(name, &self.config)
    }

    /// The same by another user of the cluster.
    pub(crate) fn repo_of_other(&self, name: &str) -> Repo {
        let config = fs::read_to_string(&self.config).expect("a file");
        let of_other = self.config.with_file_name("ssh_config_other");
        fs::write(&of_other, config.replace("User dev", "User other")).expect("writable");
        self.repo_by(name, &of_other)
    }

    fn repo_by(&self, name: &str, config: &Path) -> Repo {
        Repo::new(name)
            .env("CARGO_E2E_SSH_CONFIG", &config.display().to_string())
            .env("CARGO_E2E_CONNECT_TIMEOUT", "60")
            .compose("services: {web: {image: BUSYBOX, init: true, command: [sleep, '600']}}\n")
            .spec("ports: isolated\ntest_command: eval\n")
    }

    /// Checks that no slot, no sandbox, nothing with a label and no ticket is there.
    #[track_caller]
    pub(crate) fn has_nothing_left(&self) {
        self.will_have_nothing(SOON);
    }

    /// The same after a while: for what guards and backstops do.
    #[track_caller]
    pub(crate) fn will_have_nothing(&self, within: Duration) {
        let mut left = String::new();
        let deadline = std::time::Instant::now() + within;
        loop {
            left.clear();
            left += &self.jobs();
            for node in NODES {
                left += &left_on(node);
            }
            if left.is_empty() || std::time::Instant::now() > deadline {
                break;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        assert_eq!(left, "");
    }
}

/// What of sandboxes is on a node.
#[track_caller]
pub(crate) fn left_on(node: &str) -> String {
    on(
        node,
        &format!(
            "for root in {ROOTS}; do find $root/sandboxes $root/leases -mindepth 1 -maxdepth 1 2>/dev/null; done
            for what in 'ps -a' 'network ls' 'volume ls'; do docker $what -q --filter label=cargo-e2e.run; done
            find /tmp/cargo-e2e-queue-* -name '*.*' 2>/dev/null; :"
        ),
    )
}

/// What root's commands print on one of its machines.
#[track_caller]
pub(crate) fn on(machine: &str, script: &str) -> String {
    let mut command = Command::new("docker");
    command.args(["exec", "-i", &container(machine), "sh", "-s"]);
    let ended = Running::start(command, Some(script)).finish(Duration::from_mins(1));
    assert_eq!(ended.code, Some(0), "on {machine}: {script}\n{ended}");
    ended.stdout
}

/// Does something to a machine itself: `docker VERB… CONTAINER`.
#[track_caller]
pub(crate) fn machine(verb: &[&str], machine: &str) {
    let mut command = Command::new("docker");
    command.args(verb).arg(container(machine));
    let ended = Running::start(command, None).finish(Duration::from_mins(1));
    assert_eq!(ended.code, Some(0), "docker {verb:?} {machine}\n{ended}");
}

/// How a run loses its node, and what gives the node back.
pub(crate) struct Loss {
    pub(crate) lose: fn(&str),
    pub(crate) restore: fn(&str),
}

impl Loss {
    pub(crate) const DEATH: Self = Self {
        lose: |node| machine(&["kill"], node),
        restore: |node| machine(&["start"], node),
    };
    pub(crate) const HANG: Self = Self {
        lose: |node| machine(&["pause"], node),
        restore: |node| machine(&["unpause"], node),
    };
    pub(crate) const CUT_OFF: Self = Self {
        lose: |node| machine(&["network", "disconnect", NETWORK], node),
        restore: |node| {
            let connect = ["network", "connect", "--ip", &address(node), NETWORK];
            machine(&connect, node);
        },
    };
}

/// A node's address in the network, which it keeps.
fn address(node: &str) -> String {
    format!("10.199.77.1{}", node.trim_start_matches("cluster-n"))
}

fn container(machine: &str) -> String {
    format!("e2e-lab-{machine}")
}

#[track_caller]
pub(crate) fn lab(arguments: &[&str]) -> Ended {
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lab/cluster"));
    command.args(arguments);
    let ended = Running::start(command, None).finish(LIMIT);
    assert_eq!(
        ended.code,
        Some(0),
        "tests/lab/cluster {arguments:?}\n{ended}"
    );
    ended
}

/// A run under way that is placed, with these tests.
pub(crate) fn start(repo: &Repo, flags: &[&str], tests: &str) -> Running {
    let mut command = repo.command();
    command
        .args(["--host", NAME])
        .args(flags)
        .args(["--", tests]);
    Running::start(command, None)
}

/// The same to its end.
#[track_caller]
pub(crate) fn run(repo: &Repo, flags: &[&str], tests: &str) -> Ended {
    start(repo, flags, tests).finish(LIMIT)
}

/// The records of all runs of a repo, in their order.
#[track_caller]
pub(crate) fn records(repo: &Repo) -> Vec<Value> {
    let results = repo.path("e2e/results");
    let entries = fs::read_dir(results).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    let is_run = |folder: &PathBuf| folder.file_name().is_some_and(|name| name.len() == 26);
    let texts = folders
        .iter()
        .filter(|folder| is_run(folder))
        .filter_map(|folder| fs::read(folder.join("run.json")).ok());
    texts
        .map(|text| serde_json::from_slice(&text).expect("a record is JSON"))
        .collect()
}

/// The record of the last run.
#[track_caller]
pub(crate) fn record(repo: &Repo) -> Value {
    records(repo).pop().expect("a record")
}

/// The milliseconds of a stage.
#[track_caller]
pub(crate) fn stage(record: &Value, name: &str) -> u64 {
    let stages = record["stages"].as_array().expect("stages");
    let stage = stages.iter().find(|stage| stage["name"] == name);
    let stage = stage.unwrap_or_else(|| panic!("no stage {name}: {record}"));
    stage["duration_ms"].as_u64().expect("a number")
}

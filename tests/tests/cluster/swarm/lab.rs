//! The lab's cluster as a swarm: three nodes with two slots each, whose manager is the first.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use e2e_tests::{Ended, Repo, Running, Turn, exclusive, image, wait_for};

use crate::lab::{LIMIT, lab, left_on, machine, on};

/// Slots are free a moment after their sandboxes are gone.
const SOON: Duration = Duration::from_secs(20);

/// The swarm, which one test has at a time.
pub(crate) struct Swarm {
    config: PathBuf,
    /// As it is typed.
    pub(crate) name: String,
    /// The first is the manager.
    pub(crate) nodes: [String; 3],
    /// A node's processors: two slots.
    cpus: u32,
    _turn: Turn,
}

impl Swarm {
    /// Starts it, or repairs what is broken, and removes what an earlier test left.
    #[track_caller]
    pub(crate) fn new() -> Self {
        let cluster = std::env::var("E2E_LAB_CLUSTER").unwrap_or_else(|_| "cluster".to_owned());
        let turn = exclusive(&cluster);
        let folder = lab(&["folder"]).stdout;
        let _ = lab(&["swarm"]);
        let nodes = [1, 2, 3].map(|number| format!("{cluster}-n{number}"));
        let cpus = on(&nodes[0], "nproc");
        let swarm = Self {
            config: PathBuf::from(folder.trim()).join("ssh_config"),
            name: format!("swarm://{}", nodes[0]),
            nodes,
            cpus: cpus.trim().parse().expect("a number"),
            _turn: turn,
        };
        let _ = swarm.asks("docker service rm $(docker service ls -q) 2>/dev/null; :");
        swarm
    }

    /// Starts again what a test has broken.
    #[track_caller]
    #[expect(
        clippy::unused_self,
        reason = "only the test that has the swarm may ask it"
    )]
    pub(crate) fn repair(&self) {
        let _ = lab(&["swarm"]);
    }

    /// What root's commands print on the manager.
    #[track_caller]
    pub(crate) fn asks(&self, script: &str) -> String {
        on(&self.nodes[0], script)
    }

    /// The slots, asked for and given: `NAME NODE WANTED STATE REASON`.
    #[track_caller]
    pub(crate) fn services(&self) -> String {
        self.asks(
            "ids=$(docker service ls -q --filter label=cargo-e2e.hold)
            docker service ls --filter label=cargo-e2e.hold --format '{{.Name}}' >/tmp/names
            [ -z \"$ids\" ] || docker service ps --no-trunc --format '{{.Name}} {{.Node}} {{.DesiredState}} {{.CurrentState}} {{.Error}}' $ids 2>/dev/null || cat /tmp/names",
        )
    }

    /// Takes all slots by a service of other work.
    #[track_caller]
    pub(crate) fn fill(&self) {
        let _ = self.asks(&format!(
            "docker service create -q -d --name other --replicas 3 --replicas-max-per-node 1 --no-resolve-image \
             --stop-grace-period 1s --reserve-cpu {} --entrypoint sleep \
             $(docker image inspect -f '{{{{.Id}}}}' {}) 600",
            self.cpus,
            image("BUSYBOX_IMAGE")
        ));
        wait_for("other work", SOON, || {
            self.asks("docker service ls --format '{{.Name}} {{.Replicas}}'")
                .contains("other 3/3")
        });
    }

    /// Ends what [`Swarm::fill`] began.
    #[track_caller]
    pub(crate) fn empty(&self) {
        let _ = self.asks("docker service rm other");
    }

    /// `docker node update` of a node.
    #[track_caller]
    pub(crate) fn set_availability(&self, node: &str, availability: &str) {
        let _ = self.asks(&format!(
            "docker node update --availability {availability} {node}"
        ));
    }

    /// A repo whose runs say by their arguments what their tests are.
    pub(crate) fn repo(&self, name: &str) -> Repo {
        Repo::new(name)
            .env("CARGO_E2E_SSH_CONFIG", &self.config.display().to_string())
            .env("CARGO_E2E_CONNECT_TIMEOUT", "60")
            .env("CARGO_E2E_SWARM_IMAGE", &image("BUSYBOX_IMAGE"))
            .compose("services: {web: {image: BUSYBOX, init: true, command: [sleep, '600']}}\n")
            .spec(&self.spec())
    }

    /// Its e2e.yml.
    pub(crate) fn spec(&self) -> String {
        let half = (self.cpus / 2).max(1);
        format!("ports: isolated\ntest_command: eval\nneed: {{cpus: {half}, memory: 500M}}\n")
    }

    /// A run under way that is placed, with these tests.
    pub(crate) fn start(&self, repo: &Repo, flags: &[&str], tests: &str) -> Running {
        let mut command = repo.command();
        command
            .args(["--host", &self.name])
            .args(flags)
            .args(["--", tests]);
        Running::start(command, None)
    }

    /// The same to its end.
    #[track_caller]
    pub(crate) fn run(&self, repo: &Repo, flags: &[&str], tests: &str) -> Ended {
        self.start(repo, flags, tests).finish(LIMIT)
    }

    /// A command of the tool on the swarm, which passes.
    #[track_caller]
    pub(crate) fn tool(&self, repo: &Repo, arguments: &[&str]) -> Ended {
        let ended = repo.cargo_e2e(&[arguments, &["--host", &self.name]].concat());
        assert_eq!(ended.code, Some(0), "{arguments:?}\n{ended}");
        ended
    }

    /// Checks that no service, no sandbox, nothing with a label and no ticket is there.
    #[track_caller]
    pub(crate) fn has_nothing_left(&self) {
        self.will_have_nothing(SOON);
    }

    /// The same after a while: for what guards and backstops do.
    #[track_caller]
    pub(crate) fn will_have_nothing(&self, within: Duration) {
        let deadline = Instant::now() + within;
        loop {
            let mut left = self.services();
            for node in &self.nodes {
                left += &left_on(node);
                // The holds' own containers.
                let holds = "docker ps -a --format '{{.Names}} {{.Status}}' | grep '^e2e-' || :";
                left += &on(node, holds);
            }
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "{left}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The node of the only slot.
    #[track_caller]
    pub(crate) fn node_of_slot(&self) -> String {
        let services = self.services();
        let node = services.split_whitespace().nth(1);
        node.unwrap_or_else(|| panic!("no slot: {services}"))
            .to_owned()
    }

    /// Kills the engine of the manager, as a crash does, and starts it again.
    #[track_caller]
    pub(crate) fn restart_manager(&self) {
        let _ = self.asks("pkill -KILL -x dockerd; sleep 2; lab-host engine");
        wait_for("the manager", Duration::from_mins(1), || {
            self.asks("docker node ls -q >/dev/null 2>&1 && echo up || :")
                .contains("up")
        });
    }

    /// Kills a node as its power does, or starts it again.
    #[track_caller]
    pub(crate) fn machine(&self, verb: &str, node: &str) {
        assert_ne!(node, self.nodes[0], "the manager");
        machine(&[verb], node);
    }
}

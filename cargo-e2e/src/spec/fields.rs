//! Every key of version 1: its name, its type, its default and what people are told of it. The
//! schema for editors and the reference are made of this.

use std::time::Duration;

use super::allow::{LINTS, Lint};
use super::choice::{choice, choices};
use super::count::RETRIES;
use super::health_checks::{HEALTH_CHECKS, HealthCheck};
use super::level::{level, map};
use super::need::{CPUS, MEMORY};
use super::types::{
    COMMAND, ENTRYPOINT, ENV, GLOBS, IMAGES, LINE, NAME, PATH_OR_PATHS, PATHS, PROFILES,
    SERVICE_NAME, SERVICE_NAMES, SHELL, TIMEOUT, VARIABLES,
};

level! {
    "e2e.yml"
    /// What one `e2e.yml` asks for; defaults are filled in, except where they depend on more than this
    /// file (those are `None`).
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Spec {
        /// The repo's slug; required.
        name: String = NAME;
        /// Compose files, relative to the repo's root. One may be a symlink; then relative paths in
        /// it start from the target's folder.
        compose_file: Vec<String> = PATH_OR_PATHS, "e2e/compose.yml";
        /// Health checks that must pass before the tests start.
        health_checks: Vec<HealthCheck> = HEALTH_CHECKS;
        /// Runs the tests, in the repo's root; what follows `--` on the command line is appended to
        /// its last line. Required without `test_service` and outside of Cargo projects.
        test_command: Option<String> = COMMAND;
        /// How `build_command`, `prepare_command`, `setup_command` and `test_command` are started;
        /// `sh` where it is not there. A name alone, such as `bash`, is started so that a failure of any line counts; of
        /// several words, the command is the next.
        shell: Vec<String> = SHELL;
        /// For the tests; compiling is not counted.
        timeout: Duration = TIMEOUT, "300";
        /// How often failed tests are tried again, within `timeout`: they alone where the runner can
        /// be told so, else all of `test_command`. A test counts by its last attempt.
        retries: u32 = RETRIES, "0";
        /// What a test comes to that passes after it failed: `pass`, shown as flaky, or `fail`.
        flaky: Flaky = choice::<Flaky>(), "pass";
        /// When the run removes its sandbox.
        cleanup: Cleanup = choice::<Cleanup>(), "always";
        /// Where the tests run: `host`, but for Cargo's test targets `client`, where published TCP
        /// ports are forwarded to.
        tests_run_on: Option<Side> = choice::<Side>();
        /// How published ports are given out: with the numbers as `declared`, or `isolated`, with free
        /// ones of the sandbox's own. `declared`, but with `test_service` and for Cargo's test
        /// targets `isolated`.
        ports: Option<Ports> = choice::<Ports>();
        /// Variables for `prepare_command`, `setup_command` and the tests. Values may use `${E2E_…}` and variables above
        /// them; `$$` is a dollar.
        env: Vec<(String, String)> = ENV;
        /// Runs on the client, before the files are sent.
        build_command: Option<String> = COMMAND;
        /// Runs on the host in the repo's root, before Compose reads its files; no port is known yet.
        prepare_command: Option<String> = COMMAND;
        /// Runs on the host in the repo's root, once the stack is ready.
        setup_command: Option<String> = COMMAND;
        /// The compose service that runs the tests: `test_command` in it, else its own command.
        test_service: Option<String> = SERVICE_NAME;
        /// Replaces the ENTRYPOINT of the image of `test_service`; an empty list leaves none, so that
        /// `test_command` is started as it is.
        entrypoint: Option<Vec<String>> = ENTRYPOINT;
        /// Files to send to the host, and files to leave out.
        sync: Sync = map::<Sync>();
        /// Globs of files, or whole folders, that are kept with the result.
        artifacts: Vec<String> = PATHS;
        /// JUnit XML files that the tests write, relative to the repo's root; read back into the
        /// result. Each path or glob must name a file that this run wrote.
        junit: Vec<String> = GLOBS;
        /// Compose profiles to enable.
        profiles: Vec<String> = PROFILES;
        /// The only compose services to bring up, with those that they depend on; a profile is no
        /// obstacle.
        services: Vec<String> = SERVICE_NAMES;
        /// Images of the client that the host gets before `up`, where it does not have them with the
        /// same id.
        images: Vec<String> = IMAGES;
        /// Which images are pulled before the stack comes up: those that are `missing` on the host, or
        /// `always` all. A service's own `pull_policy` counts more.
        pull: Pull = choice::<Pull>(), "missing";
        /// Whose registry credentials pulls and builds use: those of the account on the `host`, or for
        /// this run those of the `client`.
        registry_auth: RegistryAuth = choice::<RegistryAuth>(), "host";
        /// Files with variables for the compose file, relative to the repo's root.
        env_files: Vec<String> = PATHS;
        /// Variables of the client's environment for Compose, `prepare_command`, `setup_command` and
        /// the tests; their values are masked.
        secrets: Vec<String> = VARIABLES;
        /// Warnings of `check` that are accepted, by name.
        allow: Vec<Lint> = LINTS;
        /// What the stack needs of its host, for its turn there; what is not said is taken from
        /// `deploy.resources`, `mem_limit` and `cpus` of the compose files.
        need: Need = map::<Need>();
        /// How long each of the other stages may take.
        timeouts: Timeouts = map::<Timeouts>();
        /// Where the result belongs in the state-hub.
        report: Report = map::<Report>();
    }
}

level! {
    "`sync`"
    /// `sync`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Sync {
        /// Globs of files that are sent although git ignores them.
        include: Vec<String> = PATHS;
        /// rsync patterns of files that are not sent although git would ship them.
        exclude: Vec<String> = PATHS;
    }
}

level! {
    "`need`"
    /// `need`
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Need {
        /// CPUs, such as 2 or 0.5; in thousandths.
        cpus: Option<u32> = CPUS;
        /// Memory, such as 512m or 4G; in kilobytes.
        memory: Option<u64> = MEMORY;
    }
}

level! {
    "`timeouts`"
    /// `timeouts`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Timeouts {
        /// Waiting for a node of a cluster.
        place: Duration = TIMEOUT, "1800";
        /// Waiting for a turn on the host; for another run to leave a sandbox that is up, or to read
        /// its `junit` file.
        queue: Duration = TIMEOUT, "1800";
        /// `build_command`, or compiling the test targets.
        build: Duration = TIMEOUT, "1800";
        /// Sending the repo to the host, and sending `images`.
        sync: Duration = TIMEOUT, "600";
        /// Pulling, building and starting, and waiting for ports that another sandbox holds.
        up: Duration = TIMEOUT, "900";
        /// `prepare_command`, and `setup_command`.
        setup: Duration = TIMEOUT, "600";
        /// Fetching logs and artifacts.
        collect: Duration = TIMEOUT, "120";
        /// Removing the sandbox.
        teardown: Duration = TIMEOUT, "180";
    }
}

level! {
    "`report`"
    /// `report`
    #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Report {
        /// The topic's slug.
        topic_slug: Option<String> = LINE;
        /// The workstream's id.
        workstream_id: Option<String> = LINE;
        /// The task's id.
        task_id: Option<String> = LINE;
    }
}

impl Spec {
    /// Returns the services to bring up, the test's own among them; all, where none is named.
    pub fn wanted_services(&self) -> Vec<String> {
        let mut wanted = self.services.clone();
        if !wanted.is_empty() {
            wanted.extend(self.test_service.clone());
        }
        wanted
    }
}

impl Need {
    /// Returns this, and what it does not say from another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            cpus: self.cpus.or(other.cpus),
            memory: self.memory.or(other.memory),
        }
    }
}

choices! {
    /// `cleanup`: when the sandbox is removed.
    Cleanup {
        /// After every run.
        "always" => Always,
        /// Only after a run that passed.
        "on_success" => OnSuccess,
        /// Not by the run.
        "never" => Never,
    }

    /// `flaky`: what a test comes to that passes after it failed.
    Flaky {
        /// It passed.
        "pass" => Pass,
        /// It failed.
        "fail" => Fail,
    }

    /// `pull`: which images are pulled.
    Pull {
        /// Those that the host does not have.
        "missing" => Missing,
        /// All, for tags that move.
        "always" => Always,
    }

    /// `registry_auth`: whose registry credentials a run uses.
    RegistryAuth {
        /// Those of the account on the host.
        "host" => Host,
        /// Those of this machine's user.
        "client" => Client,
    }

    /// `tests_run_on`: where the tests run.
    Side {
        /// Beside the stack.
        "host" => Host,
        /// On the machine where `cargo e2e` was typed.
        "client" => Client,
    }

    /// `ports`: how published ports are given out.
    Ports {
        /// Each gets a free port of its own.
        "isolated" => Isolated,
        /// The numbers that the compose file names.
        "declared" => Declared,
    }
}

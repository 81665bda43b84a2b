//! The examples of this repo, as they are, against scripts that do what they do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e_tests::{Host, Repo, Running, image};

use super::way::{LIMIT, Stack};

/// One of `examples/`.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) name: &'static str,
    port: u16,
    page: &'static str,
    /// The same tests, or where those are Rust's, requests like theirs: a script has no harness.
    test: &'static str,
    build: &'static str,
    spec: &'static str,
    /// What a machine has on which the tests can run.
    needs: &'static str,
}

pub(crate) const EXAMPLES: [Example; 3] = [
    Example {
        name: "hello-http",
        port: 8080,
        page: "/healthz",
        test: "curl -fsS http://localhost:8080/ http://localhost:8080/healthz",
        build: "target=$(rustc -vV | sed -n \"s/^host: //p\")
            RUSTFLAGS=-Ctarget-feature=+crt-static cargo build --target \"$target\" --target-dir target
            mkdir -p target/e2e-bin && cp \"target/$target/debug/hello-http\" target/e2e-bin/",
        spec: "e2e/e2e.yml",
        needs: "true",
    },
    Example {
        name: "pytest-postgres",
        port: 8000,
        page: "/healthz",
        test: "python3 -m pytest -q -p no:cacheprovider e2e/tests",
        build: "",
        spec: "e2e/e2e.yml",
        needs: "python3 -c 'import psycopg, pytest'",
    },
    Example {
        name: "activity-core",
        port: 8090,
        page: "/healthz",
        test: "export E2E_CACHE=$HOME/.cache/bench-activity-core E2E_POSTGRES_5432=localhost:5432 E2E_TEMPORAL_7233=localhost:7233
            sh e2e/tests/venv && \"$E2E_CACHE/venv/bin/python\" -m pytest -q -p no:cacheprovider e2e/tests",
        build: "sh scripts/build",
        spec: "e2e/e2e.pytest.yml",
        needs: "python3 -c 'import ensurepip'",
    },
];

const IMAGES: [&str; 3] = ["POSTGRES_IMAGE", "PYTHON_IMAGE", "TEMPORAL_IMAGE"];

impl Example {
    fn root(&self) -> PathBuf {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        examples
            .join(self.name)
            .canonicalize()
            .expect("it is there")
    }

    /// Whether its tests can run there; says so where they can't.
    pub(crate) fn runs_on(&self, host: Host) -> bool {
        let runs = host.sh(self.needs).code == Some(0);
        if !runs {
            println!(
                "{} needs `{}` on {}: skipped",
                self.name,
                self.needs,
                host.name()
            );
        }
        runs
    }

    pub(crate) fn stack(&self) -> Stack {
        let variables = IMAGES.map(|name| format!("{name}={}", image(name)));
        Stack {
            root: self.root(),
            port: self.port,
            page: self.page,
            test: self.test,
            build: self.build,
            variables: variables.join(" "),
        }
    }

    /// Runs `cargo e2e` to its end, with the settings of a made repo; its tests must pass.
    #[track_caller]
    pub(crate) fn ours(&self, settings: &Repo, host: Host) -> Duration {
        settings.also_run_on(host);
        let mut command = settings.command();
        command.current_dir(self.root());
        command.args(["--host", &host.name(), "--spec", self.spec]);
        command.envs(IMAGES.map(|name| (name, image(name))));
        let ended = Running::start(command, None).finish(LIMIT);
        assert_eq!(ended.code, Some(0), "{ended}");
        ended.took
    }
}

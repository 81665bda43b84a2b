//! The runners, their tests, and what is seeded in them. All of them ask one service, which refuses
//! and logs why.

use std::path::PathBuf;

use e2e_tests::Repo;
use e2e_tests::rust::into_package;

/// A failure on purpose, and what must be said of it.
pub(crate) struct Seed {
    pub(crate) name: &'static str,
    /// A part of the test's name, which no other has.
    pub(crate) test: &'static str,
    /// How the runner is told to run this test alone.
    pub(crate) filter: &'static str,
    pub(crate) assertion: &'static str,
    pub(crate) place: &'static str,
    pub(crate) log: &'static str,
}

pub(crate) struct Runner {
    pub(crate) name: &'static str,
    pub(crate) seeds: Vec<Seed>,
    /// Its files, by their paths in the repo.
    files: Vec<(&'static str, &'static str)>,
    /// Its command; `FILTER` becomes that of a seed or nothing, `ORDERS` what is asked.
    command: &'static str,
    all: &'static str,
    junit: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Of what `scripts/failures` installs, or of the shell.
    Script,
    /// A Cargo package whose tests nextest runs.
    Nextest,
    Harness,
}

const STACK: &str = r#"
services:
  web:
    image: BUSYBOX
    command: [sh, -c, "mkdir -p /www && echo hello >/www/index.html && exec httpd -f -p 8080 -h /www"]
    ports: ["PORT_A:8080"]
    volumes: ["./cgi-bin:/www/cgi-bin:ro"]
"#;

impl Runner {
    /// Returns the repo in which one seeded test runs alone, or all run.
    pub(crate) fn repo(&self, seeds: &[&Seed], alone: bool) -> Repo {
        let filter = if alone { seeds[0].filter } else { self.all };
        let command = self.command.replace("FILTER", filter);
        let health = "health_checks: [{name: web, url: 'http://localhost:PORT_A/', timeout: 30}]\nports: isolated\n";
        let tests = if self.kind == Kind::Harness {
            String::new()
        } else {
            format!(
                "tests_run_on: client\ntest_command: |\n  {command}\njunit: {}\n",
                self.junit
            )
        };
        let mut repo = Repo::new("failures")
            .compose(STACK)
            .executable(
                "e2e/cgi-bin/pay",
                include_str!("../../../fixtures/failures/pay.cgi"),
            )
            .spec(&format!("{health}{tests}"));
        if self.kind == Kind::Script {
            repo = repo
                .file("package.json", "{\"private\": true}\n")
                .gitignore("node_modules\nout.xml\ntest-results\n.tmp\n")
                .env(
                    "PATH",
                    &format!(
                        "{}:{}",
                        installed("python/bin"),
                        std::env::var("PATH").unwrap_or_default()
                    ),
                );
            repo = repo.symlink("node_modules", &installed("node_modules"));
        } else {
            let harness = if self.kind == Kind::Harness {
                "harness = false\n"
            } else {
                ""
            };
            let manifest = format!(
                "[dev-dependencies]\ne2e-harness = \"0.1.0\"\n[[test]]\nname = \"e2e\"\n{harness}"
            );
            // Alone there are no others.
            let source = self.files[0].1;
            let others = source.find("macro_rules!").unwrap_or(source.len());
            let end = if harness.is_empty() {
                ""
            } else {
                "e2e_harness::main!();\n"
            };
            let lone = format!("{}{end}", &source[..others]);
            return into_package(repo, &manifest, if alone { &lone } else { source }).file(
                ".config/nextest.toml",
                "[profile.e2e]\nfail-fast = false\n[profile.e2e.junit]\npath = \"junit.xml\"\n",
            );
        }
        for (path, text) in &self.files {
            repo = repo.file(path, text);
        }
        repo
    }
}

/// Where `scripts/install-runners` puts them.
fn installed(name: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("../target/runners")
        .join(name)
        .display()
        .to_string()
}

pub(crate) fn all() -> Vec<Runner> {
    vec![
        pytest(),
        jest(),
        vitest(),
        playwright(),
        gotestsum(),
        nextest(),
        harness(),
    ]
}

fn pytest() -> Runner {
    Runner {
        name: "pytest",
        seeds: vec![
            Seed {
                name: "assert ==",
                test: "test_pays",
                filter: "-k test_pays",
                assertion: "assert 500 == 200",
                place: "tests/test_pay.py:21",
                log: "ERROR cannot pay seed-1",
            },
            Seed {
                name: "an exception",
                test: "test_books",
                filter: "-k test_books",
                assertion: "KeyError: 'booked'",
                place: "tests/test_pay.py:26",
                log: "ERROR cannot pay seed-2",
            },
        ],
        files: vec![(
            "tests/test_pay.py",
            include_str!("../../../fixtures/failures/pay_test.py"),
        )],
        command: "python3 -m pytest -q -p no:cacheprovider --junitxml=out.xml FILTER tests",
        all: "",
        junit: "out.xml",
        kind: Kind::Script,
    }
}

fn jest_seeds() -> Vec<Seed> {
    vec![
        Seed {
            name: "toBe",
            test: "orders pays",
            filter: "-t 'orders pays'",
            assertion: "Received: 500",
            place: "web/pay.test.cjs:6",
            log: "ERROR cannot pay seed-3",
        },
        Seed {
            name: "toEqual, objects",
            test: "orders books",
            filter: "-t 'orders books'",
            assertion: "\"status\": 500",
            place: "web/pay.test.cjs:11",
            log: "ERROR cannot pay seed-4",
        },
    ]
}

fn jest() -> Runner {
    Runner {
        name: "jest",
        seeds: jest_seeds(),
        files: vec![(
            "web/pay.test.cjs",
            include_str!("../../../fixtures/failures/pay.test.cjs"),
        )],
        command: "mkdir -p .tmp; export TMPDIR=$PWD/.tmp; JEST_JUNIT_OUTPUT_FILE=out.xml npx jest --rootDir . --testMatch '**/*.test.cjs' --reporters jest-junit FILTER",
        all: "",
        junit: "out.xml",
        kind: Kind::Script,
    }
}

fn vitest() -> Runner {
    Runner {
        name: "vitest",
        seeds: vec![
            Seed {
                name: "toBe",
                test: "pay.test.mjs::pays",
                filter: "-t pays",
                assertion: "expected 500 to be 200",
                place: "web/pay.test.mjs:7",
                log: "ERROR cannot pay seed-5",
            },
            Seed {
                name: "an error",
                test: "pay.test.mjs::books",
                filter: "-t books",
                assertion: "cannot book seed-6: HTTP 500",
                place: "web/pay.test.mjs:12",
                log: "ERROR cannot pay seed-6",
            },
        ],
        files: vec![(
            "web/pay.test.mjs",
            include_str!("../../../fixtures/failures/pay.test.mjs"),
        )],
        command: "mkdir -p .tmp; export TMPDIR=$PWD/.tmp; npx vitest run --root . --reporter=junit --outputFile=out.xml FILTER",
        all: "",
        junit: "out.xml",
        kind: Kind::Script,
    }
}

fn playwright() -> Runner {
    Runner {
        name: "Playwright",
        seeds: vec![Seed {
            name: "toBe",
            test: "pay.spec.ts::pays",
            filter: "-g pays",
            assertion: "Received: 500",
            place: "web/pay.spec.ts:7",
            log: "ERROR cannot pay seed-7",
        }],
        files: vec![(
            "web/pay.spec.ts",
            include_str!("../../../fixtures/failures/pay.spec.ts"),
        )],
        command: "mkdir -p .tmp; export TMPDIR=$PWD/.tmp; PLAYWRIGHT_JUNIT_OUTPUT_NAME=out.xml npx playwright test --reporter=junit FILTER web",
        all: "",
        junit: "out.xml",
        kind: Kind::Script,
    }
}

/// Go is larger than all the others together: its tests are a script, which writes what gotestsum
/// writes.
pub(crate) fn gotestsum() -> Runner {
    Runner {
        name: "go (gotestsum's file)",
        seeds: vec![Seed {
            name: "t.Errorf",
            test: "TestPays/seed-8",
            filter: "seed-8",
            assertion: "pay_test.go:12: seed-8: got 500, want 200",
            place: "pay/pay_test.go:12",
            log: "ERROR cannot pay seed-8",
        }],
        files: vec![
            ("pay/pay_test.go", "package pay\n"),
            (
                "gotestsum.sh",
                include_str!("../../../fixtures/failures/gotestsum.sh"),
            ),
        ],
        command: "sh gotestsum.sh out.xml FILTER",
        all: "other-0 other-1 other-2 seed-8 other-3 other-4",
        junit: "out.xml",
        kind: Kind::Script,
    }
}

/// jest's file as it was written once, for the suite.
pub(crate) fn recorded_jest() -> Runner {
    Runner {
        name: "jest (its file)",
        files: vec![
            (
                "web/pay.test.cjs",
                include_str!("../../../fixtures/failures/pay.test.cjs"),
            ),
            (
                "jest.sh",
                include_str!("../../../fixtures/failures/jest.sh"),
            ),
        ],
        command: "sh jest.sh out.xml FILTER",
        all: "seed-3 seed-4 other-0 other-1 other-2 other-3",
        ..jest()
    }
}

fn nextest() -> Runner {
    Runner {
        name: "nextest",
        seeds: vec![Seed {
            name: "assert_eq!",
            test: "pays",
            filter: "",
            assertion: "assertion `left == right` failed: seed-9 is not paid",
            place: "tests/e2e.rs:14",
            log: "ERROR cannot pay seed-9",
        }],
        files: vec![(
            "tests/e2e.rs",
            include_str!("../../../fixtures/failures/pay_nextest.rs"),
        )],
        command: "cargo nextest run --profile e2e",
        all: "",
        junit: "target/nextest/e2e/junit.xml",
        kind: Kind::Nextest,
    }
}

fn harness() -> Runner {
    Runner {
        name: "e2e-harness",
        seeds: vec![Seed {
            name: "assert_eq!",
            test: "pays",
            filter: "",
            assertion: "seed-10 is not paid",
            place: "tests/e2e.rs:11",
            log: "ERROR cannot pay seed-10",
        }],
        files: vec![(
            "tests/e2e.rs",
            include_str!("../../../fixtures/failures/pay_harness.rs"),
        )],
        command: "",
        all: "",
        junit: "",
        kind: Kind::Harness,
    }
}

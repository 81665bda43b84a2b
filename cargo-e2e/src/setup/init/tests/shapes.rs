//! Shapes of repos as they are today, and which stack and tests init takes of each.

use indoc::indoc;

use super::made;

mod ci;
mod habits;
mod scripts;
mod shape;

use shape::{DB, Shape, TESTED};

const SHAPES: &[Shape] = &[
    Shape {
        about: "CI starts a file below tests/ and runs cargo test with a database",
        files: &[
            ("tests/docker-compose.yml", DB),
            ("examples/a/docker-compose.yml", DB),
            ("Cargo.toml", "[package]\nname = 'x'\nversion = '0.1.0'\n"),
            ("src/lib.rs", ""),
            (
                ".github/workflows/ci.yml",
                indoc! {"
                    jobs:
                      unit:
                        steps: [{run: cargo test --lib}]
                      postgres:
                        env: {CARGO_TERM_COLOR: always}
                        steps:
                          - run: docker compose -f tests/docker-compose.yml up -d
                          - run: cargo test --features a,${{ matrix.x }}
                            env: {DATABASE_URL: 'postgres://u:p@localhost:5432/x'}
                "},
            ),
        ],
        stack: &["tests/docker-compose.yml"],
        lines: &[
            "# Started by .github/workflows/ci.yml, job postgres.",
            "build_command: cargo test --features a --no-run",
            "test_command: cargo test --features a",
            "tests_run_on: client",
            "  DATABASE_URL: postgres://u:p@localhost:5432/x",
        ],
    },
    Shape {
        about: "the service whose exit code counts is the test, over the root's own file",
        files: &[
            ("docker-compose.yml", DB),
            ("docker-compose.test.yml", TESTED),
            ("Dockerfile", "FROM scratch\n"),
            (
                "Makefile",
                "COMPOSE = docker compose -f docker-compose.test.yml\n.PHONY: test\ntest: build\n\t\
                 $(COMPOSE) up --abort-on-container-exit --exit-code-from tests\nbuild:\n\t$(COMPOSE) build\n",
            ),
        ],
        stack: &["docker-compose.test.yml"],
        lines: &["test_service: tests", "# compose_file: docker-compose.yml"],
    },
    Shape {
        about: "a make target runs pytest in a service by a variable",
        files: &[
            ("docker-compose.yml", TESTED),
            ("Dockerfile", "FROM scratch\n"),
            (
                "Makefile",
                "DC = docker compose run --rm tests\npytest:\n\t$(DC) pytest --cov\n",
            ),
            (
                ".github/workflows/ci.yml",
                "jobs: {ci: {steps: [{run: make pytest}]}}",
            ),
        ],
        stack: &["docker-compose.yml"],
        lines: &["test_service: tests", "test_command: pytest --cov"],
    },
    Shape {
        about: "a script that CI calls starts the stack and ends with the tests",
        files: &[
            ("docker-compose.yaml", DB),
            (
                "ci.sh",
                "#!/bin/sh\nset -e\ndocker-compose up -d\ncargo test $@\n",
            ),
            ("Cargo.toml", "[package]\nname = 'x'\nversion = '0.1.0'\n"),
            ("src/lib.rs", ""),
            (
                ".github/workflows/ci.yml",
                "jobs: {test: {steps: [{run: ./ci.sh}]}}",
            ),
        ],
        stack: &["docker-compose.yaml"],
        lines: &["test_command: cargo test"],
    },
    Shape {
        about: "an overlay is taken with its base",
        files: &[
            ("docker-compose.yml", DB),
            (
                "docker-compose.e2e.yml",
                "services: {db: {environment: {A: b}}}",
            ),
            (
                "package.json",
                r#"{"scripts": {"test:e2e": "docker compose -f docker-compose.yml -f docker-compose.e2e.yml up -d && jest"}}"#,
            ),
        ],
        stack: &["docker-compose.yml", "docker-compose.e2e.yml"],
        lines: &["test_command: npx jest"],
    },
    Shape {
        about: "package scripts start the stack in a folder, CI runs another one",
        files: &[
            ("test/db/docker-compose.yml", DB),
            (
                "package.json",
                r#"{"scripts": {"test:ci": "npm run db && jest", "db": "cd test/db && docker compose up -d", "test:types": "tsc"}}"#,
            ),
            ("yarn.lock", ""),
            (
                ".github/workflows/ci.yml",
                "jobs: {test: {steps: [{run: yarn test:ci}]}}",
            ),
        ],
        stack: &["test/db/docker-compose.yml"],
        lines: &["test_command: npx jest"],
    },
    Shape {
        about: "an action starts the stack",
        files: &[
            ("docker-compose.yml", "services: {x: {image: x}}"),
            ("ci/stack.compose.yml", DB),
            (
                ".github/workflows/ci.yml",
                indoc! {"
                    jobs:
                      it:
                        steps:
                          - uses: someone/compose-action@v2
                            with: {compose-file: ci/stack.compose.yml}
                          - run: poetry run pytest tests/integration
                "},
            ),
        ],
        stack: &["ci/stack.compose.yml"],
        lines: &["test_command: poetry run pytest tests/integration"],
    },
    Shape {
        about: "GitLab, with a folder of its own",
        files: &[
            ("dev/docker-compose.yml", DB),
            (
                ".gitlab-ci.yml",
                indoc! {"
                    integration:
                      before_script: [cd dev, docker-compose up -d, cd ..]
                      script: [go test ./...]
                    deploy:
                      script: [docker compose -f prod/compose.yml up]
                "},
            ),
            ("prod/compose.yml", DB),
            ("go.mod", "module x\n"),
        ],
        stack: &["dev/docker-compose.yml"],
        lines: &["test_command: go test ./..."],
    },
    Shape {
        about: "only the README says so",
        files: &[
            ("docker-compose.test.yml", DB),
            (
                "README.md",
                indoc! {"
                    # X
                    ## Tests
                    ```sh
                    $ docker compose -f docker-compose.test.yml up -d
                    $ npm test
                    ```
                "},
            ),
            ("package.json", r#"{"scripts": {"test": "mocha"}}"#),
        ],
        stack: &["docker-compose.test.yml"],
        lines: &["test_command: npm test --"],
    },
    Shape {
        about: "a service is called like tests, and nothing else says how they run",
        files: &[
            ("docker-compose.yml", TESTED),
            ("Dockerfile", "FROM scratch\n"),
        ],
        stack: &["docker-compose.yml"],
        lines: &["test_service: tests"],
    },
    Shape {
        about: "a Rust repo whose CI says nothing",
        files: &[
            ("compose.yml", DB),
            ("Cargo.toml", "[package]\nname = 'x'\nversion = '0.1.0'\n"),
            ("src/lib.rs", ""),
        ],
        stack: &["compose.yml"],
        lines: &[
            "build_command: cargo test --no-run",
            "test_command: cargo test",
        ],
    },
    Shape {
        about: "Python with a lock of uv",
        files: &[
            ("compose.yml", DB),
            ("tests/test_a.py", ""),
            ("uv.lock", ""),
        ],
        stack: &["compose.yml"],
        lines: &["test_command: uv run pytest"],
    },
    Shape {
        about: "just, with a profile",
        files: &[
            ("docker/compose.yml", DB),
            (
                "justfile",
                indoc! {"
                    file := 'docker/compose.yml'

                    integration *args: up
                        docker compose -f {{file}} --profile it up -d
                        cargo nextest run --test it {{args}}

                    up:
                        true
                "},
            ),
        ],
        stack: &["docker/compose.yml"],
        lines: &[
            "profiles:",
            "  - it",
            "build_command: cargo nextest run --test it --no-run",
            "test_command: cargo nextest run --test it",
        ],
    },
    Shape {
        about: "nothing but a stack for examples",
        files: &[("examples/web/compose.yml", DB)],
        stack: &["examples/web/compose.yml"],
        lines: &["test_command: sh e2e/tests/smoke.sh"],
    },
    Shape {
        about: "Java, with what the container's own check allows",
        files: &[
            (
                "docker-compose.yml",
                "services: {db: {image: x, ports: ['1521:1521'], healthcheck: {test: [CMD, x], interval: 10s, retries: 60}}}",
            ),
            (
                ".travis.yml",
                "before_script: [docker-compose up -d]\nscript: [./mvnw verify -B]\n",
            ),
        ],
        stack: &["docker-compose.yml"],
        lines: &["    timeout: 900", "test_command: ./mvnw verify -B"],
    },
];

#[tokio::test]
async fn the_stack_and_the_tests_are_those_that_the_repo_runs_itself() {
    let mut wrong = Vec::new();
    let all = [SHAPES, ci::SHAPES, scripts::SHAPES, habits::SHAPES];
    let shapes = all.into_iter().flatten();
    for shape in shapes {
        let (_folder, written, text) = made(shape.files).await;
        let stack = written.compose_files == shape.stack;
        let is_there = |line: &&&str| !text.lines().any(|there| there == **line);
        let missing: Vec<_> = shape.lines.iter().filter(is_there).collect();
        let has_smoke = text.contains("smoke.sh");
        let may_smoke = shape.lines[0].contains("smoke.sh");
        if !stack || !missing.is_empty() || has_smoke != may_smoke {
            wrong.push(format!("{}: {missing:?} is not in\n{text}", shape.about));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

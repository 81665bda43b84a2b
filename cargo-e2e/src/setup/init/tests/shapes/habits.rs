//! Habits of scripts and jobs that hide which tests need the stack, and what it needs.

use super::shape::{DB, Shape, TESTED};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        about: "options are added to a variable one by one, and another job has none",
        files: &[
            ("tests/docker-compose.yml", DB),
            (
                ".github/workflows/tests.yml",
                "jobs:\n  tests:\n    steps:\n      - run: |\n          flags=\"$flags --cov=x\"\n          \
                 [[ \"$OS\" == linux ]] && flags=\"$flags --db postgres://localhost:5432\"\n          uv run pytest $flags\n  \
                 pypy:\n    steps: [{run: uv run pytest}]\n",
            ),
        ],
        stack: &["tests/docker-compose.yml"],
        lines: &["test_command: uv run pytest --cov=x --db postgres://localhost:5432"],
    },
    Shape {
        about: "a script passes on what a job computes",
        files: &[
            ("compose.yml", DB),
            ("go.mod", "module x\n"),
            (
                "dockertest.sh",
                "docker compose up -d\nfor d in a b; do DIALECT=${d} gotestsum -- -race \"$@\"; done\n",
            ),
            (
                ".circleci/config.yml",
                "jobs: {test: {steps: [{run: 'DIALECT=a ./dockertest.sh -run Integration $(go list ./... | circleci tests split)'}]}}",
            ),
        ],
        stack: &["compose.yml"],
        lines: &[
            "test_command: gotestsum -- -race -run Integration",
            "  DIALECT: a",
        ],
    },
    Shape {
        about: "a script sets what its stack is made with",
        files: &[
            (
                "tests/compose.yml",
                "services: {db: {image: 'mysql:${MYSQL_VERSION:-9}', environment: {MYSQL_PASSWORD: '${DB_PASSWORD}'}}}",
            ),
            (
                "runtests.sh",
                "export DB_PASSWORD=secret word\nexport DB_PASSWORD='two words' OTHER=x\n\
                 MYSQL_VERSION=8.4 docker compose -f tests/compose.yml up -d\ntox\n",
            ),
        ],
        stack: &["tests/compose.yml"],
        lines: &["env_files:", "  - e2e/compose.env", "test_command: tox"],
    },
    Shape {
        about: "a job whose tests need no server is not the one that tests the stack",
        files: &[
            ("compose.yml", DB),
            (
                ".github/workflows/ci.yml",
                "jobs:\n  sqlite_wasm:\n    steps: [{run: cargo xtask run-tests --wasm sqlite}]\n  \
                 pg:\n    steps: [{run: cargo xtask run-tests postgres}]\n",
            ),
        ],
        stack: &["compose.yml"],
        lines: &["test_command: cargo xtask run-tests postgres"],
    },
    Shape {
        about: "a text for people runs one file first",
        files: &[
            ("compose.yml", DB),
            (
                "CONTRIBUTING.md",
                "# Tests\n```\ndocker compose up -d\nuv run pytest tests/test_model.py -vv\n\
                 uv run pytest tests/test_model.py::test_one\nuv run pytest -n auto\n```\n",
            ),
        ],
        stack: &["compose.yml"],
        lines: &["test_command: uv run pytest -n auto"],
    },
    Shape {
        about: "the tests stand beside their stack, and the root has others",
        files: &[
            ("tests/compose.yml", DB),
            ("tests/go.mod", "module y\n"),
            ("go.mod", "module x\n"),
            (
                ".github/workflows/ci.yml",
                "jobs: {it: {steps: [{run: \"docker compose -f tests/compose.yml up -d\\ngo test ./...\\ncd tests\\ngo test -count=1 ./...\"}]}}",
            ),
        ],
        stack: &["tests/compose.yml"],
        lines: &["test_command: cd tests && go test -count=1 ./..."],
    },
    Shape {
        about: "a service whose name and script both say that it tests, and CI that has no stack",
        files: &[
            (
                "docker-compose.yml",
                "services: {db: {image: postgres}, shop-test: {build: ., command: ./run_tests_in_docker.sh}}",
            ),
            ("Dockerfile", "FROM scratch\n"),
            ("run_tests.sh", "python manage.py test\n"),
            (
                ".github/workflows/code.yml",
                "jobs: {pg: {steps: [{run: ./run_tests.sh}]}}",
            ),
        ],
        stack: &["docker-compose.yml"],
        lines: &["test_service: shop-test"],
    },
    Shape {
        about: "profiles, of which one is for all",
        files: &[
            (
                "compose.yml",
                "services: {a: {image: x, ports: ['1:1'], profiles: [all, new]}, b: {image: x, ports: ['1:1'], profiles: [old]}}",
            ),
            ("tests/test_a.py", ""),
        ],
        stack: &["compose.yml"],
        lines: &["profiles:", "  - all"],
    },
    Shape {
        about: "a job in a container of its own reaches the server by its name",
        files: &[
            ("compose.yml", DB),
            ("package.json", r#"{"scripts": {"test": "vitest run"}}"#),
            (
                ".github/workflows/ci.yml",
                "jobs:\n  test:\n    container: node:24\n    steps:\n      - run: npm test\n        \
                 env: {POSTGRES_HOST: postgres, PGUSER: me, PGPASSWORD: pw}\n",
            ),
        ],
        stack: &["compose.yml"],
        lines: &[
            "test_command: npm test --",
            "  POSTGRES_HOST: localhost",
            "  PGUSER: me",
            "  PGPASSWORD: pw",
        ],
    },
    Shape {
        about: "two machines, the usual one last",
        files: &[
            ("scripts/a-arm64.yaml", DB),
            ("scripts/docker-compose.yaml", DB),
            ("scripts/docker-compose-cluster.yaml", TESTED),
            (
                "scripts/start.sh",
                "#!/bin/bash\narch=$(uname -m)\nif [[ \"$arch\" == \"arm\"* || \"$arch\" == \"aarch64\" ]]; then\n  \
                 docker compose -f ./scripts/a-arm64.yaml -f ./scripts/docker-compose-cluster.yaml --parallel 1 up -d\nelse\n  \
                 docker compose -f ./scripts/docker-compose.yaml -f ./scripts/docker-compose-cluster.yaml --parallel 1 up -d\nfi\n",
            ),
            (
                "package.json",
                r#"{"scripts": {"start": "chmod +x ./scripts/start.sh && ./scripts/start.sh", "test:ci": "jest"}}"#,
            ),
            ("pnpm-lock.yaml", ""),
            (
                ".github/workflows/tests.yml",
                "jobs: {build: {steps: [{run: pnpm start}, {run: pnpm test:ci}]}}",
            ),
        ],
        stack: &[
            "scripts/docker-compose.yaml",
            "scripts/docker-compose-cluster.yaml",
        ],
        lines: &["test_command: pnpm test:ci"],
    },
    Shape {
        about: "one database after another by the same variable, which has a default for each",
        files: &[
            (
                "tests/docker-compose.yml",
                "services: {pg: {image: x, ports: ['${DB_PORT:-5432}:5432'], environment: {P: '${DB_PASS}'}}, \
                 my: {image: x, ports: ['${DB_PORT:-3306}:3306']}}",
            ),
            (
                "run.sh",
                "export DB_PASS=p\ndocker compose -f tests/docker-compose.yml up -d\nexport DB_PORT=5432\ntox\n\
                 export DB_PORT=3306\ntox\n",
            ),
            ("Makefile", "test:\n\tsh run.sh\n"),
        ],
        stack: &["tests/docker-compose.yml"],
        lines: &[
            "    tcp: localhost:3306",
            "    tcp: localhost:5432",
            "env_files:",
        ],
    },
    Shape {
        about: "a script writes what the tests expect, another one tests",
        files: &[
            ("test/db/docker-compose.yml", DB),
            (
                "package.json",
                r#"{"scripts": {"db": "cd test/db && docker compose up -d", "test": "run-s db test:run",
                    "test:update": "run-s db && jest --updateSnapshot", "test:run": "jest --coverage"}}"#,
            ),
        ],
        stack: &["test/db/docker-compose.yml"],
        lines: &["test_command: npx jest --coverage"],
    },
    Shape {
        about: "a target exports what its tests read, and sources a file of the others",
        files: &[
            ("compose.yml", DB),
            ("env.sh", "export PG_URL=\"postgres://localhost:5432/x\"\n"),
            (
                "Makefile",
                "export TEST_USER ?= me\nhost = 127.0.0.1\ntest_pg: export DATABASE_URL=postgres://$(host):5432/y\ntest_pg:\n\t\
                 docker compose up -d\n\tsource ./env.sh && cargo test\n",
            ),
            ("Cargo.toml", "[package]\nname = 'x'\nversion = '0.1.0'\n"),
            ("src/lib.rs", ""),
        ],
        stack: &["compose.yml"],
        lines: &[
            "test_command: cargo test",
            "  DATABASE_URL: postgres://127.0.0.1:5432/y",
            "  PG_URL: postgres://localhost:5432/x",
            "  TEST_USER: me",
        ],
    },
];

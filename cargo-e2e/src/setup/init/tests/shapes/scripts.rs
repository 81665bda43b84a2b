//! Repos whose own scripts, targets and package scripts start the stack and run the tests.

use super::shape::{DB, Shape, TESTED};

const GO: &str = "module x\n";

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        about: "package scripts one after another, of which one tests with variables of its own",
        files: &[
            ("test/db/compose.yml", DB),
            (
                "package.json",
                r#"{"scripts": {"test": "run-s db:down db:up test:run db:down", "db:up": "cd test/db && docker compose up -d",
                    "db:down": "cd test/db && docker compose down", "test:run": "ROWS_MAX=20 vitest run"}}"#,
            ),
            (
                ".github/workflows/ci.yml",
                "jobs: {test: {steps: [{run: npm run test}]}}",
            ),
        ],
        stack: &["test/db/compose.yml"],
        lines: &["test_command: npx vitest run", "  ROWS_MAX: \"20\""],
    },
    Shape {
        about: "a script that starts the stack named by a default, and runs its argument",
        files: &[
            ("docker-compose.0_9.yml", DB),
            ("docker-compose.1_2.yml", DB),
            (
                "package.json",
                r#"{"scripts": {"test": "yarn lint && ./scripts/with-stack.sh 'yarn jest --ci'", "test:types": "tsc"}}"#,
            ),
            (
                "scripts/with-stack.sh",
                "#!/bin/bash\ncommand=\"$1\"\nexport COMPOSE_FILE=${COMPOSE_FILE:=\"docker-compose.1_2.yml\"}\n\
                 $PWD/scripts/up.sh\neval \"${command} $2\"\ndocker-compose -f \"${COMPOSE_FILE}\" down\n",
            ),
            (
                "scripts/up.sh",
                "COMPOSE_FILE=${COMPOSE_FILE:=\"docker-compose.1_2.yml\"}\ndocker-compose -f \"${COMPOSE_FILE}\" up -d\n",
            ),
            ("yarn.lock", ""),
        ],
        stack: &["docker-compose.1_2.yml"],
        lines: &["test_command: yarn jest --ci"],
    },
    Shape {
        about: "a script beside its stack, of a repo that has no other",
        files: &[
            ("internal/dbtest/docker-compose.yaml", DB),
            ("internal/dbtest/image/Dockerfile", "FROM scratch\n"),
            (
                "internal/dbtest/test.sh",
                "#!/bin/sh -eux\ncd image\ndocker build -t local .\ncd ..\ndocker-compose up -d\nCGO_ENABLED=0 go test \"$@\"\n",
            ),
            (
                "Makefile",
                "test:\n\tset -e; for dir in $(DIRS); do \\\n\t  (cd \"$${dir}\" && \\\n\t    go test); \\\n\tdone\n",
            ),
            ("go.mod", GO),
        ],
        stack: &["internal/dbtest/docker-compose.yaml"],
        lines: &[
            "test_command: cd internal/dbtest && go test",
            "  CGO_ENABLED: \"0\"",
        ],
    },
    Shape {
        about: "a target of many commands is run as a whole, with the stack of a conditional variable",
        files: &[
            ("testing/stack.compose.yml", DB),
            (
                "Makefile",
                "ifneq ($(shell docker compose version),)\n\tDC = docker compose\nelse\n\tDC = docker-compose\nendif\n\
                 up: ## starts it\n\t$(DC) -f $(CURDIR)/testing/stack.compose.yml up -d db\n\
                 test:\n\t@echo all\n\t@go test ./store/\n\t@ADAPTER=a go test ./engine/ -run A\n\t@ADAPTER=b go test ./engine/ -run B\n",
            ),
            ("go.mod", GO),
        ],
        stack: &["testing/stack.compose.yml"],
        lines: &["test_command: make test", "services:", "  - db"],
    },
    Shape {
        about: "a target migrates, another one tests in the service",
        files: &[
            ("docker-compose-dev.yml", TESTED),
            ("Dockerfile", "FROM scratch\n"),
            (
                "Makefile",
                "FILE = docker-compose-dev.yml\nmigrate_test:\n\thack/migrate.sh\ndocker-test:\n\tdocker compose -f $(FILE) up -d db\n\t\
                 docker compose -f $(FILE) run tests sh -c \"make migrate_test\"\n\tdocker compose -f $(FILE) run tests sh -c \"make test\"\n",
            ),
            (
                "CONTRIBUTING.md",
                "# Testing\n```\ndocker compose -f docker-compose-dev.yml up db\nmake migrate_test\n```\n",
            ),
        ],
        stack: &["docker-compose-dev.yml"],
        lines: &["test_service: tests", "test_command: \"sh -c 'make test'\""],
    },
    Shape {
        about: "a script goes to the repo's root by its own place, and back from a subshell",
        files: &[
            ("deps/compose.yml", DB),
            (
                "hack/e2e.sh",
                "cd \"$(dirname \"${BASH_SOURCE[0]}\")/..\" || exit 1\n(cd deps && docker compose up -d)\ngo test -tags e2e ./...\n",
            ),
            ("go.mod", GO),
        ],
        stack: &["deps/compose.yml"],
        lines: &["test_command: go test -tags e2e ./..."],
    },
    Shape {
        about: "just, by what a recipe needs",
        files: &[
            ("dev/compose.yml", DB),
            (
                "justfile",
                "up:\n    docker compose -f dev/compose.yml up -d\n\ntest-it filter=\"\": up (log \"x\")\n    cargo nextest run\n",
            ),
            ("Cargo.toml", "[package]\nname = 'x'\nversion = '0.1.0'\n"),
            ("src/lib.rs", ""),
        ],
        stack: &["dev/compose.yml"],
        lines: &[
            "# Started by justfile, target test-it.",
            "test_command: cargo nextest run",
        ],
    },
    Shape {
        about: "a Taskfile, whose tasks need and call others",
        files: &[
            ("deploy/ci/compose.yml", DB),
            (
                "Taskfile.yml",
                "version: '3'\ntasks:\n  up: {cmds: [docker compose -f deploy/ci/compose.yml up -d]}\n  \
                 integration: {deps: [up], cmds: [pytest -m integration, {task: down}]}\n  down: {cmds: [true]}\n",
            ),
        ],
        stack: &["deploy/ci/compose.yml"],
        lines: &["test_command: pytest -m integration"],
    },
    Shape {
        about: "tasks in Python, one of which starts a stack that is all in profiles",
        files: &[
            (
                "docker-compose.yml",
                "services: {one: {image: x, profiles: [all]}, two: {image: x, profiles: [all, two]}}",
            ),
            (
                "tasks.py",
                "@task\ndef devenv(c, endpoints='all'):\n    cmd = f\"docker compose --profile {endpoints} up -d\"\n    run(cmd)\n\n\
                 @task\ndef standalone_tests(c):\n    run(f\"pytest -m 'not cluster' {more}\")\n",
            ),
            (
                ".github/workflows/ci.yml",
                "jobs: {test: {steps: [{run: \"invoke devenv --endpoints all\\ninvoke standalone-tests\\ndocker compose up -d two\"}]}}",
            ),
        ],
        stack: &["docker-compose.yml"],
        lines: &[
            "profiles:",
            "  - all",
            "test_command: invoke standalone-tests",
        ],
    },
    Shape {
        about: "npm runs the script before the tests by its name",
        files: &[
            ("docker/compose.db.yml", DB),
            (
                "package.json",
                r#"{"scripts": {"pretest": "docker compose -f docker/compose.db.yml up -d --wait", "test": "mocha --exit"}}"#,
            ),
            (
                ".github/workflows/ci.yml",
                "jobs: {test: {steps: [{run: npm ci}, {run: npm test}]}}",
            ),
        ],
        stack: &["docker/compose.db.yml"],
        lines: &[
            "# Started by .github/workflows/ci.yml, job test.",
            "test_command: npx mocha --exit",
        ],
    },
    Shape {
        about: "a function of a script starts the service whose own command tests",
        files: &[
            (
                "docker-compose.yaml",
                "services: {app: {build: ., command: node server.js}}",
            ),
            (
                "docker-compose.test.yaml",
                "services: {app: {command: npm run test}}",
            ),
            (
                "docker-compose.watch.yaml",
                "services: {app: {command: npm run test:watch}}",
            ),
            ("Dockerfile", "FROM scratch\n"),
            (
                "scripts/test",
                "root=\"$(a=\"/$0\"; cd \"$a/..\"; pwd)\"\nservice=app\ncompose() {\n  if [ \"$w\" = 1 ]; then\n    \
                 docker-compose -f docker-compose.yaml -f docker-compose.test.yaml -f docker-compose.watch.yaml $@\n  else\n    \
                 docker-compose -f docker-compose.yaml -f docker-compose.test.yaml -p \"$service-test\" $@\n  fi\n}\n\
                 (\n  cd \"${root}\"\n  compose build\n  compose run ${service} ${command}\n)\n",
            ),
            (
                "package.json",
                r#"{"scripts": {"test": "jest", "test:integration": "jest it"}}"#,
            ),
        ],
        stack: &["docker-compose.yaml", "docker-compose.test.yaml"],
        lines: &["test_service: app"],
    },
    Shape {
        about: "the end of any service is that of the one that tests",
        files: &[
            (
                "compose.test.yml",
                "services: {db: {image: postgres}, sut: {image: x, command: [sh, -c, 'sleep 1; pytest']}}",
            ),
            (
                "Makefile",
                "check:\n\tdocker compose -f compose.test.yml up --abort-on-container-exit\n",
            ),
        ],
        stack: &["compose.test.yml"],
        lines: &["test_service: sut"],
    },
    Shape {
        about: "what a README shows of a test's output is no command",
        files: &[
            ("docker-compose.yml", DB),
            (
                "tests/README.md",
                "# Tests\n```sh\npytest -v\n```\n# Result\n```\ntests/integration/test_x.py::test_y FAILED\n```\n",
            ),
        ],
        stack: &["docker-compose.yml"],
        lines: &["test_command: pytest -v"],
    },
    Shape {
        about: "images that a Makefile builds beside Compose",
        files: &[
            (
                "compose.yml",
                "services: {api: {image: 'shop/api:dev', ports: ['8080:80']}, db: {image: postgres}, ui: {image: ui}}",
            ),
            (
                "Makefile",
                "TAG = dev\ntest: images\n\tdocker compose up -d\n\tgo test ./...\n\
                 images:\n\tdocker build -t shop/api:$(TAG) -f api/Dockerfile .\n\tcd web && docker build -t ui .\n",
            ),
            ("api/Dockerfile", "FROM scratch\n"),
            ("web/Dockerfile", "FROM scratch\n"),
            ("go.mod", GO),
        ],
        stack: &["compose.yml"],
        lines: &[
            "test_command: go test ./...",
            "# Where no registry has what Makefile, target images builds, build it on the host or send it:",
            "# prepare_command: \"(docker build -t shop/api:dev -f api/Dockerfile .) && (cd web && docker build -t ui .)\"",
            "# images:",
            "#   - shop/api:dev",
            "#   - ui",
        ],
    },
];

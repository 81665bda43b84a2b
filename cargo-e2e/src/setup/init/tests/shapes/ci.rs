//! Repos whose CI says how they are tested, in each of its ways.

use super::shape::{DB, Shape, TESTED};

const CRATE: (&str, &str) = ("Cargo.toml", "[package]\nname = 'x'\nversion = '0.1.0'\n");

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        about: "a matrix of options and of stacks: the first of each",
        files: &[
            ("ci/pg.yml", DB),
            ("ci/my.yml", DB),
            CRATE,
            ("src/lib.rs", ""),
            (
                ".github/workflows/test.yml",
                "env: {TEST_URL: 'postgres://localhost:5432/x'}\njobs:\n  test:\n    strategy: {matrix: {db: [pg, my], f: ['--lib --features=all', '--lib']}}\n    \
                 steps:\n      - run: docker-compose -f ci/${{ matrix.db }}.yml up -d\n      - run: cargo test ${{ matrix.f }}\n",
            ),
        ],
        stack: &["ci/pg.yml"],
        lines: &[
            "test_command: cargo test --lib --features=all",
            "  TEST_URL: postgres://localhost:5432/x",
        ],
    },
    Shape {
        about: "GitLab, with a job that extends another and gives it its command",
        files: &[
            ("docker-compose.yml", DB),
            ("docker-compose.ci.yml", TESTED),
            ("Dockerfile", "FROM scratch\n"),
            (
                ".gitlab-ci.yml",
                ".base:\n  script: ['docker-compose -f docker-compose.ci.yml run --user=root --rm tests sh ./ci.sh ${COMMAND}']\n  \
                 variables: {COMMAND: 'echo abstract'}\nlint: {extends: .base, variables: {COMMAND: flake8 .}}\n\
                 pytest: {extends: .base, variables: {COMMAND: pytest -x}}\n",
            ),
        ],
        stack: &["docker-compose.ci.yml"],
        lines: &["test_service: tests", "test_command: sh ./ci.sh pytest -x"],
    },
    Shape {
        about: "an action of the repo's own starts the stack",
        files: &[
            ("compose.yml", "services: {x: {image: x}}"),
            ("ops/dependencies.compose.yml", DB),
            (
                ".github/actions/stack/action.yml",
                "runs: {steps: [{run: 'docker compose -f ops/dependencies.compose.yml up -d', shell: bash}]}",
            ),
            (
                ".github/workflows/ci.yml",
                "jobs: {it: {steps: [{uses: ./.github/actions/stack}, {run: 'tox -e ${{ matrix.env }}'}]}}",
            ),
        ],
        stack: &["ops/dependencies.compose.yml"],
        lines: &["test_command: tox"],
    },
    Shape {
        about: "Jenkins",
        files: &[
            ("docker/test.compose.yml", TESTED),
            ("docker/Dockerfile", "FROM scratch\n"),
            (
                "Jenkinsfile",
                "stage('t') { steps { sh 'docker compose -f docker/test.compose.yml up --exit-code-from tests' } }\n",
            ),
        ],
        stack: &["docker/test.compose.yml"],
        lines: &["test_service: tests"],
    },
    Shape {
        about: "what CI runs in a folder of another repo is not this repo's",
        files: &[
            ("docker-compose.ci.yml", DB),
            ("docker-compose.test.yml", DB),
            (
                ".github/workflows/ci.yml",
                "jobs:\n  e2e:\n    steps:\n      - run: docker compose -f docker-compose.ci.yml up -d\n      \
                 - {run: npx cypress run, working-directory: frontend}\n",
            ),
            (
                "Makefile",
                "test-integration:\n\tdocker compose -f docker-compose.test.yml up -d\n\tpytest -m integration\n",
            ),
        ],
        stack: &["docker-compose.test.yml"],
        lines: &["test_command: pytest -m integration"],
    },
    Shape {
        about: "a stack for debugging is not merged into the one that a README starts",
        files: &[
            ("compose.yaml", DB),
            (
                "compose.debug.yaml",
                "services: {db: {ports: ['9999:9999']}}",
            ),
            ("README.md", "# X\n## Docs\n```\ndocker compose up\n```\n"),
            ("tests/test_a.py", ""),
        ],
        stack: &["compose.yaml"],
        lines: &["test_command: python3 -m pytest"],
    },
    Shape {
        about: "every service is in a profile",
        files: &[
            (
                "docker-compose.yml",
                "services: {db: {image: x, profiles: [all, test]}, ui: {image: x, profiles: [all, ui]}}",
            ),
            ("tests/test_a.py", ""),
        ],
        stack: &["docker-compose.yml"],
        lines: &["profiles:", "  - test", "test_command: python3 -m pytest"],
    },
    Shape {
        about: "a stack with a service that tests, and CI tests without the stack",
        files: &[
            (
                "docker-compose.yml",
                "services: {db: {image: postgres}, test: {build: ., command: uv -n run --frozen pytest, depends_on: [db]}}",
            ),
            ("Dockerfile", "FROM scratch\n"),
            (
                "pyproject.toml",
                "[build-system]\nrequires = ['setuptools', 'setuptools-scm']\n",
            ),
            (
                ".github/workflows/ci.yml",
                "jobs:\n  run-tests:\n    services: {postgres: {image: postgres}}\n    steps:\n      \
                 - run: uv run pytest --cov=x\n",
            ),
        ],
        stack: &["docker-compose.yml"],
        lines: &["  include: [.git]", "test_service: test"],
    },
    Shape {
        about: "services that only CI can name, and a runner of a monorepo",
        files: &[
            ("test/docker-compose.yaml", DB),
            (
                "package.json",
                r#"{"scripts": {"services": "docker compose -f test/docker-compose.yaml up -d $(./affected.sh -s test-services:ls)",
                    "test:affected": "nx affected -t test"}}"#,
            ),
            (
                ".github/workflows/test.yml",
                "jobs: {unit: {steps: [{run: npm run services}, {run: npm run test:affected}]}}",
            ),
        ],
        stack: &["test/docker-compose.yaml"],
        lines: &["test_command: npm run test:affected --"],
    },
    Shape {
        about: "values that CI does not ship: Compose refuses, and it is written all the same",
        files: &[
            (
                "tests/docker-compose.yml",
                "services: {db: {image: '${IMAGE}', ports: ['5432:5432'], deploy: {resources: {limits: {cpus: '${CPUS}'}}}}}",
            ),
            ("tests/test_a.py", ""),
        ],
        stack: &["tests/docker-compose.yml"],
        lines: &["test_command: python3 -m pytest"],
    },
];

//! A project of each runner, with the same three tests.

use std::path::{Path, PathBuf};

use e2e_tests::Repo;

const NEEDS: &str = "run scripts/runners first";

pub(crate) struct Project {
    name: &'static str,
    /// With `RUNNERS`, the folder of what was installed.
    command: &'static str,
    junit: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// Arguments that fit no test.
    pub(crate) nothing: &'static [&'static str],
    /// Names in the record.
    pub(crate) flaky: &'static str,
    pub(crate) broken: &'static str,
}

fn runners() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/runners")
}

impl Project {
    /// Whether a retry runs all of its tests, and no list of them can be had: `go test` ends at the
    /// first panic, and then nobody knows which tests would have come.
    pub(crate) fn is_told_whole(&self) -> bool {
        self.name == GOTESTSUM.name
    }

    pub(crate) fn repo(&self) -> Repo {
        let folder = runners();
        let is_installed = folder.join("installed").exists();
        assert!(is_installed || !self.command.contains("RUNNERS"), "{NEEDS}");
        let folder = folder.display().to_string();
        let command = self.command.replace("RUNNERS", &folder);
        let junit = self.junit;
        let mut repo = Repo::new(self.name)
            .compose("services: {web: {image: BUSYBOX, init: true, command: [sleep, '600']}}")
            .spec(&format!(
                "test_command: {command}\njunit: {junit}\ntests_run_on: client\nretries: 1\n"
            ))
            .gitignore("/out\n/target\n/node_modules\n/ran.log\n/tried\n/fixed\n__pycache__\n.pytest_cache\n/test-results\n");
        for (path, text) in self.files {
            repo = repo.file(path, text);
        }
        if self.command.contains("RUNNERS/node_modules") {
            repo = repo.symlink("node_modules", &format!("{folder}/node_modules"));
        }
        repo
    }
}

const PYTHON: &str = r#"
import pathlib
import pytest

def ran(name):
    with open("ran.log", "a") as log:
        log.write(name + "\n")

def test_passes():
    ran("passes")

def test_flaky():
    ran("flaky")
    tried = pathlib.Path("tried")
    if not tried.exists():
        tried.touch()
        raise AssertionError("the first time")

class TestShip:
    @pytest.mark.parametrize("by", ["air mail [x]"])
    def test_broken(self, by):
        ran("broken")
        assert pathlib.Path("fixed").exists(), "still broken"
"#;

pub(crate) const PYTEST: Project = Project {
    name: "pytest",
    command: "RUNNERS/python/bin/python -m pytest -q --junitxml=out/junit.xml",
    junit: "out/junit.xml",
    files: &[
        ("tests/test_orders.py", PYTHON),
        ("pytest.ini", "[pytest]\naddopts = -x\n"),
    ],
    nothing: &["-k", "no_such_test"],
    flaky: "tests.test_orders::test_flaky",
    broken: "tests.test_orders.TestShip::test_broken[air mail [x]]",
};

pub(crate) const PYTEST_OF_A_FOLDER: Project = Project {
    name: "pytest-folder",
    command: "RUNNERS/python/bin/pytest tests -q --junitxml=out/junit.xml",
    ..PYTEST
};

/// The tests in JavaScript, behind the imports.
macro_rules! script {
    ($imports:literal) => {
        concat!(
            $imports,
            r#"
const ran = (name) => fs.appendFileSync("ran.log", name + "\n");

test.describe("orders (v1)", () => {
  test("passes", () => ran("passes"));
  test.describe("ship", () => {
    test("flaky > 1", () => {
      ran("flaky");
      if (!fs.existsSync("tried")) {
        fs.writeFileSync("tried", "");
        throw new Error("the first time");
      }
    });
  });
});
test("broken", () => {
  ran("broken");
  if (!fs.existsSync("fixed")) throw new Error("still broken");
});
"#
        )
    };
}

pub(crate) const JEST: Project = Project {
    name: "jest",
    command: "TMPDIR=\"$PWD/out\" JEST_JUNIT_OUTPUT_DIR=out npx jest --ci --reporters=default --reporters=RUNNERS/node_modules/jest-junit",
    junit: "out/junit.xml",
    files: &[
        ("package.json", "{\"jest\": {\"bail\": 1}}"),
        ("out/.keep", ""),
        (
            "orders.test.js",
            script!("const fs = require('fs');\ntest.describe = describe;\n"),
        ),
    ],
    nothing: &["--testPathPatterns", "no_such_file"],
    flaky: "orders (v1) ship flaky > 1",
    broken: " broken",
};

pub(crate) const VITEST: Project = Project {
    name: "vitest",
    command: "RUNNERS/node_modules/.bin/vitest run --reporter=default --reporter=junit --outputFile=out/junit.xml",
    junit: "out/junit.xml",
    files: &[
        ("package.json", "{\"type\": \"module\"}"),
        (
            "tests/orders.test.js",
            script!(
                "import fs from 'fs';\nimport { test as it, describe } from 'vitest';\n\
                 const test = Object.assign((name, body) => it(name, body), { describe });\n"
            ),
        ),
    ],
    nothing: &["no_such_file"],
    flaky: "tests/orders.test.js::orders (v1) > ship > flaky > 1",
    broken: "tests/orders.test.js::broken",
};

pub(crate) const PLAYWRIGHT: Project = Project {
    name: "playwright",
    command: "TMPDIR=\"$PWD/out\" PLAYWRIGHT_JUNIT_OUTPUT_NAME=out/junit.xml RUNNERS/node_modules/.bin/playwright test --reporter=line,junit",
    junit: "out/junit.xml",
    files: &[
        ("package.json", "{}"),
        ("out/.keep", ""),
        (
            "playwright.config.js",
            "module.exports = { testDir: 'tests', maxFailures: 1 };\n",
        ),
        (
            "tests/orders.spec.js",
            script!("const fs = require('fs');\nconst { test } = require('@playwright/test');\n"),
        ),
    ],
    nothing: &["-g", "no_such_test"],
    flaky: "orders.spec.js::orders (v1) › ship › flaky > 1",
    broken: "orders.spec.js::broken",
};

pub(crate) const NEXTEST: Project = Project {
    name: "nextest",
    command: "cargo nextest run --profile ci",
    junit: "target/nextest/ci/junit.xml",
    files: &[
        (
            "Cargo.toml",
            "[package]\nname = \"shop\"\nedition = \"2024\"\n[profile.dev]\ndebug = false\n[workspace]\n",
        ),
        ("src/lib.rs", ""),
        (
            ".config/nextest.toml",
            "[profile.ci.junit]\npath = \"junit.xml\"\n",
        ),
        (
            "tests/orders.rs",
            r#"
use std::io::Write as _;

fn ran(name: &str) {
    let log = std::fs::File::options().create(true).append(true).open("ran.log");
    // In one piece: tests run side by side.
    log.unwrap().write_all(format!("{name}\n").as_bytes()).unwrap();
}

#[test]
fn passes() {
    ran("passes");
}

mod ship {
    #[test]
    fn flaky() {
        super::ran("flaky");
        if !std::path::Path::new("tried").exists() {
            std::fs::write("tried", "").unwrap();
            panic!("the first time");
        }
    }
}

#[test]
fn broken() {
    ran("broken");
    assert!(std::path::Path::new("fixed").exists(), "still broken");
}
"#,
        ),
    ],
    nothing: &["no_such_test"],
    flaky: "shop::orders::ship::flaky",
    broken: "shop::orders::broken",
};

pub(crate) const GOTESTSUM: Project = Project {
    name: "gotestsum",
    command: "PATH=RUNNERS/python/bin:$PATH RUNNERS/gotestsum/usr/bin/gotestsum --junitfile out/junit.xml ./...",
    junit: "out/junit.xml",
    files: &[
        ("go.mod", "module shop\n\ngo 1.21\n"),
        ("out/.keep", ""),
        (
            "orders_test.go",
            r#"package shop

import (
	"os"
	"testing"
)

func ran(name string) {
	log, _ := os.OpenFile("ran.log", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	log.WriteString(name + "\n")
	log.Close()
}

func TestPasses(t *testing.T) {
	ran("passes")
}

func TestShip(t *testing.T) {
	t.Run("flaky one", func(t *testing.T) {
		ran("flaky")
		if os.Mkdir("tried", 0o755) == nil {
			t.Fatal("the first time")
		}
	})
}

func TestBroken(t *testing.T) {
	ran("broken")
	if _, err := os.Stat("fixed"); err != nil {
		t.Fatal("still broken")
	}
}
"#,
        ),
    ],
    nothing: &["--", "-run", "NoSuchTest"],
    flaky: "shop::TestShip/flaky_one",
    broken: "shop::TestBroken",
};

pub(crate) const GO: Project = Project {
    name: "go",
    command: "RUNNERS/python/bin/go test ./...",
    nothing: &["-run", "NoSuchTest"],
    ..GOTESTSUM
};

pub(crate) const CARGO_TEST: Project = Project {
    name: "cargo-test",
    command: "cargo test",
    ..NEXTEST
};

//! Which commands run tests.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// What runs the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runner {
    /// `cargo test`, or `cargo nextest run`.
    Cargo,
    /// A script or target with "test" in its name.
    Named,
    /// Any other test runner.
    Other,
}

/// Programs that run another one, with those of their options that take a value.
const WRAPPERS: [&[&str]; 17] = [
    &["poetry", "run"],
    &["uv", "run"],
    &["pipenv", "run"],
    &["pdm", "run"],
    &["hatch", "run"],
    &["rye", "run"],
    &["npx"],
    &["bunx"],
    &["pnpm", "exec"],
    &["yarn", "exec"],
    &["npm", "exec"],
    &["bundle", "exec"],
    &["coverage", "run", "-m"],
    &["nyc"],
    &["c8"],
    &["xvfb-run"],
    &["timeout"],
];

/// What these words run tests with, if they do.
pub(super) fn runner(words: &[String]) -> Option<Runner> {
    let all: Vec<&str> = words.iter().map(String::as_str).collect();
    if all.iter().any(|word| {
        matches!(
            *word,
            "--version" | "--help" | "--no-run" | "--collect-only" | "install"
        )
    }) {
        return None;
    }
    let mut words = all.as_slice();
    while let Some(wrapper) = WRAPPERS.iter().find(|wrapper| words.starts_with(wrapper)) {
        words = &words[wrapper.len()..];
        // Options of the wrapper, and `timeout`'s time.
        while let [first, rest @ ..] = words
            && (first.starts_with('-') || first.starts_with(|c: char| c.is_ascii_digit()))
        {
            words = rest;
        }
    }
    let (program, rest) = words.split_first()?;
    let name = program.rsplit('/').next().unwrap_or(program);
    let first = rest
        .iter()
        .find(|word| !word.starts_with(['-', '+']))
        .copied()
        .unwrap_or_default();
    let has = |word: &str| rest.contains(&word);
    let is_other = match name {
        "cargo" => {
            let doc_only = has("--doc");
            let is_test = match first {
                "test" | "t" => !doc_only,
                "nextest" => has("run") || has("r"),
                "llvm-cov" => !has("report") && !has("clean"),
                _ => false,
            };
            return is_test.then_some(Runner::Cargo);
        }
        "pytest" | "py.test" | "tox" | "nox" | "jest" | "vitest" | "mocha" | "ava" | "phpunit"
        | "pest" | "rspec" | "gotestsum" | "ginkgo" | "behave" | "bats" | "robot"
        | "cucumber-js" | "ctest" | "newman" | "tap" | "hurl" | "trial" | "nosetests"
        | "karate" | "wdio" | "testcafe" | "codecept" => true,
        "playwright" | "go" | "dotnet" | "mix" | "sbt" | "swift" | "deno" | "bun"
            if first == "test" =>
        {
            true
        }
        "cypress" => first == "run",
        "python" | "python3" => {
            let module = rest
                .iter()
                .position(|word| *word == "-m")
                .and_then(|at| rest.get(at + 1));
            let module = module.is_some_and(|module| {
                matches!(*module, "pytest" | "unittest" | "tox" | "nox" | "behave")
            });
            let script =
                first.ends_with("manage.py") && has("test") || first == "setup.py" && has("test");
            module || script || first.ends_with("runtests.py")
        }
        "manage.py" => first == "test",
        "mvn" | "mvnw" => {
            rest.iter()
                .any(|word| matches!(*word, "test" | "verify" | "integration-test" | "install"))
                && !has("-DskipTests")
        }
        "gradle" | "gradlew" => rest.iter().any(|word| {
            let task = word.rsplit(':').next().unwrap_or(word);
            task == "check" || task.to_ascii_lowercase().ends_with("test")
        }),
        "rake" | "rails" => first.starts_with("test") || first == "spec",
        "composer" => first == "test" || has("test"),
        "npm" | "yarn" | "pnpm" => {
            let script = match rest {
                ["run" | "run-script", ..] => rest[1..]
                    .iter()
                    .find(|word| !word.starts_with('-'))
                    .copied()
                    .unwrap_or_default(),
                _ => first,
            };
            let tool = ["jest", "vitest", "mocha", "playwright", "cypress"].contains(&script);
            return (tool || is_test_name(script)).then_some(if tool {
                Runner::Other
            } else {
                Runner::Named
            });
        }
        "make" | "gmake" | "just" | "task" => return is_test_name(first).then_some(Runner::Named),
        "sh" | "bash" => return is_test_script(first).then_some(Runner::Named),
        _ => false,
    };
    if is_other {
        return Some(Runner::Other);
    }
    (program.contains('/') && is_test_script(program)).then_some(Runner::Named)
}

/// Whether a name says that it runs tests, and nothing beside.
pub(super) fn is_test_name(name: &str) -> bool {
    let parts: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .map(str::to_ascii_lowercase)
        .collect();
    let has = |words: &[&str]| parts.iter().any(|part| words.contains(&part.as_str()));
    has(&[
        "test",
        "tests",
        "e2e",
        "integration",
        "acceptance",
        "it",
        "spec",
        "pytest",
        "smoke",
        "testall",
    ]) && !has(&[
        "build", "setup", "install", "up", "down", "clean", "lint", "types", "watch", "deps",
        "start", "stop", "prepare", "generate", "image", "images", "logs", "env", "report",
        "format", "fmt", "teardown", "shell", "init", "debug",
    ])
}

fn is_test_script(path: &str) -> bool {
    let name = Path::new(path)
        .file_stem()
        .and_then(std::ffi::OsStr::to_str)
        .unwrap_or_default();
    is_test_name(name)
}

/// Whether a test command says that it needs more than its own process.
pub(super) fn is_wide(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    [
        "e2e",
        "end-to-end",
        "end_to_end",
        "integration",
        "acceptance",
        "functional",
        "system",
        "playwright",
        "cypress",
    ]
    .iter()
    .any(|word| text.contains(word))
}

/// The words as they would be typed: without those that only CI or a caller can fill in, and without
/// what measures coverage.
pub(super) fn typed(words: &[String]) -> String {
    static EXPRESSION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?s)\$\{\{.*?\}\}").expect("a literal pattern"));
    let mut kept: Vec<String> = Vec::new();
    for word in without_coverage(words) {
        let word = EXPRESSION.replace_all(&word, "$$").into_owned();
        let known: Vec<&str> = word.split(',').filter(|part| !is_open(part)).collect();
        if known.is_empty() || word.ends_with('=') {
            // The option whose value it was.
            if kept
                .last()
                .is_some_and(|last| last.starts_with("--") && !last.contains('=') && last.len() > 2)
            {
                kept.pop();
            }
            continue;
        }
        let word = if word.contains('$') {
            known.join(",")
        } else {
            word
        };
        let is_special = |c: char| c.is_whitespace() || "'\"|&;<>()*?[]#~".contains(c);
        kept.push(if word.is_empty() || word.contains(is_special) {
            crate::shell::quote(&word)
        } else {
            word
        });
    }
    kept.join(" ")
}

/// Whether a part of a word is known only where it is run.
pub(super) fn is_open(part: &str) -> bool {
    part.contains('$')
}

/// The same tests without a report of coverage, for which a CI job may have installed a program.
fn without_coverage(words: &[String]) -> Vec<String> {
    let mut words = words.to_vec();
    if let Some(at) = words
        .iter()
        .take(4)
        .position(|word| word == "c8" || word == "nyc")
    {
        words.drain(..=at);
    }
    if words.first().is_some_and(|word| word == "cargo")
        && words.get(1).is_some_and(|word| word == "llvm-cov")
    {
        words.remove(1);
        if let Some(at) = words.iter().position(|word| word == "nextest") {
            words.remove(at);
            words.splice(1..1, ["nextest".to_owned(), "run".to_owned()]);
        } else if words.get(1).is_none_or(|word| word != "test") {
            words.insert(1, "test".to_owned());
        }
        let mut is_value = false;
        words.retain(|word| {
            let is_report = [
                "--no-report",
                "--no-clean",
                "--lcov",
                "--json",
                "--html",
                "--summary-only",
                "--branch",
                "--codecov",
            ];
            let drops =
                is_value || is_report.contains(&word.as_str()) || word.starts_with("--output-path");
            is_value = word == "--output-path";
            !drops
        });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_runners_are_known_and_others_are_not() {
        for (command, runner_of_it) in [
            ("cargo test --workspace", Some(Runner::Cargo)),
            ("cargo +nightly nextest run -p x", Some(Runner::Cargo)),
            ("cargo test --doc", None),
            ("cargo test --no-run", None),
            ("cargo build", None),
            ("poetry run pytest -x", Some(Runner::Other)),
            ("uv run --frozen python -m pytest", Some(Runner::Other)),
            ("pip install pytest", None),
            ("go test ./...", Some(Runner::Other)),
            ("go build ./...", None),
            ("npm test", Some(Runner::Named)),
            ("npm run test:integration", Some(Runner::Named)),
            ("npm run test:types", None),
            ("yarn build:test", None),
            ("npx playwright test", Some(Runner::Other)),
            ("./scripts/integration-test.sh", Some(Runner::Named)),
            ("./gradlew :app:integrationTest", Some(Runner::Other)),
            ("make test-e2e", Some(Runner::Named)),
            ("make latest", None),
            ("python manage.py test", Some(Runner::Other)),
            ("timeout 600 bundle exec rspec", Some(Runner::Other)),
        ] {
            let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
            assert_eq!(runner(&words), runner_of_it, "{command}");
        }
    }

    #[test]
    fn what_only_ci_knows_is_left_out() {
        let words: Vec<String> = [
            "cargo",
            "test",
            "--features",
            "${{ matrix.f }}",
            "-k",
            "a or b",
        ]
        .map(str::to_owned)
        .to_vec();
        assert_eq!(typed(&words), "cargo test -k 'a or b'");
        for (command, same) in [
            (
                "cargo test --features a,${{x}},b $@",
                "cargo test --features a,b",
            ),
            ("pnpm exec c8 pnpm test", "pnpm test"),
            (
                "cargo llvm-cov --workspace --lcov --output-path x.info",
                "cargo test --workspace",
            ),
            (
                "cargo llvm-cov nextest -p x --no-report",
                "cargo nextest run -p x",
            ),
        ] {
            let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
            assert_eq!(typed(&words), same);
        }
    }
}

//! Which commands run tests.

use std::ffi::OsStr;
use std::path::Path;

use crate::text::{has_extension, lists};

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

/// Programs that run another one, as they are called for that.
const WRAPPERS: &str = "cross-env, dotenv, env-cmd, dotenvx run, doppler run, mise exec, mise x, poetry run, \
    uv run, pipenv run, pdm run, hatch run, rye run, npx, bunx, pnpm exec, yarn exec, npm exec, bundle exec, \
    coverage run -m, nyc, c8, xvfb-run, timeout";

/// What the names of tests have in them.
const TESTS: &str = "test tests e2e integration acceptance it spec pytest smoke testall";
/// What the names of something else have in them, though a test may be named there too.
const NO_TESTS: &str = "build setup install up down clean lint types watch deps start stop prepare \
    generate image images logs env report format fmt teardown shell init debug migrate migrations seed \
    compile list certs keys tsd";
/// What is in the names of tests that need more than their own process.
const WIDE: &str = "e2e end-to-end end_to_end integration int-test acceptance functional system playwright \
    cypress";

/// Returns whether a name, such as `test-e2e:up`, has one of a list of words in it.
pub(super) fn has_word(name: &str, list: &str) -> bool {
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| lists(list, word))
}

/// What these words run tests with, if they do.
pub(super) fn runner(words: &[String]) -> Option<Runner> {
    let all: Vec<&str> = words.iter().map(String::as_str).collect();
    let only_looks = "--version --help --no-run --collect-only install";
    if all.iter().any(|word| lists(only_looks, word)) {
        return None;
    }
    let words = unwrapped(&all);
    let (program, rest) = words.split_first()?;
    let name = program.rsplit('/').next().unwrap_or(program);
    let first = rest.iter().find(|word| !word.starts_with(['-', '+']));
    let first = first.copied().unwrap_or_default();
    let has = |word: &str| rest.contains(&word);
    let is_other = match name {
        "cargo" => {
            let is_test = match first {
                "test" | "t" => !has("--doc"),
                "nextest" => has("run") || has("r"),
                "llvm-cov" => !has("report") && !has("clean"),
                // Programs of the repo, or with tasks of its own.
                "xtask" | "make" | "run" if first != "run" || has("xtask") => {
                    let named = rest.iter().any(|word| is_test_name(word));
                    return named.then_some(Runner::Named);
                }
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
            let module = rest.iter().skip_while(|word| **word != "-m").nth(1);
            let modules = "pytest unittest tox nox behave";
            let named = has_extension(Path::new(first), &["py"]) && is_test_script(first);
            module.is_some_and(|module| lists(modules, module))
                || (first.ends_with("manage.py") || first == "setup.py") && has("test")
                || first.ends_with("runtests.py")
                || named
        }
        "manage.py" => first == "test",
        "mvn" | "mvnw" => {
            let goals = "test verify integration-test install";
            rest.iter().any(|word| lists(goals, word)) && !has("-DskipTests")
        }
        "gradle" | "gradlew" => rest.iter().any(|word| {
            let task = word.rsplit(':').next().unwrap_or(word);
            task == "check" || task.to_ascii_lowercase().ends_with("test")
        }),
        "rake" | "rails" => first.starts_with("test") || first == "spec",
        "composer" => first == "test" || has("test"),
        "npm" | "yarn" | "pnpm" => return package(rest),
        "make" | "gmake" | "just" | "task" | "invoke" | "inv" | "poe" => {
            return is_test_name(first).then_some(Runner::Named);
        }
        "nx" | "turbo" | "lerna" | "mise" | "moon" | "run-s" | "run-p" | "npm-run-all" => {
            let tasks = rest.iter().filter(|word| !word.starts_with('-'));
            let mut tasks = tasks.flat_map(|word| word.split(','));
            return tasks.any(is_test_name).then_some(Runner::Named);
        }
        "sh" | "bash" => return is_test_script(first).then_some(Runner::Named),
        _ => false,
    };
    if is_other {
        return Some(Runner::Other);
    }
    (program.contains('/') && is_test_script(program)).then_some(Runner::Named)
}

/// The command that programs run which only run another one.
fn unwrapped<'w>(all: &'w [&'w str]) -> &'w [&'w str] {
    let mut words = all;
    let wrapper = |words: &[&str]| {
        let all = WRAPPERS.split(", ").map(|call| call.split(' ').collect());
        all.into_iter()
            .find(|call: &Vec<&str>| words.starts_with(call))
    };
    while let Some(wrapper) = wrapper(words) {
        words = &words[wrapper.len()..];
        // Options of the wrapper, `timeout`'s time, and variables.
        while let [first, rest @ ..] = words
            && (first.starts_with('-')
                || first.starts_with(|c: char| c.is_ascii_digit())
                || first.contains('='))
        {
            words = rest;
        }
        // The values of its options.
        if matches!(wrapper[0], "dotenv" | "env-cmd" | "dotenvx" | "doppler")
            && let Some(at) = words.iter().position(|word| *word == "--")
        {
            words = &words[at + 1..];
        }
    }
    words
}

/// What `npm` and the like run tests with, if they do.
fn package(rest: &[&str]) -> Option<Runner> {
    let script = script(rest);
    // What a script prepares by another word.
    let prepares = "build start stop open verify seed db-seed";
    if rest.iter().any(|word| lists(prepares, word)) {
        return None;
    }
    match script {
        "jest" | "vitest" | "mocha" | "playwright" | "cypress" => Some(Runner::Other),
        script => is_test_name(script).then_some(Runner::Named),
    }
}

/// The script of a package that `npm` and the like are to run.
fn script<'a>(rest: &[&'a str]) -> &'a str {
    let mut words = rest.iter().copied();
    while let Some(word) = words.next() {
        match word {
            "--filter" | "-F" | "-C" | "--prefix" | "--dir" | "--cwd" | "-w" | "--workspace"
            | "workspace" => {
                words.next();
            }
            "run" | "run-script" => {}
            _ if word.starts_with('-') => {}
            script => return script,
        }
    }
    ""
}

/// Whether a name says that it runs tests, and nothing beside.
pub(super) fn is_test_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    has_word(&name, TESTS) && !has_word(&name, NO_TESTS)
}

/// Whether a file is one of pytest.
pub(super) fn is_python_test(name: &str) -> bool {
    name.ends_with("_test.py")
        || name.starts_with("test_") && has_extension(Path::new(name), &["py"])
}

fn is_test_script(path: &str) -> bool {
    let name = Path::new(path).file_stem().and_then(OsStr::to_str);
    name.is_some_and(is_test_name)
}

/// Whether a test command says that it needs more than its own process.
pub(super) fn is_wide(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    WIDE.split_whitespace().any(|word| text.contains(word))
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
            ("make migrate_test", None),
            ("make test-certs", None),
            ("pnpm run cypress db-seed", None),
            ("cargo xtask run-tests pg", Some(Runner::Named)),
            ("cargo run --bin server", None),
            ("uv run invoke standalone-tests", Some(Runner::Named)),
            ("nx affected -t lint,test", Some(Runner::Named)),
            ("pnpm --filter api run test:it", Some(Runner::Named)),
            ("dotenv -e .env -- jest", Some(Runner::Other)),
            ("python tests/run_system_tests.py", Some(Runner::Other)),
            ("python manage.py test", Some(Runner::Other)),
            ("timeout 600 bundle exec rspec", Some(Runner::Other)),
        ] {
            let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
            assert_eq!(runner(&words), runner_of_it, "{command}");
        }
    }
}

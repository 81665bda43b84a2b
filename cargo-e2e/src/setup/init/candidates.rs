//! The ways in which a repo may run its tests, the likeliest first.

use e2e_harness::protocol::COMPOSE_FILE;

use super::calls::Call;
use super::recipe::{Kind, Step};
use super::runners::{self, Runner, is_wide};
use super::stack::{Stack, Use, services};
use super::tree::Tree;

/// One way to run the tests, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The command; none when it is the service's own.
    pub(super) command: Option<String>,
    /// The compose service that it runs in.
    pub(super) service: Option<String>,
    /// What compiles the tests while the stack comes up.
    pub(super) build: Option<String>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) source: String,
    score: i32,
}

/// What recipes and the stack itself say, without repetitions.
pub(super) fn find(tree: &Tree, uses: &[Use<'_>], stack: &Stack) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = Vec::new();
    for one in uses {
        let ours = one.calls.iter().any(|call| call.files == stack.files);
        let score = one.score + if ours { 60 } else { 0 };
        let with_file = one.calls.iter().filter(|call| call.files == stack.files);
        all.extend(with_file.filter_map(|call| in_service(call, score + 20, one)));
        for step in &one.steps {
            let is_package = one.recipe.kind == Kind::Package;
            if let Some(runner) = runners::runner(&step.words)
                && (!is_package || runners::is_test_name(&one.recipe.name))
            {
                all.push(here(tree, step, runner, score, one));
            }
        }
    }
    for file in &stack.files {
        for (name, service) in services(tree, file).unwrap_or_default() {
            let command = match &service["command"] {
                serde_yaml::Value::String(text) => {
                    text.split_whitespace().map(str::to_owned).collect()
                }
                serde_yaml::Value::Sequence(words) => words
                    .iter()
                    .filter_map(|word| word.as_str().map(str::to_owned))
                    .collect(),
                _ => Vec::new(),
            };
            if is_test_service(&name) || runners::runner(&command).is_some() {
                all.push(Candidate {
                    command: None,
                    service: Some(name),
                    build: None,
                    environment: Vec::new(),
                    source: file.clone(),
                    score: 75,
                });
            }
        }
    }
    all.sort_by_key(|candidate| std::cmp::Reverse(candidate.score));
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in all.into_iter().filter(|candidate| candidate.score > 0) {
        let same = |known: &Candidate| {
            known.service == candidate.service
                && (candidate.command.is_none() || known.command == candidate.command)
        };
        if !kept.iter().any(same) {
            kept.push(candidate);
        }
    }
    kept
}

/// A call whose service is the test.
fn in_service(call: &Call, score: i32, one: &Use<'_>) -> Option<Candidate> {
    let service = call.result_of.clone().or_else(|| {
        let service = call
            .services
            .first()
            .filter(|_| matches!(call.verb.as_str(), "run" | "exec"))?;
        let own = call.command.is_empty() && is_test_service(service);
        (own || is_runner(&call.command)).then(|| service.clone())
    });
    let service = service.or_else(|| {
        let only = call
            .services
            .first()
            .filter(|_| call.verb == "up" && call.services.len() == 1)?;
        is_test_service(only).then(|| only.clone())
    })?;
    let command = runners::typed(&call.command);
    Some(Candidate {
        command: (call.verb != "up" && !command.is_empty()).then_some(command),
        service: Some(service),
        build: None,
        environment: Vec::new(),
        source: one.source(),
        score: score - if call.verb == "exec" { 10 } else { 0 },
    })
}

/// Returns whether a command runs tests, also by way of `sh -c`.
fn is_runner(command: &[String]) -> bool {
    let told = match command {
        [shell, option, script, ..]
            if shell.ends_with("sh") && option.starts_with('-') && option.ends_with('c') =>
        {
            super::shell::commands(script, &mut super::shell::Variables::new())
        }
        words => vec![words.to_vec()],
    };
    told.iter().any(|words| runners::runner(words).is_some())
}

/// A command on this machine.
fn here(tree: &Tree, step: &Step, runner: Runner, score: i32, one: &Use<'_>) -> Candidate {
    let mut words = match step.kind {
        // The programs of a package are not in the PATH of a shell.
        Kind::Package if one.recipe.kind == Kind::Package && one.calls.is_empty() => {
            format!("{} run {}", manager(tree), one.recipe.name)
        }
        Kind::Package if runner == Runner::Other => {
            format!("npx {}", runners::typed(&step.words))
        }
        _ => runners::typed(&step.words),
    };
    // So that more arguments go to the script.
    if words.starts_with("npm ") && !words.contains(" -- ") {
        words.push_str(" --");
    }
    let command = if step.folder.is_empty() {
        words.clone()
    } else {
        format!("cd {} && {words}", step.folder)
    };
    let is_narrow = words
        .split(' ')
        .filter(|word| !word.contains('='))
        .any(|word| {
            let mut parts = word.split(|c: char| !c.is_ascii_alphanumeric());
            word.starts_with("-run")
                || parts.any(|part| {
                    matches!(
                        part,
                        "lib"
                            | "unit"
                            | "lint"
                            | "doc"
                            | "docs"
                            | "bench"
                            | "coverage"
                            | "miri"
                            | "watch"
                            | "smoke"
                            | "update"
                    )
                })
        });
    let mut score = score;
    if is_wide(&words) {
        score += 15;
    }
    if is_narrow {
        score -= 25;
    }
    if !step.folder.is_empty() {
        score -= 20;
    }
    if step.words.iter().any(|word| runners::is_open(word)) {
        score -= 10;
    }
    // A recipe's own name says less than the command that it is called by.
    if one.recipe.kind == Kind::Script {
        score -= 5;
    }
    let build = (runner == Runner::Cargo).then(|| {
        let (before, _) = command.split_once(" -- ").unwrap_or((&command, ""));
        format!("{before} --no-run")
    });
    Candidate {
        build,
        command: Some(command),
        service: None,
        environment: step
            .environment
            .iter()
            .filter(|(name, value)| is_of_the_stack(name, value))
            .cloned()
            .collect(),
        source: one.source(),
        score,
    }
}

/// What runs a package's scripts.
pub(super) fn manager(tree: &Tree) -> &'static str {
    let locks = [
        ("pnpm-lock.yaml", "pnpm"),
        ("yarn.lock", "yarn"),
        ("bun.lock", "bun"),
        ("bun.lockb", "bun"),
    ];
    let found = locks.iter().find(|(lock, _)| tree.has(lock));
    found.map_or("npm", |(_, manager)| manager)
}

/// Whether a variable of CI says where the stack answers.
fn is_of_the_stack(name: &str, value: &str) -> bool {
    let secret = ["TOKEN", "SECRET", "KEY", "CREDENTIAL"]
        .iter()
        .any(|word| name.contains(word));
    let address = ["localhost", "127.0.0.1", "://"]
        .iter()
        .any(|word| value.contains(word));
    let part = [
        "_HOST",
        "_PORT",
        "_URL",
        "_URI",
        "_DSN",
        "_USER",
        "_DATABASE",
        "_DB",
        "_PASSWORD",
    ]
    .iter()
    .any(|end| name.ends_with(end));
    !secret
        && (address || part)
        && !value.contains("github.com")
        && !value.contains('$')
        && name != COMPOSE_FILE
}

fn is_test_service(name: &str) -> bool {
    const TESTS: [&str; 8] = [
        "test",
        "tests",
        "e2e",
        "integration",
        "pytest",
        "playwright",
        "cypress",
        "tester",
    ];
    const OTHERS: [&str; 12] = [
        "db",
        "database",
        "pg",
        "postgres",
        "postgresql",
        "redis",
        "mysql",
        "mariadb",
        "mongo",
        "mongodb",
        "server",
        "network",
    ];
    let has = |words: &[&str]| {
        name.split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| words.contains(&word))
    };
    has(&TESTS) && !has(&OTHERS)
}

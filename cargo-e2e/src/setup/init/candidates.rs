//! The ways in which a repo may run its tests, the likeliest first.

use super::calls::Call;
use super::guess::{Runs, Tests};
use super::recipe::{Kind, ROOT, Recipe, Step, join, parent};
use super::runners::{self, Runner, has_word, is_wide};
use super::shell;
use super::stack::{Stack, Use};
use super::test_services::{self, TestService, is_runner, is_test_service};
use super::tree::Tree;
use super::typed::{is_open, typed};
use crate::text::lists;

/// One way to run the tests, and how likely it is.
type Candidate = (i32, Tests);

/// What recipes and the stack itself say, without repetitions.
pub(super) fn find(tree: &Tree, uses: &[Use<'_>], stack: &Stack) -> Vec<Tests> {
    let mut all: Vec<Candidate> = Vec::new();
    let testing = test_services::find(tree, stack);
    for one in uses {
        let ours = one.calls.iter().any(|call| call.files == stack.files);
        let score = one.score + if ours { 60 } else { 0 };
        let with_file = one.calls.iter().filter(|call| call.files == stack.files);
        all.extend(with_file.filter_map(|call| in_service(call, score + 20, one, &testing)));
        let is_package = one.recipe.kind == Kind::Package;
        if is_package && !runners::is_test_name(&one.recipe.name) {
            continue;
        }
        let steps = one.steps.iter();
        let mut steps: Vec<(&Step, Runner)> = steps
            .filter_map(|step| Some((step, runners::runner(&step.words)?)))
            .collect();
        steps.retain(|(step, runner)| can_run(tree, step, *runner));
        // Only together are they the tests.
        let is_part = steps.len() >= SEVERAL;
        if is_part && let Some(command) = called(one.recipe).filter(|_| one.calls.is_empty()) {
            let score = score + if is_wide(&one.recipe.name) { 15 } else { 0 };
            all.push((score, Tests::said(Runs::Command(command), one.source())));
        }
        let less = if is_part { 15 } else { 0 };
        let each = steps.into_iter();
        all.extend(each.map(|(step, runner)| here(tree, step, runner, score - less, one, stack)));
    }
    for service in testing {
        // A stack that no recipe starts and that has its tests in it is there for them.
        let is_for_tests = stack.source.is_none() && service.runs_tests;
        let tests = Tests::said(Runs::Service(service.name, None), service.file);
        all.push((if is_for_tests { 130 } else { 75 }, tests));
    }
    all.retain(|(score, _)| *score > 0);
    all.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let mut kept: Vec<Tests> = Vec::new();
    for (_, tests) in all {
        let same = |known: &Tests| match (&known.run, &tests.run) {
            (Runs::Service(known, _), Runs::Service(service, None)) => known == service,
            (known, run) => known == run,
        };
        if !kept.iter().any(same) {
            kept.push(tests);
        }
    }
    kept
}

/// What a command has in it that runs a part of the tests, or none.
const NARROW: &str =
    "lib unit lint doc docs bench coverage miri watch smoke update manifest compile";

/// From so many commands on, none of them is what a recipe as a whole tests.
const SEVERAL: usize = 3;

/// Returns whether a command can be run in the repo as it is: in a folder that is there, and a script
/// that is there.
fn can_run(tree: &Tree, step: &Step, runner: Runner) -> bool {
    let program = step.words.iter().find(|word| word.contains('/'));
    let is_script = |program: &String| {
        let at = step.words.iter().position(|word| word == program);
        at == Some(0) || at == Some(1) && shell::is_shell(&step.words[0])
    };
    let is_missing = runner == Runner::Named
        && program
            .is_some_and(|program| is_script(program) && !tree.has(&join(&step.folder, program)));
    tree.has_folder(&step.folder) && !is_missing
}

/// How a target that tests is called.
fn called(recipe: &Recipe) -> Option<String> {
    let is_one = recipe.kind == Kind::Make && runners::is_test_name(&recipe.name);
    let file = recipe.file.rsplit('/').next().unwrap_or_default();
    let program = match file.to_ascii_lowercase() {
        file if file.contains("make") => "make",
        file if file.contains("just") => "just",
        file if file.contains("tasks") => "invoke",
        _ => "task",
    };
    let command = format!("{program} {}", recipe.name);
    is_one.then(|| within(parent(&recipe.file), &command))
}

pub(super) fn within(folder: &str, command: &str) -> String {
    let parts = folder.split('/').filter(|part| !part.is_empty());
    let up: String = parts.map(|_| "../").collect();
    let command = command.replace(&format!("{ROOT}/"), &up);
    if folder.is_empty() {
        command
    } else {
        format!("cd {folder} && {command}")
    }
}

/// A call whose service is the test.
fn in_service(
    call: &Call,
    score: i32,
    one: &Use<'_>,
    testing: &[TestService],
) -> Option<Candidate> {
    let tests = |service: &String| {
        is_test_service(service) || testing.iter().any(|known| known.name == *service)
    };
    let named = call.services.first();
    let service = match (&call.result_of, call.verb.as_str(), testing) {
        (Some(service), ..) => Some(service),
        (None, "run" | "exec", _) => named.filter(|service| {
            let own = call.command.iter().all(|word| is_open(word));
            own && tests(service) || is_runner(&call.command)
        }),
        (None, "up", _) if call.services.len() == 1 => named.filter(|service| tests(service)),
        (None, "up", [only]) if call.aborts && named.is_none() => Some(&only.name),
        _ => None,
    };
    let service = service.cloned();
    let service = service.filter(|service| !is_open(service))?;
    let command = Some(typed(&call.command));
    let command = command.filter(|command| call.verb != "up" && !command.is_empty());
    let tests = Tests::said(Runs::Service(service, command), one.source());
    Some((score - if call.verb == "exec" { 10 } else { 0 }, tests))
}

/// A command on this machine.
fn here(
    tree: &Tree,
    step: &Step,
    runner: Runner,
    score: i32,
    one: &Use<'_>,
    stack: &Stack,
) -> Candidate {
    let is_script = one.recipe.kind == Kind::Package && one.calls.is_empty();
    let mut words = match step.kind {
        // The programs of a package are not in the PATH of a shell.
        Kind::Package if is_script => {
            format!("{} run {}", tree.package_manager(), one.recipe.name)
        }
        Kind::Package if runner == Runner::Other => format!("npx {}", typed(&step.words)),
        _ => typed(&step.words),
    };
    // So that more arguments go to the script.
    if words.starts_with("npm ") && !words.contains(" -- ") {
        words.push_str(" --");
    }
    let command = within(&step.folder, &words);
    let mut plain = words.split(' ').filter(|word| !word.contains('='));
    let is_narrow = plain.any(|word| {
        word.starts_with("-run") || word == "--updateSnapshot" || has_word(word, NARROW)
    });
    let mut score = score;
    if is_wide(&words) {
        score += 15;
    }
    if is_narrow || names_another_engine(&words) || names_another_engine(&one.recipe.name) {
        score -= 25;
    }
    if runner == Runner::Other && step.words.iter().any(|word| is_test_file(word)) {
        score -= 15;
    }
    // Of two commands that are alike, the one that leaves nothing out.
    if words
        .split(' ')
        .any(|word| lists("--test -p --package -k", word))
    {
        score -= 3;
    }
    // Tests in a folder of their own are one package of several, unless their stack is there too.
    if !step.folder.is_empty() {
        let is_there = stack.files.iter().any(|file| parent(file) == step.folder);
        score += if is_there { 5 } else { -20 };
    }
    if step.words.iter().any(|word| is_open(word)) {
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
    let tests = Tests {
        build,
        environment: environment(step, !is_script),
        ..Tests::said(Runs::Command(command), one.source())
    };
    (score, tests)
}

/// Returns whether a name says that the tests run on what no stack has: in the process, or elsewhere.
fn names_another_engine(text: &str) -> bool {
    let elsewhere = "sqlite pglite wasm pypy miri windows macos mock mocked";
    has_word(&text.to_ascii_lowercase(), elsewhere)
}

/// Returns whether a word names one file of tests, or one test in it.
fn is_test_file(word: &str) -> bool {
    const ENDS: [&str; 7] = [
        ".test.js", ".test.ts", ".spec.js", ".spec.ts", "_test.go", "_spec.rb", "Test.php",
    ];
    let name = word.rsplit('/').next().unwrap_or(word);
    word.contains(".py::")
        || ENDS.iter().any(|end| name.ends_with(end))
        || runners::is_python_test(name)
}

/// The variables that the tests need: those that say where the stack answers, and, unless a script is
/// called that has them, those that are written before the command itself.
fn environment(step: &Step, takes_own: bool) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let of_the_stack = step.environment.iter();
    let of_the_stack = of_the_stack.filter(|(name, value)| is_of_the_stack(name, value));
    let own = step.assigned.iter().filter(|(name, value)| {
        takes_own
            && !value.contains('$')
            && !is_secret(name)
            && !name.starts_with("COMPOSE_")
            && name != crate::environment::CI
    });
    for (name, value) in of_the_stack.chain(own) {
        found.retain(|(known, _)| known != name);
        let is_service = is_name_of_service(name, value);
        let value = if is_service { "localhost" } else { value };
        found.push((name.clone(), value.to_owned()));
    }
    found
}

/// Returns whether a host is one of a container's network: a CI job in a container has such, and this
/// machine reaches them by their ports.
fn is_name_of_service(name: &str, value: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    name.ends_with("HOST")
        && value.starts_with(|c: char| c.is_ascii_alphabetic())
        && value.chars().all(is_word)
}

fn is_secret(name: &str) -> bool {
    let words = ["TOKEN", "SECRET", "KEY", "CREDENTIAL"];
    words.iter().any(|word| name.contains(word))
}

/// Whether a variable of CI says where the stack answers.
fn is_of_the_stack(name: &str, value: &str) -> bool {
    // The last four are libpq's own.
    let mut ends = "_HOST _PORT _URL _URI _DSN _USER _DATABASE _DB _PASSWORD PGUSER PGPASSWORD PGDATABASE PGPORT"
        .split(' ');
    let address = ["localhost", "127.0.0.1", "://"];
    let address = address.iter().any(|word| value.contains(word));
    let part = ends.any(|end| name.ends_with(end));
    !is_secret(name)
        && !name.contains('.')
        && !value.contains("...")
        && (address || part)
        && !value.contains("github.com")
        && !value.contains('$')
        && !name.starts_with("COMPOSE_")
}

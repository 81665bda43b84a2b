//! The services of a stack that are its tests.

use super::runners::{self, Runner, has_word};
use super::shell::{self, Variables};
use super::stack::{Stack, services};
use super::tree::Tree;

/// A service that tests when it is started.
pub(super) struct TestService {
    pub(super) name: String,
    /// The compose file that says so.
    pub(super) file: String,
    /// Its command is a test runner's, or both its name and a script's say so; else one of them does.
    pub(super) runs_tests: bool,
}

/// The services that test when they are started, by their name or by their command.
pub(super) fn find(tree: &Tree, stack: &Stack) -> Vec<TestService> {
    let mut found: Vec<TestService> = Vec::new();
    for file in &stack.files {
        for (name, service) in services(tree, file).unwrap_or_default() {
            let commands = match &service["command"] {
                serde_yaml::Value::String(text) => shell::commands(text, &mut Variables::new()),
                words => {
                    let words = words.as_sequence().into_iter().flatten();
                    let words = words.filter_map(|word| word.as_str().map(str::to_owned));
                    vec![words.collect()]
                }
            };
            let is_known = found.iter().any(|known| known.name == name);
            let tests = commands.iter().any(|words| is_runner(words));
            let is_named = is_test_service(&name);
            if !is_known && (is_named || tests) {
                found.push(TestService {
                    name,
                    file: file.clone(),
                    runs_tests: tests && is_named
                        || commands.iter().any(|words| is_known_runner(words)),
                });
            }
        }
    }
    found
}

/// Returns whether a command runs tests, also by way of `sh -c` or of a script that waits or prepares
/// and then runs its arguments.
pub(super) fn is_runner(command: &[String]) -> bool {
    let commands = unwrapped(command);
    commands
        .iter()
        .any(|words| runners::runner(words).is_some())
        || is_known_runner(command)
}

/// Returns whether it does so by a runner that is known, and not by a script that is called so.
fn is_known_runner(command: &[String]) -> bool {
    let known =
        |words: &[String]| runners::runner(words).is_some_and(|runner| runner != Runner::Named);
    let installs = command
        .iter()
        .any(|word| matches!(word.as_str(), "install" | "add"));
    let passed_on = || (1..command.len()).any(|at| known(&command[at..]));
    unwrapped(command).iter().any(|words| known(words)) || !installs && passed_on()
}

/// The commands that a shell is given; else the command itself.
fn unwrapped(command: &[String]) -> Vec<Vec<String>> {
    match command {
        [shell, option, script, ..]
            if shell::is_shell(shell) && shell::is_script_option(option) =>
        {
            shell::commands(script, &mut Variables::new())
        }
        words => vec![words.to_vec()],
    }
}

/// Returns whether a service's name says that it tests.
pub(super) fn is_test_service(name: &str) -> bool {
    let tests = "test tests e2e integration pytest playwright cypress tester";
    let others =
        "db database pg postgres postgresql redis mysql mariadb mongo mongodb server network";
    has_word(name, tests) && !has_word(name, others)
}

//! The text of an e2e.yml, as a person would write it.

use std::fmt::Write as _;

use e2e_harness::protocol::env_name;

use super::built::Built;
use super::guess::{Runs, Tests};
use super::health::Check;
use super::stack::Stack;
use crate::compose::Published;
use crate::spec::MODELINE;
use crate::text::lists;

/// What e2e.yml names when it names nothing.
const DEFAULT: &str = "e2e/compose.yml";

/// Just enough for a plan.
pub(super) fn draft(name: &str, stack: &Stack) -> String {
    format!(
        "name: {}\n{}test_command: 'true'\n",
        scalar(name),
        compose(stack)
    )
}

pub(super) struct Found<'a> {
    pub(super) name: &'a str,
    /// The stack, and those that it was preferred to.
    pub(super) stacks: &'a [Stack],
    pub(super) checks: &'a [Check],
    pub(super) tests: &'a Tests,
    pub(super) others: &'a [Tests],
    pub(super) published: &'a [Published],
    /// Images that the repo builds beside Compose.
    pub(super) built: &'a [Built],
    /// An image is built with git's own folder.
    pub(super) needs_git: bool,
}

pub(super) fn spec(found: &Found<'_>) -> String {
    let mut text = format!("{MODELINE}\nname: {}\n", scalar(found.name));
    if let [stack, others @ ..] = found.stacks {
        if let Some(source) = &stack.source {
            // Writing to a String can't fail.
            let _ = writeln!(text, "\n# Started by {source}.");
        }
        text.push_str(&compose(stack));
        let others = others.iter().map(compose);
        commented(&mut text, "Other compose files:", others);
    }
    images(&mut text, found.built);
    if found.needs_git {
        text.push_str(
            "# An image is built with a version from git, whose folder does not travel by itself.\n\
             sync:\n  include: [.git]\n",
        );
    }
    if !found.checks.is_empty() {
        text.push_str("\n# What must answer before the tests start; localhost:PORT is what the compose file publishes.\n");
        text.push_str("health_checks:\n");
    }
    for check in found.checks {
        let _ = writeln!(text, "  - name: {}", scalar(&check.name));
        let address = format!("localhost:{}", check.port);
        let _ = match &check.path {
            Some(path) => writeln!(
                text,
                "    url: {}",
                scalar(&format!("http://{address}{path}"))
            ),
            None => writeln!(text, "    tcp: {address}"),
        };
        if let Some(timeout) = check.timeout {
            let _ = writeln!(text, "    timeout: {timeout}");
        }
    }
    text.push('\n');
    tests(&mut text, found.tests);
    if found.tests.smoke.is_some() {
        text.push_str(
            "# Each run has free ports of its own, in E2E_<SERVICE>_<PORT>; any number go side by side.\n\
             ports: isolated\n",
        );
    } else if let (Runs::Command(_), Some(first)) = (&found.tests.run, found.published.first()) {
        let number = first.declared.unwrap_or(first.container_port);
        let _ = writeln!(
            text,
            "# Tests that read E2E_{}_{} instead of localhost:{number} can run side by side:\n# ports: isolated",
            env_name(&first.service),
            first.container_port
        );
    }
    let others = found.others.iter().map(|other| {
        let mut lines = String::new();
        run(&mut lines, &other.run);
        lines
    });
    commented(&mut text, "Other tests that were found:", others);
    text
}

/// Alternatives as comments, each ready to be taken.
fn commented(text: &mut String, title: &str, others: impl Iterator<Item = String>) {
    let others: Vec<String> = others.collect();
    let mut lines = others.iter().flat_map(|other| other.lines()).peekable();
    if lines.peek().is_some() {
        let _ = writeln!(text, "# {title}");
    }
    text.extend(lines.map(|line| format!("# {line}\n")));
}

/// The two ways to have images that no registry has, as comments.
fn images(text: &mut String, built: &[Built]) {
    let each = |part: fn(&Built) -> &String| {
        let mut parts: Vec<String> = built.iter().map(part).cloned().collect();
        parts.dedup();
        parts
    };
    let command = match each(|one| &one.command).as_slice() {
        [] => return,
        [only] => only.clone(),
        several => format!("({})", several.join(") && (")),
    };
    let lines = [
        format!("prepare_command: {}\n", scalar(&command)),
        list("images", &each(|one| &one.image)),
    ];
    let sources = each(|one| &one.source).join("; ");
    let title =
        format!("Where no registry has what {sources} builds, build it on the host or send it:");
    commented(text, &title, lines.into_iter());
}

/// The fields that run the tests.
fn tests(text: &mut String, tests: &Tests) {
    if let Some(source) = &tests.source {
        let _ = writeln!(text, "# Run by {source}.");
    }
    if let Some(build) = &tests.build {
        let _ = writeln!(text, "build_command: {}", scalar(build));
    }
    run(text, &tests.run);
    if tests.on_client {
        text.push_str(
            "# On this machine, with the programs that are installed here.\ntests_run_on: client\n",
        );
    }
    if !tests.environment.is_empty() {
        text.push_str("env:\n");
    }
    for (name, value) in &tests.environment {
        let _ = writeln!(text, "  {name}: {}", scalar(value));
    }
}

fn run(text: &mut String, run: &Runs) {
    let _ = match run {
        Runs::Command(command) => writeln!(text, "test_command: {}", scalar(command)),
        Runs::Service(service, command) => {
            let _ = writeln!(text, "test_service: {}", scalar(service));
            command
                .iter()
                .try_for_each(|command| writeln!(text, "test_command: {}", scalar(command)))
        }
        Runs::Targets(_) => writeln!(
            text,
            "# Without `test_command`, `cargo e2e` runs {run}. Each run has free ports of its own."
        ),
    };
}

fn compose(stack: &Stack) -> String {
    let files = match stack.files.as_slice() {
        [only] if only == DEFAULT => String::new(),
        files => list("compose_file", files),
    };
    files
        + &list("profiles", &stack.profiles)
        + &list("services", &stack.services)
        + &list("env_files", &stack.env_files)
}

fn list(key: &str, entries: &[String]) -> String {
    match entries {
        [] => String::new(),
        [only] if key == "compose_file" => format!("{key}: {}\n", scalar(only)),
        several => several.iter().fold(format!("{key}:\n"), |lines, entry| {
            lines + "  - " + &scalar(entry) + "\n"
        }),
    }
}

/// One line of YAML that every reader takes for this text.
fn scalar(text: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || " _./:=-?&,@+%".contains(c);
    let means_else = "y n yes no on off true false null";
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '.')
        && text.chars().all(is_safe)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !lists(means_else, &text.to_ascii_lowercase());
    if plain {
        text.to_owned()
    } else {
        // JSON's strings are YAML's too.
        serde_json::Value::from(text).to_string()
    }
}

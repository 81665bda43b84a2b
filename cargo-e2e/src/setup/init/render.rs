//! The text of an e2e.yml, as a person would write it.

use std::fmt::Write as _;

use e2e_harness::protocol::env_name;

use super::guess::{Runs, Tests};
use super::health::Check;
use crate::compose::Published;
use crate::spec::MODELINE;

/// What e2e.yml names when it names nothing.
const DEFAULT: &str = "e2e/compose.yml";

/// Just enough for a plan.
pub(super) fn draft(name: &str, compose_files: &[String]) -> String {
    format!(
        "name: {}\n{}test_command: 'true'\n",
        scalar(name),
        compose(compose_files)
    )
}

/// The whole file.
pub(super) fn spec(
    name: &str,
    compose_files: &[String],
    checks: &[Check],
    tests: &Tests,
    published: &[Published],
) -> String {
    let mut text = format!(
        "{MODELINE}\nname: {}\n{}",
        scalar(name),
        compose(compose_files)
    );
    if !checks.is_empty() {
        text.push_str("\n# What must answer before the tests start; localhost:PORT is what the compose file publishes.\n");
        text.push_str("health_checks:\n");
    }
    for check in checks {
        // Writing to a String can't fail.
        let _ = writeln!(text, "  - name: {}", scalar(&check.name));
        let _ = match &check.path {
            Some(path) => writeln!(
                text,
                "    url: {}",
                scalar(&format!("http://localhost:{}{path}", check.port))
            ),
            None => writeln!(text, "    tcp: localhost:{}", check.port),
        };
    }
    text.push('\n');
    if let Some(setup) = tests.setup {
        let _ = writeln!(
            text,
            "# On the sandbox host, before the tests.\nsetup_command: {setup}"
        );
    }
    let command = match &tests.run {
        Runs::Command(command) => command,
        Runs::Targets(_) => {
            let _ = writeln!(
                text,
                "# Without `test_command`, `cargo e2e` runs {}. Each run has free ports of its own.",
                tests.run
            );
            return text;
        }
    };
    let _ = writeln!(text, "test_command: {}", scalar(command));
    if tests.smoke.is_some() {
        text.push_str(
            "# Each run has free ports of its own, in E2E_<SERVICE>_<PORT>; any number go side by side.\n\
             ports: isolated\n",
        );
    } else if let Some(first) = published.first() {
        let number = first.declared.unwrap_or(first.container_port);
        let _ = writeln!(
            text,
            "# Tests that read E2E_{}_{} instead of localhost:{number} can run side by side:\n# ports: isolated",
            env_name(&first.service),
            first.container_port
        );
    }
    text
}

fn compose(files: &[String]) -> String {
    match files {
        [only] if only == DEFAULT => String::new(),
        [only] => format!("compose_file: {}\n", scalar(only)),
        several => {
            let mut text = "compose_file:\n".to_owned();
            for file in several {
                let _ = writeln!(text, "  - {}", scalar(file));
            }
            text
        }
    }
}

/// One line of YAML that every reader takes for this text.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || " _./:=-?&".contains(c))
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
        );
    if plain {
        text.to_owned()
    } else {
        // JSON's strings are YAML's too.
        serde_json::Value::from(text).to_string()
    }
}

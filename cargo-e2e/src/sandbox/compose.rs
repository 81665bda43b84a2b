//! Compose's own commands, on the host.

use std::fmt::Write as _;

use serde_json::Value;

use crate::compose::{entries, is_built, preview, start_order, test_service};
use crate::host::{self, Host, HostError};
use crate::plan::Plan;
use crate::sandbox::{GONE, Sandbox, check, pull, variables};
use crate::shell::{quote, quoted};

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The host was lost.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Compose refused the files.
    #[error("Compose refuses the compose file")]
    Refused { said: String },
    /// What it printed is no model.
    #[error("`docker compose config` printed no model: {0}")]
    NoModel(String),
}

/// Returns the canonical model of the plan's files with these profiles, and what Compose warned of.
pub async fn config(
    host: &dyn Host,
    sandbox: &Sandbox,
    plan: &Plan,
    profiles: &[String],
    interpolation: &[(String, String)],
) -> Result<(Value, Vec<String>), ConfigError> {
    let repo = sandbox.repo_dir();
    let mut options = String::new();
    for file in &plan.spec.env_files {
        let _ = write!(options, "--env-file {} ", quote(&format!("{repo}/{file}")));
    }
    for file in &plan.compose_files {
        let _ = write!(options, "-f {} ", quote(&format!("{repo}/{file}")));
    }
    for profile in profiles {
        let _ = write!(options, "--profile {} ", quote(profile));
    }
    let script = script!("compose config", "compose", "config")
        .var("root", &sandbox.root)
        .var("id", &sandbox.identity.run_id)
        .var("project", &sandbox.identity.project)
        .var("folder", &plan.project_dir)
        .var("options", options);
    let exports = variables::exports(interpolation);
    let deadline = std::time::Duration::from_mins(1);
    let mut output = host::run(host, &script, exports.as_bytes(), deadline).await?;
    // Neither is an answer of Compose's: the sandbox is gone, or a signal ended it.
    if matches!(output.status, GONE | 129..) {
        output = check(host, &script, output)?;
    }
    let said = crate::text::printable(&output.stderr);
    if output.status != 0 {
        return Err(ConfigError::Refused {
            said: said.replace(&format!("{repo}/"), ""),
        });
    }
    match serde_json::from_slice::<Value>(&output.stdout) {
        Ok(model) if model["services"].is_object() => Ok((model, preview::warnings(&said))),
        Ok(_) => Err(ConfigError::NoModel("it has no services".to_owned())),
        Err(error) => Err(ConfigError::NoModel(error.to_string())),
    }
}

/// What brings a stack up.
#[derive(Debug, Clone, Copy)]
pub struct Up<'a> {
    pub interpolation: &'a [(String, String)],
    pub model: &'a Value,
    /// The service that runs the tests: it is not started, but its image is made ready.
    pub tests: Option<&'a str>,
    /// Whether the stack may be up: then what may have changed is built anew.
    pub again: bool,
    /// The commands that pull images.
    pub pulls: &'a str,
    /// Whether [`create_commands`] have made the containers: then they are only started.
    pub made: bool,
    /// Whether there is a folder with the client's registry credentials: it goes before containers
    /// start.
    pub with_auth: bool,
}

/// Returns the commands that write the model where later commands find it, whole or not at all.
pub fn put_model(sandbox: &Sandbox, model: &str) -> String {
    let file = quote(&format!("{}/compose.json", sandbox.dir()));
    // No line of JSON is such a word.
    format!(
        "cat >{file}.new <<'END_OF_MODEL' && mv {file}.new {file} || {{ echo 'failed to write compose.json'; exit 1; }}\n{model}\nEND_OF_MODEL\n"
    )
}

/// Returns the commands that make the containers of images that the host has, for a job.
pub fn create_commands(sandbox: &Sandbox, interpolation: &[(String, String)]) -> String {
    let (opening, compose) = (opening(sandbox, interpolation), compose(sandbox));
    format!("{opening}{compose} create --no-build --pull never\n")
}

/// Returns the commands that bring the stack up, for a job.
pub fn up_commands(sandbox: &Sandbox, up: &Up<'_>) -> String {
    let compose = compose(sandbox);
    let mut text = opening(sandbox, up.interpolation);
    if up.interpolation.iter().all(|(name, _)| name != "TMPDIR") {
        // Compose leaves Dockerfiles there that stand in the model.
        let folder = quote(&format!("{}/tmp", sandbox.dir()));
        let _ = writeln!(text, "mkdir -p {folder} && export TMPDIR={folder} || exit");
    }
    let mut options = if up.again { " --build" } else { "" }.to_owned();
    if up.with_auth {
        text += &pull::with_auth(sandbox);
        text += up.pulls;
        if entries(&up.model["services"]).any(|(_, service)| is_built(service)) {
            let _ = writeln!(text, "{compose} build || exit");
        }
        text += pull::WITHOUT_AUTH;
        " --no-build".clone_into(&mut options);
    } else if !up.made {
        text += up.pulls;
    }
    if up.again {
        // A service that the compose file no longer has goes too.
        options += " --remove-orphans";
        options += stop_soon(up.model);
    }
    let others = up.tests.map(|tests| test_service::others(up.model, tests));
    let services = others.map(|others| others.join(" "));
    if services.as_deref() != Some("") {
        let services = services.unwrap_or_default();
        // What is up already is Compose's to compare.
        let order = start_order::order(up.model, up.tests).filter(|_| !up.again);
        // Where none waits, one program makes and starts them sooner than two.
        let order = order.filter(|order| up.made || order.iter().any(start_order::Start::waits));
        if let Some(order) = order {
            if !up.made {
                let _ = writeln!(text, "{compose} create{options} {services} || exit");
            }
            text += &start_commands(sandbox, &order);
            text += "[ -z \"$compose_waits\" ] || ";
        }
        let _ = writeln!(text, "{compose} up -d{options} {services} || exit");
    }
    if let Some(tests) = up.tests
        && !up.with_auth
        && is_built(&up.model["services"][tests])
    {
        let _ = writeln!(text, "{compose} build {} || exit", quote(tests));
    }
    text
}

/// Returns the commands that start containers, each when its turn comes.
fn start_commands(sandbox: &Sandbox, order: &[start_order::Start<'_>]) -> String {
    let order: Vec<String> = order.iter().map(ToString::to_string).collect();
    let (project, scratch) = (&sandbox.identity.project, sandbox.dir() + "/starts");
    let order = order.join("\n");
    variables::assignments(&[
        ("project", project),
        ("scratch", &scratch),
        ("order", &order),
        ("start_root", &sandbox.root),
        ("start_id", &sandbox.identity.run_id),
    ]) + include_str!("../host/sh/engine.sh")
        + include_str!("../host/sh/start.sh")
}

/// Returns the option by which containers that are made anew have a second to stop: many programs
/// do not listen to SIGTERM as process 1, and an edit would cost ten. A service that says how long it
/// needs has that.
fn stop_soon(model: &Value) -> &'static str {
    if entries(&model["services"]).any(|(_, service)| !service["stop_grace_period"].is_null()) {
        ""
    } else {
        " -t 1"
    }
}

/// Returns the commands that make these services' containers anew, after the stack was brought up.
pub fn recreate_commands(sandbox: &Sandbox, model: &Value, services: &[String]) -> String {
    format!(
        "{} up -d --no-deps --force-recreate{} {}\n",
        compose(sandbox),
        stop_soon(model),
        quoted(services)
    )
}

/// Returns the commands that run a service once, with these words instead of its command when there
/// are any.
pub fn run_commands(
    sandbox: &Sandbox,
    interpolation: &[(String, String)],
    service: &str,
    words: &[String],
) -> String {
    format!(
        "{}{} run --rm -T --no-deps --label cargo-e2e.for={} {} {}\n",
        opening(sandbox, interpolation),
        compose(sandbox).replace("--progress plain", "--progress quiet"),
        quote(&sandbox.visitor.run),
        quote(service),
        quoted(words)
    )
}

fn compose(sandbox: &Sandbox) -> String {
    format!(
        "docker_compose --ansi never --progress plain -p {} -f {}",
        quote(&sandbox.identity.project),
        quote(&format!("{}/compose.json", sandbox.dir()))
    )
}

/// Secrets from the environment stay references in the model: every command needs them again.
fn opening(sandbox: &Sandbox, interpolation: &[(String, String)]) -> String {
    format!(
        "{}cargo_e2e_root={}\n{}",
        include_str!("../host/sh/compose.sh"),
        quote(&sandbox.root),
        variables::exports(interpolation)
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn compose_sees_of_an_account_only_what_programs_and_docker_need() {
        let shown = concat!(include_str!("../host/sh/compose.sh"), "env -0");
        let path = std::env::var("PATH").unwrap();
        let output = std::process::Command::new("sh")
            .args(["-c", shown])
            .env_clear()
            .env("PATH", path)
            .envs(
                [
                    "HOME",
                    "DOCKER_HOST",
                    "BUILDX_BUILDER",
                    "https_proxy",
                    "NO_PROXY",
                ]
                .map(|name| (name, "x")),
            )
            .envs(
                [
                    e2e_harness::protocol::COMPOSE_FILE,
                    "COMPOSE_PROFILES",
                    "TAG",
                    "AWS_SECRET_ACCESS_KEY",
                ]
                .map(|name| (name, "x")),
            )
            .env("LINES_OF_IT", "a\nTAG=b")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let names = text
            .split_terminator('\0')
            .filter_map(|line| line.split_once('='));
        let mut names: Vec<&str> = names.map(|(name, _)| name).collect();
        // What the shell itself sets differs.
        names.retain(|name| !["PWD", "_", "SHLVL", "OLDPWD"].contains(name));
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "BUILDX_BUILDER",
                "COMPOSE_DISABLE_ENV_FILE",
                "DOCKER_CLI_HINTS",
                "DOCKER_HOST",
                "HOME",
                "NO_PROXY",
                "PATH",
                "https_proxy",
            ]
        );
    }
}

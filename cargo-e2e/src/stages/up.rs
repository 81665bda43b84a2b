//! Bring the stack up: the canonical model, rewritten, with its ports claimed.

use std::collections::BTreeSet;
use std::time::Duration;

use e2e_harness::protocol::{Endpoint, Endpoints, collision};
use e2e_harness::wait::{Patience, Poll, WaitError, poll};
use serde_json::Value;

use crate::compose::cli::{self, ConfigError, Files};
use crate::compose::scan::Scan;
use crate::compose::{Isolation, Published, Rewritten, isolate, needs};
use crate::host::HostError;
use crate::outcome::{Stage, Verdict};
use crate::sandbox::Claim;
use crate::spec::Probe;
use crate::variables;

use super::sync::{listed, send_extra};
use super::{Context, Done, Tail, Trouble, count};

/// A stack that was brought up.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its published ports, every one with its number.
    pub published: Vec<Published>,
    /// The longest that a container's own health check may take.
    pub health_allowance: Duration,
}

/// Brings it up.
pub async fn up(context: &Context<'_>, scan: &Scan) -> Result<Done<Stack>, Trouble> {
    let (host, sandbox) = (context.host, context.sandbox);
    let mut interpolation = from_client(scan);
    let (mut model, mut warnings) = read_model(context, &interpolation).await?;
    send_needed(context, &model).await?;
    let isolation = Isolation {
        project: &sandbox.identity.project,
        labels: &sandbox.labels(context.facts.uid),
        ipv6: context.facts.ipv6,
        engine: context.facts.engine,
    };
    let mut rewritten = isolate(model, &isolation);
    if scan.uses_endpoints {
        // The names are known only now; the model is read again with them.
        interpolation.extend(endpoint_variables(&rewritten));
        (model, warnings) = read_model(context, &interpolation).await?;
        rewritten = isolate(model, &isolation);
    }
    for warning in warnings {
        context.events.warn(format!("compose: {warning}"));
    }
    check_names(&rewritten)?;
    claim_ports(context, &rewritten.published).await?;

    let text = serde_json::to_vec_pretty(&rewritten.model)
        .map_err(|error| Trouble::new(Verdict::InternalError, error.to_string()))?;
    sandbox.put(host, "compose.json", &text).await?;
    // What was really run is part of the result; a full disk is told of when that is stored.
    let _ = tokio::fs::write(context.bundle.join("compose.json"), &text).await;

    start(context, &cli::up_commands(sandbox, &interpolation)).await?;
    let mut published = rewritten.published;
    if published.iter().any(|one| one.port.is_none()) {
        fill_numbers(context, &mut published).await?;
    }
    let services = rewritten.model["services"]
        .as_object()
        .map_or(0, serde_json::Map::len);
    Ok(Done::new(
        Stack {
            published,
            health_allowance: rewritten.health_allowance,
        },
        count(services, "service"),
    ))
}

/// Variables of this machine that the compose files ask for.
fn from_client(scan: &Scan) -> Vec<(String, String)> {
    scan.variables
        .iter()
        .filter(|name| variables::travels(name))
        .filter_map(|name| Some((name.clone(), std::env::var(name).ok()?)))
        .collect()
}

async fn read_model(
    context: &Context<'_>,
    interpolation: &[(String, String)],
) -> Result<(Value, Vec<String>), Trouble> {
    let plan = context.plan;
    let files = Files {
        compose: &plan.compose_files,
        folder: &plan.project_dir,
        env: &plan.spec.env_files,
        profiles: &plan.spec.profiles,
    };
    match cli::config(context.host, context.sandbox, &files, interpolation).await {
        Ok(read) => Ok(read),
        Err(ConfigError::Host(error)) => Err(error.into()),
        Err(ConfigError::Refused { said }) => Err(Trouble::new(
            Verdict::SpecError,
            format!("Compose refuses {}", plan.compose_files.join(", ")),
        )
        .excerpt("docker compose config", &said)),
        Err(error @ ConfigError::NoModel { .. }) => {
            Err(Trouble::new(Verdict::SpecError, error.to_string()))
        }
    }
}

/// Sends what the model needs and git ignores. What exists nowhere is an error: Docker would
/// silently make a root-owned folder of that name.
async fn send_needed(context: &Context<'_>, model: &Value) -> Result<(), Trouble> {
    let needed = needs::paths(model, &context.sandbox.repo_dir());
    if needed.is_empty() {
        return Ok(());
    }
    let missing = context
        .sandbox
        .missing(context.host, needed.keys().map(String::as_str))
        .await?;
    let root = &context.plan.repo.root;
    let (here, nowhere): (BTreeSet<String>, BTreeSet<String>) = missing
        .into_iter()
        .partition(|path| root.join(path).symlink_metadata().is_ok());
    if !nowhere.is_empty() {
        let lines: Vec<String> = nowhere
            .iter()
            .map(|path| {
                let why = needed.get(path).map_or("the model", String::as_str);
                format!("{path} does not exist; it is {why}")
            })
            .collect();
        return Err(Trouble::new(Verdict::SpecError, lines.join("\n")).help(
            "build or create it before the run (`build_command` runs before the sync); for a folder that only \
             containers fill, use a named volume, or commit it with a .gitkeep",
        ));
    }
    if !here.is_empty() {
        context.events.note(format!(
            "git ignores {}, which the stack mounts: sent too",
            listed(&here)
        ));
        send_extra(context, &here).await?;
    }
    Ok(())
}

fn endpoint_variables(rewritten: &Rewritten) -> Vec<(String, String)> {
    let mut all = vec![(
        e2e_harness::protocol::HOST.to_owned(),
        "127.0.0.1".to_owned(),
    )];
    let endpoints = Endpoints {
        ports: ports(&rewritten.published),
        health: std::collections::BTreeMap::new(),
    };
    all.extend(endpoints.variables());
    all
}

/// The published ports as tests see them.
fn ports(published: &[Published]) -> Vec<Endpoint> {
    published
        .iter()
        .filter_map(|one| {
            Some(Endpoint {
                service: one.service.clone(),
                container_port: one.container_port,
                transport: one.transport,
                host: one.address.clone(),
                port: one.port?,
            })
        })
        .collect()
}

/// All that tests see of the stack.
#[must_use]
pub fn endpoints(context: &Context<'_>, stack: &Stack) -> Endpoints {
    let health = context
        .plan
        .spec
        .health_checks
        .iter()
        .filter_map(|check| {
            let address = match &check.probe {
                Probe::Http { url, .. } => url.to_string(),
                Probe::Tcp { host, port } => format!("{host}:{port}"),
                Probe::Exec { .. } => return None,
            };
            Some((check.name.clone(), address))
        })
        .collect();
    Endpoints {
        ports: ports(&stack.published),
        health,
    }
}

fn check_names(rewritten: &Rewritten) -> Result<(), Trouble> {
    let services = rewritten.model["services"].as_object();
    let names = services.into_iter().flat_map(serde_json::Map::keys);
    match collision(names.map(String::as_str)) {
        None => Ok(()),
        Some((one, other)) => Err(Trouble::new(
            Verdict::SpecError,
            format!("services {one} and {other} would share their E2E_… variables"),
        )
        .help("rename one of them")),
    }
}

/// Waits its turn for ports that another sandbox holds.
async fn claim_ports(context: &Context<'_>, published: &[Published]) -> Result<(), Trouble> {
    let ports: BTreeSet<u16> = published.iter().filter_map(|one| one.port).collect();
    if ports.is_empty() {
        return Ok(());
    }
    let ports: Vec<u16> = ports.into_iter().collect();
    let said = std::sync::Mutex::new(String::new());
    let patience = Patience::of(context.plan.limits.up);
    let claimed = poll("the claim of its ports", patience, || async {
        match context.sandbox.claim(context.host, &ports).await {
            Ok(Claim::Claimed) => Ok(Poll::Ready(())),
            Ok(Claim::Foreign { port, holder }) => Err(foreign(context, port, &holder)),
            Ok(Claim::Held { port, run_id, by }) => {
                let status = format!("port {port} is held by sandbox {run_id} ({by})");
                if let Ok(mut said) = said.lock()
                    && *said != status
                {
                    context.events.note(format!("waiting: {status}"));
                    said.clone_from(&status);
                }
                Ok(Poll::NotYet(status))
            }
            Err(error) => Err(error.into()),
        }
    })
    .await;
    match claimed {
        Ok(()) => Ok(()),
        Err(WaitError::Failed {
            source: Carried(trouble),
            ..
        }) => Err(trouble),
        Err(WaitError::TimedOut {
            status, elapsed, ..
        }) => Err(Trouble::new(
            Verdict::UpFailed,
            format!(
                "{status}, and did not let go within {} s",
                elapsed.as_secs()
            ),
        )
        .help(format!(
            "`cargo e2e list --host {0}` shows it, `cargo e2e down ID --host {0}` ends it",
            context.host.name()
        ))),
    }
}

/// Carries a [`Trouble`] through a wait, which wants an error.
#[derive(Debug)]
struct Carried(Trouble);

impl From<HostError> for Carried {
    fn from(error: HostError) -> Self {
        Self(error.into())
    }
}

fn foreign(context: &Context<'_>, port: u16, holder: &str) -> Carried {
    Carried(
        Trouble::new(
            Verdict::UpFailed,
            format!(
                "port {port} on {} is taken by {holder}, which is no sandbox",
                context.host.name()
            ),
        )
        .help("stop it, or publish another port in the compose file"),
    )
}

async fn start(context: &Context<'_>, commands: &str) -> Result<(), Trouble> {
    let mut tail = Tail::default();
    let limit = context.plan.limits.up;
    let status = context
        .sandbox
        .job(context.host, "up", commands, limit, &mut |bytes| {
            tail.take(bytes, |line| context.events.progress(Stage::Up, line));
        })
        .await;
    let message = match status {
        Ok(0) => return Ok(()),
        Ok(_) => "`docker compose up` failed".to_owned(),
        Err(HostError::TimedOut { .. }) => {
            format!(
                "`docker compose up` did not end within {} s",
                limit.as_secs()
            )
        }
        Err(error) => return Err(error.into()),
    };
    let text = tail.text();
    let mut trouble = Trouble::new(Verdict::UpFailed, message).excerpt("docker compose up", &text);
    trouble.help = help(&text, context.host.name(), context.host.is_local());
    Err(trouble)
}

fn help(said: &str, host: &str, local: bool) -> Option<String> {
    let has = |needle: &str| said.contains(needle);
    if has("pull access denied") || has("unauthorized") || has("denied: requested access") {
        let login = if local {
            "docker login REGISTRY".to_owned()
        } else {
            format!("ssh -t {host} docker login REGISTRY")
        };
        Some(format!(
            "the image does not exist, or the host may not pull it. Log in on the host: {login}"
        ))
    } else if has("no matching manifest") {
        Some(
            "the image is not made for the host's architecture; name another tag, or `build:` it"
                .to_owned(),
        )
    } else if has("could not find an available") || has("fully subnetted") {
        Some("Docker has no address left for another network: `docker network ls` on the host shows what holds them".to_owned())
    } else if has("no space left on device") {
        Some("the host's disk is full: `docker system df` there shows what Docker holds".to_owned())
    } else if has("port is already allocated") || has("address already in use") {
        Some(
            "something took the port meanwhile: `ss -ltnp` and `docker ps` on the host show what"
                .to_owned(),
        )
    } else {
        None
    }
}

/// Ports without a number have one once their container runs.
async fn fill_numbers(context: &Context<'_>, published: &mut [Published]) -> Result<(), Trouble> {
    let containers = context.sandbox.inspect(context.host).await?;
    for one in published.iter_mut().filter(|one| one.port.is_none()) {
        one.port = containers
            .sorted()
            .into_iter()
            .filter(|container| container.service == one.service)
            .find_map(|container| container.published(one.container_port, one.transport));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_pull_says_how_to_log_in() {
        let text = help("Error pull access denied for x", "railiance01", false);
        assert!(
            text.is_some_and(|text| text.ends_with("ssh -t railiance01 docker login REGISTRY"))
        );
        assert_eq!(help("exit 1", "local", true), None);
    }
}

//! Bring the stack up: the canonical model, rewritten, with its ports claimed.

mod compose_output;

use std::fmt::Write as _;

use e2e_harness::protocol::Endpoints;
use serde_json::Value;

use crate::compose::{
    Isolation, PortRule, Published, Rewritten, images, isolate, needs, risks, test_service,
};
use crate::host::{HostError, HostKind};
use crate::record::outcome::{Stage, Verdict};
use crate::run::stages::up::compose_output::{COMPOSE, failed, help, without_progress};
use crate::run::{Context, Stack, StageError, StageOutput, Tail, endpoints, test_env};
use crate::sandbox::{State, compose};
use crate::setup::lint;
use crate::spec::{Lint, Ports, Warning};
use crate::text::count;

use super::network_plan::NetworkPlan;
use super::sync::{Sent, Synced};
use super::{model, ports, strict};

pub use crate::run::stages::up::compose_output::with_reason;

/// So many warnings of one kind are shown.
const SHOWN: usize = 3;

/// Somebody may be faster to a free port; more often than this it is not chance.
const TRIES: usize = 5;

/// Brings it up.
pub async fn up(context: &Context<'_>, synced: &Synced) -> Result<StageOutput<Stack>, StageError> {
    let scan = &synced.scan;
    let interpolation = model::from_client(context, scan);
    strict::files(context, scan).await?;
    model::warn_of_risks(context, &risks::fetched(&scan.remote));
    // Once more: the build may have made them.
    model::learn_variables(context);
    let (model, warnings) = model::read(context, &interpolation).await?;
    model::learn_secrets(context, &model);
    model::check_names(&model)?;
    let (risks, outside) = reaches(context, &model).await;
    model::warn_of_risks(context, &risks);
    warn(context, &outside);
    let sent = model::send_needed(context, &model, synced).await?;
    let stale = stale(context, &model, &sent);
    model::check_externals(context, &model).await?;
    let mut tries = 0;
    let mut networks = NetworkPlan::new(context, &model).await?;
    let (prepared, changed) = loop {
        tries += 1;
        let mut prepared = prepare(
            context,
            synced,
            &interpolation,
            &model,
            &warnings,
            &networks,
        )
        .await?;
        if !stale.is_empty() {
            prepared.commands += &compose::recreate_commands(context.sandbox, &stale);
        }
        if tries == 1 {
            for warning in &prepared.warnings {
                let lint = Lint::of_compose(warning);
                warn(
                    context,
                    &[Warning::new(lint, format!("compose: {warning}"))],
                );
            }
            let checks = lint::unpublished(context.plan, &model, &prepared.rewritten.published);
            if let Some((error, help)) = checks.into_iter().next() {
                return Err(StageError::new(Verdict::SpecError, error).help(help));
            }
            warn_of_mistakes(context, &prepared.rewritten.published).await;
        }
        let error = match start(context, &prepared).await {
            Ok(changed) => break (prepared, changed),
            Err(error) => error,
        };
        // What is there already is not removed for it.
        let another = if tries < TRIES && context.before.is_none() {
            networks.after(&error, prepared.gateway.as_deref(), &prepared.numbers)
        } else {
            None
        };
        let Some(why) = another else {
            return Err(error);
        };
        context.events.note(why);
        // What a failed `up` leaves, the next one would take for its own.
        context.sandbox.reset(context.host).await?;
    };
    let Prepared {
        rewritten,
        numbers,
        interpolation,
        ..
    } = prepared;
    let mut published = rewritten.published;
    if published.iter().any(|one| one.port.is_none()) {
        fill_numbers(context, &mut published).await?;
    }
    let services = rewritten.model["services"]
        .as_object()
        .map_or(0, serde_json::Map::len);
    sent.settle(context).await?;
    let mut detail = count(services, "service");
    if !stale.is_empty() {
        let whose = if stale.len() == 1 { "its" } else { "their" };
        let stale = stale.join(", ");
        let _ = write!(detail, ", recreated {stale}: {whose} files changed");
    } else if context.before.is_some() && !changed {
        detail += ", nothing changed";
    }
    Ok(StageOutput::new(
        Stack {
            published,
            health_allowance: rewritten.health_allowance,
            numbers,
            interpolation,
            model: rewritten.model,
        },
        detail,
    ))
}

/// What the stack may do beyond its sandbox, and what it names that does not travel.
async fn reaches(context: &Context<'_>, model: &Value) -> (Vec<Warning>, Vec<Warning>) {
    let (plan, model) = (context.plan.clone(), model.clone());
    let folder = context.sandbox.repo_dir();
    let looked = tokio::task::spawn_blocking(move || lint::reaches(&plan, &model, &folder)).await;
    looked.unwrap_or_default()
}

/// Warns of what e2e.yml does not accept.
fn warn(context: &Context<'_>, warnings: &[Warning]) {
    for warning in context.plan.not_allowed(warnings) {
        context.events.warn(&warning.text);
    }
}

/// The services in whose containers files changed that they may have read already.
fn stale(context: &Context<'_>, model: &Value, sent: &Sent) -> Vec<String> {
    let folder = context.sandbox.repo_dir();
    let mut services = needs::mounting(model, &folder, sent.pending());
    // That one is made anew for every run.
    services.retain(|name| context.plan.tests.service() != Some(name));
    services
}

/// Says what `check` would say of statuses that are hidden, and of addresses where nobody answers:
/// it is often why tests fail.
async fn warn_of_mistakes(context: &Context<'_>, published: &[Published]) {
    let (plan, published) = (context.plan.clone(), published.to_vec());
    warn(context, &lint::statuses(&plan));
    let looked = tokio::task::spawn_blocking(move || lint::addresses(&plan, &published)).await;
    let found = looked.unwrap_or_default();
    warn(context, &found[..found.len().min(SHOWN)]);
    if found.len() > SHOWN {
        let more = found.len() - SHOWN;
        let text = format!("`cargo e2e check` has {more} more such warnings");
        context.events.warn(text);
    }
}

/// A model that is ready to run, with its ports given.
struct Prepared {
    rewritten: Rewritten,
    warnings: Vec<String>,
    numbers: Vec<u16>,
    interpolation: Vec<(String, String)>,
    commands: String,
    /// The address of the sandbox's own gateway at which ports are published too.
    gateway: Option<String>,
}

async fn prepare(
    context: &Context<'_>,
    synced: &Synced,
    interpolation: &[(String, String)],
    model: &Value,
    warnings: &[String],
    networks: &NetworkPlan,
) -> Result<Prepared, StageError> {
    let (host, sandbox) = (context.host, context.sandbox);
    let numbers = ports::allocate(context, model).await?;
    let labels = sandbox.labels(context.facts.uid);
    let isolation = Isolation {
        project: &sandbox.identity.project,
        labels: &labels,
        ports: PortRule::new(context.plan.ports, &numbers),
        ipv6: context.facts.ipv6,
        engine: context.facts.engine,
    };
    let mut interpolation = interpolation.to_vec();
    let mut warnings = warnings.to_vec();
    let mut rewritten = isolate(model.clone(), &isolation);
    if synced.scan.uses_endpoints {
        // The names are known only now; the model is read again with them.
        interpolation.extend(endpoint_variables(&rewritten));
        let again = model::read(context, &interpolation).await?;
        model::learn_secrets(context, &again.0);
        warnings = again.1;
        rewritten = isolate(again.0, &isolation);
    }
    if context.plan.ports == Ports::Declared {
        ports::claim(context, &rewritten.published, &numbers).await?;
    }
    let gateway = networks.apply(context, &mut rewritten).await?;
    if let Some(service) = context.plan.tests.service() {
        let variables = test_env::service_variables(context, &rewritten.published)?;
        let (artifacts, cache) = test_env::host_folders(context);
        test_service::equip(
            &mut rewritten.model,
            service,
            context.plan.spec.entrypoint.as_deref(),
            &variables,
            (&artifacts, &cache),
        );
    }
    images::pin(&mut rewritten.model, &synced.images);
    let text = serde_json::to_vec_pretty(&rewritten.model)
        .map_err(|error| StageError::new(Verdict::InternalError, error.to_string()))?;
    sandbox.put(host, "compose.json", &text).await?;
    // What was really run is part of the result; a full disk is told of when that is stored.
    let mut shown = rewritten.model.clone();
    context.events.secrets().json(&mut shown);
    let shown = serde_json::to_vec_pretty(&shown).unwrap_or_default();
    let _ = tokio::fs::write(context.bundle.join("compose.json"), &shown).await;
    let (risks, _) = reaches(context, model).await;
    let told = rewritten
        .notices(&risks)
        .map(|(what, text)| format!("{what}: {text}\n"));
    let told = told.collect::<Vec<_>>().concat();
    let told = context.events.secrets().text(&told).into_owned();
    let _ = tokio::fs::write(context.bundle.join("rewrites.txt"), told).await;
    Ok(Prepared {
        commands: compose::up_commands(
            sandbox,
            &interpolation,
            &rewritten.model,
            context.plan.tests.service(),
            context.before.is_some(),
        ),
        rewritten,
        warnings,
        gateway,
        numbers,
        interpolation,
    })
}

fn endpoint_variables(rewritten: &Rewritten) -> Vec<(String, String)> {
    let mut all = vec![(
        e2e_harness::protocol::HOST.to_owned(),
        "127.0.0.1".to_owned(),
    )];
    let endpoints = Endpoints {
        ports: endpoints::list(&rewritten.published),
        ..Endpoints::default()
    };
    all.extend(endpoints.variables());
    all
}

/// Whether anything was made or started.
async fn start(context: &Context<'_>, prepared: &Prepared) -> Result<bool, StageError> {
    let mut changed = false;
    let mut tail = Tail::masking(context.events.secrets());
    let (limit, most) = (context.plan.limits.up, context.plan.limits.log);
    let status = context
        .sandbox
        .job(
            context.host,
            "up",
            &prepared.commands,
            limit,
            most,
            &mut |bytes| {
                tail.take(bytes, |line| {
                    changed |= ["Created", "Started", "Recreated"]
                        .iter()
                        .any(|word| line.trim_end().ends_with(word));
                    context.events.progress(Stage::Up, line);
                });
            },
        )
        .await;
    let message = match status {
        Ok(0) => return Ok(changed),
        Ok(_) => failed(&tail.text(), &prepared.rewritten.model),
        Err(HostError::TimedOut { .. }) => {
            format!(
                "`docker compose up` exceeded `timeouts.up` ({} s) and was terminated",
                limit.as_secs_f64()
            )
        }
        Err(error @ HostError::TooMuch { .. }) => error.to_string(),
        Err(error) => return Err(error.into()),
    };
    let text = tail.text();
    let mut error =
        StageError::new(Verdict::UpFailed, message).excerpt(COMPOSE, &without_progress(&text));
    error.help = help(&text, HostKind::of(context.host.name()));
    Err(error)
}

/// Writes down on the host what others need to live with the sandbox.
pub async fn remember(context: &Context<'_>, stack: &Stack, endpoints: &Endpoints) {
    let state = State {
        definition: crate::run::definition::definition(context.plan).await,
        label_expires: context.sandbox.expires,
        ports: stack.numbers.clone(),
        endpoints: endpoints.clone(),
        repo_dir: context.sandbox.repo_dir(),
    };
    let text = serde_json::to_vec(&state).unwrap_or_default();
    if let Err(error) = context.sandbox.put(context.host, "state.json", &text).await {
        context.events.warn(format!(
            "failed to store the sandbox's state, so `--reuse` will not work: {error}"
        ));
    }
}

/// Of a range, Docker chooses once the container runs.
async fn fill_numbers(
    context: &Context<'_>,
    published: &mut [Published],
) -> Result<(), StageError> {
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

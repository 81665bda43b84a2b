//! Bring the stack up: the canonical model, rewritten, with its ports claimed.

mod ahead;
mod compose_output;
mod flakes;
mod not_sent;
mod pulling;
mod refusal;
mod registry_auth;
mod start;
mod warnings;

use std::fmt::Write as _;

use e2e_harness::protocol::Endpoints;
use serde_json::Value;

use crate::compose::pulls::{self, Pull};
use crate::compose::scan::Scan;
use crate::compose::{
    Isolation, PortRule, Published, Rewritten, images, isolate, needs, risks, test_service,
};
use crate::record::outcome::Verdict;
use crate::run::ready::Watching;
use crate::run::stages::up::flakes::Flakes;
use crate::run::stages::up::start::{Started, start};
use crate::run::stages::up::warnings::{reaches, warn, warn_of_mistakes};
use crate::run::{Context, Stack, StageError, StageOutput, endpoints, test_env};
use crate::sandbox::{State, compose, docker_shim, pull};
use crate::setup::lint;
use crate::spec::{self, Lint, Ports, Warning};
use crate::text::count;

use super::network_plan::NetworkPlan;
use super::sync::{Sent, Synced};
use super::{config, model, ports, strict};

pub use crate::run::stages::up::ahead::Ahead;
pub use crate::run::stages::up::compose_output::with_reason;

/// Tries with other ports: another program may take a free one, but hardly this often.
const TRIES: usize = 5;

/// Brings it up; its containers may have been made ahead. Where it could, watching has begun before the last
/// container had started.
pub async fn up(
    context: &Context<'_>,
    synced: &Synced,
    ahead: Option<Ahead>,
) -> Result<StageOutput<(Stack, Option<Watching>)>, StageError> {
    let scan = &synced.scan;
    let interpolation = config::from_client(context, scan);
    strict::files(context, scan).await?;
    model::warn_of_risks(context, &risks::fetched(&scan.remote));
    // Again, because the build may have created the files.
    model::learn_variables(context);
    let (model, warnings) = model::read(context, &interpolation, synced.early.as_ref()).await?;
    model::learn_secrets(context, &model);
    model::check_names(&model)?;
    let (risks, outside) = reaches(context, &model).await;
    model::warn_of_risks(context, &risks);
    warn(context, &outside);
    let mut made = match ahead {
        Some(ahead) => ahead.of(context, &model).await?,
        None => None,
    };
    let sent = model::send_needed(context, &model, synced).await?;
    let stale = stale(context, &model, &sent);
    model::check_externals(context, &model).await?;
    let mut tries = 0;
    let mut flakes = Flakes::new();
    let mut networks = NetworkPlan::new(context, &model).await?;
    let (prepared, started) = loop {
        tries += 1;
        let asked = Asked {
            scan,
            images: &synced.images,
            interpolation: &interpolation,
            model: &model,
            warnings: &warnings,
        };
        let mut prepared = match made.take() {
            Some(prepared) => prepared,
            None => prepare(context, &asked, &networks, false).await?,
        };
        if !stale.is_empty() {
            prepared.recreate(context, &stale);
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
        let error = match start(
            context,
            &prepared.commands,
            &prepared.rewritten,
            &prepared.pulls,
        )
        .await
        {
            Ok(started) => break (prepared, started),
            Err(error) => error,
        };
        if flakes.another(context, &error).await {
            continue;
        }
        // What is up already is not removed for another try.
        let another = if tries < TRIES && context.before.is_none() {
            networks.after(&error, prepared.gateway.as_deref(), &prepared.numbers)
        } else {
            None
        };
        let Some(why) = another else {
            return Err(error);
        };
        context.events.note(why);
        // The next `up` would reuse what a failed one left.
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
    sent.settle(context).await?;
    let detail = detail(context, &rewritten.model, &stale, &started);
    let stack = Stack {
        published,
        health_allowance: rewritten.health_allowance,
        numbers,
        interpolation,
        model: rewritten.model,
    };
    Ok(StageOutput::new((stack, started.watching), detail))
}

/// Returns what was done, in a few words.
fn detail(context: &Context<'_>, model: &Value, stale: &[String], started: &Started) -> String {
    let services = model["services"]
        .as_object()
        .map_or(0, serde_json::Map::len);
    let mut detail = count(services, "service");
    if !stale.is_empty() {
        let whose = if stale.len() == 1 { "its" } else { "their" };
        let stale = stale.join(", ");
        let _ = write!(detail, ", recreated {stale}: {whose} files changed");
    } else if context.before.is_some() && !started.changed {
        detail += ", nothing changed";
    }
    if let Some(pulled) = &started.pulled {
        let _ = write!(detail, ", {pulled}");
    }
    detail
}

/// Returns the services whose containers may have read files that changed.
fn stale(context: &Context<'_>, model: &Value, sent: &Sent) -> Vec<String> {
    let folder = context.sandbox.repo_dir();
    let mut services = needs::mounting(model, &folder, sent.pending());
    // The test service is recreated for every run.
    services.retain(|name| context.plan.tests.service() != Some(name));
    services
}

/// A model that can be brought up, with its ports.
struct Prepared {
    rewritten: Rewritten,
    warnings: Vec<String>,
    numbers: Vec<u16>,
    interpolation: Vec<(String, String)>,
    pulls: Vec<Pull>,
    /// What makes its containers, and no more.
    create: String,
    commands: String,
    /// The address of the sandbox's gateway at which ports are published too.
    gateway: Option<String>,
}

impl Prepared {
    /// Adds the commands that make these services anew.
    fn recreate(&mut self, context: &Context<'_>, services: &[String]) {
        let model = &self.rewritten.model;
        self.commands += &compose::recreate_commands(context.sandbox, model, services);
    }
}

/// A model, and what it was asked with.
struct Asked<'a> {
    scan: &'a Scan,
    /// The `images` of e2e.yml.
    images: &'a [(String, String)],
    interpolation: &'a [(String, String)],
    model: &'a Value,
    warnings: &'a [String],
}

/// Prepares a model; where its containers are made before, `commands` only start them.
async fn prepare(
    context: &Context<'_>,
    asked: &Asked<'_>,
    networks: &NetworkPlan,
    made: bool,
) -> Result<Prepared, StageError> {
    let (sandbox, model) = (context.sandbox, asked.model);
    let numbers = ports::allocate(context, model).await?;
    let labels = sandbox.labels(context.facts.uid);
    let isolation = Isolation {
        project: &sandbox.identity.project,
        labels: &labels,
        ports: PortRule::new(context.plan.ports, &numbers),
        ipv6: context.facts.ipv6,
        engine: context.facts.engine,
    };
    let mut interpolation = asked.interpolation.to_vec();
    let mut warnings = asked.warnings.to_vec();
    let mut rewritten = isolate(model.clone(), &isolation);
    if asked.scan.uses_endpoints {
        // The ports are known only now, and the model may use their variables: it is read again.
        interpolation.extend(endpoint_variables(&rewritten));
        let again = model::read(context, &interpolation, None).await?;
        model::learn_secrets(context, &again.0);
        warnings = again.1;
        rewritten = isolate(again.0, &isolation);
    }
    if !made {
        claim(context, &rewritten.published, &numbers).await?;
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
    images::pin(&mut rewritten.model, asked.images);
    let always = context.plan.spec.pull == spec::Pull::Always;
    let pulls = pulls::take(&mut rewritten.model, always);
    let text = serde_json::to_string_pretty(&rewritten.model)
        .map_err(|error| StageError::new(Verdict::InternalError, error.to_string()))?;
    // The model is part of the result; a full disk is reported when that is stored.
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
    let with_auth = registry_auth::send(context, &rewritten.model, &pulls).await?;
    let up = compose::Up {
        interpolation: &interpolation,
        model: &rewritten.model,
        tests: context.plan.tests.service(),
        again: context.before.is_some(),
        pulls: &pull::commands(sandbox, &pulls, context.plan.limits.up),
        made,
        with_auth,
    };
    let put_model = compose::put_model(sandbox, &text);
    let create = compose::create_commands(sandbox, &interpolation);
    Ok(Prepared {
        create: put_model.clone() + &create,
        commands: put_model
            + &docker_shim::install(sandbox, &own_files(context))
            + &compose::up_commands(sandbox, &up),
        rewritten,
        pulls,
        warnings,
        gateway,
        numbers,
        interpolation,
    })
}

/// Waits for the ports that are the host's, where they keep their numbers.
async fn claim(
    context: &Context<'_>,
    published: &[Published],
    numbers: &[u16],
) -> Result<(), StageError> {
    if context.plan.ports == Ports::Declared {
        ports::claim(context, published, numbers).await?;
    }
    Ok(())
}

/// The compose files of e2e.yml where a script may name them: in the sandbox's copy, and here for
/// tests on this machine.
fn own_files(context: &Context<'_>) -> Vec<String> {
    let mut roots = vec![context.sandbox.repo_dir()];
    if context.host.is_local() {
        roots.push(context.plan.repo.root.to_string_lossy().into_owned());
    }
    let mut own = Vec::new();
    for root in roots {
        let files = context.plan.compose_files.iter();
        own.extend(files.map(|file| format!("{root}/{file}")));
    }
    own
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

/// Stores on the host what other commands need to use the sandbox.
pub async fn remember(context: &Context<'_>, stack: &Stack, endpoints: &Endpoints) {
    let state = State {
        definition: crate::run::definition::definition(context.plan).await,
        label_expires: context.sandbox.expires,
        ports: stack.numbers.clone(),
        endpoints: endpoints.clone(),
        repo_dir: context.sandbox.repo_dir(),
        env: context.plan.spec.env.clone(),
        secrets: context.plan.spec.secrets.clone(),
    };
    let text = serde_json::to_vec(&state).unwrap_or_default();
    if let Err(error) = context.sandbox.put(context.host, "state.json", &text).await {
        context.events.warn(format!(
            "failed to store the sandbox's state, so `--reuse` will not work: {error}"
        ));
    }
}

/// Reads the numbers that Docker chose from ranges, once the containers run.
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

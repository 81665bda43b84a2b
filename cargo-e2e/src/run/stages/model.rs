//! The compose model: read on the host, after the files that it needs are sent there.

use std::collections::BTreeSet;
use std::path::PathBuf;

use e2e_harness::protocol::collision;
use serde_json::Value;

use crate::compose::select::{meant, select, unknown};
use crate::compose::{dockerfiles, external, needs, test_service};
use crate::record::outcome::Verdict;
use crate::run::{Context, StageError};
use crate::secrets;
use crate::spec::Warning;

use super::config::{Early, config};
use super::strict;
use super::sync::{Sent, Synced, listed};

/// Looks for credentials in Compose's variables before the model is read: the model does not show
/// its variables any more.
pub(super) fn learn_variables(context: &Context<'_>) {
    let files = context.plan.env_files();
    context
        .events
        .secrets()
        .learn_files(files.iter().map(PathBuf::as_path));
}

/// Looks for credentials in the model, to mask them from now on.
pub(super) fn learn_secrets(context: &Context<'_>, model: &Value) {
    context
        .events
        .secrets()
        .learn(model, |file| read_here(context, file));
}

/// Returns the content of a small file of the repo, by its path on the host.
pub(super) fn read_here(context: &Context<'_>, file: &str) -> Option<String> {
    let inside = file.strip_prefix(&context.sandbox.repo_dir())?;
    let inside = inside.trim_start_matches('/');
    secrets::read_small(&context.plan.repo.root.join(inside))
}

/// Warns of what the stack can reach beyond its sandbox, unless e2e.yml or `--strict` decides otherwise.
pub(super) fn warn_of_risks(context: &Context<'_>, risks: &[Warning]) {
    let files = context.plan.compose_files.join(", ");
    if !context.plan.options.strict {
        for risk in context.plan.not_allowed(risks) {
            context.events.warn(format!("{files}: {}", risk.text));
        }
    }
}

/// Returns the canonical model, and Compose's warnings; `early` is what Compose may have said of it already.
pub(super) async fn read(
    context: &Context<'_>,
    interpolation: &[(String, String)],
    early: Option<&Early>,
) -> Result<(Value, Vec<String>), StageError> {
    let plan = context.plan;
    let profiles = plan.profiles();
    let (mut model, warnings) = match early.and_then(|early| early.of(&profiles, interpolation)) {
        Some(said) => said,
        None => config(context, &profiles, interpolation).await?,
    };
    select(&mut model, &plan.spec.wanted_services()).map_err(|name| {
        StageError::new(Verdict::SpecError, unknown(&name)).help(meant(&name, &model))
    })?;
    if let Some(service) = context.plan.tests.service()
        && model["services"].get(service).is_none()
    {
        // A missing service is often in a profile, which a plain `up` leaves out.
        let (all, _) = config(context, &["*".to_owned()], interpolation).await?;
        if !test_service::take_in(&mut model, &all, service) {
            return Err(StageError::new(
                Verdict::SpecError,
                format!("`test_service` names {service}, which the compose file does not have"),
            )
            .help(meant(service, &all)));
        }
    }
    // At every reading, since variables may change the model.
    strict::model(context, &model).await?;
    dockerfiles::take_in(&mut model, |file| read_here(context, file));
    Ok((model, warnings))
}

/// Sends files that the model needs and git ignores, and returns what the sandbox's copy has then.
/// A missing file is an error: Docker would silently create a root-owned folder of that name.
pub(super) async fn send_needed(
    context: &Context<'_>,
    model: &Value,
    synced: &Synced,
) -> Result<Sent, StageError> {
    let (mut sent, mut extra) = (synced.sent.clone(), synced.extra.clone());
    let needed = needs::paths(model, &context.sandbox.repo_dir());
    if needed.is_empty() {
        extra.finish(context, &mut sent).await?;
        return Ok(sent);
    }
    let missing = context
        .sandbox
        .missing(context.host, needed.keys().map(String::as_str))
        .await?;
    let root = &context.plan.repo.root;
    let (mut here, mut nowhere) = (BTreeSet::new(), BTreeSet::new());
    let mut made = BTreeSet::new();
    for path in missing {
        let need = &needed[&path];
        match tokio::fs::symlink_metadata(root.join(&path)).await {
            Ok(there) if need.begins_empty && there.is_dir() => made.insert(path),
            Ok(_) => here.insert(path),
            Err(_) if need.is_made => made.insert(path),
            Err(_) => nowhere.insert(path),
        };
    }
    for path in needed.keys().filter(|path| sent.has_root(path)) {
        if tokio::fs::symlink_metadata(root.join(path)).await.is_ok() {
            here.insert(path.clone());
        }
    }
    if !nowhere.is_empty() {
        let lines: Vec<String> = nowhere
            .iter()
            .map(|path| format!("{path} does not exist; it is {}", needed[path].why))
            .collect();
        return Err(StageError::new(Verdict::SpecError, lines.join("\n")).help(
            "make it before Compose needs it (`build_command` here, `prepare_command` on the host); for a folder that only \
             containers fill, use a named volume, or commit it with a .gitkeep",
        ));
    }
    if !made.is_empty() {
        context.events.note(format!(
            "the sandbox starts with these folders empty, for containers to write: {}",
            listed(&made)
        ));
        let made = made.iter().map(String::as_str);
        context.sandbox.make_folders(context.host, made).await?;
    }
    if !here.is_empty() {
        context.events.note(format!(
            "git ignores {}, which the stack mounts: sent too",
            listed(&here)
        ));
        let paths = here.iter().map(PathBuf::from).collect();
        extra.send(context, &mut sent, &paths).await?;
        let still = context
            .sandbox
            .missing(context.host, here.iter().map(String::as_str))
            .await?;
        if !still.is_empty() {
            return Err(StageError::new(
                Verdict::SpecError,
                format!(
                    "failed to send {} to {}",
                    still.join(", "),
                    context.host.name()
                ),
            ));
        }
    }
    extra.finish(context, &mut sent).await?;
    Ok(sent)
}

/// Checks that external networks and volumes exist, before the run creates anything.
pub(super) async fn check_externals(
    context: &Context<'_>,
    model: &Value,
) -> Result<(), StageError> {
    let externals = external::externals(model);
    let absent = context.sandbox.absent(context.host, externals).await?;
    let Some(first) = absent.first() else {
        return Ok(());
    };
    let host = context.host.name();
    let lines: Vec<String> = absent
        .iter()
        .map(|one| {
            format!(
                "{} {} is `external` in the compose file, and {host} has no {} called {}",
                one.kind, one.key, one.kind, one.name
            )
        })
        .collect();
    Err(StageError::new(Verdict::UpFailed, lines.join("\n")).help(format!(
        "make it there (`docker {} create {}`), or leave `external` out, so that each sandbox gets its own",
        first.kind, first.name
    )))
}

/// Refuses two services whose variables would overwrite each other.
pub(super) fn check_names(model: &Value) -> Result<(), StageError> {
    let services = model["services"].as_object();
    let names = services.into_iter().flat_map(serde_json::Map::keys);
    match collision(names.map(String::as_str)) {
        None => Ok(()),
        Some((one, other)) => Err(StageError::new(
            Verdict::SpecError,
            format!("services {one} and {other} would share their E2E_… variables"),
        )
        .help("rename one of them")),
    }
}

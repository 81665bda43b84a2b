//! Plans of the repos that were typed, or why there are none.

use std::path::Path;

use futures_util::{StreamExt as _, stream};

use crate::cancel::Cancel;
use crate::compose::preview::PreviewError;
use crate::compose::strict;
use crate::plan::{Options, Plan};
use crate::record::outcome::{Verdict, exit_code};
use crate::repo::workspace::Repo;

use super::answers::Trouble;
use super::args::{LookArguments, RepoArguments, SandboxArguments};
use super::host::host_variables;
use super::refused::Refused;
use super::repos::{find, likely, parse};
use super::several::Several;
use super::unplanned::Unplanned;

/// Finds the typed repos, or returns why there is none.
pub(super) fn found(arguments: &RepoArguments) -> Result<Vec<Repo>, Box<Unplanned>> {
    find(arguments).map_err(|refused| {
        let repo = likely(arguments);
        Box::new(Unplanned { refused, repo })
    })
}

/// Does something with each repo, or with the reason why one has no plan, `jobs` at a time; none
/// begins after a signal, but for the first.
pub(super) async fn each_plan(
    repos: Result<Vec<Repo>, Box<Unplanned>>,
    jobs: usize,
    options: &Options,
    cancel: &Cancel,
    work: impl AsyncFn(&Plan) -> u8,
    refuse: impl AsyncFn(Unplanned) -> u8,
) -> Several {
    let mut several = Several::default();
    let repos = match repos {
        Ok(repos) => repos,
        Err(unplanned) => {
            several.worst = refuse(*unplanned).await;
            return several;
        }
    };
    let one = async |at: usize, repo: Repo| {
        let name = shown(&repo);
        if let Some(signal) = cancel.signal().filter(|_| at > 0) {
            // What never ran has not passed.
            return (
                at,
                name,
                None,
                exit_code(Verdict::Interrupted, Some(signal)),
            );
        }
        let code = match plan_for(repo.clone(), options.clone()) {
            Ok(plan) => work(&plan).await,
            Err(refused) => {
                let repo = Some(repo);
                refuse(Unplanned { refused, repo }).await
            }
        };
        (at, name, Some(code), code)
    };
    let each = repos
        .into_iter()
        .enumerate()
        .map(|(at, repo)| one(at, repo));
    let mut ended: Vec<_> = stream::iter(each).buffer_unordered(jobs).collect().await;
    ended.sort_unstable_by_key(|(at, ..)| *at);
    for (_, name, ran, code) in ended {
        several.add(name, ran, code);
    }
    several
}

/// The path of a repo's e2e.yml as people would type it here.
pub(super) fn shown(repo: &Repo) -> String {
    let folder = std::env::current_dir().unwrap_or_default();
    let inside = repo.spec_path.strip_prefix(folder);
    inside.unwrap_or(&repo.spec_path).display().to_string()
}

/// Returns options for looking only.
pub(super) fn looking(arguments: &LookArguments) -> Options {
    Options {
        host: arguments.repo.host.host.clone(),
        strict: arguments.strict,
        ..Options::default()
    }
}

/// Returns options for bringing a sandbox up.
pub(super) fn bringing_up(arguments: &SandboxArguments) -> Options {
    Options {
        keep_for: arguments.keep_for,
        no_wait: arguments.no_wait,
        need: arguments.need.unwrap_or_default(),
        ..looking(&arguments.look)
    }
}

/// Makes the plan for one repo. The file is small, and nothing else happens meanwhile.
pub(super) fn plan_for(repo: Repo, options: Options) -> Result<Plan, Refused> {
    let text = std::fs::read(&repo.spec_path).map_err(|source| Refused::Unreadable {
        path: repo.spec_path.clone(),
        source,
    })?;
    let spec = parse(&repo, Path::new(&shown(&repo)), text).map_err(Refused::Spec)?;
    Ok(Plan::new(repo, spec, options, &host_variables())?)
}

/// Returns what `--strict` refuses; none where it refuses nothing, or was not asked to.
pub(super) async fn refused_by_strict(plan: &Plan) -> Option<Trouble> {
    if !plan.options.strict {
        return None;
    }
    let (message, help) = match strict::look(plan).await {
        Ok(refused) if refused.is_empty() => return None,
        Ok(refused) => (strict::message(plan, &refused), Some(strict::HELP)),
        // What nobody looked at is not sound.
        Err(error @ PreviewError::NoCompose) => (
            format!("failed to judge the compose file: {error}"),
            Some("install it, or leave --strict to the run, which judges on its host too"),
        ),
        Err(error) => return Some(Trouble::new(error.to_string(), error.help())),
    };
    Some(Trouble::new(message, help))
}

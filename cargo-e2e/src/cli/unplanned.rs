//! A run for which there is no plan: it leaves a record all the same, where its repo is known.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cargo_e2e::plan::{HostVariables, Options, choose_host};
use cargo_e2e::record::event::{Event, Events, Failure};
use cargo_e2e::record::outcome::{
    Record, Stage, StageRecord, StageStatus, Verdict, exit_code, millis, now,
};
use cargo_e2e::repo::workspace::{FindError, Repo};
use cargo_e2e::report::TestLog;
use cargo_e2e::run::finish::finish;
use cargo_e2e::run::keeping::{About, Keeping, bundle_in};
use cargo_e2e::run::lifecycle::Outcome;
use cargo_e2e::sandbox::Identity;
use cargo_e2e::secrets::{Secrets, read_small};
use cargo_e2e::spec::{Spec, is_slug, name_in};

use super::args::OutputArguments;
use super::exit::USAGE;
use super::print::{output as streams, warn};
use super::refused::Refused;
use super::reporters::{is_json, reporters};
use super::repos::parse;

/// Why there is no plan, and the repo as far as it is known.
pub(crate) struct Unplanned {
    pub(crate) refused: Refused,
    pub(crate) repo: Option<Repo>,
}

impl Unplanned {
    /// The repo's slug: what e2e.yml says, else what Cargo or the folder is called, as it is.
    fn slug(&self, repo: &Repo) -> Option<String> {
        if let Refused::Find(FindError::PackageWithoutSpec { package, .. }) = &self.refused {
            return Some(package.clone()).filter(|name| is_slug(name));
        }
        let text = std::fs::read(&repo.spec_path).unwrap_or_default();
        let package = || repo.cargo.as_ref()?.package.clone();
        let folder = || Some(repo.root.file_name()?.to_str()?.to_owned());
        name_in(&text).or_else(|| {
            let names = [package(), folder()];
            names.into_iter().flatten().find(|name| is_slug(name))
        })
    }

    /// Leaves a record of a run that ends with this, tells of it as of any other, and returns the
    /// exit code. What was typed wrong is no run; nor is one of which no repo is known.
    pub(crate) async fn record(&self, output: &OutputArguments, options: &Options) -> u8 {
        let code = self.refused.code();
        let known = self.repo.as_ref().filter(|_| code != USAGE);
        let Some((repo, slug)) = known.and_then(|repo| Some((repo, self.slug(repo)?))) else {
            return self.refused.show();
        };
        let identity = Identity::new(&slug).by(repo.other_spec());
        let bundle = match bundle_in(&repo.results_dir, &identity.run_id).await {
            Ok(bundle) => bundle,
            Err(error) => {
                warn(&format!("failed to store the record of this run: {error}"));
                return self.refused.show();
            }
        };
        let spec = sound_spec(repo);
        let secrets = Arc::new(secrets(repo, spec.as_ref()));
        let log = TestLog::new(bundle.dir(), 0);
        let (variables, configured) = (HostVariables::from_env(), || repo.host.clone());
        let about = About {
            host: choose_host(options.host.as_deref(), &variables, configured).name,
            spec: repo.spec_path.clone(),
            report: spec.map(|spec| spec.report).unwrap_or_default(),
            is_run: true,
            by_name: false,
            tests_on_host: false,
        };
        let host = about.host.clone();
        let mut reporters = reporters(output, &repo.root, log.clone());
        let (keeping, journal) = Keeping::begin(about, &identity, &bundle, log);
        reporters.extend(journal);
        let events = Events::masking(secrets, reporters);
        keeping.recover_killed_runs(&events);
        let record = self.run(&identity, &host, &repo.root, &events).await;
        let outcome = Outcome {
            record,
            kept: None,
            skew: jiff::SignedDuration::ZERO,
            ended_sandboxes: Vec::new(),
        };
        finish(outcome, keeping, &events, streams(), is_json(output)).await
    }

    /// The whole run: one stage, which fails.
    async fn run(&self, identity: &Identity, host: &str, root: &Path, events: &Events) -> Record {
        let (started, started_at) = (Instant::now(), now());
        events.emit(Event::RunStarted {
            run_id: identity.run_id.clone(),
            repo: identity.slug.clone(),
            spec: identity.spec.clone(),
            host: host.to_owned(),
        });
        let git = cargo_e2e::repo::git::describe(root).await;
        events.emit(Event::Commit { git: git.clone() });
        let stage = Stage::Plan;
        events.emit(Event::StageStarted { stage });
        let (message, help) = self.refused.text();
        events.emit(Event::Failure(Failure {
            stage,
            message: message.clone(),
            excerpts: Vec::new(),
            help: help.map(str::to_owned),
        }));
        events.emit(Event::StageEnded {
            stage,
            status: StageStatus::Failed,
            duration: Duration::ZERO,
            detail: message.clone(),
        });
        let help = help.map_or_else(String::new, |help| format!("\nhelp: {help}"));
        Record {
            schema: 1,
            run_id: identity.run_id.clone(),
            repo: identity.slug.clone(),
            spec: identity.spec.clone(),
            git,
            host: host.to_owned(),
            verdict: Verdict::SpecError,
            exit_code: exit_code(Verdict::SpecError, None),
            started_at: started_at.clone(),
            duration_ms: millis(started.elapsed()),
            stages: vec![StageRecord {
                name: stage,
                status: StageStatus::Failed,
                started_at,
                duration_ms: 0,
                detail: format!("{message}{help}"),
            }],
            health_checks: Vec::new(),
            services: Vec::new(),
            tests: Vec::new(),
            leftovers: Vec::new(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// A repo's e2e.yml, where that is sound.
fn sound_spec(repo: &Repo) -> Option<Spec> {
    let text = std::fs::read(&repo.spec_path).ok()?;
    parse(repo, &repo.spec_path, text).ok()
}

/// What a message may quote: lines of e2e.yml, and what Cargo and Compose say.
fn secrets(repo: &Repo, spec: Option<&Spec>) -> Secrets {
    let set: Vec<(String, String)> = environment().collect();
    let mut names = spec.map_or_else(Vec::new, |spec| spec.secrets.clone());
    names.retain(|name| {
        set.iter()
            .any(|(is, value)| is == name && !value.is_empty())
    });
    // Those that are not set have no value to mask.
    let secrets = Secrets::of(&names, set).unwrap_or_default();
    let own = spec.map_or_else(Vec::new, |spec| spec.env_files.clone());
    let own = own.iter().map(PathBuf::from);
    let files: Vec<PathBuf> = [".env".into(), "e2e/.env".into()]
        .into_iter()
        .chain(own)
        .map(|file: PathBuf| repo.root.join(file))
        .collect();
    secrets.learn_files(files.iter().map(PathBuf::as_path));
    // A mistake may stand in the line of a credential: what is no YAML still has lines.
    let text = read_small(&repo.spec_path).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let unquoted = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    let written: Vec<_> = lines
        .map(|(name, value)| (unquoted(name), unquoted(value)))
        .collect();
    secrets.learn_variables(&written);
    secrets
}

/// Returns what this process was given, as far as it is text.
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

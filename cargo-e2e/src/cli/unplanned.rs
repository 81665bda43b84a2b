//! A run for which there is no plan: it leaves a record all the same, where its repo is known.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::plan::{Options, choose_host};
use crate::record::event::{Event, Events, Failure};
use crate::record::outcome::{
    Record, Stage, StageRecord, StageStatus, Verdict, exit_code, millis, now,
};
use crate::repo::workspace::{FindError, Repo};
use crate::report::TestLog;
use crate::run::finish::finish;
use crate::run::keeping::{About, Keeping, bundle_in};
use crate::run::lifecycle::Outcome;
use crate::sandbox::Identity;
use crate::secrets::{Secrets, read_small};
use crate::spec::{Spec, is_slug, name_in};

use super::exit::USAGE;
use super::host::host_variables;
use super::print::warn;
use super::refused::Refused;
use super::reporters::{Screen, reporters};
use super::repos::parse;

/// Why there is no plan, and the repo as far as it is known.
pub(crate) struct Unplanned {
    pub(crate) refused: Refused,
    pub(crate) repo: Option<Repo>,
}

impl Unplanned {
    /// Returns the slug of e2e.yml, else the name of the Cargo package or of the folder, unchanged.
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

    /// Records and reports a run that ends with this error, and returns the exit code. Typing
    /// errors and runs without a known repo leave no record.
    pub(crate) async fn record(&self, screen: Screen<'_>, options: &Options) -> u8 {
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
        let (variables, configured) = (host_variables(), || repo.host.clone());
        let about = About {
            host: choose_host(options.host.as_deref(), &variables, configured).name,
            spec: repo.spec_path.clone(),
            report: spec.map(|spec| spec.report).unwrap_or_default(),
            is_run: true,
            runner: None,
            tests_on_host: false,
        };
        let host = about.host.clone();
        let mut reporters = reporters(screen, &repo.root, log.clone());
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
        finish(outcome, keeping, &events, screen.streams, screen.is_json()).await
    }

    /// Runs one stage, which fails.
    async fn run(&self, identity: &Identity, host: &str, root: &Path, events: &Events) -> Record {
        let (started, started_at) = (Instant::now(), now());
        events.emit(Event::RunStarted {
            run_id: identity.run_id.clone(),
            repo: identity.slug.clone(),
            spec: identity.spec.clone(),
            host: host.to_owned(),
        });
        let git = crate::repo::git::describe(root).await;
        events.emit(Event::Commit { git: git.clone() });
        let stage = Stage::Plan;
        events.emit(Event::begin(stage));
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
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            ..Record::default()
        }
    }
}

/// Returns a repo's e2e.yml where it has no mistake.
fn sound_spec(repo: &Repo) -> Option<Spec> {
    let text = std::fs::read(&repo.spec_path).ok()?;
    parse(repo, &repo.spec_path, text).ok()
}

/// Returns the secrets that a message may quote from e2e.yml, Cargo and Compose.
fn secrets(repo: &Repo, spec: Option<&Spec>) -> Secrets {
    let set: Vec<(String, String)> = environment().collect();
    let mut names = spec.map_or_else(Vec::new, |spec| spec.secrets.clone());
    let is_set = |name: &String| {
        set.iter()
            .any(|(is, value)| is == name && !value.is_empty())
    };
    names.retain(is_set);
    // Secrets that are not set have no value to mask.
    let secrets = Secrets::of(&names, set).unwrap_or_default();
    let own = spec.into_iter().flat_map(|spec| &spec.env_files);
    let files = [".env", "e2e/.env"]
        .into_iter()
        .chain(own.map(String::as_str));
    let files: Vec<PathBuf> = files.map(|file| repo.root.join(file)).collect();
    secrets.learn_files(files.iter().map(PathBuf::as_path));
    // The mistake may stand in a line with a credential: e2e.yml is scanned as text, even where it
    // is no YAML.
    let text = read_small(&repo.spec_path).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let unquoted = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    let written = lines.map(|(name, value)| (unquoted(name), unquoted(value)));
    let written: Vec<_> = written.collect();
    secrets.learn_variables(&written);
    secrets
}

/// Returns this process's environment, as far as it is UTF-8.
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

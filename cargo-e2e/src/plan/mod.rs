//! What a run is going to do: a value, made without touching a host, that can be shown.

mod cargo_flags;
mod demand;
mod error;
mod harness;
mod host;
mod limits;
mod runner;
mod test_kind;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::environment;
use crate::repo::workspace::Repo;
use crate::spec::{Cleanup, Lint, Need, Ports, Side, Spec, Warning};

pub use cargo_flags::CargoFlags;
pub use error::PlanError;
pub use host::{HostChoice, HostVariables, choose_host};
pub use limits::Limits;
pub use runner::{Listing, NEXTEST_RUNS, Runner};
pub use test_kind::{Target, Tests};

/// A sandbox that was asked to be kept lives this long, unless `--keep-for` says otherwise.
pub const KEEP_FOR: Duration = Duration::from_hours(24);

/// A sandbox outlives the last word of its client by this.
pub const LEASE: Duration = Duration::from_mins(1);

/// Time on top of all timeouts before a sandbox counts as expired.
const GRACE: Duration = Duration::from_mins(10);

/// What was typed, as far as it changes the plan.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag that can be typed"
)]
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--host`.
    pub host: Option<String>,
    /// `--keep`, `--keep-on-failure`.
    pub keep: Keep,
    /// `--keep-for`.
    pub keep_for: Option<Duration>,
    /// `--strict`: a compose file that reaches beyond its sandbox is not brought up.
    pub strict: bool,
    /// `--reuse`, or a command that goes on with a sandbox.
    pub reuse: bool,
    /// `--no-wait`.
    pub no_wait: bool,
    /// `--need`.
    pub need: Need,
    /// `up`: no tests, and the sandbox stays.
    pub up_only: bool,
    /// `--nextest`.
    pub nextest: bool,
    /// `--last-failed`: of the run with this id, or of the last one where it is empty.
    pub last_failed: Option<String>,
    /// The tests that `--last-failed` found: a run in which one of them does not run did not pass.
    pub must_run: Vec<String>,
    /// Cargo's flags for its test targets.
    pub cargo: CargoFlags,
    /// What goes to the tests.
    pub arguments: Vec<String>,
}

/// When the sandbox outlives the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    #[default]
    No,
    /// When the run did not pass.
    OnFailure,
    Always,
}

/// What a run is going to do.
#[derive(Debug, Clone)]
pub struct Plan {
    pub repo: Repo,
    pub spec: Spec,
    pub host: HostChoice,
    /// As they were typed; what e2e.yml and variables also decide stands beside.
    pub options: Options,
    /// When the sandbox outlives the run.
    pub keep: Keep,
    /// Whether `--keep` was given: the only way to keep after a signal.
    pub keep_typed: bool,
    pub keep_for: Duration,
    /// How long the sandbox outlives the last word of this client.
    pub lease: Duration,
    /// What the stack needs of its host.
    pub need: Need,
    /// How many sandboxes may be up on the host at a time, where its own count is set aside.
    pub slots: Option<u32>,
    /// Where the tests run.
    pub tests_on: Side,
    /// Which numbers published ports get.
    pub ports: Ports,
    /// What the tests are.
    pub tests: Tests,
    /// How long each stage may take.
    pub limits: Limits,
    /// Compose files, relative to the repo's root.
    pub compose_files: Vec<String>,
    /// The folder that relative paths in them start from, relative to the repo's root; empty is
    /// the root.
    pub project_dir: String,
    /// Where it is not the first file's own folder: why.
    pub project_dir_because: Option<String>,
}

impl Plan {
    /// The compose profiles to enable. All, where services are named: naming one enables it.
    pub fn profiles(&self) -> Vec<String> {
        if self.spec.services.is_empty() {
            self.spec.profiles.clone()
        } else {
            vec!["*".to_owned()]
        }
    }

    /// Makes the plan. Reads the compose files and their links; touches nothing.
    ///
    /// # Errors
    /// When a compose file does not exist or leads out of the repo.
    pub fn new(
        repo: Repo,
        spec: Spec,
        options: Options,
        variables: &HostVariables,
    ) -> Result<Self, PlanError> {
        if repo.root.to_str().is_none() {
            return Err(PlanError::NotUtf8 { root: repo.root });
        }
        let host = choose_host(options.host.as_deref(), variables, || repo.host.clone());
        let keep = match (options.keep, spec.cleanup) {
            (Keep::Always, _) | (_, Cleanup::Never) => Keep::Always,
            (Keep::OnFailure, _) | (_, Cleanup::OnSuccess) => Keep::OnFailure,
            (Keep::No, Cleanup::Always) => Keep::No,
        };
        let connect = variables.connect_timeout.as_deref();
        let connect = host::seconds(environment::CONNECT_TIMEOUT, connect)?;
        let lease = host::seconds(environment::LEASE, variables.lease.as_deref())?;
        let slots = host::slots(variables.max_sandboxes.as_deref())?;
        let limits = Limits::of(&spec, connect);
        let (project_dir, project_dir_because) = project_dir(&repo, &spec)?;
        let tests = harness::choose(&repo, &spec, options.nextest, &options.cargo)?;
        // Test targets need Cargo, which a host need not have, and know where everything answers.
        let (side, ports) = match &tests {
            Tests::Targets(_) => (Side::Client, Ports::Isolated),
            Tests::Service { .. } => (Side::Host, Ports::Isolated),
            // A repo whose tests say `localhost:5432` works unchanged.
            Tests::Command(_) => (Side::Host, Ports::Declared),
        };
        let env_files = env_files(&repo.root, &project_dir, &spec);
        let declared = demand::of(&repo.root, &spec, &env_files);
        Ok(Self {
            host,
            keep,
            keep_typed: options.keep == Keep::Always,
            keep_for: options.keep_for.unwrap_or(KEEP_FOR),
            lease: lease.unwrap_or(LEASE),
            slots,
            need: options.need.or(spec.need).or(declared),
            tests_on: spec.tests_run_on.unwrap_or(side),
            ports: spec.ports.unwrap_or(ports),
            tests,
            limits,
            options,
            compose_files: spec.compose_file.clone(),
            project_dir,
            project_dir_because,
            repo,
            spec,
        })
    }

    /// Returns how long a sandbox of this plan may live at most, unless it is kept.
    pub fn lifetime(&self) -> Duration {
        let limits = &self.limits;
        let checks = self.spec.health_checks.iter();
        let ready: Duration = checks.map(|check| check.timeout).sum();
        let only = |applies: bool, limit: Duration| if applies { limit } else { Duration::ZERO };
        // build_command and the compiler have as much each.
        let compile = only(self.tests.harness().is_some(), limits.build);
        let prepare = only(self.spec.prepare_command.is_some(), limits.setup);
        // Their `junit` files are the same for all runs in this working copy.
        let is_local = self.tests_on == Side::Client && self.tests.service().is_none();
        let junit = only(is_local && !self.spec.junit.is_empty(), limits.queue);
        // Its turn on the host.
        let turn = limits.queue;
        [limits.sum(), compile, prepare, ready, turn, junit, GRACE]
            .into_iter()
            .fold(Duration::ZERO, Duration::saturating_add)
    }

    /// Warnings of Cargo's test targets that seem to be meant and will not run.
    pub fn targets_not_run(&self) -> Vec<Warning> {
        let not_run = harness::not_run(&self.repo, &self.spec);
        Warning::each(Lint::TargetNotRun, not_run).collect()
    }

    /// Returns the texts of warnings that e2e.yml does not accept.
    pub fn not_allowed<'w>(
        &'w self,
        warnings: impl IntoIterator<Item = &'w Warning>,
    ) -> impl Iterator<Item = &'w Warning> {
        let warnings = warnings.into_iter();
        warnings.filter(|warning| !self.spec.allow.contains(&warning.lint))
    }

    /// Returns the spec's path as people know it: relative to the repo where it lies in it.
    pub fn spec_name(&self) -> &Path {
        self.repo.spec_name()
    }

    /// Returns the files whose variables Compose puts into the compose files, the one that counts
    /// last; some may not be there.
    pub fn env_files(&self) -> Vec<PathBuf> {
        env_files(&self.repo.root, &self.project_dir, &self.spec)
    }
}

fn env_files(root: &Path, project_dir: &str, spec: &Spec) -> Vec<PathBuf> {
    let own = spec.env_files.iter().map(|file| root.join(file));
    let dotenv = root.join(project_dir).join(".env");
    [dotenv].into_iter().chain(own).collect()
}

/// Compose would take the folder of a link; people expect the folder of the file that they run
/// by hand.
fn project_dir(repo: &Repo, spec: &Spec) -> Result<(String, Option<String>), PlanError> {
    let mut first = None;
    for file in &spec.compose_file {
        let path = repo.root.join(file);
        let target = path.canonicalize().map_err(|_| PlanError::NoComposeFile {
            spec: repo.spec_path.clone(),
            file: file.clone(),
        })?;
        let Ok(inside) = target.strip_prefix(&repo.root) else {
            let file = file.clone();
            return Err(PlanError::OutsideTheRepo { file, target });
        };
        first.get_or_insert_with(|| (file, inside.to_owned()));
    }
    let Some((file, target)) = first else {
        return Ok((String::new(), None));
    };
    let folder = |path: &Path| {
        let folder = path.parent().unwrap_or(Path::new(""));
        folder.to_string_lossy().into_owned()
    };
    let (written, real) = (folder(Path::new(file)), folder(&target));
    let because = (written != real).then(|| {
        let target = target.display();
        format!("{file} is a link to {target}; plain `docker compose` would take {written}/")
    });
    Ok((real, because))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo(root: &Path) -> Repo {
        Repo {
            root: root.canonicalize().expect("it exists"),
            spec_path: root.join("e2e/e2e.yml"),
            results_dir: root.join("e2e/results"),
            cargo: None,
            host: None,
        }
    }

    fn spec(text: &str) -> Spec {
        let text = format!("name: shop\ntest_command: 'true'\n{text}");
        crate::spec::parse(Path::new("e2e/e2e.yml"), &text).expect("a good spec")
    }

    fn tree() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("e2e")).expect("a folder");
        std::fs::write(folder.path().join("e2e/compose.yml"), "services: {}").expect("a file");
        folder
    }

    fn plan(spec: Spec, options: Options) -> Plan {
        let folder = tree();
        Plan::new(
            repo(folder.path()),
            spec,
            options,
            &HostVariables::default(),
        )
        .expect("a plan")
    }

    #[test]
    fn keeping_is_asked_for_by_flag_or_file() {
        let keep = |yaml: &str, keep| {
            let options = Options {
                keep,
                ..Options::default()
            };
            plan(spec(yaml), options).keep
        };
        assert_eq!(keep("", Keep::No), Keep::No);
        assert_eq!(keep("cleanup: on_success", Keep::No), Keep::OnFailure);
        assert_eq!(keep("cleanup: never", Keep::No), Keep::Always);
        assert_eq!(keep("", Keep::OnFailure), Keep::OnFailure);
        assert_eq!(keep("cleanup: on_success", Keep::Always), Keep::Always);
    }

    #[test]
    fn a_link_means_the_folder_of_its_target() {
        let folder = tree();
        let root = folder.path();
        std::fs::write(root.join("docker-compose.dev.yml"), "services: {}").expect("a file");
        std::fs::remove_file(root.join("e2e/compose.yml")).expect("it is there");
        std::os::unix::fs::symlink("../docker-compose.dev.yml", root.join("e2e/compose.yml"))
            .expect("a link");
        let (dir, because) = project_dir(&repo(root), &spec("")).expect("inside");
        assert_eq!(dir, "");
        assert!(because.is_some_and(|why| why.contains("is a link to docker-compose.dev.yml")));
    }

    #[test]
    fn a_link_out_of_the_repo_and_a_missing_file_are_refused() {
        let folder = tree();
        let root = folder.path();
        std::fs::remove_file(root.join("e2e/compose.yml")).expect("it is there");
        let missing = project_dir(&repo(root), &spec("")).expect_err("it is gone");
        assert!(matches!(missing, PlanError::NoComposeFile { .. }));
        std::os::unix::fs::symlink("/etc/hostname", root.join("e2e/compose.yml")).expect("a link");
        let outside = project_dir(&repo(root), &spec("")).expect_err("it leads out");
        assert!(matches!(outside, PlanError::OutsideTheRepo { .. }));
    }

    #[test]
    fn a_sandbox_lives_longer_than_all_its_stages() {
        let plan = plan(spec("timeout: 100"), Options::default());
        assert!(plan.lifetime() > plan.limits.up + plan.limits.test + plan.limits.teardown);
    }
}

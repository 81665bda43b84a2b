//! How a run ended, and what it left on purpose.

use std::fs;
use std::path::{Path, PathBuf};

use quick_junit::TestCaseStatus;
use serde_json::{Value, json};

use crate::leaks::Trace;
use crate::process::Ended;
use crate::repo::Repo;
use crate::schema::{as_ci_systems_read, as_published};

/// In their order.
const STAGES: &str = "plan connect provision build queue sync prepare compile up ready setup test collect teardown report";

/// A run that is over. Every assertion shows all that the run printed.
#[derive(Debug)]
#[must_use = "say how it should have ended"]
pub struct Ran<'repo> {
    // Its result goes with the repo.
    repo: &'repo Repo,
    ended: Ended,
    trace: Trace,
    bundle: Option<PathBuf>,
    record: Value,
}

impl<'repo> Ran<'repo> {
    #[track_caller]
    pub(crate) fn new(ended: Ended, mut trace: Trace, repo: &'repo Repo) -> Self {
        // `Running SLUG on HOST (run ID)`, unless it should be quiet.
        let told = ended.stderr.split_once("(run ");
        let told = told.map(|(_, rest)| PathBuf::from(&rest[..26]));
        let latest = || fs::read_link(repo.results().join("latest")).ok();
        // One that was killed may not have said it yet.
        let newest = || repo.newest_result().map(PathBuf::from);
        let id = told.or_else(latest).or_else(newest);
        let bundle = id.map(|id| repo.results().join(id));
        let text = bundle
            .as_ref()
            .map(|bundle| fs::read(bundle.join("run.json")));
        let text = text
            .and_then(Result::ok)
            .unwrap_or_else(|| b"null".to_vec());
        let record = serde_json::from_slice(&text).expect("run.json is JSON");
        trace.bundle.clone_from(&bundle);
        Self {
            repo,
            ended,
            trace,
            bundle,
            record,
        }
    }

    /// Checks the exit code and all that the record must say of a run that ended like this:
    /// the same verdict and code, stages in their order, and a sandbox that was removed.
    #[track_caller]
    pub fn ended(&self, code: i32, verdict: &str) -> &Self {
        self.recorded(code, verdict);
        if self.stage_of("provision").is_some() {
            self.stage("teardown", "passed");
        }
        let left = &self.record["leftovers"];
        self.check(*left == json!([]), &format!("left behind: {left}"))
    }

    /// As [`Ran::ended`], for a run that left its sandbox up.
    #[track_caller]
    pub fn kept(&self, code: i32, verdict: &str) -> &Self {
        self.recorded(code, verdict);
        self.no_stage("teardown");
        self.stderr_has(&format!("cargo e2e down {}", &self.run_id()[18..]))
    }

    #[track_caller]
    fn recorded(&self, code: i32, verdict: &str) {
        assert_eq!(self.ended.code, Some(code), "exit code\n{}", self.ended);
        let record = &self.record;
        assert!(!record.is_null(), "there is no run.json\n{}", self.ended);
        assert_eq!(record["verdict"], verdict, "{}", self.ended);
        assert_eq!(record["exit_code"], code, "{}", self.ended);
        as_published(record);
        assert_eq!(record["repo"], self.repo.slug());
        assert_eq!(record["host"], self.trace.host.name());
        assert_eq!(record["run_id"], self.run_id());
        let stages = self.stages().filter_map(|stage| stage["name"].as_str());
        let stages: Vec<&str> = stages.collect();
        let mut expected = STAGES.split(' ');
        for stage in &stages {
            let is_next = expected.any(|name| name == *stage);
            self.check(is_next, &format!("stages are {stages:?}"));
        }
        self.stage("report", "passed");
        self.told_in_files(verdict);
        // `up` is no run of tests.
        if let Some(stored) = self.repo.stored(self.run_id()) {
            assert_eq!(stored, *record, "the store has another record");
        }
        self.check(!self.has_journal(), "its journal is left");
    }

    fn has_journal(&self) -> bool {
        let journal = format!("cargo-e2e/runs/{}.partial", self.run_id());
        self.repo.state().join(journal).exists()
    }

    /// CI reads one of them and people the other: neither may be missing, or say otherwise.
    #[track_caller]
    fn told_in_files(&self, verdict: &str) {
        let junit = self.file("junit.xml");
        let report = quick_junit::Report::deserialize_from_str(&junit)
            .unwrap_or_else(|error| panic!("junit.xml is no JUnit: {error}\n{junit}"));
        let suites = report.test_suites.iter();
        let mut cases = suites.flat_map(|suite| &suite.test_cases);
        let fails = cases.any(|case| matches!(case.status, TestCaseStatus::NonSuccess { .. }));
        assert_eq!(fails, verdict != "passed", "junit.xml\n{junit}");
        as_ci_systems_read(self.bundle());
        self.file_has("report.html", "</html>");
    }

    /// Checks that it was refused before anything began: an exit code, and no result.
    #[track_caller]
    pub fn refused(&self, code: i32) -> &Self {
        assert_eq!(self.ended.code, Some(code), "exit code\n{}", self.ended);
        self.check(self.bundle.is_none(), "it began")
    }

    /// All that it told a person.
    #[must_use]
    pub fn stderr(&self) -> &str {
        &self.ended.stderr
    }

    /// Checks that it told a person this.
    #[track_caller]
    pub fn stderr_has(&self, text: &str) -> &Self {
        let has = self.ended.stderr.contains(text);
        self.check(has, &format!("stderr lacks {text:?}"))
    }

    /// Checks that the tests did not print this.
    #[track_caller]
    pub fn stdout_lacks(&self, text: &str) -> &Self {
        let lacks = !self.ended.stdout.contains(text);
        self.check(lacks, &format!("stdout has {text:?}"))
    }

    /// Checks that it did not tell a person this.
    #[track_caller]
    pub fn stderr_lacks(&self, text: &str) -> &Self {
        let lacks = !self.ended.stderr.contains(text);
        self.check(lacks, &format!("stderr has {text:?}"))
    }

    /// Checks that the tests printed this.
    #[track_caller]
    pub fn stdout_has(&self, text: &str) -> &Self {
        let has = self.ended.stdout.contains(text);
        self.check(has, &format!("stdout lacks {text:?}"))
    }

    /// Checks that a stage was recorded with this status.
    #[track_caller]
    pub fn stage(&self, name: &str, status: &str) -> &Self {
        let stage = self.stage_of(name);
        let is_so = stage.is_some_and(|stage| stage["status"] == status);
        self.check(is_so, &format!("stage {name} is not {status}: {stage:?}"))
    }

    /// Checks what a stage says it did.
    #[track_caller]
    pub fn stage_says(&self, name: &str, text: &str) -> &Self {
        let stage = self.stage_of(name);
        let detail = stage.and_then(|stage| stage["detail"].as_str());
        let has = detail.is_some_and(|detail| detail.contains(text));
        self.check(has, &format!("stage {name} lacks {text:?}: {stage:?}"))
    }

    /// Checks that a stage never began.
    #[track_caller]
    pub fn no_stage(&self, name: &str) -> &Self {
        let stage = self.stage_of(name);
        self.check(
            stage.is_none(),
            &format!("stage {name} was recorded: {stage:?}"),
        )
    }

    /// Checks that it was over within so many seconds.
    #[track_caller]
    pub fn within(&self, seconds: u64) -> &Self {
        let took = self.ended.took.as_secs();
        self.check(took < seconds, &format!("it took {took} s, not {seconds}"))
    }

    fn stages(&self) -> impl Iterator<Item = &Value> {
        self.record["stages"].as_array().into_iter().flatten()
    }

    fn stage_of(&self, name: &str) -> Option<&Value> {
        self.stages().find(|stage| stage["name"] == name)
    }

    /// `run.json`.
    #[must_use]
    pub fn record(&self) -> &Value {
        &self.record
    }

    /// The one of these that has this name, such as `("services", "web")`.
    #[track_caller]
    #[must_use]
    pub fn recorded_as(&self, list: &str, name: &str) -> &Value {
        self.record[list]
            .as_array()
            .and_then(|all| all.iter().find(|one| one["name"] == name))
            .unwrap_or_else(|| panic!("{list} lacks {name}: {}\n{}", self.record[list], self.ended))
    }

    /// The folder with the result.
    #[track_caller]
    #[must_use]
    pub fn bundle(&self) -> &Path {
        self.bundle
            .as_deref()
            .unwrap_or_else(|| panic!("there is no result\n{}", self.ended))
    }

    /// A file of the result.
    #[track_caller]
    #[must_use]
    pub fn file(&self, path: &str) -> String {
        let path = self.bundle().join(path);
        fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}\n{}", path.display(), self.ended))
    }

    /// Checks that a file of the result holds this.
    #[track_caller]
    pub fn file_has(&self, path: &str, text: &str) -> &Self {
        let content = self.file(path);
        let has = content.contains(text);
        self.check(has, &format!("{path} lacks {text:?}:\n{content}"))
    }

    /// Where it ran.
    #[must_use]
    pub fn host(&self) -> crate::Host {
        self.trace.host
    }

    /// The run's id.
    #[track_caller]
    #[must_use]
    pub fn run_id(&self) -> &str {
        let id = self.bundle().file_name().and_then(|name| name.to_str());
        id.expect("a bundle is named like its run")
    }

    /// The sandbox's folder on its host.
    #[track_caller]
    #[must_use]
    pub fn sandbox(&self) -> String {
        format!("{}/sandboxes/{}", self.trace.host.root(), self.run_id())
    }

    /// All that it printed.
    #[must_use]
    pub fn output(&self) -> &Ended {
        &self.ended
    }

    /// What of this run is there now, on this machine and on its host, a line each.
    #[track_caller]
    #[must_use]
    pub fn left(&self) -> Vec<String> {
        self.trace.left()
    }

    /// The same without what a client that was killed leaves on this machine until the next run.
    #[track_caller]
    #[must_use]
    pub fn left_by_a_killed_client(&self) -> Vec<String> {
        let mut left = self.trace.left();
        left.retain(|what| !is_of_a_dead_client(what));
        left
    }

    /// The records of this run that there are on this machine once the dead are told of: one, and
    /// no journal beside it.
    #[track_caller]
    #[must_use]
    pub fn records_after_all(&self) -> Vec<Value> {
        let told = self.repo.cargo_e2e(&["report"]);
        assert_eq!(told.code, Some(0), "{told}");
        assert!(!self.has_journal(), "{told}");
        let folder = self.repo.state().join("cargo-e2e/runs");
        let records = fs::read_dir(folder).into_iter().flatten().flatten();
        let records = records.filter_map(|entry| {
            let text = fs::read(entry.path()).ok()?;
            let record: Value = serde_json::from_slice(&text).ok()?;
            (record["run_id"] == self.run_id()).then_some(record)
        });
        records.inspect(as_published).collect()
    }

    /// Checks that nothing of this run is left, on this machine and on its host.
    #[track_caller]
    pub fn leaves_nothing(&self) -> &Self {
        let left = self.trace.left();
        let what = format!("left behind:\n{}", left.join("\n"));
        self.check(left.is_empty(), &what)
    }

    /// Checks something, and shows all that the run printed where it is not so.
    #[track_caller]
    fn check(&self, is_so: bool, otherwise: &str) -> &Self {
        assert!(is_so, "{otherwise}\n{}", self.ended);
        self
    }
}

fn is_of_a_dead_client(what: &str) -> bool {
    let folder = what.contains("/cargo-e2e/m.");
    folder && !what.ends_with("/master") && !what.contains("socket")
}

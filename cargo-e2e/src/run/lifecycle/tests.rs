use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use indoc::indoc;

use super::*;
use crate::cancel::{Cancel, Signal};
use crate::host::HostError;
use crate::host::scripted::{Reply, Scripted};
use crate::plan::{HostVariables, Keep, Options, Plan};
use crate::record::event::{Events, Reporter};
use crate::record::outcome::StageStatus;
use crate::repo::workspace::Repo;
use crate::sandbox::Identity;

struct To(Scripted);

#[async_trait::async_trait]
impl Connector for To {
    async fn connect(&self, _: &str) -> Result<Box<dyn Host>, HostError> {
        Ok(Box::new(self.0.clone()))
    }
}

struct Unreachable;

#[async_trait::async_trait]
impl Connector for Unreachable {
    async fn connect(&self, name: &str) -> Result<Box<dyn Host>, HostError> {
        Err(HostError::Connect {
            host: name.to_owned(),
            reason: "no route".to_owned(),
            help: String::new(),
        })
    }
}

/// A run on a host that is scripted: what came of it, and what ran there.
struct Ran {
    outcome: Outcome,
    scripts: Vec<&'static str>,
}

impl Ran {
    #[track_caller]
    fn is(&self, verdict: Verdict, code: u8) -> &Self {
        let record = &self.outcome.record;
        assert_eq!(
            (record.verdict, record.exit_code),
            (verdict, code),
            "{record:#?}"
        );
        self
    }

    #[track_caller]
    fn failed_at(&self, stage: Stage) -> &Self {
        let failed: Vec<_> = self
            .outcome
            .record
            .stages
            .iter()
            .filter(|record| record.status == StageStatus::Failed)
            .map(|record| record.name)
            .collect();
        assert_eq!(failed, [stage]);
        self
    }

    #[track_caller]
    fn tore_down(&self) -> &Self {
        assert!(
            self.scripts.ends_with(&["teardown", "close"]),
            "{:?}",
            self.scripts
        );
        self
    }
}

const SPEC: &str = indoc! {"
    name: shop
    test_command: 'true'
    health_checks:
      - name: web
        url: http://localhost:8080
"};

pub(super) fn plan(folder: &Path, more: &str, options: Options) -> Plan {
    std::fs::create_dir_all(folder.join("e2e")).unwrap();
    std::fs::write(folder.join("e2e/compose.yml"), "services: {}").unwrap();
    let spec = crate::spec::parse(Path::new("e2e/e2e.yml"), format!("{SPEC}{more}")).unwrap();
    let root = folder.canonicalize().unwrap();
    let repo = Repo {
        spec_path: root.join("e2e/e2e.yml"),
        results_dir: root.join("e2e/results"),
        root,
        cargo: None,
        host: None,
    };
    Plan::new(repo, spec, options, &HostVariables::default()).unwrap()
}

async fn run_with(
    host: Scripted,
    more: &str,
    options: Options,
    cancel: &Cancel,
    reporters: Vec<Box<dyn Reporter>>,
) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), more, options);
    let outcome = Run {
        plan: &plan,
        identity: Identity::new("shop"),
        connector: &To(host.clone()),
        has_slot: false,
        events: &Events::masking(Arc::default(), reporters),
        cancel,
        bundle: folder.path().to_owned(),
        unknown: BTreeMap::new(),
    }
    .run()
    .await;
    Ran {
        outcome,
        scripts: host.ran(),
    }
}

async fn run(host: Scripted, more: &str) -> Ran {
    run_with(host, more, Options::default(), &Cancel::never(), Vec::new()).await
}

async fn run_failing(script: &'static str, reply: Reply) -> Ran {
    run(Scripted::with(&[(script, reply)]), "").await
}

#[tokio::test]
async fn all_goes_well() {
    let ran = run(Scripted::with(&[]), "").await;
    ran.is(Verdict::Passed, 0).tore_down();
    let stages: Vec<_> = ran
        .outcome
        .record
        .stages
        .iter()
        .map(|stage| stage.name)
        .collect();
    assert_eq!(
        stages,
        [
            Stage::Connect,
            Stage::Provision,
            Stage::Build,
            Stage::Sync,
            Stage::Up,
            Stage::Ready,
            Stage::Setup,
            Stage::Test,
            Stage::Collect,
            Stage::Teardown,
        ]
    );
    assert_eq!(ran.outcome.record.services[0].name, "web");
    assert_eq!(ran.outcome.record.health_checks[0].attempts, 1);
}

#[tokio::test]
async fn a_host_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), "", Options::default());
    let outcome = Run {
        plan: &plan,
        identity: Identity::new("shop"),
        connector: &Unreachable,
        has_slot: false,
        events: &Events::default(),
        cancel: &Cancel::never(),
        bundle: folder.path().to_owned(),
        unknown: BTreeMap::new(),
    }
    .run()
    .await;
    assert_eq!(outcome.record.exit_code, 97);
}

/// What runs on a scripted host that is only looked at. Its shells wait for no second script, so it is asked
/// again.
const ONLY_LOOKED: [&str; 3] = ["preflight", "preflight", "close"];

#[tokio::test]
async fn a_host_that_lacks_everything_is_left_as_it_was() {
    let ran = run_failing("preflight", Reply::Ends("system=Linux\n", 0)).await;
    ran.is(Verdict::HostError, 97).failed_at(Stage::Connect);
    assert_eq!(ran.scripts, ONLY_LOOKED);
}

#[tokio::test]
async fn a_curl_without_http2_matters_only_where_grpc_is_asked() {
    let preflight = crate::host::scripted::PREFLIGHT.replace("http2=yes", "http2=no");
    let host = || {
        let preflight = Box::leak(preflight.clone().into_boxed_str());
        Scripted::with(&[("preflight", Reply::Ends(preflight, 0))])
    };
    run(host(), "").await.is(Verdict::Passed, 0);
    let ran = run(host(), "  - {name: rpc, grpc: 'localhost:7233'}\n").await;
    ran.is(Verdict::HostError, 97).failed_at(Stage::Connect);
    assert_eq!(ran.scripts, ONLY_LOOKED);
}

#[tokio::test]
async fn a_container_that_fell_since_it_was_last_seen_is_not_ready() {
    const FELL: &str = "{\"id\":\"1\",\"name\":\"/web-1\",\"service\":\"web\",\"state\":{\"Status\":\"exited\",\"ExitCode\":3}}\nend\n";
    let ran = run_failing("inspect", Reply::Ends(FELL, 0)).await;
    ran.is(Verdict::Unhealthy, 98).failed_at(Stage::Ready);
}

#[tokio::test]
async fn every_stage_that_fails_is_followed_by_teardown() {
    let no = |text| Reply::Ends(text, 1);
    let lost = |script, reply, stage| (script, reply, Verdict::HostError, 97, stage);
    for (script, reply, verdict, code, stage) in [
        lost("provision", no(""), Stage::Provision),
        lost("the request for a workspace", no(""), Stage::Sync),
        lost("the end of the sync", no(""), Stage::Sync),
        ("compose config", no(""), Verdict::SpecError, 96, Stage::Up),
        lost("compose config", Reply::Ends("", 76), Stage::Up),
        lost("compose config", Reply::Ends("", 137), Stage::Up),
        (
            "compose config",
            Reply::Ends("not json", 0),
            Verdict::SpecError,
            96,
            Stage::Up,
        ),
        (
            "ports",
            Reply::Ends("foreign 8080 process nginx\n", 0),
            Verdict::UpFailed,
            98,
            Stage::Up,
        ),
        (
            "up",
            Reply::Job("pull access denied", 1),
            Verdict::UpFailed,
            98,
            Stage::Up,
        ),
        (
            "watch",
            Reply::Stays(
                "{\"id\":\"1\",\"name\":\"/web-1\",\"service\":\"web\",\"state\":{\"Status\":\"exited\",\"ExitCode\":3}}\nend\n",
            ),
            Verdict::Unhealthy,
            98,
            Stage::Ready,
        ),
        lost("watch", Reply::Ends("", 0), Stage::Ready),
        (
            "test",
            Reply::Job("1 failed\n", 7),
            Verdict::Failed,
            100,
            Stage::Test,
        ),
        (
            "test",
            Reply::Job("sh: 1: pytest: not found\n", 127),
            Verdict::Failed,
            100,
            Stage::Test,
        ),
        lost(
            "test",
            Reply::Ends("the sandbox was taken down", 75),
            Stage::Test,
        ),
    ] {
        let ran = run_failing(script, reply.clone()).await;
        eprintln!("{script}: {reply:?}");
        ran.is(verdict, code).failed_at(stage).tore_down();
    }
}

#[tokio::test]
async fn a_host_that_stays_lost_is_left_to_its_guard() {
    let ran = run_failing("test", Reply::Lost).await;
    ran.is(Verdict::HostError, 97);
    assert!(!ran.scripts.contains(&"teardown"), "{:?}", ran.scripts);
    let record = &ran.outcome.record;
    let teardown = record.stages.last().expect("it has stages");
    assert_eq!(teardown.name, Stage::Teardown);
    assert!(teardown.detail.contains("its guard takes"), "{record:#?}");
    assert_eq!(record.leftovers.len(), 1, "{record:#?}");
}

#[tokio::test]
async fn a_build_that_fails_never_reaches_the_sync() {
    let ran = run(
        Scripted::with(&[]),
        "build_command: 'echo broken; exit 3'\n",
    )
    .await;
    ran.is(Verdict::BuildFailed, 101)
        .failed_at(Stage::Build)
        .tore_down();
    assert!(!ran.scripts.contains(&"the request for a workspace"));
}

#[tokio::test]
async fn a_setup_that_fails_never_reaches_the_tests() {
    let host = Scripted::with(&[("setup", Reply::Job("", 1))]);
    let ran = run(host, "setup_command: 'false'\n").await;
    ran.is(Verdict::SetupFailed, 105)
        .failed_at(Stage::Setup)
        .tore_down();
    assert!(!ran.scripts.contains(&"test"));
}

#[tokio::test]
async fn what_is_left_is_listed_and_counts_least() {
    let left = (
        "teardown",
        Reply::Ends("left network e2e-shop_default\n", 0),
    );
    let ran = run(Scripted::with(std::slice::from_ref(&left)), "").await;
    ran.is(Verdict::Leaked, 99);
    assert_eq!(ran.outcome.record.leftovers, ["network e2e-shop_default"]);
    let ran = run(Scripted::with(&[left, ("test", Reply::Job("", 1))]), "").await;
    ran.is(Verdict::Failed, 100);
    assert_eq!(ran.outcome.record.leftovers.len(), 1);
}

#[tokio::test]
async fn a_teardown_that_can_not_be_asked_for_is_a_leftover_too() {
    let ran = run_failing("teardown", Reply::Ends("", 1)).await;
    ran.is(Verdict::Leaked, 99);
    assert_eq!(ran.outcome.record.leftovers.len(), 1);
    let ran = run_failing("teardown", Reply::Lost).await;
    ran.is(Verdict::HostError, 97);
    assert_eq!(ran.outcome.record.leftovers.len(), 1);
}

#[tokio::test]
async fn evidence_that_can_not_be_had_changes_no_verdict() {
    run_failing("collect", Reply::Ends("", 1))
        .await
        .is(Verdict::Passed, 0)
        .tore_down();
}

#[tokio::test]
async fn a_lease_that_is_lost_is_a_host_error_that_says_so() {
    let host = Scripted::with(&[
        (
            "the lease",
            Reply::Stays("held\nended its guard took it down\n"),
        ),
        ("test", Reply::Stays("")),
    ]);
    let ran = run(host, "").await;
    ran.is(Verdict::HostError, 97).tore_down();
    let detail = |record: &crate::record::outcome::StageRecord| record.detail.clone();
    let details: Vec<_> = ran.outcome.record.stages.iter().map(detail).collect();
    assert!(
        details
            .iter()
            .any(|detail| detail.ends_with("is lost: its guard took it down")),
        "{details:?}"
    );
}

mod limits;
mod secrets;
mod sending;
mod signals;
mod targets;

//! Cargo's test targets, compiled by the real Cargo: a program of a few lines does what a harness
//! would. The real one is tested with real hosts.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use indoc::indoc;

use super::*;
use crate::cancel::Signal;
use crate::repo::workspace::{CargoProject, TestPackage};

const MANIFEST: &str = indoc! {r#"
    [package]
    name = "shop"
    version = "0.3.0"
    edition = "2024"
    [[test]]
    name = "e2e"
    harness = false
    [workspace]
"#};

/// It does what its arguments say.
const HARNESS: &str = r##"
use std::io::Write as _;
fn main() {
    if std::env::var("E2E_HELLO").is_ok() {
        println!("e2e-harness 1\none");
        return;
    }
    if std::env::args().any(|word| word == "--odd") { std::process::exit(2) }
    if std::env::args().any(|word| word == "--list") { return println!("one: test") }
    let wants: Vec<String> = std::env::args().skip(1).collect();
    let wants = |what: &str| wants.iter().any(|want| want == what);
    let events = std::env::var("E2E_EVENTS").unwrap();
    std::fs::write(std::path::Path::new(&events).with_file_name("lock"), "").unwrap();
    let mut events = std::fs::OpenOptions::new().append(true).create(true).open(events).unwrap();
    if wants("nothing") { return }
    let at = r#""test":"one","attempt":1,"at":"2026-01-01T00:00:00Z""#;
    writeln!(events, r#"{{"event":"test_started",{at}}}"#).unwrap();
    println!("in {}", std::env::var("CARGO_PKG_VERSION").unwrap());
    if wants("hang") { std::thread::sleep(std::time::Duration::from_secs(600)) }
    let status = if wants("fail") { "failed" } else { "passed" };
    writeln!(events, r#"{{"event":"test_ended",{at},"status":"{status}","duration_ms":1,"message":null}}"#).unwrap();
    if wants("fail") { std::process::exit(101) }
}
"##;

/// A run of a package whose test target is this program.
struct Package {
    folder: tempfile::TempDir,
}

impl Package {
    fn with(program: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["e2e", "src", "tests", "bundle"] {
            std::fs::create_dir(at(path)).unwrap();
        }
        std::fs::write(at("Cargo.toml"), MANIFEST).unwrap();
        std::fs::write(at("src/lib.rs"), "").unwrap();
        std::fs::write(at("tests/e2e.rs"), program).unwrap();
        std::fs::write(at("e2e/compose.yml"), "services: {}").unwrap();
        Self { folder }
    }

    fn plan(&self, more: &str, arguments: &[&str]) -> Plan {
        let root = self.folder.path().canonicalize().unwrap();
        let path = Path::new("e2e/e2e.yml");
        let spec = crate::spec::parse_in_cargo(path, format!("name: shop\n{more}")).unwrap();
        let repo = Repo {
            spec_path: root.join(path),
            results_dir: root.join("target/e2e"),
            cargo: Some(CargoProject {
                workspace_root: root.clone(),
                target_directory: root.join("target"),
                package: Some("shop".into()),
                tests: vec![TestPackage {
                    name: "shop".into(),
                    version: "0.3.0".into(),
                    manifest: root.join("Cargo.toml"),
                    named: None,
                    targets: vec!["e2e".into()],
                    has_harness: true,
                }],
                skipped: Vec::new(),
            }),
            root,
            host: None,
        };
        let options = Options {
            arguments: arguments.iter().map(ToString::to_string).collect(),
            ..Options::default()
        };
        Plan::new(repo, spec, options, &HostVariables::default()).unwrap()
    }

    async fn run(&self, host: Scripted, more: &str, arguments: &[&str]) -> Ran {
        self.run_until(host, more, arguments, &Cancel::never())
            .await
    }

    async fn run_until(
        &self,
        host: Scripted,
        more: &str,
        arguments: &[&str],
        cancel: &Cancel,
    ) -> Ran {
        let outcome = Run {
            plan: &self.plan(more, arguments),
            identity: Identity::new("shop"),
            connector: &To(host.clone()),
            has_slot: false,
            events: &Events::default(),
            cancel,
            bundle: self.folder.path().join("bundle"),
            unknown: BTreeMap::new(),
        }
        .run()
        .await;
        Ran {
            outcome,
            scripts: host.ran(),
        }
    }
}

/// Gives the one port a number.
fn host(faults: &[(&'static str, Reply)]) -> Scripted {
    let mut all = vec![("allocate", Reply::Ends("20001\n", 0))];
    all.extend_from_slice(faults);
    Scripted::with(&all)
}

#[tokio::test]
async fn targets_run_here_and_tell_of_their_tests() {
    let package = Package::with(HARNESS);
    let ran = package.run(host(&[]), "", &[]).await;
    ran.is(Verdict::Passed, 0).tore_down();
    let record = &ran.outcome.record;
    let names: Vec<_> = record.stages.iter().map(|stage| stage.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    let compile = &record.stages[4];
    assert_eq!(
        (compile.name, compile.detail.as_str()),
        (Stage::Compile, "e2e compiled")
    );
    assert_eq!(
        (record.tests.len(), record.tests[0].name.as_str()),
        (1, "one")
    );
    let bundle = package.folder.path().join("bundle");
    assert!(bundle.join("events.jsonl").is_file());
    assert!(!bundle.join("harness").exists(), "locks are tidied away");
}

#[tokio::test]
async fn what_tests_come_to_is_the_runs_verdict() {
    let package = Package::with(HARNESS);
    for (argument, verdict, code) in [
        ("fail", Verdict::Failed, 100),
        ("nothing", Verdict::NoTests, 4),
        ("hang", Verdict::TimedOut, 100),
    ] {
        let ran = package.run(host(&[]), "timeout: 3\n", &[argument]).await;
        eprintln!("{argument}");
        ran.is(verdict, code).failed_at(Stage::Test).tore_down();
    }
}

#[tokio::test]
async fn a_test_without_an_end_did_not_end() {
    let package = Package::with(HARNESS);
    let ran = package.run(host(&[]), "timeout: 1\n", &["hang"]).await;
    let test = &ran.outcome.record.tests[0];
    assert_eq!(test.message.as_deref(), Some("did not end"));
}

#[tokio::test]
async fn what_does_not_compile_ends_the_run_at_once() {
    let package = Package::with("fn main() { nothing() }");
    // A stack that would never come up.
    let host = host(&[("up", Reply::Stays(""))]);
    let ran = package.run(host, "", &[]).await;
    ran.is(Verdict::BuildFailed, 101)
        .failed_at(Stage::Compile)
        .tore_down();
    let up = ran
        .outcome
        .record
        .stages
        .iter()
        .find(|stage| stage.name == Stage::Up);
    assert_eq!(up.map(|stage| stage.status), Some(StageStatus::Interrupted));
    assert!(!ran.scripts.contains(&"watch"));
}

#[tokio::test]
async fn a_stack_that_does_not_come_up_ends_the_compiler() {
    let package = Package::with(HARNESS);
    let script = "fn main() { std::thread::sleep(std::time::Duration::from_secs(600)) }";
    std::fs::write(package.folder.path().join("build.rs"), script).unwrap();
    let host = host(&[("up", Reply::Job("no such image", 1))]);
    let ran = package.run(host, "", &[]).await;
    ran.is(Verdict::UpFailed, 98)
        .failed_at(Stage::Up)
        .tore_down();
    let stages = &ran.outcome.record.stages;
    let compile = stages.iter().find(|stage| stage.name == Stage::Compile);
    assert_eq!(
        compile.map(|stage| stage.status),
        Some(StageStatus::Interrupted)
    );
}

#[tokio::test]
async fn a_target_that_is_no_harness_is_told_from_one() {
    let package = Package::with("fn main() { println!(\"one: test\") }");
    let ran = package.run(host(&[]), "", &[]).await;
    ran.is(Verdict::SpecError, 96)
        .failed_at(Stage::Compile)
        .tore_down();
}

#[tokio::test]
async fn arguments_that_a_target_refuses_end_the_run_before_its_tests() {
    let package = Package::with(HARNESS);
    let ran = package.run(host(&[]), "", &["--odd"]).await;
    ran.is(Verdict::SpecError, 96)
        .failed_at(Stage::Compile)
        .tore_down();
    let compile = &ran.outcome.record.stages[4].detail;
    assert!(compile.contains("what follows `--`: --odd"), "{compile}");
    assert!(ran.outcome.record.tests.is_empty());
}

#[tokio::test]
async fn a_list_needs_no_host() {
    let package = Package::with(HARNESS);
    let plan = package.plan("", &["--list"]);
    assert!(stages::test::only_asks(&plan));
    let seen = Seen::default();
    let events = Events::masking(Arc::default(), vec![Box::new(seen.clone())]);
    stages::test::answer(&plan, &events).await.unwrap();
    assert_eq!(*seen.printed.lock().unwrap(), "one: test\n");
    let refused = package.plan("", &["--list", "--odd"]);
    let refused = stages::test::answer(&refused, &Events::default()).await;
    assert_eq!(refused.unwrap_err().verdict, Verdict::SpecError);
    assert!(!stages::test::only_asks(&package.plan("", &["one"])));
}

#[tokio::test]
async fn a_target_without_main_is_told_how_it_ends() {
    let package = Package::with("fn one() {}");
    let refused = stages::test::answer(&package.plan("", &["--list"]), &Events::default()).await;
    let help = refused.unwrap_err().help;
    assert_eq!(
        help.as_deref(),
        Some("end tests/e2e.rs with `e2e_harness::main!();`")
    );
}

#[tokio::test]
async fn a_signal_ends_tests_and_what_they_told_is_kept() {
    let package = Package::with(HARNESS);
    let (cancel, press) = Cancel::by_hand();
    let run = package.run_until(host(&[]), "", &["hang"], &cancel);
    let bundle = package.folder.path().join("bundle/harness/events.jsonl");
    let signal = async {
        // It has begun once it has told so.
        let told = async {
            while std::fs::read(&bundle).map_or(0, |told| told.len()) == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let told = tokio::time::timeout(Duration::from_mins(1), told).await;
        // Pressed in any case: the run has an end then.
        press(Signal::Int);
        assert!(told.is_ok(), "the test has not begun");
    };
    let (ran, ()) = tokio::join!(run, signal);
    ran.is(Verdict::Interrupted, 130).tore_down();
    let test = &ran.outcome.record.tests[0];
    assert_eq!(
        (test.name.as_str(), test.status),
        ("one", StageStatus::Interrupted)
    );
}

/// Remembers what was warned of, and printed.
#[derive(Clone, Default)]
struct Seen {
    warnings: Arc<Mutex<Vec<String>>>,
    printed: Arc<Mutex<String>>,
}

impl Reporter for Seen {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Warning { text } => self.warnings.lock().unwrap().push(text.clone()),
            Event::TestOutput { bytes } => {
                let text = String::from_utf8_lossy(bytes);
                self.printed.lock().unwrap().push_str(&text);
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn tests_on_a_host_that_takes_no_socket_run_without() {
    let package = Package::with(HARNESS);
    // As the program tells there; it does not really run.
    let told = "{\"event\":\"test_ended\",\"test\":\"one\",\"attempt\":1,\"status\":\"passed\",\
                \"duration_ms\":1,\"message\":null,\"at\":\"2026-01-01T00:00:00Z\"}\n";
    let host = host(&[("get", Reply::Ends(told, 0))]).without_sockets();
    let seen = Seen::default();
    let outcome = Run {
        plan: &package.plan("tests_run_on: host\n", &[]),
        identity: Identity::new("shop"),
        connector: &To(host.clone()),
        has_slot: false,
        events: &Events::masking(Arc::default(), vec![Box::new(seen.clone())]),
        cancel: &Cancel::never(),
        bundle: package.folder.path().join("bundle"),
        unknown: BTreeMap::new(),
    }
    .run()
    .await;
    assert_eq!(outcome.record.verdict, Verdict::Passed, "{outcome:#?}");
    assert_eq!(outcome.record.tests[0].name, "one");
    let warnings = seen.warnings.lock().unwrap();
    let said = "tests can't stop and start services: failed to forward a socket";
    assert!(
        warnings.iter().any(|text| text.contains(said)),
        "{warnings:?}"
    );
}

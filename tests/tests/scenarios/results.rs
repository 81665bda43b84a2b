//! What is kept of a run on this machine, whatever happens to it.

use std::time::Duration;

use e2e_tests::stacks::WEB;
use e2e_tests::{Host, Repo, here_and_over_ssh, wait_for};
use indoc::indoc;
use rustix::process::Signal;

#[test]
fn a_run_that_is_killed_is_recorded_by_the_next_one() {
    let repo = Repo::new("killed").compose(WEB).spec(
        "health_checks: [{name: web, url: 'http://localhost:PORT_A/'}]\n\
         test_command: 'echo testing; sleep 7020'\n",
    );
    repo.git(&["add", "--all"]);
    repo.git(&["commit", "--quiet", "--message", "all"]);
    let mut run = repo.start(Host::Dev, &[]);
    let id = run.prints("testing").run_id();
    run.signal(Signal::KILL);
    let _ = run.finish();
    assert!(repo.stored(&id).is_none());
    let down = repo.cargo_e2e(&["down", &id, "--host", "railiance01-dev"]);
    assert_eq!(down.code, Some(0), "{down}");

    let next = repo.file("e2e/e2e.yml", "name: SLUG\ntest_command: 'true'\n");
    let ran = next.run(Host::Dev, &[]);
    ran.ended(0, "passed").stderr_has(&format!(
        "run {id} of {} on railiance01-dev was killed during test",
        next.slug()
    ));
    let record = next.stored(&id).expect("it was recorded");
    assert_eq!(
        (&record["verdict"], &record["exit_code"]),
        (&"interrupted".into(), &137.into())
    );
    assert_eq!(record["health_checks"][0]["status"], "passed");
    assert_eq!(record["git"]["branch"], "main");
    assert!(
        record["git"]["sha"]
            .as_str()
            .is_some_and(|sha| sha.len() == 40),
        "{record:#}"
    );
    let stages = record["stages"].as_array().expect("a list");
    assert_eq!(
        stages.last().map(|stage| &stage["status"]),
        Some(&"interrupted".into())
    );
    assert_eq!(
        record["leftovers"][0],
        format!("sandbox {id} (its state is not known)")
    );
    let bundle = next.path(&format!("e2e/results/{id}"));
    assert!(bundle.join("run.json").exists());
    let has = |file: &str, text: &str| {
        let content = std::fs::read_to_string(bundle.join(file)).expect("it is written");
        assert!(content.contains(text), "{file} lacks {text:?}: {content}");
    };
    has("junit.xml", "type=\"interrupted\"");
    has("report.html", "killed");
    // And only once.
    next.run(Host::Dev, &[])
        .ended(0, "passed")
        .stderr_lacks("was killed");

    let history = next.cargo_e2e(&["history", "--repo", next.slug()]);
    assert!(
        history
            .stdout
            .contains(": 2 of 3 passed (100 % of the 2 judged)"),
        "{history}"
    );
    assert!(history.stdout.contains("1 interrupted"), "{history}");
    let history = next.cargo_e2e(&["history", "--json", "--repo", next.slug()]);
    let json: serde_json::Value = serde_json::from_str(&history.stdout).expect("JSON");
    assert_eq!(json["repos"][0]["runs"], 3);
}

#[test]
fn what_became_of_a_killed_runs_sandbox_is_told_by_its_host() {
    // Where nobody is: records wait.
    let repo = Repo::new("buried")
        .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
        .spec("test_command: 'echo testing; sleep 7022'\n")
        .env("STATE_HUB_URL", "http://127.0.0.1:9");
    let killed = || {
        let mut run = repo.start(Host::Local, &[]);
        let id = run.prints("testing").run_id();
        run.signal(Signal::KILL);
        let _ = run.finish();
        let ended = format!("cat {}/ended/{id}", Host::Local.root());
        wait_for("its guard", Duration::from_mins(2), || {
            Host::Local.sh(&ended).code == Some(0)
        });
        id
    };
    let sent = killed();
    let _ = repo.cargo_e2e(&["report"]);
    let waits = repo.state().join(format!("cargo-e2e/outbox/{sent}.json"));
    std::fs::remove_file(waits).expect("it waited for the hub");
    let before = repo.stored(&sent).expect("it was recorded");
    let id = killed();

    let next = repo.file("e2e/e2e.yml", "name: SLUG\ntest_command: 'true'\n");
    next.run(Host::Local, &[])
        .ended(0, "passed")
        .stderr_has(&format!("run {id}: the host took it down at "))
        .stderr_lacks(&format!("run {sent}: "));
    // The hub has another.
    assert_eq!(next.stored(&sent), Some(before));
    let record = next.stored(&id).expect("it was recorded");
    assert_eq!(record["leftovers"], serde_json::json!([]));
    let stages = record["stages"].as_array().expect("a list");
    let detail = stages.last().and_then(|stage| stage["detail"].as_str());
    assert!(
        detail.is_some_and(|detail| detail.ends_with("the client stopped renewing its lease")),
        "{record:#}"
    );
    let copy = std::fs::read(next.path(&format!("e2e/results/{id}/run.json"))).expect("its copy");
    let copy: serde_json::Value = serde_json::from_slice(&copy).expect("JSON");
    assert_eq!(copy, record);
    next.run(Host::Local, &[])
        .ended(0, "passed")
        .stderr_lacks("took it down");
}

#[test]
fn what_a_killed_client_left_on_this_machine_goes_with_the_next_run_to_that_host() {
    let repo = Repo::new("control")
        .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
        .spec("test_command: 'echo testing; sleep 7025'\n")
        .env("CARGO_E2E_LEASE", "8");
    let mut run = repo.start(Host::Dev, &[]);
    run.prints("testing").signal(Signal::KILL);
    let ran = run.finish();
    wait_for("its guard", Duration::from_mins(1), || {
        ran.left_by_a_killed_client().is_empty()
    });
    let left = ran.left();
    let folder = left.iter().find_map(|left| {
        let path = std::path::Path::new(left.strip_prefix("here: ")?);
        let own = |path: &&std::path::Path| {
            path.parent()
                .is_some_and(|parent| parent.ends_with("cargo-e2e"))
        };
        path.ancestors().find(own).map(std::path::Path::to_owned)
    });
    let folder = folder.unwrap_or_else(|| panic!("no folder of its own is in {left:?}"));
    let runtime = folder.ancestors().nth(2).expect("it is below").to_owned();
    // One that has just been made might be somebody's.
    let old = std::time::SystemTime::now() - Duration::from_mins(1);
    let opened = std::fs::File::open(&folder).expect("it is there");
    opened.set_modified(old).expect("it is ours");
    let next = repo
        .file("e2e/e2e.yml", "name: SLUG\ntest_command: 'true'\n")
        .env("XDG_RUNTIME_DIR", &runtime.display().to_string());
    let ended = next.cargo_e2e(&["--host", &Host::Dev.name()]);
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(
        !folder.exists(),
        "{} is still there\n{ended}",
        folder.display()
    );
}

/// One test that passes and one that does not, in pytest.
fn pytest(name: &str) -> Repo {
    Repo::new(name)
        .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
        .spec("test_command: python3 -m pytest -q -o junit_family=xunit1 --junitxml=e2e/out.xml e2e/tests\njunit: e2e/out.xml\n")
        .file("e2e/tests/test_x.py", indoc! {"
            def test_good():
                pass


            def test_bad():
                assert 3 == 4
        "})
        // An older one, which git would ship.
        .file("e2e/out.xml", "<testsuites/>")
}

#[test]
fn what_pytest_counts_is_told_to_people_ci_and_other_programs() {
    let repo = pytest("counted").env("GITHUB_ACTIONS", "true");
    // Where git does not see it.
    let summary = repo.path(".git/summary.md");
    let repo = repo.env("GITHUB_STEP_SUMMARY", &summary.display().to_string());
    let ran = repo.run(Host::Root, &["--message-format", "json"]);
    ran.ended(100, "failed").stderr_has(
        "e2e.tests.test_x::test_bad  e2e/tests/test_x.py:6\n               > assert 3 == 4\n               E assert 3 == 4\n",
    );
    assert_eq!(
        ran.recorded_as("tests", "e2e.tests.test_x::test_good")["status"],
        "passed"
    );
    ran.stderr_has("::error title=e2e.tests.test_x%3A%3Atest_bad,file=e2e/tests/test_x.py,line=6::assert 3 == 4");
    // pytest's times have no zone: it is found out. The page has a bar for each test.
    let bad = ran.recorded_as("tests", "e2e.tests.test_x::test_bad");
    assert!(
        bad["started_at"].is_string() && bad["uncertain_ms"].is_number(),
        "{bad:#}"
    );
    ran.file_has("report.html", "<h3>Tests</h3>");
    // When exactly it ran is not known. pytest does not take its name as it is.
    ran.stderr_has("about then ")
        .stderr_lacks("no output from")
        .stderr_lacks("-- e2e.tests");
    for text in [
        "tests=\"2\" failures=\"1\" errors=\"0\"",
        "<testsuite name=\"e2e/tests/test_x.py\" tests=\"2\"",
        "<testcase classname=\"e2e.tests.test_x\" name=\"test_bad\"",
        "<failure message=\"assert 3 == 4\"",
    ] {
        ran.file_has("junit.xml", text);
    }
    let summary = std::fs::read_to_string(summary).expect("it is written");
    assert_eq!(summary, ran.file("summary.md"));
    assert!(summary.contains("| test | **failed** |"), "{summary}");
    let mut names = Vec::new();
    let mut output = String::new();
    let mut last = serde_json::Value::Null;
    for line in ran.output().stdout.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("stdout has events only");
        assert_eq!(event["schema"], 1, "{event}");
        if event["event"] == "test_output" {
            output.push_str(event["text"].as_str().expect("text"));
        }
        names.push(event["event"].as_str().expect("a name").to_owned());
        last = event;
    }
    assert_eq!(last["record"], *ran.record());
    assert_eq!(
        (names[0].as_str(), names[names.len() - 1].as_str()),
        ("run_started", "run_finished")
    );
    assert_eq!(output, ran.file("test-output.log"));

    let none = repo.run(Host::Root, &["--", "-k", "nothing"]);
    none.ended(4, "no_tests")
        .stderr_has("no test fits what follows `--`: -k nothing");
}

here_and_over_ssh! {
    fn two_containers_never_share_a_file(host) {
        let say = "command: [sh, -c, 'echo I am $$0; exec sleep 600', NAME]";
        let repo = Repo::new("names")
            .compose(&format!(
                "services:\n  web: {{image: BUSYBOX, scale: 2, {}}}\n  web-2: {{image: BUSYBOX, {}}}\n",
                say.replace("NAME", "web"),
                say.replace("NAME", "the-other"),
            ))
            .spec("test_command: 'true'\n");
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed")
            .file_has("logs/web.log", "I am web")
            .file_has("logs/web@2.log", "I am web")
            .file_has("logs/web-2.log", "I am the-other");
        for (name, service) in [("web", "web"), ("web@2", "web"), ("web-2", "web-2")] {
            let _ = ran.recorded_as("services", name);
            let inspected = ran.file(&format!("inspect/{name}.json"));
            let label = format!("\"com.docker.compose.service\": \"{service}\"");
            assert!(inspected.contains(&label), "{inspected}");
            ran.file_has("report.html", name);
        }
    }
}

here_and_over_ssh! {
    fn a_killed_run_has_the_tests_that_it_heard_of(host) {
        const SECRET: &str = "a-secret-of-the-client";
        let at = r#""at":"2026-11-22T10:00:00Z""#;
        let told = format!(
            r#"{{"event":"test_started","test":"a","attempt":1,{at}}}
{{"event":"test_ended","test":"a","attempt":1,"status":"passed","duration_ms":7,"message":null,{at}}}
{{"event":"test_started","test":"b","attempt":1,{at}}}
{{"event":"test_ended","test":"b","attempt":1,"status":"failed","duration_ms":8,"message":"not {SECRET}",{at}}}
{{"event":"test_started","test":"c","attempt":1,{at}}}
{{"event":"step_started","test":"c","step":"with {SECRET}","depth":0,{at}}}
{{"event":"test_sta"#
        );
        let repo = Repo::new("heard")
            .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
            .spec("secrets: [DEPLOY_KEY]\ntest_command: 'cat told.jsonl >>\"$E2E_EVENTS\"; sleep 7030'\n")
            .file("told.jsonl", &told)
            .env("DEPLOY_KEY", SECRET);
        let mut run = repo.start(host, &[]);
        let id = run.run_id();
        let bundle = repo.path(&format!("e2e/results/{id}"));
        let events = || std::fs::read_to_string(bundle.join("events.jsonl")).unwrap_or_default();
        wait_for("what the tests told", Duration::from_mins(3), || events().contains("step_started"));
        run.signal(Signal::KILL);
        let ran = run.finish();
        assert!(!events().contains(SECRET) && events().contains("with ***"), "{}", events());
        // Its guard may have been sooner.
        let _ = repo.cargo_e2e(&["down", &id, "--host", &host.name()]);
        wait_for("its end", Duration::from_mins(3), || ran.left_by_a_killed_client().is_empty());

        // It knows none of the killed run's secrets.
        drop(ran);
        let repo = repo.env("DEPLOY_KEY", "");
        let told = repo.cargo_e2e(&["report"]);
        assert_eq!(told.code, Some(0), "{told}");
        let record = repo.stored(&id).expect("it was recorded");
        assert_eq!(record["verdict"], "interrupted", "{record:#}");
        let tests: Vec<(&str, &str)> = record["tests"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|test| (test["name"].as_str().expect("text"), test["status"].as_str().expect("text")))
            .collect();
        assert_eq!(tests, [("a", "passed"), ("b", "failed"), ("c", "interrupted")], "{record:#}");
        assert_eq!(record["tests"][1]["message"], "not ***");
        let read = |file: &str| std::fs::read_to_string(bundle.join(file)).expect("it is written");
        assert!(read("junit.xml").contains("name=\"b\""), "{}", read("junit.xml"));
        for file in ["run.json", "junit.xml", "report.html", "events.jsonl"] {
            assert!(!read(file).contains(SECRET), "{file}");
        }
        assert!(!bundle.join("harness").exists());
    }
}

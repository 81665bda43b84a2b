use e2e_harness::protocol::{GREETING, HELLO, REQUIRED};

use crate::play::{Play, Ran, Way, binary};

fn run(play: &Play, arguments: &[&str]) -> Ran {
    let mut command = play.command(&binary(&["--test", "verdicts"]));
    play.finish(command.args(arguments))
}

#[test]
fn outside_a_sandbox_nothing_runs_and_that_is_no_failure() {
    let ran = Play::outside().run(Way::Threads, "verdicts", &[]);
    ran.ended(0);
    ran.stdout_has("0 passed; 0 failed; 18 ignored");
    ran.stderr_has("run `cargo e2e`");
    for asked in ["--ignored", "--include-ignored"] {
        let ran = run(&Play::outside(), &[asked]);
        ran.ended(0);
        let why =
            "test is_ignored                        ... ignored (no sandbox here: run `cargo e2e`)";
        let flat = ran.stdout.replace("  ", "");
        assert!(flat.contains(&why.replace("  ", "")), "{}", ran.stdout);
        ran.stdout_has("0 passed; 0 failed; 18 ignored");
    }
}

#[test]
fn nextest_skips_them_all_outside_a_sandbox() {
    let ran = Play::outside().run(Way::Nextest, "verdicts", &["--no-tests=pass"]);
    ran.ended(0);
    ran.stderr_has("0 tests run: 0 passed, 18 skipped");
}

#[test]
fn a_sandbox_can_be_required() {
    let mut play = Play::outside();
    play.set(REQUIRED, "1");
    let ran = run(&play, &["--exact", "passes"]);
    ran.ended(101);
    ran.says("passes", "", "E2E_REQUIRED=1 asks for one");
}

#[test]
fn a_list_is_all_that_is_on_stdout() {
    for play in [Play::new(), Play::outside()] {
        let ran = run(&play, &["--list", "--format", "terse"]);
        assert_eq!(ran.code, Some(0));
        assert_eq!(ran.stdout.lines().count(), 18, "{}", ran.stdout);
        assert!(
            ran.stdout.lines().all(|line| line.ends_with(": test")),
            "{}",
            ran.stdout
        );
    }
    let ran = run(&Play::new(), &["--list", "--format", "terse", "--ignored"]);
    assert_eq!(ran.stdout, "is_ignored: test\n");
}

#[test]
fn filters_choose_and_json_is_json() {
    let ran = run(
        &Play::new(),
        &[
            "pass", "--skip", "async", "--skip", "second", "--format", "json",
        ],
    );
    ran.ended(0);
    // What tests print themselves is not captured on threads.
    let lines = ran.stdout.lines().filter(|line| line.starts_with('{'));
    let ended: Vec<String> = lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|event: &serde_json::Value| event["event"] == "ok" && event["type"] == "test")
        .map(|event| event["name"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(ended.len(), 2, "{ended:?}");
}

#[test]
fn ignored_tests_run_when_asked_for() {
    let ran = run(&Play::new(), &["--ignored"]);
    ran.ended(101);
    ran.says("is_ignored", "", "only when asked to");
}

#[test]
fn nocapture_shows_it_live() {
    let play = Play::new();
    let mut command = play.command(&binary(&["--test", "verdicts"]));
    command.args(["--exact", "passes", "--nocapture"]);
    command.env("E2E_EVENTS", play.path().join("events.jsonl"));
    let ran = play.finish(&mut command);
    ran.stdout_has("nobody wants to see this");
}

#[test]
fn no_tests_is_an_error_of_its_own() {
    let none = binary(&["--bin", "none"]);
    let play = Play::new();
    let ran = play.finish(&mut play.command(&none));
    ran.ended(4);
    ran.stderr_has("no #[e2e_harness::test] in this target");
}

#[test]
fn a_harness_says_hello() {
    let mut play = Play::outside();
    play.set(HELLO, "1");
    let ran = run(&play, &[]);
    assert_eq!(ran.code, Some(0));
    let mut lines = ran.stdout.lines();
    assert_eq!(lines.next(), Some(GREETING));
    assert_eq!(lines.next(), Some("blocks"));
    assert_eq!(lines.count(), 17);
}

#[test]
fn without_harness_false_it_does_not_look_green() {
    let ran = Play::new().run(Way::Threads, "forgotten", &[]);
    ran.ended(101);
    ran.stdout_has("[[test]]\nname = \"forgotten\"\nharness = false");
}

//! Several e2e.yml of one repo: each has a run, a result and a past of its own.

use std::path::PathBuf;
use std::time::Duration;

use e2e_tests::{Ended, Host, Repo, wait_for};
use rustix::process::Signal;
use serde_json::Value;

const STACK: &str = "services: {db: {image: BUSYBOX, init: true, command: [sleep, '600']}}\n";

fn repo(name: &str, slow: &str) -> Repo {
    Repo::new(name)
        .compose(STACK)
        .spec("test_command: 'true'\nports: isolated\n")
        .file(
            "e2e/slow.yml",
            &format!("name: SLUG\ntest_command: {slow}\n"),
        )
        .file(
            "e2e/ui.yml",
            "name: SLUG-ui\ntest_command: echo \"of $E2E_REPO\"\n",
        )
}

#[track_caller]
fn ends(ended: Ended, code: i32) -> Ended {
    assert_eq!(ended.code, Some(code), "{ended}");
    ended
}

/// The records in a repo's results, the oldest first.
fn records(repo: &Repo) -> Vec<Value> {
    let entries = std::fs::read_dir(repo.path("e2e/results")).expect("there are results");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.is_dir() && !path.is_symlink())
        .map(|path| path.join("run.json"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| serde_json::from_slice(&std::fs::read(file).expect("a record")).expect("JSON"))
        .collect()
}

#[test]
fn one_that_fails_decides_and_all_have_run() {
    let repo = repo("several", "exit 3");
    let ended = ends(
        repo.cargo_e2e(&["--spec", "e2e/*.yml", "--host", "local"]),
        100,
    );
    assert_eq!(ended.stdout, format!("of {}-ui\n", repo.slug()));
    let summary = "     Summary 2 of 3 passed
               0 passed: e2e/e2e.yml
             100 failed or timed_out: e2e/slow.yml
               0 passed: e2e/ui.yml\n";
    assert!(ended.stderr.ends_with(summary), "{ended}");
    let records = records(&repo);
    // The last run is another.
    let failed = records[1]["run_id"].as_str().expect("an id");
    let again = format!(
        "next  cargo e2e --host local --spec e2e/slow.yml --keep-on-failure
                   cargo e2e open {}\n",
        &failed[18..]
    );
    assert!(ended.stderr.contains(&again), "{ended}");

    let told: Vec<_> = records
        .iter()
        .map(|one| {
            (
                one["spec"].as_str(),
                one["verdict"].as_str(),
                one["leftovers"].clone(),
            )
        })
        .collect();
    let clean = || Value::Array(Vec::new());
    assert_eq!(
        told,
        [
            (None, Some("passed"), clean()),
            (Some("e2e/slow.yml"), Some("failed"), clean()),
            (Some("e2e/ui.yml"), Some("passed"), clean()),
        ]
    );
    let latest = std::fs::read_link(repo.path("e2e/results/latest")).expect("a link");
    assert_eq!(latest.to_str(), records[2]["run_id"].as_str());

    let history = ends(repo.cargo_e2e(&["history", "--repo", repo.slug()]), 0).stdout;
    let heads: Vec<_> = history
        .lines()
        .filter(|line| !line.starts_with([' ', '\0']))
        .collect();
    let slug = repo.slug();
    let passed = format!("{slug}: 1 of 1 passed (100 %)");
    let failed = format!("{slug} by e2e/slow.yml: 0 of 1 passed (0 %)");
    assert_eq!(heads, [passed.as_str(), "", failed.as_str()], "{history}");

    // A glob that means nothing is no run.
    let none = ends(repo.cargo_e2e(&["--spec", "e2e/*.yaml"]), 2);
    assert!(
        none.stderr.contains("--spec e2e/*.yaml matches no file"),
        "{none}"
    );
    let unquoted = ends(repo.cargo_e2e(&["--spec", "e2e/e2e.yml", "e2e/ui.yml"]), 2);
    assert!(unquoted.stderr.contains("quote a glob"), "{unquoted}");
    assert_eq!(self::records(&repo).len(), 3);

    let plan = ends(repo.cargo_e2e(&["plan", "--spec", "e2e/*.yml"]), 0).stdout;
    let specs: Vec<_> = plan
        .lines()
        .filter(|line| line.starts_with("spec "))
        .collect();
    assert_eq!(specs.len(), 3, "{plan}");
}

#[test]
fn a_sandbox_is_known_by_its_spec() {
    let repo = repo("by-spec", "hostname");
    let host = Host::Dev.name();
    let call = |words: &[&str], code| {
        let (before, after) = words.split_at(
            words
                .iter()
                .position(|word| *word == "--")
                .unwrap_or(words.len()),
        );
        ends(
            repo.cargo_e2e(&[before, &["--host", &host], after].concat()),
            code,
        )
    };
    let usual = repo.run_and_keep(Host::Dev, &["up"]);
    let slow = repo.run_and_keep(Host::Dev, &["up", "--spec", "e2e/slow.yml"]);
    assert_ne!(usual.run_id(), slow.run_id());
    slow.stderr_has(" by e2e/slow.yml on ");
    let list = call(&["list"], 0).stdout;
    let is_listed =
        |line: &str| line.starts_with(slow.run_id()) && line.ends_with(" by e2e/slow.yml");
    assert!(list.lines().any(is_listed), "{list}");

    let env = |spec: &[&str], code| call(&[&["env", "--format", "dotenv"], spec].concat(), code);
    let several = env(&[], 2).stderr;
    assert!(
        several.contains(&format!("{} (by e2e/slow.yml)", slow.run_id())),
        "{several}"
    );
    let of_slow = env(&["--spec", "e2e/slow.yml"], 0).stdout;
    assert!(
        of_slow.contains(&format!("E2E_RUN_ID={}\n", slow.run_id())),
        "{of_slow}"
    );
    assert!(
        !of_slow.contains("COMPOSE_FILE"),
        "there is no engine for it here: {of_slow}"
    );
    let of_usual = env(&["--spec", "e2e/e2e.yml"], 0).stdout;
    assert!(
        of_usual.contains(&format!("E2E_RUN_ID={}\n", usual.run_id())),
        "{of_usual}"
    );
    call(&["exec", "db", "--spec", "e2e/slow.yml", "--", "true"], 0);

    let reused = repo.run_and_keep(Host::Dev, &["--reuse", "--spec", "e2e/slow.yml"]);
    reused.stage_says("provision", slow.run_id());
    call(&["down", "--spec", "e2e/slow.yml"], 0);
    slow.leaves_nothing();
    call(&["down"], 0);
    usual.leaves_nothing();
}

/// A repo with three e2e.yml: two have these last words of their tests, which come to them only side
/// by side; the third has these tests. Also the folder where they meet.
fn meeting(name: &str, last: &str, third: &str) -> (Repo, PathBuf) {
    let repo = Repo::new(name).compose(STACK);
    let place = repo.root().with_extension("meets");
    let _ = std::fs::remove_dir_all(&place);
    std::fs::create_dir_all(&place).expect("a folder");
    let spec = |tests: &str| format!("ports: isolated\ntimeout: 120\ntest_command: {tests}\n");
    let at = place.display();
    let meets = |own, other| {
        spec(&format!(
            "echo {own} begins; touch {at}/{own}; until [ -e {at}/{other} ]; do sleep 0.1; done; {last}"
        ))
    };
    let (one, two) = (meets("one", "two"), meets("two", "one"));
    let repo = repo
        .spec(&one)
        .file("e2e/two.yml", &format!("name: SLUG\n{two}"))
        .file("e2e/ui.yml", &format!("name: SLUG\n{}", spec(third)));
    (repo, place)
}

#[test]
fn with_jobs_they_run_side_by_side_and_each_is_shown_whole() {
    let (repo, place) = meeting("jobs", "echo and ends", "exit 3");
    let arguments = ["--spec", "e2e/*.yml", "--host", "local", "--jobs", "2"];
    let ended = ends(repo.cargo_e2e(&arguments), 100);
    let whole = ["one", "two"].map(|one| format!("{one} begins\nand ends\n"));
    let both = |texts: [&str; 2]| texts.concat() == ended.stdout;
    let [one, two] = whole.each_ref().map(String::as_str);
    assert!(both([one, two]) || both([two, one]), "{ended}");
    // Between a run's first line and its verdict there is no line of another.
    let marks = ended.stderr.lines().filter_map(|line| {
        let verb = line.split_whitespace().next()?;
        ["Running", "Passed", "FAIL"]
            .contains(&verb)
            .then_some(verb == "Running")
    });
    assert_eq!(
        marks.collect::<Vec<_>>(),
        [true, false].repeat(3),
        "{ended}"
    );
    let summary = "     Summary 2 of 3 passed
               0 passed: e2e/e2e.yml
               0 passed: e2e/two.yml
             100 failed or timed_out: e2e/ui.yml\n";
    assert!(ended.stderr.ends_with(summary), "{ended}");
    let records = records(&repo);
    assert_eq!(records.len(), 3);
    assert!(
        records
            .iter()
            .all(|one| one["leftovers"] == serde_json::json!([])),
        "{records:?}"
    );

    std::fs::remove_dir_all(&place).expect("it is there");
    std::fs::create_dir_all(&place).expect("a folder");
    let events = [&arguments[..], &["--message-format", "json"]].concat();
    let ended = ends(repo.cargo_e2e(&events), 100);
    let runs = ended.stdout.lines().filter_map(|line| {
        let event: Value = serde_json::from_str(line).expect("JSON");
        let name = event["event"].as_str()?.to_owned();
        ["run_started", "run_finished"]
            .contains(&&*name)
            .then_some(name)
    });
    assert_eq!(
        runs.collect::<Vec<_>>(),
        ["run_started", "run_finished"].repeat(3)
    );
}

#[test]
fn a_signal_ends_all_that_run_side_by_side_and_none_begins_after_it() {
    let (repo, place) = meeting("jobs-int", "sleep 7067", "'true'");
    let mut run = repo.start(Host::Local, &["--spec", "e2e/*.yml", "-j2"]);
    wait_for("both to test", Duration::from_mins(2), || {
        ["one", "two"].iter().all(|one| place.join(one).exists())
    });
    run.signal(Signal::INT);
    run.prints("note: stopping all that run, then logs and teardown (Ctrl-C again: skip logs)");
    let ran = run.finish();
    assert_eq!(ran.output().code, Some(130), "{}", ran.output());
    ran.stderr_has("Summary 0 of 3 passed");
    assert!(
        ran.stderr().ends_with("- not run: e2e/ui.yml\n"),
        "{}",
        ran.output()
    );
    let verdicts: Vec<_> = records(&repo)
        .iter()
        .map(|one| (one["verdict"].clone(), one["leftovers"].clone()))
        .collect();
    let expected = (Value::from("interrupted"), serde_json::json!([]));
    assert_eq!(verdicts, [expected.clone(), expected]);
    ran.leaves_nothing();
}

#[test]
fn a_client_that_is_killed_leaves_nothing_of_all_that_ran_side_by_side_and_a_record_of_each() {
    let (repo, place) = meeting("jobs-killed", "sleep 7068", "'true'");
    let repo = repo.env("CARGO_E2E_LEASE", "6");
    let mut run = repo.start(Host::Local, &["--spec", "e2e/*.yml", "-j2"]);
    wait_for("both to test", Duration::from_mins(2), || {
        ["one", "two"].iter().all(|one| place.join(one).exists())
    });
    run.signal(Signal::KILL);
    let ran = run.finish();
    wait_for("both guards", Duration::from_mins(1), || {
        ran.left_by_a_killed_client().is_empty()
    });
    ends(repo.cargo_e2e(&["report"]), 0);
    let records = records(&repo);
    let told: Vec<_> = records
        .iter()
        .map(|one| (one["spec"].as_str(), one["verdict"].as_str()))
        .collect();
    let killed = Some("interrupted");
    assert!(
        told == [(None, killed), (Some("e2e/two.yml"), killed)]
            || told == [(Some("e2e/two.yml"), killed), (None, killed)],
        "{told:?}"
    );
}

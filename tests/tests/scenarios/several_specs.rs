//! Several e2e.yml of one repo: each has a run, a result and a past of its own.

use e2e_tests::{Ended, Host, Repo};
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
    let again = "next  cargo e2e --host local --spec e2e/slow.yml --keep-on-failure\n";
    assert!(ended.stderr.contains(again), "{ended}");

    let records = records(&repo);
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

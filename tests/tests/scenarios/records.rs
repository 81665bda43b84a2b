//! Every run leaves a record: one that can't begin, and one of which no hub was told.

use std::path::{Path, PathBuf};

use e2e_tests::stacks::WEB;
use e2e_tests::{Host, Repo, hub_for_one};
use serde_json::Value;

/// The results in a folder, the newest last.
fn results(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name.len() == 26))
        .collect();
    all.sort();
    all
}

fn record(bundle: &Path) -> Value {
    let text = std::fs::read(bundle.join("run.json")).expect("it has a record");
    serde_json::from_slice(&text).expect("JSON")
}

#[test]
fn a_mistake_before_the_host_leaves_all_that_a_run_leaves() {
    let repo = Repo::new("mistakes").compose(WEB);
    let ways = [
        ("test_command: x\nhealthcheks: []\n", "e2e/e2e.yml:3:1: "),
        ("test_command: [\n", "e2e/e2e.yml:"),
        (
            "test_command: x\ncompose_file: nope.yml\n",
            "names the compose file nope.yml",
        ),
        (
            "test_command: x\nhealth_checks: [{name: web, url: 'ftp://x'}]\n",
            "e2e/e2e.yml:3:",
        ),
        (
            "test_command: x\nsecrets: [NOT_SET_ANYWHERE]\n",
            "e2e/e2e.yml: `secrets` names NOT_SET_ANYWHERE",
        ),
    ];
    let mut repo = repo;
    for (count, (spec, says)) in ways.into_iter().enumerate() {
        repo = repo.spec(spec);
        let ran = repo.run(Host::Named("nowhere.invalid"), &[]);
        ran.ended(96, "spec_error")
            .stage_says("plan", says)
            .stderr_has(says)
            .no_stage("connect")
            .file_has("junit.xml", says)
            .file_has("report.html", "plan");
        assert!(repo.stored(ran.run_id()).is_some(), "{}", ran.output());
        let latest = std::fs::read_link(repo.path("e2e/results/latest")).expect("a link");
        assert_eq!(latest, Path::new(ran.run_id()));
        let history = repo.cargo_e2e(&["history", "--repo", repo.slug()]);
        let told = format!("{} spec error", count + 1);
        assert!(history.stdout.contains(&told), "{history}");
    }
    // Commands that only look, and `up`, are no runs.
    let before = results(&repo.path("e2e/results")).len();
    for command in ["check", "plan", "up"] {
        let ended = repo.cargo_e2e(&[command, "--host", "nowhere.invalid"]);
        let is_checked = command != "up" && ended.code == Some(0);
        assert!(is_checked || ended.code == Some(96), "{ended}");
    }
    assert_eq!(results(&repo.path("e2e/results")).len(), before);
    assert_eq!(before, ways.len());

    let ran = repo.run(Host::Local, &["--message-format", "json"]);
    ran.ended(96, "spec_error");
    let events: Vec<Value> = ran
        .output()
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("stdout has events only"))
        .collect();
    let named = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((named("run_started"), named("failure")), (1, 1));
    let last = events.last().expect("some");
    assert_eq!(
        (&last["event"], &last["record"]),
        (&"run_finished".into(), ran.record())
    );
}

#[test]
fn the_hub_hears_of_a_mistake_and_of_no_secret_in_it() {
    const TOKEN: &str = "ghp-0123456789-secret";
    let (url, hub) = hub_for_one();
    let repo = Repo::new("mistold")
        .compose(WEB)
        .spec(&format!("test_command: x\nnonsense: {TOKEN}\n"))
        .env("GITHUB_TOKEN", TOKEN)
        .env("STATE_HUB_URL", &url);
    let ran = repo.run(Host::Local, &[]);
    ran.ended(96, "spec_error");
    let told = hub.join().expect("it took the record");
    assert!(
        told.contains("spec error") && told.contains(ran.run_id()),
        "{told}"
    );
    for file in ["run.json", "junit.xml", "report.html", "failure.txt"] {
        let text = ran.file(file);
        assert!(!text.contains(TOKEN), "{file}: {text}");
    }
    assert!(!told.contains(TOKEN), "{told}");
    ran.stderr_lacks(TOKEN).stderr_has("***");
}

#[test]
fn the_name_is_what_can_be_known_or_there_is_no_record() {
    let repo = Repo::without_git("unnamed");
    let in_folder = |folder: &str| {
        let ended = repo.command_in(folder, &["--host", "local"]);
        assert_eq!(ended.code, Some(96), "{ended}");
        let bundles = results(&repo.path(folder).join("e2e/results"));
        bundles.last().map(|bundle| record(bundle)["repo"].clone())
    };
    let git_repo = |name: &str| {
        std::fs::create_dir_all(repo.path(name).join(".git")).expect("a folder");
    };
    git_repo("shop");
    assert_eq!(in_folder("shop"), Some("shop".into()));
    git_repo("My Shop");
    assert_eq!(in_folder("My Shop"), None);
    git_repo("Named");
    let e2e = repo.path("Named/e2e");
    std::fs::create_dir(&e2e).expect("a folder");
    std::fs::write(e2e.join("e2e.yml"), "env: [\nname: till # ours\n").expect("writable");
    assert_eq!(in_folder("Named"), Some("till".into()));
    std::fs::write(e2e.join("e2e.yml"), "name: My Shop\n").expect("writable");
    std::fs::remove_dir_all(e2e.join("results")).expect("it is there");
    assert_eq!(in_folder("Named"), None);
    std::fs::create_dir(repo.path("plain")).expect("a folder");
    assert_eq!(in_folder("plain"), None);
    assert!(!repo.path("plain/e2e").exists());
}

#[test]
fn each_member_of_a_workspace_leaves_its_own() {
    let package = |name: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
    };
    let mut repo = Repo::new("members").file(
        "Cargo.toml",
        "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"3\"\n",
    );
    for member in ["a", "b"] {
        repo = repo
            .file(&format!("{member}/Cargo.toml"), &package(member))
            .file(&format!("{member}/src/lib.rs"), "")
            .file(
                &format!("{member}/e2e/e2e.yml"),
                &format!("name: SLUG-{member}\nnonsense: 1\n"),
            );
    }
    let ended = repo.cargo_e2e(&["--workspace", "--host", "local"]);
    assert_eq!(ended.code, Some(96), "{ended}");
    let names: Vec<Value> = results(&repo.path("target/e2e"))
        .iter()
        .map(|bundle| record(bundle)["repo"].clone())
        .collect();
    let slug = repo.slug();
    assert_eq!(names, [format!("{slug}-a"), format!("{slug}-b")], "{ended}");
    // One that was asked for and has none.
    std::fs::remove_dir_all(repo.path("b/e2e")).expect("it is there");
    let ended = repo.cargo_e2e(&["-p", "b", "--host", "local"]);
    assert_eq!(ended.code, Some(96), "{ended}");
    let all = results(&repo.path("target/e2e"));
    assert_eq!(record(all.last().expect("some"))["repo"], "b", "{ended}");
}

#[test]
fn a_record_of_which_no_hub_was_told_is_sent_once_there_is_one() {
    let repo = Repo::new("unsent").spec("test_command: x\nnonsense: 1\n");
    let report = |repo: &Repo| repo.cargo_e2e(&["report"]);
    let first = repo.run(Host::Local, &[]).run_id().to_owned();
    let waits = report(&repo);
    assert_eq!(waits.code, Some(0), "{waits}");
    assert!(
        waits.stdout.contains(&format!("{first}  unsent")),
        "{waits}"
    );
    let (url, hub) = hub_for_one();
    let repo = repo.env("STATE_HUB_URL", &url);
    let sent = report(&repo);
    assert_eq!(sent.code, Some(0), "{sent}");
    assert!(sent.stdout.contains(&format!("{first}  sent")), "{sent}");
    assert!(hub.join().expect("it took the record").contains(&first));
    assert_eq!(report(&repo).stderr, "no records wait for the state-hub\n");
}

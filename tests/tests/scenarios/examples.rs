//! The examples, and the commands of this repo that run them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use e2e_tests::{Ended, Host, Repo, Running, cargo_e2e, exclusive, ssh_config};
use serde_json::Value;

/// On a clean clone an example is compiled first, beside whatever else runs.
const LIMIT: Duration = Duration::from_mins(15);

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a parent")
}

fn run(program: &Path, arguments: &[&str]) -> Ended {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(workspace());
    command.env("CARGO_E2E_SSH_CONFIG", ssh_config());
    for image in ["POSTGRES_IMAGE", "PYTHON_IMAGE", "BUSYBOX_IMAGE"] {
        command.env(image, e2e_tests::image(image));
    }
    for name in [
        "CARGO_E2E_HOST",
        "RAILIANCE01_HOST",
        "HOST",
        "REPO",
        "KEEP",
        "MAKEFLAGS",
        "MAKELEVEL",
    ] {
        command.env_remove(name);
    }
    Running::start(command, None).finish(LIMIT)
}

#[track_caller]
fn e2e(arguments: &[&str]) -> Ended {
    run(cargo_e2e(), &[&["e2e"], arguments].concat())
}

/// Runs an example; its result is where it says.
#[track_caller]
fn passes(example: &str, host: Host) {
    let ended = e2e(&["--host", &host.name(), &format!("examples/{example}")]);
    assert_eq!(ended.code, Some(0), "{ended}");
    let (_, results) = ended.stderr.split_once("results: ").expect("it says where");
    let record: PathBuf = workspace()
        .join(results.lines().next().expect("a line"))
        .join("run.json");
    let record: Value =
        serde_json::from_slice(&fs::read(&record).expect("a record")).expect("JSON");
    assert_eq!(record["verdict"], "passed", "{ended}");
    assert_eq!(record["repo"], example, "{ended}");
    let run_id = record["run_id"].as_str().expect("an id");
    let left = host.says(&format!(
        "docker ps -aq --filter label=cargo-e2e.run={run_id}; docker volume ls -q --filter label=cargo-e2e.run={run_id}; \
         find {0}/sandboxes {0}/leases -maxdepth 1 -name '*{run_id}*'",
        host.root()
    ));
    assert_eq!(left, "", "{ended}");
}

// The examples' ports are the same on every host: one at a time is less to wait for.

#[test]
fn pytest_postgres_passes_over_ssh_as_root() {
    let _turn = exclusive("pytest-postgres");
    passes("pytest-postgres", Host::Root);
}

#[test]
fn pytest_postgres_passes_over_ssh_as_a_user() {
    let _turn = exclusive("pytest-postgres");
    passes("pytest-postgres", Host::Dev);
}

#[test]
fn hello_http_passes_on_this_machine() {
    let _turn = exclusive("hello-http");
    passes("hello-http", Host::Local);
}

/// Every feature of the harness, one of them an outage of the database that a test makes.
#[test]
fn orders_passes_over_ssh() {
    let _turn = exclusive("orders");
    passes("orders", Host::Dev);
}

#[test]
fn the_examples_are_sound() {
    for example in [
        "examples/pytest-postgres",
        "examples/hello-http",
        "examples/orders",
    ] {
        let checked = e2e(&["check", example]);
        assert_eq!(checked.code, Some(0), "{checked}");
        assert!(checked.stderr.contains(": OK\n"), "{checked}");
    }
}

#[test]
fn plan_shows_what_a_run_would_do() {
    let plan = e2e(&["plan", "examples/pytest-postgres", "--host", "railiance01"]);
    assert_eq!(plan.code, Some(0), "{plan}");
    for said in [
        "railiance01",
        "--host",
        "declared",
        "python3 -m pytest",
        "tcp localhost:5432",
    ] {
        assert!(plan.stdout.contains(said), "it lacks {said:?}\n{plan}");
    }
    let plan = e2e(&["plan", "examples/hello-http"]);
    assert_eq!(plan.code, Some(0), "{plan}");
    assert!(plan.stdout.contains("local"), "{plan}");
    assert!(plan.stdout.contains("build       set -eu"), "{plan}");
}

#[test]
fn the_examples_mean_public_images_where_nothing_else_is_said() {
    for (example, image) in [
        ("pytest-postgres", "postgres:16"),
        ("hello-http", "build"),
        ("orders", "postgres:16"),
    ] {
        let mut command = Command::new("docker");
        command
            .args(["compose", "-f"])
            .arg(workspace().join(format!("examples/{example}/e2e/compose.yml")));
        command
            .arg("config")
            .env_remove("POSTGRES_IMAGE")
            .env_remove("PYTHON_IMAGE");
        let config = Running::start(command, None).finish(LIMIT);
        assert_eq!(config.code, Some(0), "{config}");
        assert!(config.stdout.contains(image), "{config}");
        assert_eq!(config.stderr, "", "{config}");
    }
}

#[test]
fn make_e2e_finds_a_repo_by_its_slug() {
    let repo = Repo::new("by-slug")
        .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
        .spec("test_command: echo made it\n");
    // Repos are found one folder below those that are named.
    let folder = repo.root().parent().expect("a parent").to_owned();
    let make = |slug: &str| {
        let make = Path::new("make");
        let repo = format!("REPO={slug}");
        let folders = format!("REPOS_DIR=examples {}", folder.display());
        run(
            make,
            &["--silent", "e2e", &repo, "HOST=railiance01", &folders],
        )
    };
    repo.also_run_on(Host::Root);
    let known = make(repo.slug());
    assert_eq!(known.code, Some(0), "{known}");
    assert!(known.stdout.contains("made it"), "{known}");
    assert!(known.stderr.contains("on railiance01"), "{known}");

    let unknown = make("no-such-slug");
    assert_eq!(unknown.code, Some(2), "{unknown}");
    let said = "no repo with `name: no-such-slug` in its e2e/e2e.yml under: examples ";
    assert!(unknown.stderr.contains(said), "{unknown}");
}

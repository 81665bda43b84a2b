//! examples/activity-core: that it passes, and what a person sees when it is broken on purpose.
//! RUNBOOK's troubleshooting quotes what is asserted here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use e2e_tests::{Ended, Host, Ran, Repo, Running, cargo_e2e, exclusive, ssh_config};
use indoc::indoc;
use serde_json::Value;

/// The SDK takes minutes, once.
const BUILD: Duration = Duration::from_mins(15);
const LIMIT: Duration = Duration::from_mins(5);
const IMAGES: [&str; 2] = ["POSTGRES_IMAGE", "TEMPORAL_IMAGE"];

/// The example, with its program and its tests compiled.
static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tests.with_file_name("examples").join("activity-core");
    let _one_build_at_a_time = exclusive("activity-core");
    let mut command = Command::new("sh");
    command.arg("scripts/build").current_dir(&folder);
    let ended = Running::start(command, None).finish(BUILD);
    assert_eq!(ended.code, Some(0), "{ended}");
    folder
});

fn start(arguments: &[&str]) -> Running {
    start_with(&[], arguments)
}

fn start_with(variables: &[(&str, &str)], arguments: &[&str]) -> Running {
    let mut command = Command::new(cargo_e2e());
    command.arg("e2e").args(arguments).current_dir(&*BUILT);
    command.env("CARGO_E2E_SSH_CONFIG", ssh_config());
    for image in IMAGES {
        command.env(image, e2e_tests::image(image));
    }
    for name in ["CARGO_E2E_HOST", "RAILIANCE01_HOST"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    Running::start(command, None)
}

/// The record of a run in the example's own folder, which left nothing behind.
#[track_caller]
fn record(ended: &Ended, host: Host) -> Value {
    let (_, results) = ended.stderr.split_once("results: ").expect("it says where");
    let results = BUILT.join(results.lines().next().expect("a line"));
    let record = fs::read(results.join("run.json")).expect("a record");
    let record: Value = serde_json::from_slice(&record).expect("JSON");
    let run = record["run_id"].as_str().expect("an id");
    let left = host.says(&format!(
        "docker ps -aq --filter label=cargo-e2e.run={run}; docker volume ls -q --filter label=cargo-e2e.run={run}; \
         find {0}/sandboxes {0}/leases -maxdepth 1 -name '*{run}*'",
        host.root()
    ));
    assert_eq!(left, "", "{ended}");
    record
}

#[test]
fn two_runs_at_once_pass_over_ssh_and_record_each_test_and_step() {
    let runs = [(); 2].map(|()| start(&["--host", &Host::Dev.name()]));
    for run in runs {
        let ended = run.finish(LIMIT);
        assert_eq!(ended.code, Some(0), "{ended}");
        let record = record(&ended, Host::Dev);
        let tests = record["tests"].as_array().expect("tests");
        assert_eq!(tests.len(), 7, "{ended}");
        let flow = tests
            .iter()
            .find(|test| test["name"] == "flow::the_full_flow");
        let steps = flow.expect("T21")["steps"].as_array().expect("steps");
        assert_eq!(steps[0]["name"], "seed one ActivityDefinition");
        assert!(
            steps.len() == 6 && steps.iter().all(|step| step["status"] == "passed"),
            "{steps:?}"
        );
    }
}

#[test]
fn the_same_flow_passes_from_python() {
    let run = start(&["--spec", "e2e/e2e.pytest.yml", "--host", &Host::Root.name()]);
    let ended = run.finish(LIMIT);
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stdout.contains("2 passed"), "{ended}");
    record(&ended, Host::Root);
}

/// Runs `the_full_flow` with a variable and a spec in which something is otherwise.
#[track_caller]
fn broken(name: &str, variables: &[(&str, &str)], change: &str) -> (Ended, Value) {
    let spec = fs::read_to_string(BUILT.join("e2e/e2e.yml")).expect("a spec");
    // They are compiled already, and the limit of a hanging test would be long to wait for.
    let spec = spec.replace("build_command: sh scripts/build\n", "");
    let spec = spec.replace("timeout: 180\n", &format!("timeout: 20\n{change}\n"));
    let path = BUILT.join(format!("target/{name}.yml"));
    fs::write(&path, spec).expect("it is ours");
    let path = path.to_str().expect("UTF-8");
    let arguments = ["--host", "local", "--spec", path, "--", "full_flow"];
    let ended = start_with(variables, &arguments).finish(LIMIT);
    let record = record(&ended, Host::Local);
    (ended, record)
}

#[test]
fn a_wrong_row_names_the_step_and_shows_the_row() {
    let (ended, record) = broken(
        "wrong-row",
        &[],
        r#"setup_command: |
  docker exec -i "$E2E_PROJECT-postgres-1" psql -h 127.0.0.1 -U activity -v ON_ERROR_STOP=1 -q <<'SQL'
  CREATE FUNCTION spoil() RETURNS trigger AS 'BEGIN NEW.output = ''another''; RETURN NEW; END' LANGUAGE plpgsql;
  CREATE TRIGGER spoil BEFORE INSERT ON run_log FOR EACH ROW EXECUTE FUNCTION spoil();
  SQL"#,
    );
    assert_eq!(ended.code, Some(100), "{ended}");
    assert_eq!(record["verdict"], "failed");
    let said = "at step `the run log is in the database`: the rows are [Row {";
    assert!(ended.stderr.contains(said), "{ended}");
    assert!(ended.stderr.contains(r#"output: "another""#), "{ended}");
}

#[test]
fn a_workflow_that_hangs_names_the_step_at_which_time_was_up() {
    let (ended, record) = broken("hangs", &[("TASK_QUEUE", "nobody-asks-there")], "");
    assert_eq!(ended.code, Some(100), "{ended}");
    assert_eq!(record["verdict"], "timed_out");
    for said in [
        "tests exceeded `timeout` (20 s)",
        "at `poll for completion`",
    ] {
        assert!(ended.stderr.contains(said), "it lacks {said:?}\n{ended}");
    }
}

/// The stack without its tests, in a copy in which the compose file is otherwise.
fn stack(name: &str, from: &str, to: &str) -> Repo {
    let read = |path: &str| fs::read_to_string(BUILT.join(path)).expect("it is there");
    let compose = read("docker-compose.dev.yml");
    assert!(
        compose.contains(from),
        "{from:?} is not in the compose file"
    );
    let mut repo = Repo::new(name)
        .file("docker-compose.dev.yml", &compose.replace(from, to))
        .symlink("e2e/compose.yml", "../docker-compose.dev.yml")
        .file("Dockerfile", &read("Dockerfile"))
        .file(".dockerignore", &read(".dockerignore"))
        .spec(indoc! {"
                test_command: 'true'
                ports: isolated
                health_checks:
                  - {name: temporal, grpc: 'localhost:7233', timeout: 20}
                  - {name: worker, url: 'http://localhost:8090/healthz', timeout: 20}
            "});
    for image in IMAGES {
        repo = repo.env(image, &e2e_tests::image(image));
    }
    let folder = repo.path("target/e2e-bin");
    fs::create_dir_all(&folder).expect("a folder");
    let program = "target/e2e-bin/activity-core";
    fs::copy(BUILT.join(program), repo.path(program)).expect("it was built");
    repo
}

/// Within the first ten lines after the stages, a person reads each of these.
#[track_caller]
fn says_early(ran: &Ran<'_>, texts: &[&str]) {
    let (_, rest) = ran.stderr().split_once("FAIL ").expect("a verdict");
    let early: Vec<&str> = rest.lines().take(10).collect();
    let early = early.join("\n");
    for text in texts {
        assert!(
            early.contains(text),
            "the first lines lack {text:?}:\n{early}"
        );
    }
}

#[test]
fn temporal_that_is_never_healthy_says_so_with_its_own_log() {
    let repo = stack("temporal-deaf", "--ip 0.0.0.0", "--ip 127.0.0.1");
    let ran = repo.run(Host::Local, &[]);
    ran.ended(98, "unhealthy");
    says_early(
        &ran,
        &[
            "health check temporal still failing after 20 s",
            "last answer: curl: (7) Failed to connect",
            " lines of temporal",
            "Temporal Server:      localhost:7233",
        ],
    );
}

#[test]
fn a_worker_that_crashes_again_and_again_says_why() {
    let repo = stack(
        "worker-loops",
        "command: worker",
        "command: [worker, --nonsense]",
    );
    let ran = repo.run(Host::Local, &[]);
    ran.ended(98, "unhealthy");
    says_early(&ran, &["worker", "unexpected argument '--nonsense'"]);
}

#[test]
fn a_wrong_password_is_named_by_whoever_was_refused() {
    let repo = stack(
        "wrong-password",
        "DATABASE_PASSWORD:-activity",
        "DATABASE_PASSWORD:-wrong",
    );
    let ran = repo.run(Host::Local, &[]);
    ran.ended(98, "up_failed");
    says_early(
        &ran,
        &[
            "`docker compose up` failed: migrate exited with code 1",
            "password authentication failed for user \"activity\"",
        ],
    );
}

#[test]
fn a_missing_migration_is_the_answer_of_the_health_check() {
    let repo = stack("no-migration", "command: migrate", "command: --version");
    let ran = repo.run(Host::Local, &[]);
    ran.ended(98, "unhealthy");
    says_early(
        &ran,
        &["last answer: HTTP 503: PostgreSQL: relation \"activity_definitions\" does not exist"],
    );
}

//! Several hosts after `--host`: a run goes to one that has room.

use std::fs;
use std::time::Duration;

use e2e_tests::{Ended, Host, Repo, Running, Spare, conforms, wait_for};
use rustix::process::Signal;
use serde_json::Value;

const LIMIT: Duration = Duration::from_mins(3);
/// Tests that run until their host has the file `/tmp/go`.
const HELD: &str = "echo testing; until [ -e /tmp/go ]; do sleep 0.1; done";

struct Pool {
    spares: [Spare; 2],
    config: tempfile::NamedTempFile,
}

impl Pool {
    fn new(names: [&'static str; 2]) -> Self {
        let spares = names.map(Spare::new);
        let config = tempfile::NamedTempFile::new().expect("a file");
        let includes = spares
            .iter()
            .map(|one| format!("Include {}\n", one.ssh_config()));
        fs::write(config.path(), includes.collect::<String>()).expect("it can be written");
        Self { spares, config }
    }

    fn hosts(&self) -> [Host; 2] {
        [self.spares[0].host(), self.spares[1].host()]
    }

    /// Checks that no sandbox, nothing with a label and no ticket is there.
    #[track_caller]
    fn has_nothing_left(&self) {
        assert_eq!(self.left(), "");
    }

    fn left(&self) -> String {
        let look = "cd /root/.local/state/cargo-e2e && find sandboxes leases -mindepth 1 -maxdepth 1 2>/dev/null
            for what in 'ps -a' 'network ls' 'volume ls'; do docker $what -q --filter label=cargo-e2e.run; done
            find /tmp/cargo-e2e-queue-* -name '*.*' 2>/dev/null; :";
        self.hosts().map(|host| host.says(look)).concat()
    }

    /// As it is typed.
    fn name(&self) -> String {
        self.hosts().map(Host::name).join(",")
    }

    /// A repo whose runs say by their arguments what their tests are, on hosts with one slot each.
    fn repo(&self, name: &str) -> Repo {
        Repo::new(name)
            .env(
                "CARGO_E2E_SSH_CONFIG",
                &self.config.path().display().to_string(),
            )
            .env("CARGO_E2E_MAX_SANDBOXES", "1")
            .env("CARGO_E2E_CONNECT_TIMEOUT", "60")
            .compose("services: {web: {image: BUSYBOX, init: true, command: [sleep, '600']}}\n")
            .spec("ports: isolated\ntest_command: eval\n")
    }
}

fn start(repo: &Repo, hosts: &str, tests: &str) -> Running {
    let mut command = repo.command();
    command.args(["--host", hosts, "--", tests]);
    Running::start(command, None)
}

fn run(repo: &Repo, hosts: &str, tests: &str) -> Ended {
    start(repo, hosts, tests).finish(LIMIT)
}

/// The record of the last run of a repo.
#[track_caller]
fn record(repo: &Repo) -> Value {
    let text = fs::read(repo.path("e2e/results/latest/run.json")).expect("a record");
    serde_json::from_slice(&text).expect("JSON")
}

#[test]
fn runs_go_where_there_is_room_and_else_wait_in_the_shortest_queue() {
    let pool = Pool::new(["pool-1", "pool-2"]);
    let hosts = pool.hosts();
    let repos = ["pool-a", "pool-b", "pool-c"].map(|name| pool.repo(name));
    // At once: whichever they choose, each gets a host of its own.
    let mut runs: Vec<Running> = repos[..2]
        .iter()
        .map(|repo| start(repo, &pool.name(), HELD))
        .collect();
    for run in &mut runs {
        run.prints("testing");
    }
    let mut third = start(&repos[2], &pool.name(), "true");
    third.prints("1st of 1 in the queue");
    for host in hosts {
        let _ = host.says("touch /tmp/go");
    }
    runs.push(third);
    for run in runs {
        let ended = run.finish(LIMIT);
        assert_eq!(ended.code, Some(0), "{ended}");
    }
    let [first, second, third] = repos.each_ref().map(record);
    let mut on = [first["host"].as_str(), second["host"].as_str()];
    on.sort_unstable();
    assert_eq!(on, [Some("pool-1"), Some("pool-2")]);
    for one in [&first, &second] {
        assert_eq!(one["placement"]["engine"], "pool");
        assert_eq!(one["placement"]["id"], "pool-1,pool-2");
        assert_eq!(one["placement"]["queued_ms"], 0);
        let stages = one["stages"].as_array().expect("stages");
        let count = |name: &str| stages.iter().filter(|stage| stage["name"] == name).count();
        assert_eq!(
            ["place", "connect", "provision", "teardown"].map(count),
            [1; 4]
        );
    }
    assert!(
        third["placement"]["queued_ms"].as_u64() > Some(0),
        "{third}"
    );
    pool.has_nothing_left();
    a_client_that_is_killed_leaves_a_record_with_the_host(&pool);
}

fn a_client_that_is_killed_leaves_a_record_with_the_host(pool: &Pool) {
    let repo = pool.repo("pool-killed").env("CARGO_E2E_LEASE", "6");
    let mut run = start(&repo, &pool.name(), "echo testing; sleep 7000");
    run.prints("testing").signal(Signal::KILL);
    drop(run);
    let told = repo.cargo_e2e(&["report"]);
    assert_eq!(told.code, Some(0), "{told}");
    let bundles = fs::read_dir(repo.path("e2e/results")).expect("results");
    let records = bundles
        .flatten()
        .filter_map(|entry| fs::read(entry.path().join("run.json")).ok());
    let record = records.last().expect("a record");
    let record: Value = serde_json::from_slice(&record).expect("JSON");
    let host = record["host"].as_str().expect("a host");
    assert!(["pool-1", "pool-2"].contains(&host), "{record}");
    assert_eq!(record["verdict"], "interrupted");
    wait_for("the guard", Duration::from_mins(1), || {
        pool.left().is_empty()
    });
}

#[test]
fn hosts_that_cant_be_used_are_left_out_and_one_that_has_the_repo_is_preferred() {
    let pool = Pool::new(["pool-3", "pool-4"]);
    let repo = pool.repo("pool-warm");
    let there = run(&repo, "pool-4", "true");
    assert_eq!(there.code, Some(0), "{there}");
    for _ in 0..3 {
        // An empty name and one that is there twice are none.
        let hosts = format!("nowhere.invalid,,{},pool-4", pool.name());
        let ended = run(&repo, &hosts, "true");
        assert_eq!(ended.code, Some(0), "{ended}");
        let said = "`nowhere.invalid` is left out of the pool: ";
        assert!(ended.stderr.contains(said), "{ended}");
        assert_eq!(record(&repo)["host"], "pool-4", "{ended}");
    }
    each_command_goes_to_the_hosts_of_a_pool(&pool, &repo);
    ports_of_a_sandbox_of_the_repo_are_not_waited_for_where_another_host_has_room(&pool);
    let none = run(&repo, "nowhere.invalid,nobody.invalid", "true");
    assert_eq!(none.code, Some(97), "{none}");
    for said in [
        "none of 2 hosts can be used",
        "nowhere.invalid: ",
        "nobody.invalid: ",
    ] {
        assert!(none.stderr.contains(said), "it lacks {said:?}\n{none}");
    }
    pool.has_nothing_left();
}

fn each_command_goes_to_the_hosts_of_a_pool(pool: &Pool, repo: &Repo) {
    let hosts = pool.name();
    let told = |arguments: &[&str], code: i32, all: &[&str]| {
        let ended = repo.cargo_e2e(&[arguments, &["--host", &hosts]].concat());
        assert_eq!(ended.code, Some(code), "{ended}");
        for said in all {
            let shown = ended.stdout.contains(said) || ended.stderr.contains(said);
            assert!(shown, "it lacks {said:?}\n{ended}");
        }
    };
    let up = repo.cargo_e2e(&["up", "--host", "pool-4"]);
    assert_eq!(up.code, Some(0), "{up}");
    // With `--reuse`, the host with the sandbox is meant.
    let again = repo.cargo_e2e(&["--reuse", "--host", &hosts, "--", "true"]);
    assert_eq!(again.code, Some(0), "{again}");
    let place = "pool-4, of 2 hosts: a sandbox of the repo is up";
    assert!(again.stderr.contains(place), "{again}");
    assert!(
        again.stderr.contains("1 service, nothing changed"),
        "{again}"
    );
    told(&["list"], 0, &["no sandboxes on pool-3", repo.slug()]);
    let listed = repo.cargo_e2e(&["list", "--format", "json", "--host", &hosts]);
    let listed = conforms("list", &listed);
    assert_eq!(listed["host"], hosts, "{listed}");
    assert_eq!(listed["sandboxes"][0]["host"], "pool-4", "{listed}");
    assert_eq!(listed["sandboxes"][1], Value::Null, "{listed}");
    told(
        &["doctor"],
        0,
        &["pool-3\n", "pool-4\n", "can run sandboxes"],
    );
    told(&["env"], 2, &["is a pool: this needs one host"]);
    told(&["down"], 0, &["on pool-3", "pool-4"]);
    told(
        &["list"],
        0,
        &["no sandboxes on pool-3", "no sandboxes on pool-4"],
    );
}

fn ports_of_a_sandbox_of_the_repo_are_not_waited_for_where_another_host_has_room(pool: &Pool) {
    let stack = "services: {web: {image: BUSYBOX, init: true, command: [sleep, '600'], ports: ['PORT_A:80']}}\n";
    let repo = pool
        .repo("pool-ports")
        .env("CARGO_E2E_MAX_SANDBOXES", "4")
        .compose(stack)
        .spec("ports: declared\ntest_command: eval\n");
    let mut first = start(&repo, "pool-3", HELD);
    first.prints("testing");
    // Here the repo has no workspace.
    let second = run(&repo, &pool.name(), "true");
    assert_eq!(second.code, Some(0), "{second}");
    let second = record(&repo);
    assert_eq!(second["host"], "pool-4", "{second}");
    let stages = second["stages"].as_array().expect("stages");
    assert!(
        stages.iter().all(|stage| stage["name"] != "queue"),
        "{second}"
    );
    let _ = pool.hosts()[0].says("touch /tmp/go");
    let first = first.finish(LIMIT);
    assert_eq!(first.code, Some(0), "{first}");
}

//! What is run: stacks of several kinds, repos of many files, many at once.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use e2e_tests::{Host, Repo, Running, free_ports, ssh_config};
use indoc::indoc;
use serde_json::Value;

use super::measured::{Measured, millis};
use super::way::{LIMIT, Stack, ours};

/// A repo of one web server, with what that needs.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) repo: Repo,
}

impl Scenario {
    /// Its service `web` is at `${PORT:-PORT_A}`, its tests ask for its page.
    fn new(name: &'static str, slug: &str, compose: &str) -> Self {
        let repo = Repo::new(slug).compose(compose).spec(indoc! {"
            ports: isolated
            test_command: curl -fsS \"http://$E2E_WEB_8080/\"
            health_checks: [{name: web, url: 'http://localhost:PORT_A/'}]
        "});
        Self { name, repo }
    }

    pub(crate) fn stack(&self) -> Stack {
        Stack {
            root: self.repo.root().to_owned(),
            port: self.repo.port('A'),
            page: "/",
            test: "curl -fsS http://localhost:$PORT/",
            build: "",
            variables: String::new(),
        }
    }
}

const WEB: &str = indoc! {r#"
    image: BUSYBOX
    command: [sh, -c, "mkdir -p /www && echo hello >/www/index.html && exec httpd -f -p 8080 -h /www"]
    ports: ["${PORT:-PORT_A}:8080"]
"#};

/// Indents the web service, with more keys, below `services:`.
fn web(more: &str) -> String {
    let lines = WEB.lines().chain(more.lines());
    lines.fold("  web:\n".to_owned(), |text, line| {
        text + "    " + line + "\n"
    })
}

/// One web server.
pub(crate) fn small() -> Scenario {
    Scenario::new(
        "one service",
        "bench-small",
        &format!("services:\n{}", web("")),
    )
}

pub(crate) fn all() -> Vec<Scenario> {
    let database = |health: &str| {
        format!(
            "  db:\n    image: PG_IMAGE\n    environment: {{POSTGRES_PASSWORD: bench}}\n    \
             healthcheck: {{test: [CMD, pg_isready, -h, 127.0.0.1, -U, postgres]{health}}}\n"
        )
    };
    let after = |service: &str, condition: &str| {
        format!("depends_on: {{{service}: {{condition: {condition}}}}}\n")
    };
    let migrate = indoc! {"
        \x20 migrate:
            image: PG_IMAGE
            command: [psql, 'postgresql://postgres:bench@db/postgres', -c, 'create table orders (id int)']
            depends_on: {db: {condition: service_healthy}}
    "};
    let stack = format!(
        "services:\n{}{migrate}{}",
        database(", interval: 200ms, retries: 100"),
        web(&after("migrate", "service_completed_successfully"))
    );
    let levels = {
        let step = |name: &str, more: &str| {
            format!(
                "  {name}:\n    image: BUSYBOX\n    command: [sleep, '600']\n    \
                 healthcheck: {{test: [CMD, 'true'], interval: 200ms}}\n{more}"
            )
        };
        format!(
            "services:\n{}{}{}{}",
            step("a", ""),
            step("b", "    depends_on: {a: {condition: service_healthy}}\n"),
            step("c", "    depends_on: {b: {condition: service_healthy}}\n"),
            web(&after("c", "service_healthy"))
        )
    };
    let slow = format!(
        "services:\n{}{}",
        database(""),
        web(&after("db", "service_healthy"))
    );
    vec![
        small(),
        Scenario::new("database, migration, web", "bench-stack", &stack),
        Scenario::new("three levels of depends_on", "bench-levels", &levels),
        Scenario::new("health checks of 30 s", "bench-slow", &slow),
    ]
}

pub(crate) const COLD: &str = "one service, cold";

/// Runs a repo that the host has never had, on a host that has noted nothing of itself. Its images are there:
/// all of the lab's are built from packages.
#[track_caller]
pub(crate) fn cold(host: Host) -> Duration {
    let scenario = small();
    let root = host.root();
    let _ = host.says(&format!("rm -f {root}/programs {root}/seen-by-*"));
    ours(&scenario, host)
}

/// A repo of many files, of which one changes between two runs.
#[derive(Debug)]
pub(crate) struct Large {
    files: usize,
    /// Of each file, in bytes.
    size: usize,
}

pub(crate) fn large() -> [Large; 2] {
    [
        Large {
            files: 20_000,
            size: 10_000,
        },
        Large {
            files: 500,
            size: 1_000_000,
        },
    ]
}

impl Large {
    pub(crate) fn name(&self) -> String {
        format!(
            "{} files, {} MB",
            self.files,
            self.files * self.size / 1_000_000
        )
    }

    /// What comes and goes with the repo's size, against rsync to the same place and nothing.
    pub(crate) fn compared(&self, pairs: usize) -> Vec<Measured> {
        let scenario = small();
        let folder = scenario.repo.path("data");
        for number in 0..self.files {
            let folder = folder.join((number % 200).to_string());
            fs::create_dir_all(&folder).expect("it can be made");
            fs::write(folder.join(format!("{number}.bin")), vec![b'x'; self.size]).expect("a file");
        }
        let host = Host::Root;
        let plain = || {
            let began = Instant::now();
            let ended = Command::new("rsync")
                .args(["-a", "--delete", "--exclude=e2e/results"])
                .arg("-e")
                .arg(format!("ssh -F {}", ssh_config().display()))
                .arg(format!("{}/", scenario.repo.root().display()))
                .arg(format!("{}:bench-large/", host.name()))
                .status()
                .expect("rsync runs");
            assert!(ended.success());
            began.elapsed()
        };
        let stages = || {
            ours(&scenario, host);
            let record = fs::read(scenario.repo.path("e2e/results/latest/run.json"));
            let record: serde_json::Value =
                serde_json::from_slice(&record.expect("a record")).expect("JSON");
            let took = |name: &str| {
                let stages = record["stages"].as_array().expect("stages");
                let stage = stages.iter().find(|stage| stage["name"] == name);
                Duration::from_millis(stage.expect("it ran")["duration_ms"].as_u64().expect("ms"))
            };
            (took("sync"), took("teardown"))
        };
        plain();
        stages();
        let (mut sync, mut teardown) = (Vec::new(), Vec::new());
        for number in 0..pairs {
            fs::write(folder.join("0/0.bin"), format!("change {number}")).expect("a file");
            let theirs = plain();
            let (sent, ended) = stages();
            sync.push((theirs, sent));
            teardown.push((Duration::from_millis(100), ended));
        }
        let _ = host.says("rm -rf /root/bench-large");
        let name = self.name();
        vec![
            Measured::new(&name, "rsync: our sync", host, sync),
            Measured::new(&name, "100 ms: our teardown", host, teardown),
        ]
    }
}

/// From an edited test to its verdict in a stack that is up, against a script that only sends the
/// files and runs the tests over a connection that it keeps.
pub(crate) fn edit_loop(host: Host, pairs: usize) -> Measured {
    let scenario = small();
    let folder = format!("bench-edit-{}", std::process::id());
    let up = scenario.repo.cargo_e2e(&["up", "--host", &host.name()]);
    assert_eq!(up.code, Some(0), "{up}");
    let env = scenario.repo.cargo_e2e(&["env", "--host", &host.name()]);
    let port = env.stdout.lines().find_map(|line| {
        let (_, port) = line.split_once("E2E_WEB_PORT=")?;
        Some(port.trim_matches(['\'', '"']).to_owned())
    });
    let port = port.unwrap_or_else(|| panic!("{env}"));
    let script = "socket=${TMPDIR:-/tmp}/$FOLDER; master() { ssh -F \"$CONFIG\" -S \"$socket\" \"$@\"; }\n\
                  master -O check \"$HOST\" 2>/dev/null || master -MNf -o ControlPersist=60 \"$HOST\"\n\
                  rsync -a --delete --exclude e2e/results -e \"ssh -F $CONFIG -S $socket\" ./ \"$HOST:$FOLDER/\"\n\
                  master \"$HOST\" \"cd $FOLDER && curl -fsS http://localhost:$PORT/\"";
    let theirs = || {
        let mut command = Command::new("sh");
        command
            .args(["-ec", script])
            .current_dir(scenario.repo.root())
            .env("CONFIG", ssh_config())
            .env("HOST", host.name())
            .env("FOLDER", &folder)
            .env("PORT", &port);
        let ended = Running::start(command, None).finish(LIMIT);
        assert_eq!(ended.code, Some(0), "{ended}");
        ended.took
    };
    let own = || {
        let ended = scenario
            .repo
            .cargo_e2e(&["--reuse", "--host", &host.name()]);
        assert_eq!(ended.code, Some(0), "{ended}");
        ended.took
    };
    let edit = |number: usize| {
        let test = scenario.repo.path("e2e/tests.sh");
        fs::write(test, format!("# edit {number}\n")).expect("it can be written");
    };
    edit(0);
    theirs();
    own();
    let measured = (1..=pairs).map(|number| {
        edit(number);
        (theirs(), own())
    });
    let measured = measured.collect();
    let down = scenario.repo.cargo_e2e(&["down", "--host", &host.name()]);
    assert_eq!(down.code, Some(0), "{down}");
    let _ = host.says(&format!("rm -rf {folder}"));
    Measured::new(EDIT_LOOP, "rsync and ssh", host, measured)
}

pub(crate) const EDIT_LOOP: &str = "edit a test, --reuse";

/// So many sandboxes at once, against as many bare composes at once on the host itself.
pub(crate) fn crowd(name: &str, number: usize, host: Host, pairs: usize) -> Measured {
    let scenario = small();
    let ports: Vec<u16> = (0..number).flat_map(|_| free_ports::<1>()).collect();
    let bare = || {
        // Of its own addresses Docker has none left for the last ones; a run then chooses some.
        let network =
            "networks: {default: {ipam: {config: [{subnet: '10.251.${NUMBER}.0/24'}]}}}\n";
        let compose = format!("services:\n{}{network}", web(""));
        let compose = scenario.repo.filled_in(&compose);
        let _ = host.says(&format!(
            "mkdir -p /root/bench-crowd/e2e && cat >/root/bench-crowd/e2e/compose.yml <<'END'\n{compose}END\n\
             cat >/root/bench-crowd/bare.sh <<'END'\n{}END\n",
            include_str!("../../bench/bare.sh")
        ));
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        let began = Instant::now();
        let ended = host.sh(&format!(
            "cd /root/bench-crowd; number=0; for port in {}; do\n\
             number=$((number + 1))\n\
             NUMBER=$number PROJECT=bench-$port PORT=$port PAGE=/ TEST='curl -fsS http://localhost:$PORT/' sh bare.sh & all=\"$all $!\"\n\
             done; for one in $all; do wait $one || exit 1; done",
            ports.join(" ")
        ));
        assert_eq!(ended.code, Some(0), "{ended}");
        let took = began.elapsed();
        let _ = host.says("rm -rf /root/bench-crowd");
        took
    };
    let own = || at_once(&scenario.repo, number, host);
    bare();
    own();
    let pairs = (0..pairs).map(|_| (bare(), own())).collect();
    Measured::new(name, "bare composes there", host, pairs)
}

pub(crate) const PACKED: &str = "32 runs on 8 slots";

/// Four times as many runs as there are slots, of a stack that mostly waits, against the ideal packing of what
/// they took, and against four times what one takes that is alone.
pub(crate) fn packed(host: Host, pairs: usize) -> [Measured; 2] {
    const SLOTS: u32 = 8;
    let repo = Repo::new("bench-packed")
        .env("CARGO_E2E_MAX_SANDBOXES", &SLOTS.to_string())
        .compose("services: {web: {image: BUSYBOX, init: true, command: [sleep, '600']}}\n")
        .spec("ports: isolated\ntest_command: sleep 15\n");
    let alone = || at_once(&repo, 1, host) * 4;
    alone();
    let mut of_their_times = Vec::new();
    let mut of_one_alone = Vec::new();
    for _ in 0..pairs {
        let one = alone();
        let _ = fs::remove_dir_all(repo.state().join("cargo-e2e/runs"));
        let all = at_once(&repo, 4 * SLOTS as usize, host);
        of_one_alone.push((one, all));
        of_their_times.push((time_in_slots(&repo) / SLOTS, all));
    }
    [
        Measured::new(PACKED, "their times in a slot / 8", host, of_their_times),
        Measured::new(PACKED, "4 times one alone", host, of_one_alone),
    ]
}

/// For how long the repo's runs had a slot, all together.
fn time_in_slots(repo: &Repo) -> Duration {
    let records = fs::read_dir(repo.state().join("cargo-e2e/runs")).expect("records");
    let of_one = |path: &Path| {
        let record = fs::read(path).expect("a record");
        let record: Value = serde_json::from_slice(&record).expect("JSON");
        let end_of = |name: &str| {
            let mut stages = record["stages"].as_array().expect("stages").iter();
            let stage = stages.find(|one| one["name"] == name)?;
            Some(millis(&stage["started_at"]) + stage["duration_ms"].as_i64()?)
        };
        let began = end_of("queue").or_else(|| end_of("provision"));
        end_of("teardown").expect("a teardown") - began.expect("a slot")
    };
    let all = records.map(|entry| of_one(&entry.expect("an entry").path()));
    Duration::from_millis(u64::try_from(all.sum::<i64>()).expect("it is no less than nothing"))
}

/// Returns how long `number` runs take that begin at once.
fn at_once(repo: &Repo, number: usize, host: Host) -> Duration {
    let began = Instant::now();
    let start = |_| {
        let mut command = repo.command();
        command.args(["--host", &host.name()]);
        Running::start(command, None)
    };
    let all: Vec<Running> = (0..number).map(start).collect();
    for one in all {
        let ended = one.finish(LIMIT);
        assert_eq!(ended.code, Some(0), "{ended}");
    }
    began.elapsed()
}

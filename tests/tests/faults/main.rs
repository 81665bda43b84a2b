//! Whatever dies, nothing is left behind, and the run's end is recorded: each row of the fault
//! matrix that can be injected, at the stages where it matters. Prints a table at the end.
//!
//! By itself it runs some of each; `E2E_FAULTS=all` runs every one, another value those whose name
//! has it; `E2E_SOAK=N` instead kills N runs at random moments, `E2E_QUEUE=N` sends N runs through the
//! queue of one host. See `make faults`, `make soak`, `make queue`.

mod client;
mod connection;
mod disk;
mod host;
mod seen;
mod soak;
mod turns;

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use e2e_tests::stacks::all_kinds;
use e2e_tests::{Host, Ran, Repo, Spare};

use seen::{Seen, Wrong};

/// Short, because nobody waits a minute here; long enough for a busy machine.
const LEASE: u64 = 6;
/// The promise: the lease, and so long for the sweep.
const SWEEP: u64 = 15;
/// What the promise leaves to a machine that has other things to do.
const LOAD: u64 = 20;

/// Where faults are injected, and what came of it so far.
struct Lab {
    spare: Spare,
    all: bool,
    seen: Mutex<Vec<Seen>>,
}

impl Lab {
    /// A repo with a stack that has something of every kind, and tests that wait.
    fn repo(&self, name: &str) -> Repo {
        self.equipped(
            all_kinds(name)
                .spec("build_command: 'true'\ntest_command: 'echo testing; sleep 7000'\n"),
        )
    }

    fn equipped(&self, repo: Repo) -> Repo {
        repo.env("CARGO_E2E_SSH_CONFIG", &self.spare.ssh_config())
            .env("CARGO_E2E_LEASE", &LEASE.to_string())
    }

    /// Writes down what came of an injection: nothing may be left soon, and how it ended must
    /// be recorded, once. `since` is when the host could begin to clean up.
    fn check(&self, fault: &'static str, at: &str, ran: &Ran<'_>, since: Instant, end: &End<'_>) {
        let limit = Duration::from_secs(LEASE + SWEEP + LOAD);
        let killed = matches!(end, End::Killed | End::Random);
        let left = || {
            if killed {
                ran.left_by_a_killed_client()
            } else {
                ran.left()
            }
        };
        let mut leaked = left();
        while !leaked.is_empty() && since.elapsed() < limit {
            std::thread::sleep(Duration::from_millis(200));
            leaked = left();
        }
        let mut wrong: Vec<Wrong> = leaked.into_iter().map(Wrong::Leaked).collect();
        let mut unrecorded = |what: String| wrong.push(Wrong::Record(what));
        let clean = since.elapsed();
        let host = ran.host();
        let ended = format!("{}/ended/{}", host.root(), ran.run_id());
        let tombstone = host.sh(&format!("head -n 1 {ended}")).stdout;
        let record = ran.record();
        match end {
            End::Killed if record.is_null() && tombstone.is_empty() => {
                // Before the guard was armed there was nothing, and nothing to tell.
                if !matches!(at, "connect" | "provision") {
                    unrecorded("the host does not say why it ended".to_owned());
                }
            }
            End::Killed if !record.is_null() && at != "teardown" => {
                unrecorded("it was killed, and has a record".to_owned());
            }
            End::Killed | End::Random => {}
            End::Is(code, verdict) => {
                let code_is = ran.output().code;
                if code_is != Some(*code) || record["verdict"] != **verdict {
                    unrecorded(format!(
                        "it ended with {code_is:?}, {}, not {code}, {verdict}\n{}",
                        record["verdict"],
                        ran.output()
                    ));
                }
            }
        }
        match ran.records_after_all().as_slice() {
            [one] if killed && record.is_null() && one["verdict"] != "interrupted" => {
                unrecorded(format!("it was killed and is {}", one["verdict"]));
            }
            [_] => {}
            records => unrecorded(format!("there are {} records of it", records.len())),
        }
        self.note(Seen {
            fault,
            at: format!("{at}, {}", host.name()),
            clean,
            wrong,
            run_id: ran.run_id().to_owned(),
            host,
        });
    }

    fn note(&self, seen: Seen) {
        eprintln!(
            "{:5.1} s  {}: {} {}",
            seen.clean.as_secs_f64(),
            seen.fault,
            seen.at,
            if seen.wrong.is_empty() { "" } else { "WRONG" }
        );
        self.seen.lock().expect("no row panics with it").push(seen);
    }
}

/// How a run should have ended.
enum End<'a> {
    /// It was killed, and the host knows more.
    Killed,
    /// It was killed, perhaps before there was anything, perhaps after all was over.
    Random,
    /// With an exit code and a verdict.
    Is(i32, &'a str),
}

/// When it must have begun for that long to have passed now.
fn since_for(passed: Duration) -> Instant {
    let now = Instant::now();
    now.checked_sub(passed).unwrap_or(now)
}

type Row = (&'static str, fn(&Lab));

/// These harm nobody but their own run, and go side by side.
const BESIDE: &[Row] = &[
    ("5 SIGKILL of the client", client::killed),
    (
        "5 SIGKILL of the client, under way",
        client::killed_under_way,
    ),
    (
        "5 SIGKILL of the client, its lease is 60 s",
        client::killed_soon,
    ),
    (
        "5 SIGKILL of the client, its credentials are on the host",
        client::killed_with_credentials,
    ),
    (
        "5 two clients on one sandbox, the first is killed",
        client::two,
    ),
    ("1 Ctrl-C on a terminal", client::ctrl_c),
    ("2 Ctrl-C twice, three times", client::impatient),
    (
        "3 SIGTERM, SIGHUP, SIGQUIT, terminal gone",
        client::other_signals,
    ),
    ("4 SIGINT, SIGTERM, SIGKILL as CI cancels", client::ladder),
    (
        "6 client stopped for longer than the lease",
        client::stopped,
    ),
    ("27 the client's clock is set", client::clock_set),
    ("15 guard killed, client alive", host::guard_killed),
    ("15 guard and client killed", host::both_killed),
    ("22 a stranger's container on the network", host::stranger),
];

/// These harm the host itself.
const ALONE: &[Row] = &[
    (
        "7, 8 partition longer than the lease",
        connection::long_partition,
    ),
    (
        "9 ssh session killed; sshd does not answer",
        connection::session_killed,
    ),
    (
        "9 ssh session killed, then a test stops a service",
        connection::control_again,
    ),
    (
        "9 the client's ssh is ended or killed",
        connection::master_ended,
    ),
    ("10 sshd allows too few sessions", connection::few_sessions),
    (
        "10 access revoked, ssh session killed",
        connection::access_revoked,
    ),
    (
        "15 teardown and client killed while the workspace is given back",
        host::killed_giving_back,
    ),
    (
        "12 dockerd killed and started again",
        host::engine_restarted,
    ),
    (
        "12 dockerd stopped for longer than the lease",
        host::engine_stopped,
    ),
    ("16 the host's disk is full before the run", disk::before),
    (
        "16 the host's disk is filled by the tests",
        disk::during_tests,
    ),
    (
        "16 the host's disk is nearly full of old workspaces",
        disk::old_workspaces,
    ),
    ("29 another root on the same engine", host::another_root),
    // Alone, because it waits for whatever else is up.
    (
        "5 SIGKILL of the client, others wait for a turn",
        client::waiting,
    ),
];

/// So do these, and they take long: only when all is asked for.
const LONG: &[Row] = &[
    (
        "8 partition shorter than the lease",
        connection::short_partition,
    ),
    ("13 dockerd gone for longer than the run", host::engine_gone),
    ("14 the host reboots", host::rebooted),
    (
        "16 the host's disk is filled by a container",
        disk::by_a_container,
    ),
];

/// As many as may use repos at once.
const WORKERS: usize = 3;

#[test]
fn nothing_is_left_whatever_dies() {
    let which = std::env::var("E2E_FAULTS").unwrap_or_default();
    let all = which == "all";
    let chosen = |rows: &[Row]| {
        let is_meant = |(name, _): &Row| all || name.contains(&which);
        let rows = rows.iter().copied().filter(is_meant);
        Mutex::new(rows.collect::<VecDeque<_>>())
    };
    let soak = std::env::var("E2E_SOAK").ok();
    let queue = std::env::var("E2E_QUEUE").ok();
    let lab = Lab {
        spare: Spare::new(if soak.is_some() { "soak" } else { "faults" }),
        all,
        seen: Mutex::default(),
    };
    if let Some(count) = soak {
        let left = AtomicU32::new(count.parse().expect("E2E_SOAK is a number"));
        side_by_side(|| soak::soak(&lab, &left));
    } else if let Some(count) = queue {
        turns::turns(&lab, count.parse().expect("E2E_QUEUE is a number"));
    } else {
        let beside = chosen(BESIDE);
        side_by_side(|| work(&lab, &beside));
        work(&lab, &chosen(ALONE));
        if !which.is_empty() {
            work(&lab, &chosen(LONG));
        }
    }
    look_again(&lab);
    let seen = lab.seen.lock().expect("all rows are over");
    print!("{}", seen::table(&seen));
    let wrong: Vec<&Seen> = seen.iter().filter(|one| !one.wrong.is_empty()).collect();
    for one in &wrong {
        print!("\n{one}");
    }
    assert!(!seen.is_empty(), "no row has such a name");
    let (wrong, all) = (wrong.len(), seen.len());
    assert_eq!(wrong, 0, "{wrong} of {all} went wrong");
}

fn side_by_side(work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(&work);
        }
    });
}

fn work(lab: &Lab, rows: &Mutex<VecDeque<Row>>) {
    let next = || rows.lock().expect("nobody panics with it").pop_front();
    while let Some((name, row)) = next() {
        let began = Instant::now();
        let went = std::panic::catch_unwind(AssertUnwindSafe(|| row(lab)));
        eprintln!("{:5.0} s in all for {name}", began.elapsed().as_secs_f64());
        if went.is_err() {
            lab.note(Seen {
                fault: name,
                at: "see above".to_owned(),
                clean: Duration::ZERO,
                wrong: vec![Wrong::Row],
                run_id: String::new(),
                host: Host::Local,
            });
        }
    }
}

/// What was made late would show only now.
fn look_again(lab: &Lab) {
    std::thread::sleep(Duration::from_secs(2 * LEASE));
    let mut seen = lab.seen.lock().expect("all rows are over");
    for one in seen.iter_mut().filter(|one| !one.run_id.is_empty()) {
        let (id, root) = (&one.run_id, one.host.root());
        let left = one.host.sh(&format!(
            "for kind in 'ps -a' 'network ls' 'volume ls' 'image ls'; do docker $kind -q --filter label=cargo-e2e.run={id}; done\n\
             ls -d {root}/sandboxes/{id} {root}/leases/{id} 2>/dev/null\n"
        ));
        one.wrong.extend(
            left.stdout
                .lines()
                .map(|line| Wrong::Leaked(format!("later: {line}"))),
        );
    }
}

/// A run that stands still at the beginning of a stage. `go` lets it go on.
struct Held<'a> {
    run: e2e_tests::Started<'a>,
    file: std::path::PathBuf,
}

/// The file by which a repo's runs stand still.
fn file_of(repo: &Repo) -> std::path::PathBuf {
    repo.root().with_extension("held")
}

fn holding(repo: Repo, stage: &str) -> Repo {
    let file = file_of(&repo).display().to_string();
    repo.env("CARGO_E2E_FAILPOINT", &format!("{stage}:{file}"))
}

fn held(repo: &Repo, host: Host) -> Held<'_> {
    let file = file_of(repo);
    let mut run = repo.start(host, &[]);
    e2e_tests::wait_for("the stage", Duration::from_mins(1), || {
        assert!(run.process().is_running(), "it ended before the stage");
        file.exists()
    });
    Held { run, file }
}

impl<'a> Held<'a> {
    fn go(self) -> e2e_tests::Started<'a> {
        let _ = std::fs::remove_file(&self.file);
        self.run
    }
}

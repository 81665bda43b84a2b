//! Many runs through the queue of one host, with mixed needs, a tenth of them killed at random.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use e2e_tests::Repo;
use e2e_tests::stacks::WEB;
use rustix::process::Signal;

use super::{End, Lab};

/// As many as may be up.
const SLOTS: u32 = 4;
/// As many clients as are there at a time: most of them wait.
const CLIENTS: usize = 12;
/// What runs need, and the slots that it comes to on a host with as many processors as `nproc` says.
const NEEDS: [u32; 5] = [1, 1, 1, 2, 4];

/// Says when its turn begins and ends, in one line each; where only it writes.
const TESTS: &str = "test_command: 'echo \"$(date +%s%N) 1 $E2E_PROJECT\" >>/tmp/turns; sleep 1; echo \"$(date +%s%N) 0 $E2E_PROJECT\" >>/tmp/turns'\n";

pub(super) fn turns(lab: &Lab, count: u32) {
    let host = lab.spare.host();
    let _ = host.says(": >/tmp/turns");
    let processors: u32 = host.says("nproc").trim().parse().expect("a number");
    let (next, all) = (AtomicU32::new(0), Mutex::new(BTreeMap::new()));
    let killed = Mutex::new(BTreeSet::new());
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let slots = NEEDS[number as usize % NEEDS.len()];
                    let repo = repo(lab, number, slots, processors);
                    let mut run = repo.start(host, &[]);
                    let id = run.run_id();
                    let project = id[id.len() - 8..].to_owned();
                    all.lock()
                        .expect("unpoisoned")
                        .insert(project.clone(), slots);
                    // A moment that no two have in common, from waiting to teardown.
                    let to_die = number % 10 == 7;
                    if to_die {
                        killed.lock().expect("unpoisoned").insert(project);
                        std::thread::sleep(Duration::from_millis(u64::from(number) * 739 % 20_000));
                        if run.process().is_running() {
                            run.signal(Signal::KILL);
                        }
                    }
                    let since = Instant::now();
                    let ran = run.finish();
                    let end = match ran.output().code {
                        Some(_) => End::Is(0, "passed"),
                        None => End::Random,
                    };
                    let fault = if to_die {
                        "SIGKILL among those who wait"
                    } else {
                        "its turn"
                    };
                    lab.check(fault, &format!("{slots} slots"), &ran, since, &end);
                }
            });
        }
    });
    let took = began.elapsed();
    let log = host.says("cat /tmp/turns");
    let used = at_once(
        &log,
        &all.into_inner().expect("unpoisoned"),
        &killed.into_inner().expect("unpoisoned"),
    );
    println!(
        "{count} runs in {:.0} s, at most {used} of {SLOTS} slots at once",
        took.as_secs_f64()
    );
    assert!(used <= SLOTS, "{log}");
    assert_eq!(host.says("ls /tmp/cargo-e2e-queue-*"), "lock\n");
}

fn repo(lab: &Lab, number: u32, slots: u32, processors: u32) -> Repo {
    let cpus = f64::from(processors) / f64::from(SLOTS) * f64::from(slots);
    Repo::new(&format!("q{}", number as usize % NEEDS.len()))
        .env("CARGO_E2E_SSH_CONFIG", &lab.spare.ssh_config())
        .env("CARGO_E2E_MAX_SANDBOXES", &SLOTS.to_string())
        .env("CARGO_E2E_LEASE", "6")
        .env("CARGO_E2E_NEED", &format!("cpus={cpus}"))
        .compose(WEB)
        .spec(&format!("ports: isolated\n{TESTS}"))
}

/// The most slots that runs had at once while they tested, without those that were killed, of which
/// nobody knows when they ended.
fn at_once(log: &str, slots: &BTreeMap<String, u32>, killed: &BTreeSet<String>) -> u32 {
    let mut lines: Vec<&str> = log.lines().collect();
    lines.sort_unstable();
    let (mut now, mut most) = (0, 0);
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let project = &words[2][words[2].len() - 8..];
        if killed.contains(project) {
            continue;
        }
        match words[1] {
            "1" => now += slots[project],
            _ => now -= slots[project],
        }
        most = most.max(now);
    }
    most
}

//! What a run with 100 MB of test output and 1 GB of service logs costs. `make big` runs it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use e2e_tests::{Host, Repo};
use indoc::indoc;

const LIMIT: Duration = Duration::from_mins(20);

const LINES: usize = 10_000_000;
const OUTPUT: usize = 1_000_000;

/// In KiB: what comes is never in memory as a whole.
const MOST_MEMORY: u64 = 64 << 10;

/// Lines of 100 bytes, all of them of the time of the test.
const STACK: &str = "services: {web: {image: BUSYBOX, command: [sh, -c, \
    'while ! test -e /start/now; do sleep 0.1; done; yes \"a line of some service that says much more than anybody would ever want to read of it, ever\" \
     | head -n 10000000; echo over; exec sleep 6000'], volumes: ['./start:/start']}}\n";

const TEST: &str = indoc! {r#"
    timeout: 900
    timeouts: {collect: 600}
    test_command: |
      touch e2e/start/now
      yes 'a line of some test that says much more than anybody would ever want to read of it, and still it is' | head -n 1000000
      until docker logs --tail 1 "$(docker ps -q --filter label=cargo-e2e.run="$E2E_RUN_ID")" 2>&1 | grep -q over; do sleep 1; done
      exit 1
"#};

fn costs(host: Host) {
    let repo = Repo::new("big")
        .compose(STACK)
        .spec(TEST)
        .file("e2e/start/.keep", "");
    let mut run = repo.start(host, &["-v"]);
    let most = run.process().peak_memory(LIMIT);
    let ran = run.finish_within(LIMIT);
    ran.leaves_nothing();
    ran.ended(100, "failed")
        .stage_says("collect", "logs of 1 container");
    let lines = |file: &str| {
        let file = fs::File::open(ran.bundle().join(file)).expect("it is there");
        let bytes = file.metadata().expect("a file").len();
        (BufReader::new(file).split(b'\n').count(), bytes >> 20)
    };
    let (output, output_size) = lines("test-output.log");
    let (log, log_size) = lines("logs/web.log");
    assert_eq!((output, log), (OUTPUT, LINES + 1), "{}", ran.stderr());
    println!(
        "{}: {output_size} MiB of test output, {log_size} MiB of log, all kept",
        host.name()
    );
    for stage in ["test", "collect", "report"] {
        let told = ran.stderr().lines().map(str::trim_start);
        let took = told
            .filter_map(|line| line.strip_prefix(stage))
            .find(|rest| rest.contains(" s"));
        println!(
            "  {stage}{}",
            took.unwrap_or(" did not say how long it took")
        );
    }
    println!("  most memory of cargo-e2e: {} MiB", most >> 10);
    assert!(
        (1..MOST_MEMORY).contains(&most),
        "cargo-e2e took {most} KiB, and may take {MOST_MEMORY}"
    );
}

#[test]
#[ignore = "takes minutes and gigabytes: make big"]
fn big_local() {
    costs(Host::Local);
}

#[test]
#[ignore = "takes minutes and gigabytes: make big"]
fn big_ssh() {
    costs(Host::Dev);
}

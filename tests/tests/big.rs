//! What a run with 100 MB of test output and 1 GB of service logs costs (`make big`), and how fast
//! the page of 5,000 tests and a million log lines is (`make page`).

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use e2e_tests::{Browser, Host, Repo};
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

/// A million lines of four services.
const SERVICES: &str = indoc! {"
    x-service: &service
      image: BUSYBOX
      command: [sh, -c, 'seq 1 250000 | sed \"s|$| INFO GET /orders/ 200 of a customer who looks at all the orders of the year|\"; echo over; exec sleep 6000']
    services: {web: *service, pay: *service, cart: *service, mail: *service}
"};

/// 5,000 tests in 50 modules, of which each 200th fails.
const TESTS: &str = indoc! {r#"
    timeout: 900
    junit: junit.xml
    test_command: |
      for id in $(docker ps -q --filter label=cargo-e2e.run="$E2E_RUN_ID"); do
        until docker logs --tail 1 "$id" 2>&1 | grep -q over; do sleep 1; done
      done
      awk -v began="$(date -u +%Y-%m-%dT%H:%M:%SZ)" 'BEGIN {
        print "<testsuite name=\"pytest\" timestamp=\"" began "\" time=\"5\">"
        for (n = 0; n < 5000; n++) {
          printf "<testcase classname=\"tests.test_%d\" name=\"test_order_%d[EUR]\" time=\"0.001\">", n / 100, n
          if (n % 200 == 9) printf "<failure message=\"expected %d\">E expected %d, got %d\n</failure>", n, n, n + 1
          print "</testcase>"
        }
        print "</testsuite>"
      }' >junit.xml
      sleep 6
      exit 1
"#};

/// Runs in the page: says after how many milliseconds it was loaded and painted.
const OPENED: &str =
    "return new Promise((told) => requestAnimationFrame(() => setTimeout(() => told([
    performance.getEntriesByType('navigation')[0].loadEventEnd,
    performance.getEntriesByName('first-contentful-paint')[0].startTime]), 100)))";

/// Runs in the page: types a text into the search, and says what was found, and after how many
/// milliseconds that was on the screen.
const SEARCHED: &str = "const began = performance.now();
    filter.value = TEXT; filter.dispatchEvent(new Event('input'));
    return new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(() =>
        told([performance.now() - began, found.textContent]))))";

#[test]
#[ignore = "takes a minute: make page"]
fn page_of_5000_tests_and_a_million_lines() {
    let repo = Repo::new("bigpage")
        .compose(SERVICES)
        .spec(TESTS)
        .gitignore("junit.xml\n");
    let ran = repo.start(Host::Local, &[]).finish_within(LIMIT);
    ran.ended(100, "failed");
    assert_eq!(ran.record()["tests"].as_array().map(Vec::len), Some(5000));
    let lines = |service: &str| {
        let log = fs::File::open(ran.bundle().join(format!("logs/{service}.log")));
        BufReader::new(log.expect("it is there"))
            .split(b'\n')
            .count()
    };
    let lines: usize = ["web", "pay", "cart", "mail"].map(lines).iter().sum();
    assert_eq!(lines, 1_000_004);
    let page = ran.bundle().join("report.html");
    let size = fs::metadata(&page).expect("a page").len();
    println!("5000 tests, {lines} log lines: a page of {size} bytes");

    let browser = Browser::start();
    for number in 1..=3 {
        browser.open(&page);
        let [loaded, painted] = numbers(&browser.run(OPENED));
        println!(
            "  opened, {number}: first painted after {painted:.0} ms, loaded after {loaded:.0} ms (goal: 1000)"
        );
    }
    // The first search reads all lines and tests.
    for text in [
        "orders/ 200",
        "4209",
        "test_order_4209",
        "expected",
        "no such text",
        "e",
        "",
    ] {
        let found =
            browser.run(&SEARCHED.replace("TEXT", &serde_json::Value::from(text).to_string()));
        let [took, _] = numbers(&found);
        println!(
            "  searched {text:?}: {took:.0} ms (goal: 300), {}",
            found[1].as_str().unwrap_or_default()
        );
    }
    assert_eq!(browser.axe(), [""; 0]);
    println!("  axe-core finds nothing");
}

fn numbers(told: &serde_json::Value) -> [f64; 2] {
    [0, 1].map(|place| told[place].as_f64().unwrap_or_default())
}

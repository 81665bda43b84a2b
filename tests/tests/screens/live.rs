//! What stands at the bottom of a terminal while a stage runs, from a whole run on it.

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Host, Repo};
use rustix::process::Signal;

use super::filters::with_live_lines;

const COLUMNS: u16 = 80;

/// Compares the last screen on which all of these stand, from the line with the first one on.
fn shows(name: &str, repo: &Repo, columns: u16, printed: &str, all: &[&str]) {
    let mut terminal = vt100::Parser::new(200, columns, 0);
    // The terminal's own echo of Ctrl-C comes before or after what is drawn next.
    let printed = printed.replace("^C", "");
    // A line is whole before what moves the cursor.
    let parts = printed.as_bytes().chunk_by(|_, next| *next != b'\x1b');
    let live = parts.map(|part| {
        terminal.process(part);
        terminal.screen().contents()
    });
    let screens = live.filter(|screen| all.iter().all(|text| screen.contains(text)));
    let screen = screens.last().unwrap_or_else(|| {
        panic!("no screen had all of {all:?}:\n{printed:?}");
    });
    let from = screen.lines().skip_while(|line| !line.contains(all[0]));
    let bottom: Vec<&str> = from.collect();
    let bottom = bottom.join("\n");
    with_live_lines(repo).bind(|| insta::assert_snapshot!(name, bottom));
}

/// Runs it on a terminal, and returns all that went there.
fn on_a_terminal(repo: &Repo, code: i32) -> String {
    let run = repo.start_on_a_terminal_of(Host::Local, &COLUMNS.to_string());
    let ran = run.finish();
    ran.leaves_nothing();
    assert_eq!(ran.output().code, Some(code), "{}", ran.output());
    ran.stderr().to_owned()
}

#[test]
fn up_shows_services() {
    let repo = Repo::new("live-up")
        .compose(
            "services:
  cache: {image: BUSYBOX, init: true, command: [sleep, '600']}
  db:
    image: BUSYBOX
    init: true
    command: [sh, -c, 'sleep 3; touch /ready; exec sleep 600']
    healthcheck: {test: [CMD, test, -e, /ready], interval: 200ms, retries: 100}
  web:
    image: BUSYBOX
    init: true
    command: [sleep, '600']
    depends_on: {cache: {condition: service_started}, db: {condition: service_healthy}}\n",
        )
        .spec("test_command: 'true'\n");
    let printed = on_a_terminal(&repo, 0);
    let all = [
        "  up ",
        "✓ cache  started",
        "✓ db  started",
        "… web  created",
    ];
    shows("live_up", &repo, COLUMNS, &printed, &all);
}

#[test]
fn ready_shows_all_checks() {
    let repo = Repo::new("live-ready").compose(WEB).spec(
        "health_checks:
  - {name: web, url: 'http://localhost:PORT_A/', timeout: 30}
  - {name: page, url: 'http://localhost:PORT_A/nope', timeout: 4}
  - {name: queue, exec: [test, -e, /nope], service: web, timeout: 4}
test_command: 'true'\n",
    );
    let printed = on_a_terminal(&repo, 98);
    let all = ["  ready ", "1 of 3 checks", "✓ web", "✗ page", "✗ queue"];
    shows("live_ready", &repo, COLUMNS, &printed, &all);
}

#[test]
fn a_port_that_is_waited_for_is_named_with_who_has_it() {
    let repo = Repo::new("live-waits").compose(WEB).spec(&format!(
        "ports: declared\n{WEB_IS_HEALTHY}test_command: echo testing; sleep 7061\n"
    ));
    let mut first = repo.start(Host::Local, &[]);
    first.prints("testing");
    let second = repo.start_on_a_terminal(Host::Local, "held by", "=140,c");
    let second = second.finish();
    assert_eq!(second.output().code, Some(130), "{}", second.output());
    second.leaves_nothing();
    first.signal(Signal::INT);
    let first = first.finish();
    assert_eq!(first.output().code, Some(130), "{}", first.output());
    first.leaves_nothing();
    let all = ["  waiting ", "port ", "ports: isolated"];
    shows("live_waits", &repo, 140, second.stderr(), &all);
}

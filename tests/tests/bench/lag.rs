//! How long after a service answers the tool notices it, for each kind of probe: another program asks
//! the same service all the time.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use e2e_tests::{Host, Repo};
use indoc::formatdoc;

use super::measured::median;
use super::way::LIMIT;

/// How many seconds after its start the service answers.
const STARTS_AFTER: [&str; 2] = ["0.7", "1.3"];

/// The kinds of probes, as a health check has them.
const KINDS: [(&str, &str); 3] = [
    ("url", "url: 'http://localhost:PORT_A/'"),
    ("tcp", "tcp: 'localhost:PORT_A'"),
    (
        "exec",
        "exec: [wget, -q, -O, /dev/null, 'http://127.0.0.1:8080/'], service: web",
    ),
];

/// Measures each kind this often, and returns rows of a table: until the check has passed, and until
/// the tests may begin.
pub(crate) fn table(times: usize) -> String {
    let mut table =
        "| probe | noticed after (lowest to highest) | ready after |\n|---|---|---|\n".to_owned();
    for (kind, probe) in KINDS {
        let (mut noticed, mut ready) = (Vec::new(), Vec::new());
        for number in 0..times {
            let (check, stage) = once(kind, probe, STARTS_AFTER[number % 2]);
            noticed.push(check);
            ready.push(stage);
        }
        noticed.sort_by(f64::total_cmp);
        ready.sort_by(f64::total_cmp);
        let (lowest, highest) = (noticed[0], noticed[times - 1]);
        let _ = writeln!(
            table,
            "| {kind} | **{:.0} ms** ({lowest:.0} to {highest:.0}) | {:.0} ms |",
            median(&noticed),
            median(&ready)
        );
    }
    table
}

/// Milliseconds from the first answer until the check has passed, and until the stack is ready.
fn once(kind: &str, probe: &str, after: &str) -> (f64, f64) {
    let repo = Repo::new(&format!("bench-lag-{kind}"))
        .compose(&formatdoc! {r#"
            services:
              web:
                image: BUSYBOX
                command: [sh, -c, "mkdir -p /www && echo hello >/www/index.html && sleep {after} && exec httpd -f -p 8080 -h /www"]
                ports: ["PORT_A:8080"]
        "#})
        .spec(&format!(
            "ports: declared\ntest_command: 'true'\nhealth_checks: [{{name: web, {probe}}}]\n"
        ));
    let port = repo.port('A');
    let mut command = repo.command();
    command.args(["--host", &Host::Local.name(), "--message-format", "json"]);
    let mut run = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let stdout = BufReader::new(run.stdout.take().expect("a pipe"));
    let (tell, told) = mpsc::channel();
    let answered = tell.clone();
    thread::spawn(move || {
        while !answers(port) {
            thread::sleep(Duration::from_millis(2));
        }
        let _ = answered.send(("answers", Instant::now()));
    });
    thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            let now = Instant::now();
            let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if event["event"] == "health" && event["passed"] == true {
                let _ = tell.send(("noticed", now));
            } else if event["event"] == "stage_ended" && event["stage"] == "ready" {
                let _ = tell.send(("ready", now));
            }
        }
    });
    let mut at = std::collections::BTreeMap::new();
    while at.len() < 3 {
        let (what, when) = told.recv_timeout(LIMIT).expect("it becomes ready");
        at.insert(what, when);
    }
    assert!(run.wait().expect("it ends").success(), "{kind}");
    let since = |what| {
        at[what]
            .saturating_duration_since(at["answers"])
            .as_secs_f64()
            * 1000.0
    };
    (since("noticed"), since("ready"))
}

/// Whether an HTTP server answers: Docker's forwarder accepts before there is one.
fn answers(port: u16) -> bool {
    let asked = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let mut start = [0; 5];
        stream.read_exact(&mut start)?;
        Ok::<_, std::io::Error>(start == *b"HTTP/")
    };
    asked().unwrap_or(false)
}

//! How long after a service answers the tool notices it, for each kind of probe: another program asks
//! the same service all the time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use e2e_tests::{Host, Repo};
use indoc::formatdoc;
use serde_json::{Value, json};

use super::measured::median;
use super::way::LIMIT;

/// How many seconds after its start the service answers: never the same, so that no clock of the tool's
/// is met at the same moment again and again.
const STARTS_AFTER: [&str; 7] = ["0.7", "1.3", "0.83", "1.57", "1.11", "0.96", "1.44"];

/// That of one that is slow, when the tool asks less often.
const LATE: [&str; 3] = ["12.1", "13.3", "12.74"];

/// A service that answers some time after its start, and who looks at it.
struct Row {
    name: &'static str,
    /// What e2e.yml has of it.
    checks: &'static str,
    /// What the compose file has of it.
    health: &'static str,
    after: &'static [&'static str],
}

const URL: &str = "health_checks: [{name: web, url: 'http://localhost:PORT_A/'}]";
const TCP: &str = "health_checks: [{name: web, tcp: 'localhost:PORT_A'}]";
const EXEC: &str = "health_checks: [{name: web, exec: [wget, -q, -O, /dev/null, 'http://127.0.0.1:8080/'], service: web}]";
const GRPC: &str = "health_checks: [{name: web, grpc: 'localhost:PORT_A'}]";

const ROWS: [Row; 9] = [
    Row {
        name: "url",
        checks: URL,
        health: "",
        after: &STARTS_AFTER,
    },
    Row {
        name: "tcp",
        checks: TCP,
        health: "",
        after: &STARTS_AFTER,
    },
    Row {
        name: "exec",
        checks: EXEC,
        health: "",
        after: &STARTS_AFTER,
    },
    // Temporal's own time.
    Row {
        name: "grpc",
        checks: GRPC,
        health: "",
        after: &["0"],
    },
    Row {
        name: "url of a slow one",
        checks: URL,
        health: "",
        after: &LATE,
    },
    Row {
        name: "exec of a slow one",
        checks: EXEC,
        health: "",
        after: &LATE,
    },
    Row {
        name: "healthcheck, interval 1s",
        checks: "",
        health: "1s",
        after: &STARTS_AFTER,
    },
    Row {
        name: "healthcheck, interval 10s",
        checks: "",
        health: "10s",
        after: &STARTS_AFTER,
    },
    Row {
        name: "healthcheck, interval 30s",
        checks: "",
        health: "30s",
        after: &STARTS_AFTER,
    },
];

/// Measures each row this often, prints it, and returns all: until the check has passed, and until the tests
/// may begin. A health check of the compose file has passed when the tests may begin.
pub(crate) fn table(only: &str, times: usize) -> Vec<Value> {
    println!("\n| probe | noticed after (lowest to highest) | ready after |\n|---|---|---|");
    let rows = ROWS.iter().filter(|row| row_name(row).contains(only));
    rows.map(|row| {
        let (mut noticed, mut ready) = (Vec::new(), Vec::new());
        for number in 0..times {
            let (check, stage) = once(row, row.after[number % row.after.len()]);
            noticed.push(check);
            ready.push(stage);
        }
        noticed.sort_by(f64::total_cmp);
        ready.sort_by(f64::total_cmp);
        println!(
            "| {} | **{:.0} ms** ({:.0} to {:.0}) | {:.0} ms |",
            row.name,
            median(&noticed),
            noticed[0],
            noticed[times - 1],
            median(&ready)
        );
        json!({ "scenario": row_name(row), "noticed_ms": noticed, "ready_ms": ready })
    })
    .collect()
}

/// Whether any row has this in its name.
pub(crate) fn is_asked_for(only: &str) -> bool {
    ROWS.iter().any(|row| row_name(row).contains(only))
}

fn row_name(row: &Row) -> String {
    format!("readiness lag: {}", row.name)
}

/// Milliseconds from the first answer until the check has passed, and until the stack is ready.
fn once(row: &Row, after: &str) -> (f64, f64) {
    let web = formatdoc! {r#"
        services:
          web:
            image: BUSYBOX
            command: [sh, -c, "mkdir -p /www && echo hello >/www/index.html && sleep {after} && exec httpd -f -p 8080 -h /www"]
            ports: ["PORT_A:8080"]
    "#};
    let grpc = row.checks == GRPC;
    let stack = match row.health {
        _ if grpc => "services: {web: {image: WF_IMAGE, command: server start-dev --ip 0.0.0.0 --port 7233, ports: ['PORT_A:7233']}}\n".to_owned(),
        "" => web,
        interval => format!("{web}    healthcheck: {{test: wget -q -O /dev/null http://127.0.0.1:8080/, interval: {interval}}}\n"),
    };
    let slug = row_name(row).replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let spec = format!("ports: declared\ntest_command: 'true'\n{}\n", row.checks);
    let repo = Repo::new(&format!("bench-{slug}").replace("--", "-"))
        .compose(&stack)
        .spec(&spec);
    let answers = if grpc { serves } else { answers };
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
    while !(at.contains_key("answers") && at.contains_key("ready")) {
        let (what, when) = told.recv_timeout(LIMIT).expect("it becomes ready");
        at.insert(what, when);
    }
    assert!(run.wait().expect("it ends").success(), "{}", row.name);
    let noticed = *at.get("noticed").unwrap_or(&at["ready"]);
    at.insert("noticed", noticed);
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

/// Whether `grpc.health.v1` says that it serves, by HTTP/2 as few bytes as it takes.
fn serves(port: u16) -> bool {
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        let length = u8::try_from(payload.len()).expect("it is short");
        [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
    };
    let path = "/grpc.health.v1.Health/Check";
    let text = |text: &str| [&[u8::try_from(text.len()).expect("short")], text.as_bytes()].concat();
    // POST, http, and by their numbers in HPACK's table path, authority and content-type; `te` has none.
    let headers = [
        &[0x83, 0x86, 0x04][..],
        &text(path),
        &[0x01],
        &text("localhost"),
        &[0x0f, 0x10],
        &text("application/grpc"),
        &[0x00],
        &text("te"),
        &text("trailers"),
    ]
    .concat();
    let request = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(4, 0, 0, &[]),
        frame(1, 4, 1, &headers),
        frame(0, 1, 1, &[0; 5]),
    ]
    .concat();
    let asked = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(&request)?;
        let (mut answer, mut some) = (Vec::new(), [0; 4096]);
        // A message of two bytes: field 1 is 1.
        while !answer
            .windows(7)
            .any(|bytes| bytes == [0, 0, 0, 0, 2, 8, 1])
        {
            match stream.read(&mut some)? {
                0 => return Ok(false),
                count => answer.extend_from_slice(&some[..count]),
            }
        }
        Ok::<_, std::io::Error>(true)
    };
    asked().unwrap_or(false)
}

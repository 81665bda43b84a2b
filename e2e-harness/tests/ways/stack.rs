use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use e2e_harness::protocol::control::{Answer, ContainerState, Request};
use e2e_harness::protocol::record::Entry;
use e2e_harness::protocol::{CONTROL, Check, Endpoint, Endpoints, Probe, REQUIRED, Transport};

use crate::play::{Play, Ran, Way};

/// A web service that says what it was asked; its health check fails once.
fn web() -> u16 {
    let (listener, port) = listen();
    thread::spawn(move || {
        let mut sick = 1;
        for stream in listener.incoming().flatten() {
            let mut line = String::new();
            let mut reader = BufReader::new(&stream);
            let _ = reader.read_line(&mut line);
            let asked = line.rsplit_once(' ').map_or("", |(asked, _)| asked);
            let asked = asked.to_owned();
            // The whole head, or the answer could be lost with a reset.
            let mut headers = Vec::new();
            while line != "\r\n" && !line.is_empty() {
                line.clear();
                let _ = reader.read_line(&mut line);
                if line.starts_with("authorization") || line.starts_with("x-tenant") {
                    headers.push(line.replace('\r', ""));
                }
            }
            headers.sort();
            let (status, body) = match asked.as_str() {
                "GET /healthz" if sick > 0 => (503, "sick".to_owned()),
                "GET /headers" => (200, headers.concat()),
                "GET /long" => (200, "x".repeat(100_000)),
                "POST /broken?key=s3cret" => (500, "no tea, only coffee\n".to_owned()),
                _ => (200, asked),
            };
            sick -= i32::from(status == 503);
            let length = body.len();
            let _ = write!(
                &stream,
                "HTTP/1.1 {status} So\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            );
        }
    });
    port
}

fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it has one").port();
    (listener, port)
}

/// Accepts and hangs up, as a forwarder does when nothing listens behind it.
fn dead() -> u16 {
    let (listener, port) = listen();
    thread::spawn(move || listener.incoming().for_each(drop));
    port
}

/// Accepts and never answers.
fn silent() -> u16 {
    let (listener, port) = listen();
    thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    port
}

/// What `cargo e2e` was asked, by test.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

fn control(socket: &Path) -> Asked {
    let asked = Asked::default();
    let listener = UnixListener::bind(socket).expect("a socket");
    let all = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let all = Arc::clone(&all);
            thread::spawn(move || serve(&stream, &all));
        }
    });
    asked
}

fn serve(stream: &UnixStream, all: &Asked) {
    let mut test = String::new();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let request: Request = serde_json::from_str(&line).expect("a request");
        if let Request::Begin { test: name } = &request {
            test.clone_from(name);
        }
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let to = value["change"]["to"].as_str().or(value["ask"].as_str());
        let to = to.unwrap_or_default().to_owned();
        all.lock().expect("nobody panics").push((test.clone(), to));
        if matches!(&request, Request::Change { service, .. } if service == "slow") {
            continue;
        }
        let mut answer = serde_json::to_string(&answer(request)).expect("it is plain data");
        answer.push('\n');
        let mut stream = stream;
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(request: Request) -> Answer {
    match request {
        Request::Change { service, .. } | Request::State { service }
            if !["web", "silent"].contains(&service.as_str()) =>
        {
            Answer::Failed {
                message: format!("no service `{service}`"),
            }
        }
        Request::Begin { .. } | Request::Change { .. } | Request::Restore => Answer::Done,
        Request::Logs { since_begin, .. } => Answer::Logs {
            text: if since_begin {
                "since the start\n"
            } else {
                "all\n"
            }
            .to_owned(),
        },
        Request::Exec { command, stdin, .. } => Answer::Output {
            status: i32::from(command == ["false"]),
            stdout: stdin,
            stderr: "no luck".to_owned(),
        },
        Request::State { .. } => Answer::States {
            containers: vec![ContainerState {
                state: "running".into(),
                health: None,
                exit_code: None,
            }],
        },
        Request::Check { .. } => Answer::Checked {
            passed: true,
            said: String::new(),
        },
    }
}

fn endpoints() -> Endpoints {
    let at = |service: &str, container_port, port| Endpoint {
        service: service.into(),
        container_port,
        transport: Transport::Tcp,
        host: "127.0.0.1".into(),
        port,
    };
    let (web, dead, silent) = (web(), dead(), silent());
    let check = |name: &str, service: &str, probe, timeout_ms| Check {
        name: name.into(),
        service: Some(service.into()),
        probe,
        timeout_ms,
    };
    Endpoints {
        ports: vec![
            at("web", 80, web),
            at("dead", 90, dead),
            at("silent", 70, silent),
        ],
        health: [].into(),
        checks: vec![
            check(
                "web is up",
                "web",
                Probe::Http {
                    url: format!("http://127.0.0.1:{web}/healthz"),
                    expect_status: vec![200],
                },
                10_000,
            ),
            check("in the database", "db", Probe::Exec, 10_000),
            check(
                "nothing behind it",
                "dead",
                Probe::Tcp {
                    address: format!("127.0.0.1:{dead}"),
                },
                400,
            ),
        ],
    }
}

fn check(way: Way) {
    let mut play = Play::with(&endpoints());
    let socket = play.path().join("control");
    let asked = control(&socket);
    play.set(CONTROL, &socket.display().to_string());
    let ran = play.run(way, "stack", &[]);
    let failed = ran.verdicts().into_iter().filter(|(_, how)| *how != "ok");
    let failed: Vec<_> = failed.map(|(name, _)| name).collect();
    let expected = [
        "asks_in_vain",
        "controls_without_asking",
        "kills_what_a_fixture_needs",
        "needs_what_does_not_come",
        "needs_what_is_not_there",
        "stops_in_vain",
        "waits_in_vain",
        "waits_longer_than_it_may",
    ];
    assert_eq!(failed, expected, "{way:?}: {}", ran.all());
    let messages = [
        (
            "controls_without_asking",
            "",
            "write #[e2e_harness::test(exclusive)] (test at ",
        ),
        (
            "needs_what_does_not_come",
            "health check nothing behind it (127.0.0.1:",
            "last status: it accepted and closed the connection (test at ",
        ),
        (
            "waits_in_vain",
            "`a third row` did not happen within 0.",
            "last status: 2 rows (test at ",
        ),
        (
            "stops_in_vain",
            "timed out after 0.2 s, while stopping service slow (",
            "s) (test at ",
        ),
        (
            "waits_longer_than_it_may",
            "timed out after 0.2 s, while waiting for `a fourth row` (",
            "s, last status: 3 rows) (test at ",
        ),
        (
            "asks_in_vain",
            "timed out after 2 s; the last thing before that: the request GET http://127.0.0.1:",
            "/hello (test at ",
        ),
    ];
    for (name, start, part) in messages {
        ran.says(name, start, part);
    }

    records_have_the_requests(&play, &ran);

    let asked = asked.lock().expect("nobody panics");
    let by = |name: &str| -> Vec<&str> {
        let asked = asked.iter().filter(|(test, _)| test == name);
        asked.map(|(_, what)| what.as_str()).collect()
    };
    let expected = [
        "begin", "stop", "start", "restart", "pause", "unpause", "kill", "kill", "logs", "logs",
        "exec", "exec", "state", "stop", "restore",
    ];
    assert_eq!(by("controls"), expected, "{way:?}");
    // A fixture finds the stack as it was before the test.
    let expected = ["begin", "kill", "restore", "exec"];
    assert_eq!(by("kills_what_a_fixture_needs"), expected, "{way:?}");
    let expected = ["begin", "restore", "restart", "restore"];
    assert_eq!(by("changes_what_is_put_back_too"), expected, "{way:?}");
    let begun = asked.iter().filter(|(_, what)| what == "begin").count();
    assert_eq!(begun, 14, "{way:?}: every test has a session: {asked:?}");
}

fn records_have_the_requests(play: &Play, ran: &Ran) {
    let requests = [
        "0 GET /headers: 200 Passed",
        "0 GET /headers: 200, once more Passed",
        "0 GET /poll: 200 Passed",
        "0 GET /poll: 200, 2 more times Passed",
        "1 GET /in: 200 Passed",
        "0 inside Passed",
        "0 POST /broken: 500 Passed",
        "0 GET /long: 200 Passed",
        "0 GET /in: no answer Failed",
    ];
    assert_eq!(steps(ran, "sends_what_it_is_told"), requests);
    let waited = ["0 say hello Passed", "0 GET /hello: no answer Failed"];
    assert_eq!(steps(ran, "asks_in_vain"), waited);
    let events = std::fs::read_to_string(play.path().join("events.jsonl")).expect("records");
    for secret in ["s3cret", "t0ken"] {
        assert!(!events.contains(secret), "{secret}: {events}");
    }
}

/// A test's steps, in the order of their ends.
fn steps(ran: &Ran, name: &str) -> Vec<String> {
    let ended = ran.entries.iter().filter_map(|entry| match entry {
        Entry::StepEnded {
            test,
            step,
            depth,
            status,
            ..
        } if test == name => Some(format!("{depth} {step} {status:?}")),
        _ => None,
    });
    ended.collect()
}

#[test]
fn a_test_sees_and_controls_the_stack() {
    check(Way::Children);
}

#[test]
fn a_test_sees_and_controls_the_stack_under_nextest() {
    check(Way::Nextest);
}

#[test]
fn without_a_socket_tests_that_control_are_ignored_and_the_rest_works() {
    let mut play = Play::with(&endpoints());
    let ran = play.run(Way::Threads, "stack", &[]);
    let verdicts = ran.verdicts();
    assert_eq!(verdicts["talks_to_the_service"], "ok", "{}", ran.all());
    assert_eq!(verdicts["controls_without_asking"], "FAILED");
    for name in ["controls", "stops_in_vain", "changes_what_is_put_back_too"] {
        assert_eq!(verdicts[name], "ignored", "{name}: {}", ran.all());
    }
    let why = "... ignored (it controls services: run `cargo e2e`, or `cargo e2e --reuse`)";
    ran.stdout_has(why);

    play.set(REQUIRED, "1");
    let ran = play.run(Way::Threads, "stack", &["--exact", "controls"]);
    assert_eq!(ran.verdicts()["controls"], "FAILED", "{}", ran.all());
    ran.says("controls", "", "`cargo e2e --reuse`");
    // nextest knows nothing of a test that is ignored while it runs: it would pass.
    play.set(REQUIRED, "");
    let ran = play.run(Way::Nextest, "stack", &["-E", "test(=controls)"]);
    ran.ended(100);
}

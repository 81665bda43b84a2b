use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use e2e_harness::protocol::control::{Answer, ContainerState, Request};
use e2e_harness::protocol::{CONTROL, Check, Endpoint, Endpoints, Probe, Transport};

use crate::play::{Play, Way};

/// A web service that says what it was asked; its health check fails once.
fn web() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it has one").port();
    thread::spawn(move || {
        let mut sick = 1;
        for stream in listener.incoming().flatten() {
            let mut line = String::new();
            let mut reader = BufReader::new(&stream);
            let _ = reader.read_line(&mut line);
            let asked = line
                .rsplit_once(' ')
                .map_or("", |(asked, _)| asked)
                .to_owned();
            // The whole head, or the answer could be lost with a reset.
            while line != "\r\n" && !line.is_empty() {
                line.clear();
                let _ = reader.read_line(&mut line);
            }
            let status = if asked == "GET /healthz" && sick > 0 {
                503
            } else {
                200
            };
            sick -= i32::from(status == 503);
            let length = asked.len();
            let _ = write!(
                &stream,
                "HTTP/1.1 {status} So\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{asked}"
            );
        }
    });
    port
}

/// Accepts and hangs up, as a forwarder does when nothing listens behind it.
fn dead() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it has one").port();
    thread::spawn(move || listener.incoming().for_each(drop));
    port
}

/// Accepts and never answers.
fn silent() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it has one").port();
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
        let to = value["change"]["to"]
            .as_str()
            .or(value["ask"].as_str())
            .unwrap_or_default();
        all.lock()
            .expect("nobody panics")
            .push((test.clone(), to.to_owned()));
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
    let failed: Vec<_> = ran
        .verdicts()
        .into_iter()
        .filter(|(_, how)| *how != "ok")
        .collect();
    let failed: Vec<_> = failed.into_iter().map(|(name, _)| name).collect();
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
    let message = ran.message("controls_without_asking");
    assert!(
        message.contains("write #[e2e_harness::test(exclusive)] (test at "),
        "{message}"
    );
    let message = ran.message("needs_what_does_not_come");
    assert!(
        message.starts_with("health check nothing behind it (127.0.0.1:"),
        "{message}"
    );
    assert!(
        message.contains("last status: it accepted and closed the connection (test at "),
        "{message}"
    );
    let message = ran.message("waits_in_vain");
    assert!(
        message.starts_with("`a third row` did not happen within 0."),
        "{message}"
    );
    assert!(
        message.contains("last status: 2 rows (test at "),
        "{message}"
    );
    let late = [
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
    for (name, start, then) in late {
        let message = ran.message(name);
        assert!(message.starts_with(start), "{message}");
        assert!(message.contains(then), "{message}");
    }

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
    assert_eq!(begun, 12, "{way:?}: every test has a session: {asked:?}");
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
fn without_a_socket_control_is_refused_and_the_rest_works() {
    let ran = Play::with(&endpoints()).run(Way::Threads, "stack", &[]);
    let verdicts = ran.verdicts();
    assert_eq!(verdicts["talks_to_the_service"], "ok", "{}", ran.all());
    assert_eq!(verdicts["controls"], "FAILED");
    assert!(
        ran.message("controls").contains("`cargo e2e --reuse`"),
        "{}",
        ran.message("controls")
    );
}

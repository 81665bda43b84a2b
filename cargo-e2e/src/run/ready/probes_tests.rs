//! The probes' script with curls that answer, refuse, and die without a word.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

/// What a probe says first; with a program of this name that is this script.
fn says(call: &str, program: Option<(&str, &str)>) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let mut path = std::env::var("PATH").expect("a path");
    if let Some((name, script)) = program {
        let fake = folder.path().join(name);
        std::fs::write(&fake, format!("#!/bin/sh\n{script}\n")).expect("writable");
        std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).expect("ours");
        path = format!("{}:{path}", folder.path().display());
    }
    // One try each: nobody asks again behind the fence.
    let script = format!(
        "root=/nowhere; id=01run; fenced() {{ return 0; }}\n{}\n{}\n{}\n{call}",
        include_str!("../../host/sh/engine.sh"),
        include_str!("../../host/sh/listeners.sh"),
        include_str!("../../host/sh/probes.sh")
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .env("PATH", path)
        .output()
        .expect("sh is there");
    String::from_utf8(output.stdout).expect("text")
}

/// A server that answers so many requests, and where it is.
fn server(requests: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it has one").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(requests) {
            let mut stream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        }
    });
    address
}

/// Each probe that asks with curl, of an address.
fn probes(address: &str) -> [String; 4] {
    [
        format!("http_probe 0 'http://{address}/' ::: ''"),
        format!("http_probe 0 'http://{address}/' ::: '200 204'"),
        format!("direct_probe 0 '{address}'"),
        format!("grpc_probe 0 '\\000\\000\\000\\000\\000' '{address}'"),
    ]
}

#[test]
fn a_curl_that_dies_without_a_word_is_no_answer() {
    let address = server(0);
    for curl in ["exit 0", "exit 1", "kill -9 $$", "echo", "printf '\\n\\n'"] {
        for call in probes(&address) {
            let said = says(&call, Some(("curl", curl)));
            assert!(said.starts_with("0 fail 1 "), "{curl}: {call}: {said}");
        }
    }
    let said = says(&probes(&address)[0], Some(("curl", "exit 0")));
    assert_eq!(said, "0 fail 1 curl ended without an answer\n");
}

#[test]
fn the_real_one_passes_where_somebody_answers_and_says_why_not() {
    let address = server(3);
    let [any, listed, direct, _] = probes(&address);
    assert_eq!(says(&any, None), "0 pass 1 HTTP 204\n");
    assert_eq!(says(&listed, None), "0 pass 1 HTTP 204\n");
    assert_eq!(says(&direct, None), "0 pass 1 connected\n");
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = free.local_addr().expect("it has one").to_string();
    drop(free);
    for call in probes(&nobody) {
        let said = says(&call, None);
        assert!(said.starts_with("0 fail 1 curl: (7)"), "{call}: {said}");
    }
}

#[test]
fn who_answers_on_the_hosts_loopback_is_not_the_container_that_has_no_address() {
    let address = server(3);
    let port = address.rsplit(':').next().expect("a port");
    // As Docker tells of one between two starts, of one with an address, and of a host's own.
    for (addresses, passes) in [(" ", false), ("127.0.0.1 ", true), (" \\n127.0.0.1 ", true)] {
        let docker =
            format!("case $1 in ps) echo 0123 ;; inspect) printf '{addresses}\\n' ;; esac");
        let tcp = format!("tcp_probe 0 web {port}");
        let said = says(&tcp, Some(("docker", &docker)));
        let expected = if passes {
            "0 pass 1 connected\n"
        } else {
            "0 fail 1 no container of web runs\n"
        };
        assert_eq!(said, expected, "{addresses}");
    }
}

#[test]
fn who_listens_on_the_containers_loopback_alone_is_not_there() {
    for (address, passes) in [
        ("127.0.0.1:0", false),
        ("127.0.0.7:0", false),
        ("[::1]:0", false),
        ("[::ffff:127.0.0.1]:0", false),
        ("0.0.0.0:0", true),
        ("[::]:0", true),
    ] {
        let listener = TcpListener::bind(address).expect("a port");
        let port = listener.local_addr().expect("it has one").port();
        // A container in the network of this test.
        let said = says(
            &format!(
                "learn() {{ lives=\" id/$$/\"; }}; all_live() {{ false; }}\n\
                      look_for_listeners; all_listen {port} || echo no\nlearn; look_for_listeners\n\
                      all_listen {port} && echo it listens"
            ),
            None,
        );
        let expected = if passes { "no\nit listens\n" } else { "no\n" };
        assert_eq!(said, expected, "{address}");
    }
}

#[test]
fn a_process_that_took_the_number_of_a_containers_is_not_it() {
    let call = "lives=\" 0123456789abcdef/$$/\"; all_live || echo another";
    assert_eq!(says(call, None), "another\n");
}

/// They are started while containers are: whatever is asked before is lost.
#[test]
fn what_is_to_be_told_begins_once_it_is() {
    let script = format!(
        "told=yes\n{}\necho began; wait",
        include_str!("../../host/sh/ended.sh")
    );
    let started = Command::new("setsid")
        .args(["-w", "sh", "-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut told = started.expect("setsid is there");
    let mut stdin = told.stdin.take().expect("a pipe");
    stdin.write_all(b"go\n").expect("it reads");
    let mut line = String::new();
    let stdout = told.stdout.take().expect("a pipe");
    let read = BufReader::new(stdout).read_line(&mut line);
    assert_eq!((read.expect("it prints"), line.as_str()), (6, "began\n"));
    drop(stdin);
    // The same without a word: who was to tell it is gone.
    let output = Command::new("setsid")
        .args(["-w", "sh", "-c", &script])
        .stdin(Stdio::null())
        .output();
    assert_eq!(output.expect("it ends").stdout, b"");
    told.wait().expect("it ends");
}

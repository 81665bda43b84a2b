//! Answers of probes and states of containers, in any order, with any content.

use std::time::{Duration, Instant};

use e2e_harness::protocol::Transport;

use crate::compose::Published;
use crate::fuzz::parts;
use crate::probe::{Address, Exec, Grpc, Http, Probe, Tcp};
use crate::record::event::Events;
use crate::spec::HealthCheck;

use super::Waiting;
use super::calls::probe_calls;

/// Reads both parts: the first names hosts and services, the second has the lines. Those that begin
/// with `{` or are `end` come from the watch script, others from the probes' script.
pub(crate) fn probes(bytes: &[u8]) {
    let parts = parts(bytes);
    let [words, lines, ..] = parts.as_slice() else {
        return;
    };
    let checks = checks(words);
    let published = [Published {
        service: words.to_string(),
        container_port: 5432,
        transport: Transport::Tcp,
        declared: Some(80),
        address: "::1".to_owned(),
        port: Some(20001),
    }];
    for reachable in [true, false] {
        let calls = probe_calls(&checks, &published, reachable);
        assert!(calls.matches(" &\n").count() >= checks.len(), "{calls}");
    }
    let events = Events::default();
    let started = Instant::now();
    let mut state = Waiting::new(&checks, &published, Duration::ZERO, started);
    for (at, line) in lines.lines().enumerate() {
        let now = started + Duration::from_millis(at as u64 * 300);
        if line.starts_with('{') || line == "end" {
            state.containers.line(line);
        } else {
            state.answer(line, now, &events);
        }
        look(&state, now);
    }
    look(&state, started + Duration::from_hours(1));
}

fn look(state: &Waiting<'_>, now: Instant) {
    let verdict = state.verdict(now);
    if matches!(verdict, Some(Ok(()))) {
        assert!(state.all_passed(), "ready before every check has passed");
    }
    assert!(state.next_deadline(now) >= state.started);
    assert_eq!(state.records(now).len(), state.checks.len());
    let _ = (
        state.containers.waiting(now),
        state.containers.tcp_ports(),
        state.containers.records(),
        state.containers.any_to_believe(),
    );
}

fn checks(words: &str) -> Vec<HealthCheck> {
    let mut words = words.split(' ').map(str::to_owned);
    let mut word = || words.next().unwrap_or_else(|| "localhost".to_owned());
    let service = word();
    let address = |host| Address { host, port: 80 };
    let mut probes = vec![
        Probe::Tcp(Tcp(address(word()))),
        Probe::Grpc(Grpc {
            address: address(word()),
            service: Some(service),
        }),
        Probe::Exec(Exec {
            command: vec![word(), word()],
            service: word(),
        }),
    ];
    if let Ok(url) = word().parse() {
        let expect_status = vec![204];
        probes.push(Probe::Http(Http { url, expect_status }));
    }
    let check = |probe: Probe| HealthCheck {
        name: probe.kind().describe(),
        probe,
        timeout: Duration::from_secs(2),
    };
    probes.into_iter().map(check).collect()
}

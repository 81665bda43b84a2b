//! Which health checks a stack gives: one for each published TCP port.

use std::collections::BTreeSet;

use e2e_harness::protocol::{Transport, env_name};
use serde_json::Value;

use crate::compose::Published;
use crate::text::LazyRegex;

/// One health check of the file to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) name: String,
    /// The number that the compose file publishes.
    pub(super) port: u16,
    /// Where the container asks itself over HTTP: what it asks for.
    pub(super) path: Option<String>,
    /// In seconds, where the container's own health check allows more than the default.
    pub(super) timeout: Option<u64>,
}

/// What a health check of e2e.yml waits when it names nothing, in seconds.
const DEFAULT: u64 = 60;

/// A listening port is what every server has; an HTTP request is made only where the container's
/// own health check makes it.
pub(super) fn checks(model: &Value, published: &[Published]) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    let mut names = BTreeSet::new();
    for one in published {
        let Some(port) = one.declared.filter(|_| one.transport == Transport::Tcp) else {
            continue;
        };
        if checks.iter().any(|check| check.port == port) || !is_served(one, published) {
            continue;
        }
        let mut name = one.service.clone();
        if !names.insert(env_name(&name)) {
            name = format!("{}-{}", one.service, one.container_port);
            if !names.insert(env_name(&name)) {
                continue;
            }
        }
        let own = &model["services"][one.service.as_str()]["healthcheck"];
        checks.push(Check {
            name,
            port,
            path: http_path(&own["test"], one.container_port),
            timeout: Some(allowance(own)).filter(|allowed| *allowed > DEFAULT),
        });
    }
    checks
}

/// Returns whether something listens at a port as soon as its service runs.
pub(super) fn is_served(one: &Published, published: &[Published]) -> bool {
    !is_in_pool(one, published) && !is_for_debugging(one, published)
}

/// Returns whether a port is one of a row that a server opens as it needs them.
fn is_in_pool(one: &Published, published: &[Published]) -> bool {
    const ROW: u16 = 8;
    let there = |port: u16| {
        let mut others = published.iter();
        others.any(|other| other.service == one.service && other.container_port == port)
    };
    let beside = |next: fn(u16, u16) -> Option<u16>| {
        let ports = (1..=ROW).map_while(|step| next(one.container_port, step));
        ports.take_while(|port| there(*port)).count()
    };
    beside(u16::checked_sub) + beside(u16::checked_add) >= usize::from(ROW)
}

/// Returns whether a port is one at which a debugger waits when it is asked to, beside the service's
/// own.
fn is_for_debugging(one: &Published, published: &[Published]) -> bool {
    const PORTS: [u16; 7] = [9229, 9230, 5005, 5678, 5679, 2345, 40_000];
    let is_own =
        |other: &Published| other.service == one.service && !PORTS.contains(&other.container_port);
    PORTS.contains(&one.container_port) && published.iter().any(is_own)
}

/// The seconds that a container has until its own health check gives it up.
fn allowance(own: &Value) -> u64 {
    let seconds = |key: &str, default: u64| {
        let span = own[key]
            .as_str()
            .and_then(|text| text.parse::<jiff::SignedDuration>().ok());
        span.map_or(default, |span| span.as_secs().unsigned_abs())
    };
    if own["test"].is_null() {
        return 0;
    }
    let retries = own["retries"].as_u64().unwrap_or(3);
    seconds("start_period", 0) + (seconds("interval", 30) + seconds("timeout", 30).min(5)) * retries
}

/// The path that a container's health check asks for on a port, where asking for it from outside
/// means the same: a plain GET that fails on an error status.
fn http_path(test: &Value, port: u16) -> Option<String> {
    static URL: LazyRegex = LazyRegex::new(
        r#"http://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d+))?(/[^\s"'|&;)<>`$\\]*)?(.)?"#,
    );
    static OTHER_REQUEST: LazyRegex = LazyRegex::new(
        r"(?:^|\s)(?:-[A-Za-z]*[HXuduTbAk]|--(?:header|request|user|data|post|method|body|user-agent|cookie|insecure|no-check)\S*)(?:\s|=|$)",
    );
    static FAILS: LazyRegex = LazyRegex::new(r"(?:^|\s)(?:-[A-Za-z]*f[A-Za-z]*|--fail\S*)(?:\s|$)");
    let words: Vec<&str> = test.as_array()?.iter().filter_map(Value::as_str).collect();
    let (kind, command) = words.split_first()?;
    if !matches!(*kind, "CMD" | "CMD-SHELL") {
        return None;
    }
    let command = command.join(" ");
    let asks = |program: &str| {
        let mut words = command.split(|c: char| c.is_whitespace() || c == '/');
        words.any(|word| word == program)
    };
    let plain_get = asks("wget") || asks("curl") && FAILS.is_match(&command);
    // Both a pipe into something that judges, and a second command, may mean otherwise.
    let judged_elsewhere = command.contains('|') && !command.contains("||");
    if !plain_get || judged_elsewhere || OTHER_REQUEST.is_match(&command) {
        return None;
    }
    let url = URL.captures(&command)?;
    let asked = url
        .get(1)
        .map_or(Some(80), |port| port.as_str().parse().ok())?;
    // A path that goes on with a variable is not known here.
    let is_cut = url
        .get(3)
        .is_some_and(|next| matches!(next.as_str(), "$" | "\\" | "`"));
    let path = url.get(2).map_or("/", |path| path.as_str());
    (asked == port && !is_cut).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(command: &str) -> Option<String> {
        http_path(&json!(["CMD-SHELL", command]), 8080)
    }

    #[test]
    fn a_plain_get_is_taken_over() {
        for (command, asked) in [
            ("curl -f http://localhost:8080/health || exit 1", "/health"),
            (
                "curl -fsS 'http://127.0.0.1:8080/ready?full=1'",
                "/ready?full=1",
            ),
            ("/usr/bin/wget -qO- http://localhost:8080", "/"),
            ("wget --spider -q http://localhost:8080/x", "/x"),
        ] {
            assert_eq!(path(command).as_deref(), Some(asked), "{command}");
        }
        let words = json!(["CMD", "curl", "--fail", "http://localhost/up"]);
        assert_eq!(http_path(&words, 80).as_deref(), Some("/up"));
    }

    #[test]
    fn ports_at_which_nothing_need_listen_are_not_asked() {
        let published = |service: &str, port: u16| Published {
            service: service.to_owned(),
            container_port: port,
            transport: Transport::Tcp,
            declared: Some(port),
            address: String::new(),
            port: Some(port),
        };
        let mut all: Vec<Published> = (4510..4560).map(|port| published("aws", port)).collect();
        all.extend([4566, 4567].map(|port| published("cache", port)));
        all.extend([9229, 3000].map(|port| published("web", port)));
        all.push(published("flows", 5678));
        let asked = checks(&json!({}), &all);
        let asked: Vec<u16> = asked.iter().map(|check| check.port).collect();
        assert_eq!(asked, [4566, 4567, 3000, 5678]);
    }

    #[test]
    fn what_means_something_else_from_outside_is_not() {
        for command in [
            "curl http://localhost:8080/always-passes",
            "curl -f http://localhost:9090/another-port",
            "curl -f http://localhost/port-80",
            "curl -f -H 'Host: x' http://localhost:8080/",
            "curl -fu me:secret http://localhost:8080/",
            "curl -fX POST http://localhost:8080/",
            "curl -f http://localhost:8080/ | grep green",
            "curl -f https://localhost:8080/",
            "curl -f http://localhost:8080/$PATH_OF_IT",
            "pg_isready",
            "echo curl-like http://localhost:8080/",
        ] {
            assert_eq!(path(command), None, "{command}");
        }
        assert_eq!(http_path(&json!(["NONE"]), 80), None);
        assert_eq!(http_path(&Value::Null, 80), None);
    }
}

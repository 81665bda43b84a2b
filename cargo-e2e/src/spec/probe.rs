//! `health_checks`: what each may be asked, and what they must agree on.

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::sync::LazyLock;

use e2e_harness::protocol::env_name;
use regex::Regex;
use url::Url;

use super::check::{Checker, Place, PlainKind, lacks, listed};
use super::fields::{HEALTH_CHECK, PROBES};
use super::locate::{Kind, Node};
use super::source::{Spot, quoted};
use super::value::pattern;

/// The list and its items.
pub(super) fn health_checks(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    let mut names: HashMap<String, &str> = HashMap::new();
    let Kind::List(items) = &node.kind else {
        let help = "begin each with `- name: …`".to_owned();
        checker.expected(place, "a list", node, Some(help));
        return;
    };
    for item in items {
        let place = Place {
            spot: item.spot,
            ..place
        };
        if !checker.map(&HEALTH_CHECK, place, item) {
            continue;
        }
        one_probe(checker, item);
        if lacks(&HEALTH_CHECK, item, "name") {
            let help = "each has a `name` and one probe".to_owned();
            checker.report(item.spot, "this health check has no `name`", Some(help));
        }
        let Some(name) = item.get("name") else {
            continue;
        };
        let Some(text) = name.text().filter(|text| !text.trim().is_empty()) else {
            continue;
        };
        let mapped = env_name(text);
        match names.get(&mapped) {
            Some(first) if *first == text => {
                let message = format!("two health checks are named {}", quoted(text));
                checker.report(name.spot, message, None);
            }
            Some(first) => {
                let message = format!(
                    "the health checks {} and {} would both be `E2E_HEALTH_{mapped}`",
                    quoted(first),
                    quoted(text)
                );
                let help = "only letters A-Z and digits count, in either case".to_owned();
                checker.report(name.spot, message, Some(help));
            }
            None => {
                names.insert(mapped, text);
            }
        }
    }
}

/// Exactly one probe, with what belongs to it.
fn one_probe(checker: &mut Checker<'_>, item: &Node) {
    let key_spot = |key: &str| item.entry(key).map(|(key, _)| key.spot);
    let written: Vec<(&str, Spot)> = PROBES
        .iter()
        .filter_map(|probe| key_spot(probe).map(|spot| (*probe, spot)))
        .collect();
    match written.as_slice() {
        [] => {
            if PROBES.iter().all(|probe| lacks(&HEALTH_CHECK, item, probe)) {
                let help = format!("it has one of {}", listed(PROBES, "or"));
                checker.report(item.spot, "this health check has no probe", Some(help));
            }
        }
        [_] => {}
        several => {
            let keys: Vec<&str> = several.iter().map(|(key, _)| *key).collect();
            let last = several.iter().map(|(_, spot)| *spot).max();
            let message = format!(
                "a health check has one probe, this one has {}",
                listed(&keys, "and")
            );
            let help = "make it a health check each".to_owned();
            checker.report(last.unwrap_or(item.spot), message, Some(help));
        }
    }
    let has = |key: &str| key_spot(key).is_some();
    for (key, probe) in [
        ("service", "exec"),
        ("expect_status", "url"),
        ("grpc_service", "grpc"),
    ] {
        if let Some(spot) = key_spot(key)
            && !has(probe)
            && !written.is_empty()
        {
            let message = format!("`{key}` goes with `{probe}` only");
            checker.report(spot, message, Some("remove it".to_owned()));
        }
    }
    if let Some(spot) = key_spot("exec")
        && !has("service")
    {
        let help = "add `service: <name>`, the compose service in which it runs".to_owned();
        checker.report(spot, "`exec` needs a `service`", Some(help));
    }
}

/// `url`
pub(super) fn url(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    const EXPECTED: &str = "an http or https URL";
    let Some(text) = checker.line(place, EXPECTED, node) else {
        return;
    };
    if let Some(help) = not_expanded(text) {
        checker.expected(place, EXPECTED, node, Some(help));
        return;
    }
    match http_url(text) {
        Ok(_) => {}
        Err(why) => {
            let with_scheme = format!("http://{}", text.trim_start_matches('/'));
            let meant = (!text.contains("://") && http_url(&with_scheme).is_ok())
                .then(|| format!("write {with_scheme}"));
            checker.expected(place, EXPECTED, node, meant.or(Some(why)));
        }
    }
}

/// A URL that can be asked, or why it can't.
pub(super) fn http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    // `Url` is lenient where curl is not: `http:/host`, `http:///host`, blanks, backslashes.
    let lower = text.to_ascii_lowercase();
    let rest = lower
        .strip_prefix("http://")
        .or_else(|| lower.strip_prefix("https://"))
        .ok_or("it begins with http:// or https://")?;
    if text.contains([' ', '\\']) {
        return Err("it holds a blank or a backslash".to_owned());
    }
    if rest.starts_with(['/', '?', '#']) || url.host_str().is_none_or(str::is_empty) {
        return Err("it has no host".to_owned());
    }
    if url.port() == Some(0) {
        return Err("the port is 1 to 65535".to_owned());
    }
    Ok(url)
}

/// `tcp` and `grpc`
pub(super) fn address(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    const EXPECTED: &str = "`host:port`";
    if node.plain_kind() == PlainKind::Number
        && let Some(port) = node.text()
        && host_port(&format!("localhost:{port}")).is_ok()
    {
        let help = format!("write localhost:{port}");
        checker.expected(place, EXPECTED, node, Some(help));
        return;
    }
    let Some(text) = checker.line(place, EXPECTED, node) else {
        return;
    };
    let problem = not_expanded(text).or_else(|| host_port(text).err());
    if let Some(why) = problem {
        let bare = text.split_once("://").map_or(text, |(_, bare)| bare);
        let bare = bare.trim_end_matches('/');
        let meant = host_port(bare).is_ok().then(|| format!("write {bare}"));
        checker.expected(place, EXPECTED, node, meant.or(Some(why)));
    }
}

/// `grpc_service`
pub(super) fn grpc_service(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    static NAME: LazyLock<Regex> = LazyLock::new(|| pattern("[!-~]{1,200}"));
    const EXPECTED: &str = "the full name of a gRPC service, as in my.package.v1.MyService";
    if let Some(text) = checker.line(place, EXPECTED, node)
        && !NAME.is_match(text)
    {
        checker.expected(place, EXPECTED, node, None);
    }
}

/// Host, without the brackets of an IPv6 address, and port; or why it is neither.
pub(super) fn host_port(text: &str) -> Result<(String, u16), String> {
    static HOST: LazyLock<Regex> = LazyLock::new(|| pattern("[a-zA-Z0-9_]([a-zA-Z0-9_.-]*)"));
    let (host, port) = text
        .rsplit_once(':')
        .ok_or("a port is missing, as in localhost:5432")?;
    let digits = !port.is_empty() && port.chars().all(|c| c.is_ascii_digit());
    let port: u16 = port.parse().unwrap_or_default();
    if !digits || port == 0 {
        return Err("the port is 1 to 65535".to_owned());
    }
    let bracketed = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match bracketed {
        Some(v6) if v6.parse::<Ipv6Addr>().is_ok() => Ok((v6.to_owned(), port)),
        None if HOST.is_match(host) => Ok((host.to_owned(), port)),
        None if host.parse::<Ipv6Addr>().is_ok() => Err(format!("write [{host}]:{port}")),
        _ => Err("the host is a name or an address".to_owned()),
    }
}

/// Probes name what the compose file publishes; they know no variables.
fn not_expanded(text: &str) -> Option<String> {
    text.contains('$').then(|| {
        "variables are not expanded here; write the port that the compose file publishes, it is \
         translated"
            .to_owned()
    })
}

/// `exec`
pub(super) fn exec(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    const EXPECTED: &str = "a command as a list";
    if let Some(text) = node.text() {
        let words: Vec<String> = text
            .split_whitespace()
            .map(|word| format!("{word:?}"))
            .collect();
        let help = format!("write [{}]: no shell reads it", words.join(", "));
        // A long one, or one with quotes of its own, would come out wrong.
        let simple = !words.is_empty() && !text.contains(['"', '\'', '\\', '$', '\0']);
        let help = if simple && text.len() <= 120 {
            help
        } else {
            "write a list of words: no shell reads it".to_owned()
        };
        checker.expected(place, EXPECTED, node, Some(help));
        return;
    }
    let items = checker.list(place, EXPECTED, node);
    if items.is_empty() && matches!(node.kind, Kind::List(_)) {
        checker.expected(place, "at least the name of a program", node, None);
    }
    for (at, item) in items.iter().enumerate() {
        // An argument may be empty, the program may not.
        let quoted_empty =
            matches!(&item.kind, Kind::Scalar { text, plain: false } if text.trim().is_empty());
        if at == 0 || !quoted_empty {
            checker.text(place, "texts", item);
        }
    }
}

/// `expect_status`
pub(super) fn expect_status(checker: &mut Checker<'_>, place: Place<'_>, node: &Node) {
    static STATUS: LazyLock<Regex> = LazyLock::new(|| pattern("[1-5][0-9][0-9]"));
    const EXPECTED: &str = "a status from 100 to 599, or a list of them";
    let statuses = match &node.kind {
        Kind::List(items) if items.is_empty() => {
            checker.expected(place, "at least one status", node, None);
            return;
        }
        Kind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    for status in statuses {
        let written =
            matches!(&status.kind, Kind::Scalar { text, plain: true } if STATUS.is_match(text));
        if !written {
            checker.expected(place, EXPECTED, status, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{host_port, http_url};

    #[test]
    fn addresses() {
        for (text, host, port) in [
            ("localhost:5432", "localhost", 5432),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("[::1]:65535", "::1", 65535),
            ("db_1.internal:80", "db_1.internal", 80),
        ] {
            assert_eq!(host_port(text), Ok((host.to_owned(), port)), "{text}");
        }
        for text in [
            "localhost",
            ":5432",
            "localhost:",
            "localhost:0",
            "localhost:65536",
            "localhost:+1",
            "::1:5432",
            "[::1]",
            "[localhost]:1",
            "-x:1",
            "a b:1",
            "http://localhost:1",
            "a:1\n",
        ] {
            assert!(host_port(text).is_err(), "{text}");
        }
    }

    #[test]
    fn urls() {
        for text in [
            "http://localhost:8080/healthz",
            "HTTPS://[::1]/",
            "http://api.test?x=1",
        ] {
            assert!(http_url(text).is_ok(), "{text}");
        }
        for text in [
            "localhost:8080",
            "ftp://localhost/",
            "http:/localhost",
            "http://",
            "http:///x",
            "http://localhost:0/",
            "http://localhost:99999/",
            "http://a b/",
            "/healthz",
            "",
        ] {
            assert!(http_url(text).is_err(), "{text}");
        }
    }
}

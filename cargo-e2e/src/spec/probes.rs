//! What a health check may be asked.

use std::net::Ipv6Addr;

use serde_json::json;
use url::Url;

use super::decoder::{Decoder, Place};
use super::level::Type;
use super::node::{Kind, Node, PlainKind};
use super::pattern::{GRPC_SERVICE, HOST};
use super::types::{each, matching, one_or_many};

pub(super) const URL: Type<Url> = Type::new(
    "http or https URL",
    || json!({"type": "string", "pattern": "^https?://"}),
    url,
);

pub(super) const ADDRESS: Type<(String, u16)> = Type::new(
    "`host:port`",
    || json!({"type": "string", "pattern": ":[0-9]+$"}),
    address,
);

pub(super) const GRPC_SERVICE_NAME: Type<String> = Type::new(
    "name",
    || GRPC_SERVICE.schema(),
    |decoder, place, node| {
        let expected = "the full name of a gRPC service, as in my.package.v1.MyService";
        matching(decoder, place, expected, &GRPC_SERVICE, node)
    },
);

pub(super) const EXEC: Type<Vec<String>> = Type::new(
    "list of words",
    || json!({"type": "array", "minItems": 1, "items": {"type": "string"}}),
    exec,
);

pub(super) const STATUSES: Type<Vec<u16>> = Type::new(
    "status or list",
    || one_or_many(&json!({"type": "integer", "minimum": 100, "maximum": 599})),
    statuses,
);

fn url(decoder: &mut Decoder<'_>, place: Place<'_>, node: &Node) -> Option<Url> {
    const EXPECTED: &str = "an http or https URL";
    let text = decoder.line(place, EXPECTED, node)?;
    let url = not_expanded(text).map_or_else(|| http_url(text), Err);
    url.map_err(|why| {
        let with_scheme = format!("http://{}", text.trim_start_matches('/'));
        let is_meant =
            !text.contains(['$']) && !text.contains("://") && http_url(&with_scheme).is_ok();
        let help = if is_meant {
            format!("write {with_scheme}")
        } else {
            why
        };
        decoder.expected(place, EXPECTED, node, Some(help));
    })
    .ok()
}

/// Returns a URL that can be asked, or why it can't.
fn http_url(text: &str) -> Result<Url, String> {
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

fn address(decoder: &mut Decoder<'_>, place: Place<'_>, node: &Node) -> Option<(String, u16)> {
    const EXPECTED: &str = "`host:port`";
    if node.plain_kind() == PlainKind::Number
        && let Some(port) = node.text()
        && host_port(&format!("localhost:{port}")).is_ok()
    {
        let help = format!("write localhost:{port}");
        decoder.expected(place, EXPECTED, node, Some(help));
        return None;
    }
    let text = decoder.line(place, EXPECTED, node)?;
    let address = not_expanded(text).map_or_else(|| host_port(text), Err);
    address
        .map_err(|why| {
            let bare = text.split_once("://").map_or(text, |(_, bare)| bare);
            let bare = bare.trim_end_matches('/');
            let meant = host_port(bare).is_ok().then(|| format!("write {bare}"));
            decoder.expected(place, EXPECTED, node, meant.or(Some(why)));
        })
        .ok()
}

/// Returns the host, without the brackets of an IPv6 address, and the port; or why it is neither.
fn host_port(text: &str) -> Result<(String, u16), String> {
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

fn exec(decoder: &mut Decoder<'_>, place: Place<'_>, node: &Node) -> Option<Vec<String>> {
    const EXPECTED: &str = "a command as a list";
    if let Some(text) = node.text() {
        let words: Vec<String> = text
            .split_whitespace()
            .map(|word| format!("{word:?}"))
            .collect();
        // A long one, or one with quotes of its own, would come out wrong.
        let simple = !words.is_empty() && !text.contains(['"', '\'', '\\', '$', '\0']);
        let help = if simple && text.len() <= 120 {
            format!("write [{}]: no shell reads it", words.join(", "))
        } else {
            "write a list of words: no shell reads it".to_owned()
        };
        decoder.expected(place, EXPECTED, node, Some(help));
        return None;
    }
    let items = decoder.list(place, EXPECTED, node)?;
    if items.is_empty() {
        decoder.expected(place, "at least the name of a program", node, None);
    }
    let mut is_program = true;
    each(items, |item| {
        // An argument may be empty, the program may not.
        let may_be_empty = !std::mem::take(&mut is_program) && !item.is_plain();
        match item.text() {
            Some(text) if may_be_empty && text.trim().is_empty() => Some(text.to_owned()),
            _ => decoder.text(place, "texts", item).map(str::to_owned),
        }
    })
}

fn statuses(decoder: &mut Decoder<'_>, place: Place<'_>, node: &Node) -> Option<Vec<u16>> {
    const EXPECTED: &str = "a status from 100 to 599, or a list of them";
    let statuses = match &node.kind {
        Kind::List(items) if items.is_empty() => {
            decoder.expected(place, "at least one status", node, None);
            return None;
        }
        Kind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    each(statuses, |status| {
        let text = status.text().filter(|text| {
            let is_written = text.len() == 3 && text.bytes().all(|digit| digit.is_ascii_digit());
            is_written && status.is_plain()
        });
        let number = text.and_then(|text| text.parse().ok());
        let number = number.filter(|number| (100..=599).contains(number));
        if number.is_none() {
            decoder.expected(place, EXPECTED, status, None);
        }
        number
    })
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

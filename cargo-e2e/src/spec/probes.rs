//! The keys that say how a health check is asked.

use serde_json::json;
use url::Url;

use super::decoder::{Decoder, Place};
use super::level::Type;
use super::node::{Kind, Node, PlainKind};
use super::pattern::GRPC_SERVICE;
use super::types::{each, matching, one_or_many};
use crate::probe::{Address, Http};

pub(super) const URL: Type<Url> = Type::new(
    "http or https URL",
    || json!({"type": "string", "pattern": "^https?://"}),
    url,
);

pub(super) const ADDRESS: Type<Address> = Type::new(
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
    let url = not_expanded(text).map_or_else(|| Http::url(text), Err);
    url.map_err(|why| {
        let with_scheme = format!("http://{}", text.trim_start_matches('/'));
        let is_meant =
            !text.contains(['$']) && !text.contains("://") && Http::url(&with_scheme).is_ok();
        let help = if is_meant {
            format!("write {with_scheme}")
        } else {
            why
        };
        decoder.expected(place, EXPECTED, node, Some(help));
    })
    .ok()
}

fn address(decoder: &mut Decoder<'_>, place: Place<'_>, node: &Node) -> Option<Address> {
    const EXPECTED: &str = "`host:port`";
    if node.plain_kind() == PlainKind::Number
        && let Some(port) = node.text()
        && format!("localhost:{port}").parse::<Address>().is_ok()
    {
        let help = format!("write localhost:{port}");
        return decoder.refuse(place, EXPECTED, node, Some(help));
    }
    let text = decoder.line(place, EXPECTED, node)?;
    let address: Result<Address, String> = not_expanded(text).map_or_else(|| text.parse(), Err);
    address
        .map_err(|why| {
            let bare = text.split_once("://").map_or(text, |(_, bare)| bare);
            let bare = bare.trim_end_matches('/');
            let is_address = bare.parse::<Address>().is_ok();
            let meant = is_address.then(|| format!("write {bare}"));
            decoder.expected(place, EXPECTED, node, meant.or(Some(why)));
        })
        .ok()
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
        return decoder.refuse(place, EXPECTED, node, Some(help));
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
            return decoder.refuse(place, "at least one status", node, None);
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

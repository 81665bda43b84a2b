//! How an image is built: from files of the repo, without what is the host's own.

use serde_json::Value;

use super::super::scan::is_of_an_account;
use super::refusals::Refusals;
use super::values::{entries, list, named, shown};

pub(super) fn build(refusals: &mut Refusals<'_>, place: &str, value: &Value) {
    if let Some(context) = value.as_str() {
        folder(refusals, &format!("{place}.context"), context);
        return;
    }
    for (key, value) in entries(Some(value)) {
        let place = format!("{place}.{key}");
        match key.as_str() {
            // The Dockerfile is judged with its context.
            "args" | "dockerfile" | "dockerfile_inline" | "extra_hosts" | "isolation"
            | "labels" | "no_cache" | "platforms" | "provenance" | "pull" | "sbom" | "secrets"
            | "shm_size" | "tags" | "target" | "ulimits" => {}
            "context" => folder(refusals, &place, value.as_str().unwrap_or_default()),
            "additional_contexts" => {
                for (name, context) in named(Some(value)) {
                    folder(refusals, &format!("{place}.{name}"), &shown(context));
                }
            }
            "cache_from" | "cache_to" => {
                for cache in list(value).map(shown) {
                    cached(refusals, &place, key == "cache_to", &cache);
                }
            }
            "network" if value == "none" || value == "default" => {}
            "network" => {
                let why = format!("`{}` is outside the sandbox", shown(value));
                refusals.refuse(&place, why);
            }
            "privileged" => refusals.refuse(&place, "it can change the host itself"),
            "entitlements" => refusals.refuse(
                &place,
                "it gives the build access to the host that builds lack",
            ),
            "ssh" => refusals.refuse(&place, "keys are the host's own"),
            _ => refusals.unknown(&place),
        }
    }
    dockerfile(refusals, place, value);
}

/// A path in the repo, or what says by its beginning that it is none.
fn folder(refusals: &mut Refusals<'_>, place: &str, context: &str) {
    const ELSEWHERE: [&str; 6] = [
        "service:",
        "target:",
        "docker-image://",
        "https://",
        "http://",
        "git://",
    ];
    if let Some(path) = context.strip_prefix("oci-layout://") {
        refusals.path(place, path);
    } else if context.starts_with("ssh://") || is_of_an_account(context) {
        refusals.refuse(place, "the host's own keys fetch it");
    } else if !ELSEWHERE.iter().any(|kind| context.starts_with(kind))
        && !context.starts_with("github.com/")
    {
        refusals.path(place, context);
    }
}

/// Where a relative one starts is the context's matter.
fn dockerfile(refusals: &mut Refusals<'_>, place: &str, build: &Value) {
    let (Some(file), Some(context)) = (build["dockerfile"].as_str(), build["context"].as_str())
    else {
        return;
    };
    let path = if file.starts_with('/') {
        file.to_owned()
    } else if context.starts_with('/') {
        format!("{context}/{file}")
    } else {
        // The context is fetched, and so is the file.
        return;
    };
    refusals.path(&format!("{place}.dockerfile"), &path);
}

/// `type=local,src=PATH`, an image, or another kind of cache.
fn cached(refusals: &mut Refusals<'_>, place: &str, writes: bool, cache: &str) {
    let fields: Vec<(String, &str)> = cache
        .split(',')
        .filter_map(|field| field.trim().split_once('='))
        .map(|(key, value)| (key.to_ascii_lowercase(), value))
        .collect();
    let mut kinds = fields.iter().filter(|(key, _)| key == "type");
    let kind = match (kinds.next(), kinds.next()) {
        (Some((_, kind)), None) => *kind,
        // Without a type it is an image, as long as it has no fields at all.
        (None, _) if fields.is_empty() && !cache.contains('"') => "registry",
        _ => "",
    };
    match (kind, writes) {
        ("inline", true) | ("registry", false) => {}
        ("local", _) => {
            for (_, path) in fields
                .iter()
                .filter(|(key, _)| key == "src" || key == "dest")
            {
                refusals.path(place, path);
            }
        }
        // Not the rest of it, which may have a password.
        ("", _) => refusals.refuse(place, "`--strict` does not know this kind of cache"),
        (kind, _) => refusals.refuse(place, format!("`type={kind}` is outside the sandbox")),
    }
}

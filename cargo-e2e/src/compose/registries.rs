//! From which registries the images of a stack come: those that it pulls, and those that its builds
//! begin with or copy from. For credentials that go to these and no others; knows no credential.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::host::client::DOCKER_HUB;

use super::dockerfile::Reader;
use super::dockerfiles;
use super::model::{entries, is_built, items, pairs};
use super::pulls::Pull;

/// Returns the registry of an image, as its name has it.
pub fn registry(image: &str) -> &str {
    let first = image.split_once('/').map(|(first, _)| first);
    let named = first.filter(|first| first.contains(['.', ':']) || *first == "localhost");
    match named {
        Some("index.docker.io") | None => DOCKER_HUB,
        Some(named) => named,
    }
}

/// Returns those of a model. `read` returns the content of a Dockerfile by the path that the model has
/// for it.
pub fn registries(
    model: &Value,
    pulls: &[Pull],
    read: impl Fn(&str) -> Option<String>,
) -> BTreeSet<String> {
    let services = entries(&model["services"]).map(|(_, service)| service);
    let built: Vec<&Value> = services.filter(|service| is_built(service)).collect();
    let mut images: BTreeSet<String> = pulls.iter().map(|pull| pull.image.clone()).collect();
    for service in &built {
        of_build(&service["build"], &read, &mut images);
    }
    // What the run builds itself comes from nowhere.
    for image in built.iter().filter_map(|service| service["image"].as_str()) {
        images.remove(image);
    }
    images
        .iter()
        .map(|image| registry(image).to_owned())
        .collect()
}

/// Adds the images that a build names.
fn of_build(build: &Value, read: &impl Fn(&str) -> Option<String>, images: &mut BTreeSet<String>) {
    for (_, context) in pairs(&build["additional_contexts"]) {
        images.extend(context.strip_prefix("docker-image://").map(str::to_owned));
    }
    for from in items(&build["cache_from"]).filter_map(Value::as_str) {
        let named = from.split(',').find_map(|part| part.strip_prefix("ref="));
        let named = named.or((!from.contains('=')).then_some(from));
        images.extend(named.map(str::to_owned));
    }
    let text = match build["dockerfile_inline"].as_str() {
        Some(text) => Some(text.replace("$$", "$")),
        None => dockerfiles::path(build).and_then(|path| read(&path)),
    };
    let arguments = pairs(&build["args"]).map(|(name, value)| (name.to_owned(), value.to_owned()));
    of_dockerfile(&text.unwrap_or_default(), arguments.collect(), images);
}

/// Adds the images of `# syntax=` and of what is built.
fn of_dockerfile(text: &str, arguments: BTreeMap<String, String>, images: &mut BTreeSet<String>) {
    let directives = text
        .lines()
        .map_while(|line| line.trim_start().strip_prefix('#'));
    let settings = directives.filter_map(|line| line.split_once('='));
    let syntax = settings.filter(|(key, _)| key.trim().eq_ignore_ascii_case("syntax"));
    images.extend(syntax.map(|(_, image)| image.trim().to_owned()));
    let mut reader = Reader::with(arguments);
    for line in text.lines() {
        let named = reader.images(line);
        images.extend(named.into_iter().map(|word| reader.expanded(word)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_image_says_its_registry() {
        for (image, expected) in [
            ("postgres:16", DOCKER_HUB),
            ("library/postgres", DOCKER_HUB),
            ("index.docker.io/library/postgres", DOCKER_HUB),
            ("ghcr.io/shop/web@sha256:00", "ghcr.io"),
            ("localhost/web", "localhost"),
            ("127.0.0.1:5000/web:1", "127.0.0.1:5000"),
        ] {
            assert_eq!(registry(image), expected);
        }
    }

    #[test]
    fn the_registries_are_those_of_pulls_and_builds_and_no_others() {
        let mut model = json!({"services": {
            "db": {"image": "quay.io/db:1"},
            "web": {
                "image": "e2e-shop-1-web:run",
                "build": {
                    "context": "/r",
                    "args": {"REGISTRY": "two.example.org", "OTHER": null},
                    "additional_contexts": {"base": "docker-image://one.example.org/base", "other": "/r/other"},
                    "cache_from": ["type=registry,ref=cache.example.org/web", "type=gha"],
                },
            },
            "next": {"build": {"dockerfile_inline": "FROM e2e-shop-1-web:run\nRUN echo $$HOME\n"}},
        }});
        let pulls = super::super::pulls::take(&mut model, false);
        let dockerfile = "#Syntax = syntax.example.org/dockerfile:1\n\
            ARG REGISTRY=default.example.org\nARG TAG\n\
            ARG OTHER=three.example.org\nFROM ${OTHER}/base\n\
            FROM --platform=linux/amd64 ${REGISTRY}/base:${TAG:-1} AS Build\n\
            FROM build AS last\nCOPY --from=0 /a /a\nCOPY --from=build /a /a\n\
            COPY --from=copy.example.org/tool /b /b\n\
            RUN --mount=type=bind,from=mount.example.org/tool,target=/t true\nFROM scratch\n";
        let read = |path: &str| (path == "/r/Dockerfile").then(|| dockerfile.to_owned());
        let found: Vec<String> = registries(&model, &pulls, read).into_iter().collect();
        assert_eq!(
            found,
            [
                "cache.example.org",
                "copy.example.org",
                "mount.example.org",
                "one.example.org",
                "quay.io",
                "syntax.example.org",
                "three.example.org",
                "two.example.org"
            ]
        );
    }
}

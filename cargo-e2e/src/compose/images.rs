//! Image tags of the run's own: with a tag in common, two sandboxes run each other's code.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::changes::ChangeLog;
use super::dockerfile::Reader;
use super::labels;
use super::model::{entries_mut, is_built, text};

/// Every tag that is built here, and the one it gets instead.
pub(super) struct Tags(BTreeMap<String, String>);

impl Tags {
    pub(super) fn of<'m>(
        services: impl Iterator<Item = (&'m String, &'m Value)>,
        project: &str,
    ) -> Self {
        let mut tags = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (name, service) in services.filter(|(_, service)| is_built(service)) {
            let Some(image) = text(service, "image").filter(|image| !image.is_empty()) else {
                continue;
            };
            tags.entry(normal(&image)).or_insert_with(|| {
                let mut own = format!("{project}-{}", repository(name));
                while !taken.insert(own.clone()) {
                    own.push_str("-x");
                }
                format!("{own}:run")
            });
        }
        Self(tags)
    }

    /// Returns whether a Dockerfile names an image that is built here.
    pub(super) fn has_one_of(&self, dockerfile: &str) -> bool {
        let mut followed = Vec::new();
        let _ = rewritten(dockerfile, self, &mut followed);
        !followed.is_empty()
    }

    fn get(&self, reference: &str) -> Option<&String> {
        self.0.get(&normal(reference))
    }

    /// The same for a text that may be something else: a bare word is a tag only by its name.
    fn get_sure(&self, key: &str, value: &str) -> Option<&String> {
        let key = key.to_ascii_lowercase();
        let is_image = |word: &&str| key.contains(word);
        let sure = value.contains([':', '/']) || ["image", "base", "from"].iter().any(is_image);
        self.get(value).filter(|_| sure)
    }
}

/// Returns a reference as Docker completes it.
fn normal(reference: &str) -> String {
    let name = reference.strip_prefix("docker.io/").unwrap_or(reference);
    let name = name.strip_prefix("library/").unwrap_or(name);
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains([':', '@']) {
        name.to_owned()
    } else {
        format!("{name}:latest")
    }
}

/// Returns a service's name as a part of an image's: lower case, and nothing that must not stand
/// there.
fn repository(service: &str) -> String {
    let plain = service.to_ascii_lowercase();
    let plain = plain.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    match plain.trim_matches('-') {
        "" => "image".to_owned(),
        plain => plain.to_owned(),
    }
}

/// Names images by their ids: what a reference names may change before a container starts.
pub fn pin(model: &mut Value, ids: &[(String, String)]) {
    for (_, service) in entries_mut(model, "services") {
        let Some(image) = text(service, "image").map(|image| normal(&image)) else {
            continue;
        };
        let id = ids.iter().find(|(reference, _)| normal(reference) == image);
        if let (Some((_, id)), Some(service)) = (id, service.as_object_mut()) {
            service.insert("image".into(), json!(id));
            // No registry has it under this name.
            service.insert("pull_policy".into(), json!("never"));
        }
    }
}

/// Gives a service its run-scoped image, and everything in its build that names one.
pub(super) fn scope(
    name: &str,
    service: &mut Map<String, Value>,
    tags: &Tags,
    own: &[(String, String)],
    log: &mut ChangeLog,
) {
    let builds = service.get("build").is_some_and(|build| !build.is_null());
    if let Some(Value::String(image)) = service.get("image")
        && let Some(scoped) = tags.get(image)
    {
        log.change(format!(
            "{name}: image {image} becomes {scoped}, because sandboxes with the same tag would run each other's code"
        ));
        service.insert("image".into(), json!(scoped));
        // No registry has it under this name; Compose would ask one all the same.
        let rebuilt = builds && service.get("pull_policy") == Some(&json!("build"));
        if !rebuilt {
            service.insert("pull_policy".into(), json!("never"));
        }
    }
    if let Some(Value::String(context)) = service.get("build") {
        let build = json!({ "context": context });
        service.insert("build".into(), build);
    }
    if let Some(build) = service.get_mut("build").and_then(Value::as_object_mut) {
        if build.remove("tags").is_some() {
            log.change(format!(
                "{name}: the build's other tags are dropped, because every sandbox would move them"
            ));
        }
        labels::add(build, own);
        // Every container of the image gets these too.
        let run = own.iter().find(|(name, _)| name == "cargo-e2e.run");
        if let Some((_, run)) = run {
            labels::add(build, &[(labels::IMAGE.to_owned(), run.clone())]);
        }
        follow(name, build, tags, log);
    }
}

/// What of a build names an image that another service builds.
fn follow(name: &str, build: &mut Map<String, Value>, tags: &Tags, log: &mut ChangeLog) {
    let mut followed = Vec::new();
    for key in ["args", "additional_contexts"] {
        let Some(values) = build.get_mut(key) else {
            continue;
        };
        change_values(values, |name, value| {
            let (scheme, reference) = match value.strip_prefix("docker-image://") {
                Some(reference) => ("docker-image://", reference),
                None if key == "additional_contexts" => return None,
                None => ("", value),
            };
            let scoped = match scheme {
                "" => tags.get_sure(name, reference)?,
                _ => tags.get(reference)?,
            };
            followed.push(reference.to_owned());
            Some(format!("{scheme}{scoped}"))
        });
    }
    if let Some(Value::String(dockerfile)) = build.get_mut("dockerfile_inline") {
        *dockerfile = rewritten(dockerfile, tags, &mut followed);
    }
    for reference in followed {
        log.change(format!(
            "{name}: its build follows image {reference} to the run's own tag"
        ));
    }
}

/// Returns a Dockerfile with the run's own tags in `FROM`, `--from`, mounts, and what an `ARG` is by
/// default.
fn rewritten(text: &str, tags: &Tags, followed: &mut Vec<String>) -> String {
    let mut reader = Reader::default();
    let line = |(at, line): (usize, &str)| {
        let mut named = reader.images(line);
        if let Some((name, value)) = argument(line)
            && tags.get_sure(name, value).is_some()
            && !reader.clone().uses_a_stage(name, text.lines().skip(at + 1))
        {
            named.push(value);
        }
        let mut new = line.to_owned();
        for word in named.into_iter().rev() {
            if let Some(scoped) = tags.get(word) {
                followed.push(word.to_owned());
                let begin = word.as_ptr().addr() - line.as_ptr().addr();
                new.replace_range(begin..begin + word.len(), scoped);
            }
        }
        new
    };
    let lines: Vec<String> = text.split('\n').enumerate().map(line).collect();
    lines.join("\n")
}

/// Returns name and default of an argument.
fn argument(line: &str) -> Option<(&str, &str)> {
    let (instruction, rest) = line.trim_start().split_once(char::is_whitespace)?;
    let (name, value) = rest.split_once('=')?;
    let value = value.trim().trim_matches(['"', '\'']);
    (instruction.eq_ignore_ascii_case("ARG")).then_some((name.trim(), value))
}

/// Changes the values of a map, or of a list of `NAME=VALUE`.
fn change_values(values: &mut Value, mut change: impl FnMut(&str, &str) -> Option<String>) {
    match values {
        Value::Object(map) => {
            for (name, value) in map {
                if let Some(new) = value.as_str().and_then(|value| change(name, value)) {
                    *value = json!(new);
                }
            }
        }
        Value::Array(list) => {
            for entry in list {
                let pair = entry.as_str().and_then(|entry| entry.split_once('='));
                if let Some((name, value)) = pair
                    && let Some(new) = change(name, value)
                {
                    *entry = json!(format!("{name}={new}"));
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_pinned_whichever_way_it_is_written() {
        let mut model = json!({ "services": {
            "app": { "image": "docker.io/library/app", "pull_policy": "always" },
            "other": { "image": "app:dev" },
            "built": { "build": { "context": "." } },
        } });
        pin(
            &mut model,
            &[("app:latest".to_owned(), "sha256:1".to_owned())],
        );
        let pinned = json!({ "image": "sha256:1", "pull_policy": "never" });
        assert_eq!(model["services"]["app"], pinned);
        assert_eq!(model["services"]["other"], json!({ "image": "app:dev" }));
        pin(&mut Value::Null, &[]);
    }
}

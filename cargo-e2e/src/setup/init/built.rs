//! Images of a stack that no registry need have: a recipe of the repo builds them beside Compose.

use std::collections::BTreeSet;

use serde_json::Value;

use super::candidates::within;
use super::recipe::Step;
use super::stack::Use;
use super::typed::{is_open, typed};

/// An image that a service uses, and what builds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Built {
    pub(super) image: String,
    /// As it is typed at the root of the repo.
    pub(super) command: String,
    /// The recipe, for people.
    pub(super) source: String,
}

/// Returns the images of a model's services that recipes build, each once.
pub(super) fn find(model: &Value, uses: &[Use<'_>]) -> Vec<Built> {
    let services = model["services"].as_object().into_iter().flatten();
    let images: BTreeSet<&str> = services
        .filter(|(_, service)| service["build"].is_null())
        .filter_map(|(_, service)| service["image"].as_str())
        .collect();
    let found = images.into_iter().filter_map(|image| {
        let builds = |step: &&Step| tags(&step.words).any(|tag| whole(tag) == whole(image));
        let found = uses.iter();
        let found = found.filter_map(|one| Some((one, one.steps.iter().find(builds)?)));
        // Those that call it do more.
        let (one, step) = found.min_by_key(|(one, _)| one.steps.len())?;
        Some(Built {
            image: image.to_owned(),
            command: within(&step.folder, &typed(&step.words)),
            source: one.source(),
        })
    });
    found.collect()
}

/// The names that `docker build` gives its image, as far as they are known here.
fn tags(words: &[String]) -> impl Iterator<Item = &str> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let rest = match words.as_slice() {
        ["docker" | "podman", "build", rest @ ..]
        | ["docker", "buildx" | "image" | "builder", "build", rest @ ..] => rest.to_vec(),
        _ => Vec::new(),
    };
    let mut tags = Vec::new();
    let mut rest = rest.into_iter();
    while let Some(word) = rest.next() {
        match word.split_once('=') {
            Some(("--tag" | "-t", name)) => tags.push(name),
            _ if matches!(word, "--tag" | "-t") => tags.extend(rest.next()),
            _ => {}
        }
    }
    tags.into_iter().filter(|name| !is_open(name))
}

/// A name with the tag that is meant where none is written.
fn whole(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains([':', '@']) {
        name.to_owned()
    } else {
        format!("{name}:latest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_build_are_known() {
        for (command, names) in [
            ("docker build -t app .", &["app"][..]),
            (
                "docker buildx build --load --tag=a/b:1 -t c:2 -f x/Dockerfile x",
                &["a/b:1", "c:2"],
            ),
            ("docker image build -t app:$TAG .", &[]),
            ("docker run -t app", &[]),
            ("docker compose build", &[]),
        ] {
            let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
            assert_eq!(tags(&words).collect::<Vec<_>>(), names, "{command}");
        }
        assert_eq!(whole("localhost:5000/app"), "localhost:5000/app:latest");
    }
}

//! Which images of a rewritten model are pulled before the stack comes up. `up` calls it, once a
//! try; how they are pulled is `run/stages/up/pulling.rs`.

use serde_json::{Value, json};

use super::model::{entries_mut, is_built, text};

/// An image that services run and no service builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    pub image: String,
    /// As it is written; none where any will do.
    pub platform: Option<String>,
    /// Also where the host has one of this name.
    pub always: bool,
    /// The services that run it.
    pub services: Vec<String>,
}

impl Pull {
    /// Returns its platform as `docker image inspect` names it.
    pub fn known_platform(&self) -> Option<String> {
        self.platform.as_deref().map(known_as)
    }
}

/// Returns what to pull, by each service's `pull_policy` as Compose reads it; `always` is for those
/// without one. Compose does not pull again what was pulled here.
pub fn take(model: &mut Value, always: bool) -> Vec<Pull> {
    let mut pulls: Vec<Pull> = Vec::new();
    for (name, service) in entries_mut(model, "services") {
        if is_built(service) {
            continue;
        }
        let Some(image) = text(service, "image").filter(|image| !image.is_empty()) else {
            continue;
        };
        let policy = text(service, "pull_policy").unwrap_or_default();
        let always = match policy.as_str() {
            "never" | "build" => continue,
            "always" => {
                service["pull_policy"] = json!("missing");
                true
            }
            "" => always,
            _ => false,
        };
        let platform = text(service, "platform").filter(|platform| !platform.is_empty());
        let same = pulls
            .iter_mut()
            .find(|pull| pull.image == image && pull.platform == platform);
        if let Some(pull) = same {
            pull.always |= always;
            pull.services.push(name.clone());
        } else {
            pulls.push(Pull {
                image,
                platform,
                always,
                services: vec![name.clone()],
            });
        }
    }
    pulls
}

/// Returns a platform as `docker image inspect` names it: `OS/ARCHITECTURE`. A variant is left out:
/// images often do not say theirs.
fn known_as(platform: &str) -> String {
    let mut parts = platform.split('/');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    // An operating system alone, or an architecture alone.
    let (os, architecture) = second.map_or(("linux", first), |second| (first, second));
    let architecture = match architecture {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        "i386" | "i686" => "386",
        "armhf" | "armel" => "arm",
        other => other,
    };
    format!("{os}/{architecture}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_image_is_pulled_once_by_the_policy_of_its_services() {
        let mut model = json!({"services": {
            "db": {"image": "postgres:16"},
            "copy": {"image": "postgres:16", "pull_policy": "always"},
            "arm": {"image": "postgres:16", "platform": "linux/aarch64"},
            "never": {"image": "a", "pull_policy": "never"},
            "built": {"image": "e2e-x-built:run", "build": {"context": "/r"}},
            "built too": {"build": {"context": "/r"}},
            "present": {"image": "b", "pull_policy": "if_not_present"},
        }});
        let pull = |image: &str, platform: Option<&str>, always, services: &[&str]| Pull {
            image: image.to_owned(),
            platform: platform.map(str::to_owned),
            always,
            services: services.iter().map(|&name| name.to_owned()).collect(),
        };
        let expected = [
            pull("postgres:16", None, true, &["db", "copy"]),
            pull("postgres:16", Some("linux/aarch64"), false, &["arm"]),
            pull("b", None, false, &["present"]),
        ];
        assert_eq!(take(&mut model.clone(), false), expected);
        let all = take(&mut model, true);
        let always: Vec<bool> = all.iter().map(|pull| pull.always).collect();
        // A policy of its own counts more.
        assert_eq!(always, [true, true, false]);
        // It is not pulled twice.
        assert_eq!(model["services"]["copy"]["pull_policy"], "missing");
        assert_eq!(model["services"]["never"]["pull_policy"], "never");
    }

    #[test]
    fn platforms_have_one_name() {
        for (written, known) in [
            ("linux/amd64", "linux/amd64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/x86_64", "linux/amd64"),
            ("aarch64", "linux/arm64"),
            ("windows/amd64", "windows/amd64"),
        ] {
            assert_eq!(known_as(written), known);
        }
    }
}

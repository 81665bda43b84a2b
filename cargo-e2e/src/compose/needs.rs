//! Files of the repo that the model needs: what Docker would replace by an empty, root-owned
//! folder of the same name when it is missing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Every path below `root` that the model names, relative to it, with who needs it as what.
#[must_use]
pub fn paths(model: &Value, root: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut add = |path: Option<&Value>, why: String| {
        let inside = path
            .and_then(Value::as_str)
            .map(|path| path.replace("$$", "$"))
            .and_then(|path| Some(path.strip_prefix(root)?.strip_prefix('/')?.to_owned()));
        if let Some(inside) = inside.filter(|path| !path.is_empty()) {
            found.entry(inside).or_insert(why);
        }
    };
    for (name, service) in entries(model, "services") {
        for mount in service["volumes"].as_array().into_iter().flatten() {
            if mount["type"] == "bind" {
                add(mount.get("source"), format!("a bind mount of {name}"));
            }
        }
        add(
            service["build"].get("context"),
            format!("the build context of {name}"),
        );
        if let Some(Value::Object(contexts)) = service["build"].get("additional_contexts") {
            for (context, path) in contexts {
                add(Some(path), format!("the build context {context} of {name}"));
            }
        }
    }
    for (name, volume) in entries(model, "volumes") {
        let options = volume.get("driver_opts");
        add(
            options.and_then(|options| options.get("device")),
            format!("the folder of the volume {name}"),
        );
    }
    for kind in ["secrets", "configs"] {
        let one = kind.trim_end_matches('s');
        for (name, definition) in entries(model, kind) {
            add(definition.get("file"), format!("the {one} {name}"));
        }
    }
    found
}

/// The services that mount something below `root` in which one of these names lies: a bind mount, a
/// volume that is a folder of the repo, a secret or a config.
#[must_use]
pub fn mounting(model: &Value, root: &str, names: &BTreeSet<Vec<u8>>) -> Vec<String> {
    let is_in = |path: Option<&Value>| {
        let inside = path
            .and_then(Value::as_str)
            .map(|path| path.replace("$$", "$"))
            .and_then(|path| Some(path.strip_prefix(root)?.trim_end_matches('/').to_owned()));
        let Some(inside) = inside.filter(|path| path.is_empty() || path.starts_with('/')) else {
            return false;
        };
        let inside = inside.trim_start_matches('/').as_bytes();
        names.iter().any(|name| {
            let rest = name.strip_prefix(inside);
            inside.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
        })
    };
    let mounts = |service: &Value| {
        let volumes = service["volumes"].as_array().into_iter().flatten();
        let by_volume = volumes.into_iter().any(|mount| {
            let source = mount.get("source");
            if mount["type"] == "bind" {
                return is_in(source);
            }
            let volume = source.and_then(|name| model["volumes"].get(name.as_str()?));
            volume.is_some_and(|volume| is_in(volume["driver_opts"].get("device")))
        });
        by_volume
            || ["secrets", "configs"].iter().any(|kind| {
                let used = service[kind].as_array().into_iter().flatten();
                used.into_iter().any(|one| {
                    let name = one["source"].as_str().or(one.as_str());
                    name.is_some_and(|name| is_in(model[kind][name].get("file")))
                })
            })
    };
    entries(model, "services")
        .filter(|(_, service)| mounts(service))
        .map(|(name, _)| name.clone())
        .collect()
}

fn entries<'a>(model: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    model
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_lies_in_the_repo_is_the_repos() {
        let model = json!({
            "services": { "api": {
                "build": { "context": "/box/repo" },
                "volumes": [
                    { "type": "bind", "source": "/box/repo/app.jar", "target": "/app.jar" },
                    { "type": "bind", "source": "/etc/hosts", "target": "/x" },
                    { "type": "bind", "source": "/box/repository", "target": "/y" },
                    { "type": "volume", "source": "data", "target": "/data" },
                ],
            } },
            "secrets": { "token": { "file": "/box/repo/secret/token.txt" }, "other": { "environment": "X" } },
        });
        let found: Vec<_> = paths(&model, "/box/repo").into_iter().collect();
        assert_eq!(
            found,
            [
                ("app.jar".to_owned(), "a bind mount of api".to_owned()),
                ("secret/token.txt".to_owned(), "the secret token".to_owned()),
            ]
        );
    }

    #[test]
    fn who_mounts_what_changed_is_found() {
        let model = json!({
            "services": {
                "all": { "volumes": [{ "type": "bind", "source": "/box/repo", "target": "/a" }] },
                "conf": { "volumes": [{ "type": "bind", "source": "/box/repo/a.conf", "target": "/a" }] },
                "dist": { "volumes": [{ "type": "bind", "source": "/box/repo/dist/", "target": "/a" }] },
                "kept": { "volumes": [{ "type": "volume", "source": "folder", "target": "/a" }] },
                "none": { "volumes": [{ "type": "volume", "source": "data", "target": "/a" }] },
                "told": { "secrets": [{ "source": "token", "target": "/token" }] },
            },
            "volumes": { "folder": { "driver_opts": { "device": "/box/repo/dist" } }, "data": {} },
            "secrets": { "token": { "file": "/box/repo/token" } },
        });
        let of = |names: &[&str]| {
            let names = names.iter().map(|name| name.as_bytes().to_vec()).collect();
            mounting(&model, "/box/repo", &names).join(" ")
        };
        assert_eq!(of(&[]), "");
        assert_eq!(of(&["a.conf"]), "all conf");
        assert_eq!(of(&["dist/deep/x"]), "all dist kept");
        assert_eq!(of(&["distant", "a.conf.d/x"]), "all");
        assert_eq!(of(&["token"]), "all told");
    }
}

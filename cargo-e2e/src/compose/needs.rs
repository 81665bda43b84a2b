//! Files of the repo that the model needs: what Docker would replace by an empty, root-owned
//! folder of the same name when it is missing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::model::{entries, items};

/// Why a path is needed, and what may be done where it is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Who needs it as what.
    pub why: String,
    /// A folder that containers write: Compose makes it where it is missing, and so does a run.
    pub is_made: bool,
    /// It holds what containers have written before: a sandbox begins with an empty one.
    pub begins_empty: bool,
}

/// Returns every path below `root` that the model names, relative to it.
pub fn paths(model: &Value, root: &str) -> BTreeMap<String, Need> {
    let mut found: BTreeMap<String, Need> = BTreeMap::new();
    let mut add = |path: &Value, why: String, mount: Option<&Value>| {
        let inside = below(path, root);
        let inside = inside.and_then(|path| Some(path.strip_prefix('/')?.to_owned()));
        let Some(inside) = inside.filter(|path| !path.is_empty()) else {
            return;
        };
        let is_made =
            mount.is_some_and(|mount| is_written(mount) && is_like_a_folder(&inside, mount));
        let begins_empty = is_made && mount.is_some_and(|mount| is_data(&inside, mount));
        let need = found.entry(inside).or_insert(Need {
            why,
            is_made,
            begins_empty,
        });
        need.is_made &= is_made;
        need.begins_empty &= begins_empty;
    };
    for (name, service) in entries(&model["services"]) {
        for mount in items(&service["volumes"]) {
            if mount["type"] == "bind" {
                let why = format!("a bind mount of {name}");
                add(&mount["source"], why, Some(mount));
            }
        }
        let build = &service["build"];
        add(
            &build["context"],
            format!("the build context of {name}"),
            None,
        );
        for (context, path) in entries(&build["additional_contexts"]) {
            add(path, format!("the build context {context} of {name}"), None);
        }
    }
    for (name, volume) in entries(&model["volumes"]) {
        let why = format!("the folder of the volume {name}");
        add(&volume["driver_opts"]["device"], why, None);
    }
    for kind in ["secrets", "configs"] {
        let one = kind.trim_end_matches('s');
        for (name, definition) in entries(&model[kind]) {
            add(&definition["file"], format!("the {one} {name}"), None);
        }
    }
    found
}

/// Returns what of a path follows `root`.
fn below(path: &Value, root: &str) -> Option<String> {
    // Compose writes a dollar twice.
    let path = path.as_str()?.replace("$$", "$");
    Some(path.strip_prefix(root)?.to_owned())
}

/// Returns whether Compose would make what it mounts, for containers to write.
fn is_written(mount: &Value) -> bool {
    mount["read_only"] != true && mount["bind"]["create_host_path"] != false
}

/// Neither side has an extension, or is called like a file that has none.
fn is_like_a_folder(path: &str, mount: &Value) -> bool {
    let target = mount["target"].as_str().unwrap_or_default();
    [path, target].iter().all(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_file = [".env", ".htpasswd", ".pgpass", ".netrc", "passwd", "hosts"].contains(&name)
            || name.ends_with("file")
            || name.ends_with("rc");
        !is_file && !name.trim_start_matches('.').contains('.')
    })
}

/// Returns whether a folder is where a service keeps its state, by what it is called on either
/// side.
fn is_data(path: &str, mount: &Value) -> bool {
    const STATE: [&str; 5] = [
        "/var/lib",
        "/var/log",
        "/data",
        "/bitnami",
        "/usr/share/elasticsearch/data",
    ];
    const NAMES: [&str; 9] = [
        "data", ".data", "volumes", ".volumes", "logs", ".cache", "pgdata", "tmp", ".tmp",
    ];
    let target = mount["target"].as_str().unwrap_or_default();
    let is_named =
        |part: &str| NAMES.contains(&part) || part.ends_with("-data") || part.ends_with("_data");
    STATE.iter().any(|state| {
        let below = target.strip_prefix(state);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }) || path.split('/').any(is_named)
}

/// Returns the services that mount something below `root` in which one of these names lies: a bind
/// mount, a volume that is a folder of the repo, a secret or a config.
pub fn mounting(model: &Value, root: &str, names: &BTreeSet<Vec<u8>>) -> Vec<String> {
    let is_in = |path: &Value| {
        let inside = below(path, root);
        let Some(inside) = inside.filter(|path| path.is_empty() || path.starts_with('/')) else {
            return false;
        };
        let inside = inside.trim_matches('/').as_bytes();
        names.iter().any(|name| {
            let rest = name.strip_prefix(inside);
            inside.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
        })
    };
    let mounts = |service: &Value| {
        let by_volume = items(&service["volumes"]).any(|mount| {
            let source = &mount["source"];
            if mount["type"] == "bind" {
                return is_in(source);
            }
            let volume = &model["volumes"][source.as_str().unwrap_or_default()];
            is_in(&volume["driver_opts"]["device"])
        });
        by_volume
            || ["secrets", "configs"].iter().any(|kind| {
                items(&service[kind]).any(|one| {
                    let name = one["source"].as_str().or(one.as_str());
                    name.is_some_and(|name| is_in(&model[kind][name]["file"]))
                })
            })
    };
    entries(&model["services"])
        .filter(|(_, service)| mounts(service))
        .map(|(name, _)| name.clone())
        .collect()
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
        let found = paths(&model, "/box/repo").into_iter();
        let found: Vec<_> = found.map(|(path, need)| (path, need.why)).collect();
        assert_eq!(
            found,
            [
                ("app.jar".to_owned(), "a bind mount of api".to_owned()),
                ("secret/token.txt".to_owned(), "the secret token".to_owned()),
            ]
        );
    }

    #[test]
    fn folders_that_containers_write_are_made() {
        let need = |source: &str, target: &str, more: Value| {
            let mut mount = json!({ "type": "bind", "source": source, "target": target });
            for (key, value) in more.as_object().into_iter().flatten() {
                mount[key] = value.clone();
            }
            let model = json!({ "services": { "a": { "volumes": [mount] } } });
            let need = paths(&model, "/r").into_values().next().unwrap();
            (need.is_made, need.begins_empty)
        };
        for (source, target, made) in [
            ("/r/.gocache", "/root/.cache", (true, false)),
            ("/r/.data/mysql", "/x", (true, true)),
            ("/r/dist", "/app/dist", (true, false)),
            ("/r/pg", "/var/lib/postgresql/data", (true, true)),
            ("/r/seed", "/database", (true, false)),
            ("/r/app.jar", "/app.jar", (false, false)),
            ("/r/.env", "/app/.env", (false, false)),
            ("/r/conf", "/etc/x.conf", (false, false)),
            ("/r/Caddyfile", "/etc/caddy/Caddyfile", (false, false)),
        ] {
            assert_eq!(need(source, target, Value::Null), made, "{source}");
        }
        assert_eq!(
            need("/r/x", "/x", json!({ "read_only": true })),
            (false, false)
        );
        let stays = json!({ "bind": { "create_host_path": false } });
        assert_eq!(need("/r/x", "/x", stays), (false, false));
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

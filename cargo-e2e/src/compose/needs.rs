//! Files of the repo that the model needs: what Docker would replace by an empty, root-owned
//! folder of the same name when it is missing.

use std::collections::BTreeMap;

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
}

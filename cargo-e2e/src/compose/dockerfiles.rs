//! Dockerfiles that begin with an image of the same stack. The run gives that image a tag of its
//! own; under the old tag the host may have another, with last week's code.

use serde_json::{Value, json};

use super::images::Tags;
use super::model::{entries, entries_mut};

/// Puts such Dockerfiles into the model, where the rewrite follows their `FROM`. `read` returns the
/// content of a file by the path that the model has for it.
pub fn take_in(model: &mut Value, read: impl Fn(&str) -> Option<String>) {
    let tags = Tags::of(entries(&model["services"]), "");
    for (_, service) in entries_mut(model, "services") {
        let text = path(&service["build"]).and_then(|path| read(&path));
        if let Some(text) = text.filter(|text| tags.has_one_of(text))
            && let Some(Value::Object(build)) = service.get_mut("build")
        {
            build.remove("dockerfile");
            // Compose reads the model again, and would interpolate.
            let inline = json!(text.replace('$', "$$"));
            build.insert("dockerfile_inline".into(), inline);
        }
    }
}

/// Returns where the Dockerfile of a build is; none where the model has its text, or it is not a
/// file.
pub fn path(build: &Value) -> Option<String> {
    if build.get("dockerfile_inline").is_some() {
        return None;
    }
    let text = |key: &str| Some(build.get(key)?.as_str()?.replace("$$", "$"));
    let context = text("context").filter(|context| context.starts_with('/'))?;
    let file = text("dockerfile").unwrap_or_else(|| "Dockerfile".to_owned());
    Some(if file.starts_with('/') {
        file
    } else {
        format!("{}/{file}", context.trim_end_matches('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::{Isolation, PortRule, isolate};

    #[test]
    fn a_dockerfile_follows_the_image_that_its_stack_builds() {
        let mut model = json!({ "services": {
            "base": { "image": "shop-base:dev", "build": { "context": "/r/base" } },
            "app": { "build": { "context": "/r/app", "dockerfile": "docker/App" } },
            "arg": { "build": { "context": "/r/arg" } },
            "other": { "build": { "context": "/r/other" } },
            "web": { "image": "web", "build": { "context": "/r/base" } },
            "stages": { "build": { "context": "/r/stages" } },
        } });
        take_in(&mut model, |path| {
            let text = match path {
                "/r/base/Dockerfile" => "FROM busybox:1\n",
                "/r/app/docker/App" => {
                    "FROM --platform=linux/amd64 shop-base:dev AS b\nRUN echo $HOME\n"
                }
                "/r/arg/Dockerfile" => "ARG BASE=shop-base:dev\nFROM ${BASE}\n",
                "/r/other/Dockerfile" => "FROM shop-base:prod\n",
                "/r/stages/Dockerfile" => {
                    "ARG BASE=web\nARG FIRST_BASE=web\nFROM $FIRST_BASE AS Web\nRUN --mount=from=web,source=/web true\n\
                     RUN --mount=type=bind,source=/web,from=shop-base:dev true\n\
                     FROM $BASE\nCOPY --from=web /a /a\nCOPY --chown=web --from=shop-base:dev /b /b\n"
                }
                other => panic!("{other}"),
            };
            Some(text.to_owned())
        });
        let rewritten = isolate(
            model,
            &Isolation {
                project: "e2e-shop-1",
                labels: &[],
                ports: PortRule::Declared(&[]),
                ipv6: false,
                engine: (25, 0),
            },
        );
        let build = |service: &str| rewritten.model["services"][service]["build"].clone();
        assert_eq!(
            build("app")["dockerfile_inline"],
            "FROM --platform=linux/amd64 e2e-shop-1-base:run AS b\nRUN echo $$HOME\n"
        );
        assert_eq!(build("app").get("dockerfile"), None);
        assert_eq!(
            build("arg")["dockerfile_inline"],
            "ARG BASE=e2e-shop-1-base:run\nFROM $${BASE}\n"
        );
        assert_eq!(
            build("stages")["dockerfile_inline"],
            "ARG BASE=web\nARG FIRST_BASE=e2e-shop-1-web:run\nFROM $$FIRST_BASE AS Web\nRUN --mount=from=web,source=/web true\n\
             RUN --mount=type=bind,source=/web,from=e2e-shop-1-base:run true\n\
             FROM $$BASE\nCOPY --from=web /a /a\nCOPY --chown=web --from=e2e-shop-1-base:run /b /b\n"
        );
        assert_eq!(build("base").get("dockerfile_inline"), None);
        assert_eq!(build("other").get("dockerfile_inline"), None);
        let follows = rewritten.changes.iter();
        assert_eq!(
            follows
                .filter(|line| line.contains("follows image shop-base:dev"))
                .count(),
            4
        );
    }
}

//! A build that copies what git ignores: the host does not have it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::repo::files;
use crate::run::Context;
use crate::text::LazyRegex;

/// The builder's words for a source of `COPY` that its context does not have, in the order of its age.
static NOT_FOUND: LazyRegex = LazyRegex::new(
    r#"lstat \S*/buildkit-mount\d+/(\S+): no such file|failed to calculate checksum of ref [^"]*"/([^"]+)": not found"#,
);

fn missing(said: &str) -> Option<&str> {
    let found = NOT_FOUND.captures(said)?;
    Some(found.get(1).or_else(|| found.get(2))?.as_str())
}

/// Returns help where a build misses a path that is in the repo here.
pub(super) async fn help(context: &Context<'_>, model: &Value, said: &str) -> Option<String> {
    let missing = missing(said)?;
    let copy = PathBuf::from(context.sandbox.repo_dir());
    let path = contexts(model, &copy)
        .map(|folder| folder.join(missing))
        .find(|path| context.plan.repo.root.join(path).symlink_metadata().is_ok())?;
    let ignored = files::is_ignored(&context.plan.repo.root, &path).await;
    ignored.then(|| advice(&path))
}

/// Returns the folders that images are built from, relative to the repo.
fn contexts<'m>(model: &'m Value, copy: &'m Path) -> impl Iterator<Item = PathBuf> + 'm {
    let services = model["services"].as_object().into_iter().flatten();
    services.filter_map(move |(_, service)| {
        let context = Path::new(service["build"]["context"].as_str()?);
        Some(context.strip_prefix(copy).ok()?.to_owned())
    })
}

fn advice(path: &Path) -> String {
    let path = path.display();
    format!(
        "{path} exists here, but git ignores it, so it is not sent: `sync: {{include: [{path}]}}` in e2e.yml sends it"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_buildkit_misses_is_looked_for_in_the_contexts() {
        let said = "target app: failed to solve: failed to compute cache key: failed to calculate \
                    checksum of ref moby::x9: \"/dist/app\": not found\n";
        assert_eq!(missing(said), Some("dist/app"));
        let old = "failed to walk /d/buildkit-mount14/dist: lstat /d/buildkit-mount14/dist: no such file or directory";
        assert_eq!(missing(old), Some("dist"));
        let model = json!({"services": {
            "app": {"build": {"context": "/s/repo/web"}}, "db": {"image": "x"}, "far": {"build": {"context": "/y"}},
        }});
        let folders: Vec<PathBuf> = contexts(&model, Path::new("/s/repo")).collect();
        assert_eq!(folders, [PathBuf::from("web")]);
    }
}

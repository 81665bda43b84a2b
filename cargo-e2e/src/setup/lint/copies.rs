//! Dockerfiles that copy what git ignores: a host would not have it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::compose::dockerfiles;
use crate::plan::Plan;
use crate::repo::files;

/// Returns a note for each path that a Dockerfile copies, that is here, and that is not sent. Reads
/// files of the repo, and asks git.
pub async fn copies(plan: &Plan, model: &Value) -> Vec<String> {
    let root = &plan.repo.root;
    let mut notes = Vec::new();
    let mut copied = Vec::new();
    for (_, service) in model["services"].as_object().into_iter().flatten() {
        let build = &service["build"];
        let context = build["context"].as_str();
        let Some((context, file)) = context.zip(dockerfiles::path(build)) else {
            continue;
        };
        let text = tokio::fs::read_to_string(&file).await.unwrap_or_default();
        let Ok(context) = Path::new(context).strip_prefix(root) else {
            continue;
        };
        let file = Path::new(&file);
        let file = file.strip_prefix(root).unwrap_or(file).display();
        copied.extend(sources(&text).map(|source| (context.join(source), file.to_string())));
    }
    copied.sort();
    copied.dedup();
    let included = files::included(root, &plan.spec.sync.include).unwrap_or_default();
    for (path, file) in copied {
        let is_sent = |inside: &PathBuf| path.starts_with(inside) || inside.starts_with(&path);
        if included.iter().any(is_sent)
            || root.join(&path).symlink_metadata().is_err()
            || !files::is_ignored(root, &path).await
        {
            continue;
        }
        let path = path.display();
        notes.push(format!(
            "{file} copies {path}, which git ignores, so it is not sent: `sync: {{include: [{path}]}}` in e2e.yml sends it"
        ));
    }
    notes
}

/// Returns the plain paths that a Dockerfile copies from its context.
fn sources(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().filter_map(|line| {
        let (word, rest) = line.trim().split_once(char::is_whitespace)?;
        let copies = word.eq_ignore_ascii_case("COPY") || word.eq_ignore_ascii_case("ADD");
        let foreign = rest.contains("--from=") || rest.contains(['[', '<', '$', '*', '?', '\\']);
        (copies && !foreign).then_some(rest)
    });
    lines.flat_map(|rest| {
        let words = rest.split_whitespace();
        let mut words: Vec<String> = words
            .filter(|word| !word.starts_with("--"))
            .map(|word| word.trim_start_matches("./").trim_matches('/').to_owned())
            .collect();
        words.pop();
        words.retain(|word| {
            !word.is_empty() && word != "." && !word.contains("://") && !word.starts_with("..")
        });
        words
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_of_the_context_are_looked_at() {
        let text = "FROM x\nCOPY --chown=1 dist/app ./conf/ /srv/\ncopy --from=b /a /b\nADD https://x/y /z\n\
                    COPY . /all\nCOPY *.toml /x\nRUN COPY a b\nADD one two\n";
        let found: Vec<String> = sources(text).collect();
        assert_eq!(found, ["dist/app", "conf", "one"]);
    }
}

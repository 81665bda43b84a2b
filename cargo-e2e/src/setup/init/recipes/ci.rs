//! CI systems' files: each job is a recipe.

use serde_yaml::Value;

use super::super::recipe::{Kind, Part, Recipe, join};

mod merge;

use crate::text::{LazyRegex, lists};
use merge::plain;

/// The keys whose values are scripts, in the systems that are read here.
const SCRIPTS: &str =
    "run script before_script before_install install commands command bash after_install";

/// Whether a file is one of a CI system's.
pub(super) fn is_one(file: &str) -> bool {
    let is_yaml = [".yml", ".yaml"].iter().any(|end| file.ends_with(end));
    let mut folders =
        ".semaphore/ .github/workflows/ .github/actions/ .gitlab/ .circleci/ .buildkite/ \
                       .woodpecker/ .azure-pipelines/"
            .split(' ');
    let names = ".gitlab-ci.yml .travis.yml .drone.yml .woodpecker.yml azure-pipelines.yml .cirrus.yml \
                 bitbucket-pipelines.yml action.yml";
    is_yaml && (folders.any(|folder| file.starts_with(folder)) || lists(names, file))
}

pub(super) fn read(file: &str, text: &str) -> Vec<Recipe> {
    let mut whole: Value = serde_yaml::from_str(text).unwrap_or_default();
    let _ = whole.apply_merge();
    if file.contains("gitlab") {
        merge::bases(&mut whole);
    }
    let named = ["jobs", "tasks"]
        .into_iter()
        .find_map(|key| whole[key].as_mapping());
    let folder = whole["defaults"]["run"]["working-directory"].as_str();
    let around = Part {
        environment: variables(&whole),
        folder: join("", folder.unwrap_or_default()),
        ..Part::default()
    };
    let parts = |name: &str, job: &Value| {
        let mut parts = Vec::new();
        let mut job = job.clone();
        let mut around = around.clone();
        around.environment.extend(merge::matrix(&mut job));
        collect(&job, &around, &mut parts);
        (!parts.is_empty()).then(|| Recipe::new(Kind::Ci, file, name, parts))
    };
    let jobs = named.or_else(|| whole.as_mapping().filter(|_| file.contains("gitlab")));
    match jobs {
        Some(jobs) => {
            let jobs = jobs.iter();
            jobs.filter_map(|(name, job)| parts(name.as_str()?, job))
                .collect()
        }
        None => parts("", &whole).into_iter().collect(),
    }
}

/// Collects the scripts of a node in their order, with the environment and the folder around them.
fn collect(node: &Value, around: &Part, parts: &mut Vec<Part>) {
    match node {
        Value::Sequence(entries) => entries
            .iter()
            .for_each(|entry| collect(entry, around, parts)),
        Value::Mapping(keys) => {
            let mut inner = around.clone();
            let defaults = &node["defaults"]["run"]["working-directory"];
            for folder in [
                defaults,
                &node["working-directory"],
                &node["working_directory"],
                &node["workingDirectory"],
                &node["dir"],
            ] {
                if let Some(folder) = folder.as_str().filter(|folder| !folder.contains("${{")) {
                    let below = folder.trim_start_matches("~/");
                    // An absolute one is where the repo is checked out.
                    inner.folder = match below.trim_start_matches("project") {
                        absolute if absolute.starts_with('/') && absolute == folder => {
                            String::new()
                        }
                        below => join("", below.trim_start_matches('/')),
                    };
                }
            }
            for (name, value) in variables(node) {
                inner.environment.retain(|(known, _)| *known != name);
                inner.environment.push((name, value));
            }
            for (key, value) in keys {
                let key = key.as_str().unwrap_or_default();
                if lists(SCRIPTS, key) {
                    scripts(value, &inner, parts);
                } else if key == "cmds" {
                    // A Taskfile's commands are texts and calls of other tasks.
                    let each = value.as_sequence().into_iter().flatten();
                    each.for_each(|entry| scripts(entry, &inner, parts));
                } else if key == "task" || key == "deps" {
                    let names = value.as_sequence().into_iter().flatten().chain([value]);
                    let names = names.filter_map(|name| name.as_str().or(name["task"].as_str()));
                    parts.extend(names.map(|name| inner.with(format!("task {name}"))));
                } else if key == "uses" {
                    let uses = value.as_str().unwrap_or_default();
                    action(uses, &node["with"], &inner, parts);
                } else if !matches!(
                    key,
                    "env" | "environment" | "variables" | "env_vars" | "with" | "matrix"
                ) {
                    collect(value, &inner, parts);
                }
            }
        }
        _ => {}
    }
}

fn scripts(value: &Value, around: &Part, parts: &mut Vec<Part>) {
    match value {
        Value::String(text) => parts.push(around.with(text)),
        Value::Sequence(lines) => {
            let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
            if lines.is_empty() {
                collect(value, around, parts);
            } else {
                parts.push(around.with(lines.join("\n")));
            }
        }
        node => collect(node, around, parts),
    }
}

/// The variables that a node of a CI file sets, as far as they are known without CI.
fn variables(node: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for key in ["env", "environment", "variables", "env_vars"] {
        let set = node[key].as_mapping().into_iter().flatten();
        found.extend(
            set.filter_map(|(name, value)| Some((name.as_str()?.to_owned(), plain(value)?))),
        );
        let listed = node[key].as_sequence().into_iter().flatten();
        found.extend(listed.filter_map(|entry| {
            Some((entry["name"].as_str()?.to_owned(), plain(&entry["value"])?))
        }));
    }
    found
}

/// The shell scripts of a Jenkinsfile.
pub(super) fn pipeline(file: &str, text: &str) -> Vec<Recipe> {
    static SCRIPT: LazyRegex = LazyRegex::new(
        r#"(?s)\bsh\s*\(?\s*(?:script:\s*)?(?:\"\"\"(.*?)\"\"\"|'''(.*?)'''|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')"#,
    );
    let scripts = SCRIPT.captures_iter(text).filter_map(|found| {
        let script = (1..=4).find_map(|group| found.get(group))?;
        Some(Part::of(script.as_str(), ""))
    });
    vec![Recipe::new(Kind::Ci, file, "", scripts.collect())]
}

/// A GitHub action that starts a stack, or is one of the repo's own.
fn action(uses: &str, with: &Value, around: &Part, parts: &mut Vec<Part>) {
    if uses.starts_with("./") {
        parts.push(Part {
            folder: String::new(),
            ..around.with(format!("uses {uses}"))
        });
    }
    if !uses.contains("compose-action") || uses.contains("setup") {
        return;
    }
    let files = with["compose-file"].as_str().unwrap_or_default();
    let files: Vec<&str> = files
        .split_whitespace()
        .flat_map(|file| ["-f", file])
        .collect();
    parts.push(around.with(format!("docker compose {} up -d", files.join(" "))));
}

//! CI systems' files: each job is a recipe.

use serde_yaml::Value;

use super::super::recipe::{Kind, Part, Recipe, join};

/// The keys whose values are scripts, in the systems that are read here.
const SCRIPTS: [&str; 9] = [
    "run",
    "script",
    "before_script",
    "before_install",
    "install",
    "commands",
    "command",
    "bash",
    "after_install",
];

/// Whether a file is one of a CI system's.
pub(super) fn is_one(file: &str) -> bool {
    let is_yaml = [".yml", ".yaml"].iter().any(|end| file.ends_with(end));
    let folders = [
        ".github/workflows/",
        ".github/actions/",
        ".gitlab/",
        ".circleci/",
        ".buildkite/",
        ".woodpecker/",
        ".azure-pipelines/",
    ];
    let names = [
        ".gitlab-ci.yml",
        ".travis.yml",
        ".drone.yml",
        ".woodpecker.yml",
        "azure-pipelines.yml",
        ".cirrus.yml",
        "bitbucket-pipelines.yml",
        "action.yml",
        "Taskfile.yml",
        "Taskfile.yaml",
    ];
    is_yaml && (folders.iter().any(|folder| file.starts_with(folder)) || names.contains(&file))
}

/// The jobs of a file.
pub(super) fn read(file: &str, text: &str) -> Vec<Recipe> {
    let mut whole: Value = serde_yaml::from_str(text).unwrap_or_default();
    let _ = whole.apply_merge();
    let named = ["jobs", "tasks"]
        .into_iter()
        .find_map(|key| whole[key].as_mapping());
    let parts = |name: &str, job: &Value| {
        let mut parts = Vec::new();
        collect(job, &Part::default(), &mut parts);
        (!parts.is_empty()).then(|| Recipe {
            kind: Kind::Ci,
            file: file.to_owned(),
            name: name.to_owned(),
            parts,
        })
    };
    let jobs = named.or_else(|| whole.as_mapping().filter(|_| file.contains("gitlab")));
    match jobs {
        Some(jobs) => {
            let each = jobs
                .iter()
                .filter_map(|(name, job)| parts(name.as_str()?, job));
            each.collect()
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
                &node["dir"],
            ] {
                if let Some(folder) = folder.as_str().filter(|folder| !folder.contains("${{")) {
                    inner.folder = join(
                        "",
                        folder
                            .trim_start_matches("~/")
                            .trim_start_matches("project"),
                    );
                }
            }
            for variables in [&node["env"], &node["environment"], &node["variables"]] {
                for (name, value) in variables.as_mapping().into_iter().flatten() {
                    if let (Some(name), Some(value)) = (name.as_str(), plain(value)) {
                        inner.environment.retain(|(known, _)| known != name);
                        inner.environment.push((name.to_owned(), value));
                    }
                }
            }
            for (key, value) in keys {
                let key = key.as_str().unwrap_or_default();
                if SCRIPTS.contains(&key) {
                    scripts(value, &inner, parts);
                } else if key == "cmds" {
                    // A Taskfile's commands are texts in a list.
                    scripts(value, &inner, parts);
                } else if key == "uses" {
                    action(
                        value.as_str().unwrap_or_default(),
                        &node["with"],
                        &inner,
                        parts,
                    );
                } else if !matches!(key, "env" | "environment" | "variables" | "with" | "matrix") {
                    collect(value, &inner, parts);
                }
            }
        }
        _ => {}
    }
}

fn scripts(value: &Value, around: &Part, parts: &mut Vec<Part>) {
    match value {
        Value::String(text) => parts.push(Part {
            text: text.clone(),
            ..around.clone()
        }),
        Value::Sequence(lines) => {
            let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
            if lines.is_empty() {
                collect(value, around, parts);
            } else {
                parts.push(Part {
                    text: lines.join("\n"),
                    ..around.clone()
                });
            }
        }
        node => collect(node, around, parts),
    }
}

/// A GitHub action that starts a stack.
fn action(uses: &str, with: &Value, around: &Part, parts: &mut Vec<Part>) {
    if !uses.contains("compose-action") {
        return;
    }
    let files = with["compose-file"]
        .as_str()
        .map(str::to_owned)
        .unwrap_or_default();
    let files: Vec<&str> = files
        .split_whitespace()
        .flat_map(|file| ["-f", file])
        .collect();
    parts.push(Part {
        text: format!("docker compose {} up -d", files.join(" ")),
        ..around.clone()
    });
}

/// A value that is known without CI.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(whether) => whether.to_string(),
        _ => return None,
    };
    (!text.contains("${{")).then_some(text)
}

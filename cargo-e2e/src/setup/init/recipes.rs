//! The commands that a repo's own files run: CI jobs, make targets, package scripts, shell scripts
//! and what the README says.

use std::collections::BTreeMap;
use std::path::Path;

use e2e_harness::protocol::COMPOSE_FILE;
use serde_json::Value;

use super::recipe::{Kind, Part, Recipe, Step, join, parent};
use super::shell::{self, Variables};
use super::tree::Tree;

mod ci;
mod make;

/// How deep a recipe that calls another one is followed.
const DEPTH: usize = 4;

/// All recipes of a repo.
#[derive(Debug, Default)]
pub(super) struct Recipes {
    pub(super) all: Vec<Recipe>,
    /// Where each script, target or package script is in `all`, by how it is called.
    calls: BTreeMap<String, usize>,
}

impl Recipes {
    /// Reads every file of the repo that runs commands.
    pub(super) fn of(tree: &Tree) -> Self {
        let mut recipes = Self::default();
        for file in &tree.files {
            let name = file.rsplit('/').next().unwrap_or(file);
            let folder = parent(file);
            match name {
                _ if ci::is_one(file) => recipes.all.extend(ci::read(file, &tree.read(file))),
                "Makefile" | "makefile" | "GNUmakefile" => {
                    let mut targets = make::targets(file, &tree.read(file));
                    if folder.is_empty() {
                        for included in make::included(&tree.read(file)) {
                            targets.extend(make::targets(&included, &tree.read(&included)));
                        }
                    }
                    recipes.add(targets, folder, "make");
                }
                "justfile" | "Justfile" | ".justfile" => {
                    recipes.add(make::recipes(file, &tree.read(file)), folder, "just");
                }
                "package.json" => recipes.add(package(file, &tree.read(file)), folder, "npm"),
                "README.md" | "CONTRIBUTING.md" | "DEVELOPMENT.md" if !folder.contains('/') => {
                    recipes.all.extend(prose(file, &tree.read(file)));
                }
                _ if is_script(file) => {
                    let text = tree.read(file);
                    recipes
                        .calls
                        .insert(format!("sh {file}"), recipes.all.len());
                    recipes.all.push(Recipe {
                        kind: Kind::Script,
                        file: file.clone(),
                        name: name.to_owned(),
                        parts: vec![Part {
                            text,
                            ..Part::default()
                        }],
                    });
                }
                _ => {}
            }
        }
        recipes
    }

    fn add(&mut self, recipes: Vec<Recipe>, folder: &str, caller: &str) {
        for recipe in recipes {
            let call = format!("{caller} {folder} {}", recipe.name);
            self.calls.entry(call).or_insert(self.all.len());
            self.all.push(recipe);
        }
    }

    /// The commands of a recipe, with those of recipes that it calls in their place.
    pub(super) fn steps(&self, recipe: &Recipe) -> Vec<Step> {
        self.follow(recipe, DEPTH)
    }

    fn follow(&self, recipe: &Recipe, depth: usize) -> Vec<Step> {
        let mut steps = Vec::new();
        for part in &recipe.parts {
            let mut variables = Variables::new();
            let mut folder = part.folder.clone();
            for mut words in shell::commands(&part.text, &mut variables) {
                let mut environment = part.environment.clone();
                while let Some((name, value)) =
                    words.first().and_then(|word| shell::assignment(word))
                {
                    environment.push((name.to_owned(), value.to_owned()));
                    words.remove(0);
                }
                if words.first().is_some_and(|word| word == "env") {
                    words.remove(0);
                    words.retain(|word| shell::assignment(word).is_none());
                }
                if let Some(compose_file) = variables.get(COMPOSE_FILE) {
                    environment.push((COMPOSE_FILE.to_owned(), compose_file.clone()));
                }
                match words.as_slice() {
                    [] => continue,
                    [cd, to] if cd == "cd" || cd == "pushd" => folder = join(&folder, to),
                    _ => {}
                }
                let called = if depth == 0 {
                    Vec::new()
                } else {
                    self.called(&words, &folder)
                };
                let step = Step {
                    kind: recipe.kind,
                    words,
                    folder: folder.clone(),
                    environment,
                };
                let within: Vec<Step> = called
                    .into_iter()
                    .flat_map(|index| self.follow(&self.all[index], depth - 1))
                    .collect();
                // A script that only runs tests is a test command by its own name.
                let is_wrapper = within.iter().any(|step| {
                    step.words
                        .iter()
                        .any(|word| word == "compose" || word == "docker-compose")
                });
                if is_wrapper {
                    steps.extend(within);
                } else {
                    steps.push(step);
                }
            }
        }
        steps
    }

    /// Which recipes these words call.
    fn called(&self, words: &[String], folder: &str) -> Vec<usize> {
        let (program, rest) = match words {
            [program, rest @ ..] => (program.as_str(), rest),
            [] => return Vec::new(),
        };
        let mut folder = folder.to_owned();
        let mut names: Vec<&str> = Vec::new();
        let mut rest = rest.iter().map(String::as_str);
        while let Some(word) = rest.next() {
            match word {
                "-C" | "--prefix" | "--dir" | "--cwd" => {
                    folder = join(&folder, rest.next().unwrap_or_default());
                }
                "--" => break,
                _ if word.starts_with('-') || word.contains('=') => {}
                _ => names.push(word),
            }
        }
        let calls: Vec<String> = match program {
            "make" | "gmake" => names
                .iter()
                .map(|name| format!("make {folder} {name}"))
                .collect(),
            "just" => names
                .iter()
                .map(|name| format!("just {folder} {name}"))
                .collect(),
            "npm" | "yarn" | "pnpm" | "bun" => {
                let (["run" | "run-script", script, ..] | [script, ..]) = names.as_slice() else {
                    return Vec::new();
                };
                vec![format!("npm {folder} {script}")]
            }
            "sh" | "bash" | "source" | "." | "zsh" => names
                .iter()
                .take(1)
                .map(|file| format!("sh {}", join(&folder, file)))
                .collect(),
            file => vec![format!("sh {}", join(&folder, file))],
        };
        calls
            .iter()
            .filter_map(|call| self.calls.get(call).copied())
            .collect()
    }
}

fn is_script(file: &str) -> bool {
    let extension = Path::new(file)
        .extension()
        .and_then(std::ffi::OsStr::to_str);
    let folders = ["script", "scripts", "bin", "ci", ".ci", "hack", "tools"];
    matches!(extension, Some("sh" | "bash"))
        || extension.is_none() && folders.contains(&parent(file))
}

/// The scripts of a package.json.
fn package(file: &str, text: &str) -> Vec<Recipe> {
    let package: Value = serde_json::from_str(text).unwrap_or_default();
    let scripts = package["scripts"].as_object().into_iter().flatten();
    let scripts = scripts.filter_map(|(name, command)| {
        Some(Recipe {
            kind: Kind::Package,
            file: file.to_owned(),
            name: name.clone(),
            parts: vec![Part {
                text: command.as_str()?.to_owned(),
                folder: parent(file).to_owned(),
                environment: Vec::new(),
            }],
        })
    });
    scripts.collect()
}

/// The code blocks of a text for people, a recipe for each headline.
fn prose(file: &str, text: &str) -> Vec<Recipe> {
    let mut recipes: Vec<Recipe> = Vec::new();
    let mut headline = String::new();
    let mut code: Option<String> = None;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("```") {
            match code.take() {
                None => code = Some(String::new()),
                Some(text) => {
                    let part = Part {
                        text,
                        ..Part::default()
                    };
                    match recipes.last_mut().filter(|recipe| recipe.name == headline) {
                        Some(recipe) => recipe.parts.push(part),
                        None => recipes.push(Recipe {
                            kind: Kind::Prose,
                            file: file.to_owned(),
                            name: headline.clone(),
                            parts: vec![part],
                        }),
                    }
                }
            }
        } else if let Some(text) = &mut code {
            text.push_str(line.trim_start_matches("$ "));
            text.push('\n');
        } else if line.starts_with('#') {
            line.trim_start_matches('#')
                .trim()
                .clone_into(&mut headline);
        }
    }
    recipes
}

//! The commands that a repo's own files run: CI jobs, make targets, package scripts, shell scripts
//! and what the README says.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::calls;
use super::place::{Place, is_constant, placed};
use super::recipe::{Kind, Part, ROOT, Recipe, Step, join, parent};
use super::shell::{self, Variables};
use super::tree::Tree;
use super::typed::is_open;
use crate::text::{has_extension, lists};

mod ci;
mod invoke;
mod make;

/// How deep a recipe that calls another one is followed.
const DEPTH: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Recipes {
    pub(super) all: Vec<Recipe>,
    /// Where each script, target or package script is in `all`, by how it is called.
    calls: BTreeMap<String, Vec<usize>>,
}

impl Recipes {
    /// Reads every file of the repo that runs commands.
    pub(super) fn of(tree: &Tree) -> Self {
        let mut recipes = Self::default();
        let has_stack = !calls::defaults(tree, "").is_empty();
        for file in &tree.files {
            let name = file.rsplit('/').next().unwrap_or(file);
            let folder = parent(file);
            let read = |of: fn(&str, &str) -> Vec<Recipe>| of(file, &tree.read(file));
            match name {
                "Taskfile.yml" | "Taskfile.yaml" | "taskfile.yml" => {
                    let mut tasks = read(ci::read);
                    for task in &mut tasks {
                        task.kind = Kind::Make;
                    }
                    recipes.add(tasks, folder, "task");
                }
                "tasks.py" => recipes.add(read(invoke::tasks), folder, "invoke"),
                "Jenkinsfile" => recipes.all.extend(read(ci::pipeline)),
                _ if ci::is_one(file) => {
                    // How a job names an action or a workflow of the repo itself.
                    let called = match name {
                        "action.yml" | "action.yaml" => format!("uses {folder}"),
                        _ => format!("uses {file}"),
                    };
                    let first = recipes.all.len();
                    recipes.all.extend(read(ci::read));
                    let jobs = (first..recipes.all.len()).collect();
                    recipes.calls.insert(called, jobs);
                }
                "Makefile" | "makefile" | "GNUmakefile" => {
                    let mut targets = read(make::targets);
                    if folder.is_empty() {
                        for included in make::included(&tree.read(file)) {
                            targets.extend(make::targets(&included, &tree.read(&included)));
                        }
                    }
                    recipes.add(targets, folder, "make");
                }
                "justfile" | "Justfile" | ".justfile" => {
                    recipes.add(read(make::recipes), folder, "just");
                }
                "package.json" => recipes.add(read(package), folder, "npm"),
                "README.md" | "CONTRIBUTING.md" | "DEVELOPMENT.md" if !folder.contains('/') => {
                    recipes.all.extend(read(prose));
                }
                _ if is_script(file) => {
                    let call = format!("sh {file}");
                    recipes.calls.insert(call, vec![recipes.all.len()]);
                    // A script beside the only stack that it can mean is run there.
                    let is_there = !has_stack && !calls::defaults(tree, folder).is_empty();
                    let run_in = if is_there { folder } else { "" };
                    let parts = vec![Part::of(tree.read(file), run_in)];
                    let script = Recipe::new(Kind::Script, file, name, parts);
                    recipes.all.push(script);
                }
                _ => {}
            }
        }
        recipes
    }

    fn add(&mut self, recipes: Vec<Recipe>, folder: &str, caller: &str) {
        for recipe in recipes {
            let call = format!("{caller} {folder} {}", recipe.name);
            let index = self.all.len();
            self.calls.entry(call).or_insert_with(|| vec![index]);
            self.all.push(recipe);
        }
    }

    /// The commands of a recipe, with those of recipes that it calls in their place, and with
    /// variables that are set before.
    pub(super) fn steps(&self, recipe: &Recipe, set: &[(String, String)]) -> Vec<Step> {
        self.follow(recipe, &[], set, DEPTH)
    }

    /// The same of a recipe that is called with these arguments, and with variables that are assigned
    /// for it.
    fn follow(
        &self,
        recipe: &Recipe,
        arguments: &[String],
        assigned: &[(String, String)],
        depth: usize,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        for part in &recipe.parts {
            let mut variables: Variables = part.environment.iter().cloned().collect();
            variables.extend(assigned.iter().cloned());
            if recipe.kind == Kind::Script {
                let numbers = (1..).map(|number: usize| number.to_string());
                variables.extend(numbers.zip(arguments.iter().cloned()));
                variables.insert("@".to_owned(), arguments.join(" "));
            }
            let mut place = Place::new(&part.folder);
            let text = placed(&part.text, parent(&recipe.file));
            for mut words in shell::commands(&text, &mut variables) {
                let mut own = assigned.to_vec();
                take_assignments(&mut words, &mut own);
                if place.moves(&words) || words.is_empty() {
                    continue;
                }
                let called = if depth == 0 {
                    Vec::new()
                } else {
                    self.called(&words, &place.folder)
                };
                if matches!(words[0].as_str(), "source" | ".") {
                    for part in called.iter().flat_map(|index| &self.all[*index].parts) {
                        shell::commands(&part.text, &mut variables);
                    }
                }
                let rest = arguments_of(&words);
                let within: Vec<Step> = called
                    .into_iter()
                    .flat_map(|index| self.follow(&self.all[index], rest, &own, depth - 1))
                    .collect();
                let mut environment = part.environment.clone();
                // Those with such a name are for other programs too.
                let is_known =
                    |(name, value): &(&String, &String)| is_constant(name) && !value.contains(ROOT);
                let exported = variables.iter().filter(is_known);
                environment.extend(exported.map(|(name, value)| (name.clone(), value.clone())));
                environment.extend(own.iter().cloned());
                let step = Step {
                    kind: recipe.kind,
                    words,
                    folder: place.folder.clone(),
                    environment,
                    assigned: own,
                };
                // A script that only runs tests is a test command by its own name.
                let is_compose = |word: &String| lists("compose docker-compose", word);
                if within.iter().any(|step| step.words.iter().any(is_compose)) {
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
        let Some((program, rest)) = words.split_first() else {
            return Vec::new();
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
        let each = |caller: &str| -> Vec<String> {
            let calls = names.iter();
            calls
                .map(|name| format!("{caller} {folder} {name}"))
                .collect()
        };
        let calls: Vec<String> = match program.as_str() {
            "make" | "gmake" => each("make"),
            "just" | "task" => each(program),
            "invoke" | "inv" => each("invoke"),
            "run-s" | "run-p" | "npm-run-all" => each("npm"),
            "npm" | "yarn" | "pnpm" | "bun" => {
                let (["run" | "run-script", script, ..] | [script, ..]) = names.as_slice() else {
                    return Vec::new();
                };
                let called = |hook| format!("npm {folder} {hook}{script}");
                ["pre", "", "post"].map(called).to_vec()
            }
            "uses" => names
                .iter()
                .map(|path| format!("uses {}", join("", path)))
                .collect(),
            "sh" | "bash" | "source" | "." | "zsh" => {
                let script = names.first().map(|file| join(&folder, file));
                script
                    .map(|file| format!("sh {file}"))
                    .into_iter()
                    .collect()
            }
            file => vec![format!("sh {}", join(&folder, file))],
        };
        let found = calls.iter().filter_map(|call| self.calls.get(call));
        found.flatten().copied().collect()
    }
}

/// What follows a program, or the script that a shell is to run.
fn arguments_of(words: &[String]) -> &[String] {
    let is_run = shell::is_shell(&words[0]) || matches!(words[0].as_str(), "source" | ".");
    let script = words[1..].iter().position(|word| !word.starts_with('-'));
    match script.filter(|_| is_run) {
        Some(at) => &words[at + 2..],
        None => &words[1..],
    }
}

/// Moves the assignments before a command out of its words, also those of `env`.
fn take_assignments(words: &mut Vec<String>, assigned: &mut Vec<(String, String)>) {
    while let Some(first) = words.first() {
        if let Some((name, value)) = shell::assignment(first) {
            // What a caller says is better than what only the script knows.
            let is_known = assigned.iter().any(|(known, _)| known == name);
            if !is_known || !is_open(value) {
                assigned.retain(|(known, _)| known != name);
                assigned.push((name.to_owned(), value.to_owned()));
            }
        } else if first != "env" {
            return;
        }
        words.remove(0);
    }
}

fn is_script(file: &str) -> bool {
    let path = Path::new(file);
    let folders = "script scripts bin ci .ci hack tools";
    has_extension(path, &["sh", "bash"])
        || path.extension().is_none() && lists(folders, parent(file))
}

fn package(file: &str, text: &str) -> Vec<Recipe> {
    let package: Value = serde_json::from_str(text).unwrap_or_default();
    let scripts = package["scripts"].as_object().into_iter().flatten();
    let scripts = scripts.filter_map(|(name, command)| {
        let part = Part::of(command.as_str()?, parent(file));
        Some(Recipe::new(Kind::Package, file, name, vec![part]))
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
                    let part = Part::of(text, "");
                    match recipes.last_mut().filter(|recipe| recipe.name == headline) {
                        Some(recipe) => recipe.parts.push(part),
                        None => recipes.push(Recipe::new(Kind::Prose, file, &headline, vec![part])),
                    }
                }
            }
        } else if let Some(text) = &mut code {
            text.push_str(line.trim_start_matches("$ "));
            text.push('\n');
        } else if line.starts_with('#') {
            let title = line.trim_start_matches('#').trim();
            title.clone_into(&mut headline);
        }
    }
    recipes
}

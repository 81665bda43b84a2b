//! Which compose files a repo's tests need, the likeliest first.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_yaml::Value;

use super::calls::{self, Call};
use super::recipe::{Kind, ROOT, Recipe, Step, parent};
use super::runners::{has_word, is_test_name, is_wide, runner};
use super::tree::Tree;
use super::typed::is_open;
use crate::compose::scan::scan;
use crate::repo::workspace;
use crate::text::lists;

/// In `e2e/`, the first of them is the default of e2e.yml.
const OWN: [&str; 4] = [
    "e2e/compose.yml",
    "e2e/compose.yaml",
    "e2e/docker-compose.yml",
    "e2e/docker-compose.yaml",
];

/// What is in the name of a stack that is not for tests.
const ELSEWHERE: &str = "arm arm64 aarch64 windows debug devcontainer prod production deploy \
    deployment release publish staging monitoring observability example examples demo bench benchmark \
    benchmarks docs perf stress template swarm";

/// Compose files that belong together, and why they are taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stack {
    pub(super) files: Vec<String>,
    pub(super) profiles: Vec<String>,
    pub(super) env_files: Vec<String>,
    /// What the recipe sets of the variables that the files use.
    pub(super) variables: BTreeMap<String, String>,
    /// The only services that it starts; all, where none is named.
    pub(super) services: Vec<String>,
    /// The recipe that starts it, for people; none when only its name speaks for it.
    pub(super) source: Option<String>,
    pub(super) score: i32,
}

/// A recipe with what its commands are.
#[derive(Debug)]
pub(super) struct Use<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) steps: Vec<Step>,
    pub(super) calls: Vec<Call>,
    /// How much it says of tests.
    pub(super) score: i32,
}

impl<'a> Use<'a> {
    pub(super) fn of(recipe: &'a Recipe, steps: Vec<Step>, tree: &Tree) -> Self {
        let calls = steps.iter().filter_map(|step| calls::call(step, tree));
        let calls: Vec<Call> = calls.collect();
        let base = match recipe.kind {
            Kind::Ci => 40,
            Kind::Make | Kind::Package => 30,
            Kind::Script => 15,
            Kind::Prose => 12,
        };
        let is_test = |step: &Step| runner(&step.words).is_some() && tree.has_folder(&step.folder);
        let tests_in_service =
            |call: &Call| call.result_of.is_some() || runner(&call.command).is_some();
        let tests = steps.iter().any(is_test) || calls.iter().any(tests_in_service);
        let names = format!("{} {}", recipe.file, recipe.name);
        Self {
            recipe,
            score: base + hint(&names) + if tests { 40 } else { 0 },
            steps,
            calls,
        }
    }

    /// Where it stands, for people.
    pub(super) fn source(&self) -> String {
        let (file, name) = (&self.recipe.file, &self.recipe.name);
        match self.recipe.kind {
            Kind::Ci if !name.is_empty() => format!("{file}, job {name}"),
            Kind::Make => format!("{file}, target {name}"),
            Kind::Package => format!("{file}, script {name}"),
            _ => file.clone(),
        }
    }
}

/// What a name says of tests: more is better.
fn hint(name: &str) -> i32 {
    let name = name.to_ascii_lowercase();
    if has_word(&name, ELSEWHERE) {
        -50
    } else if is_wide(&name) {
        25
    } else if has_word(&name, "test tests testing ci") {
        20
    } else if has_word(&name, "dev development local unit") {
        5
    } else {
        0
    }
}

/// All stacks, the likeliest first: what the repo's own recipes start for their tests counts more
/// than names.
pub(super) fn find(tree: &Tree, uses: &[Use<'_>]) -> Vec<Stack> {
    let mut stacks: BTreeMap<Vec<String>, Stack> = BTreeMap::new();
    for one in uses {
        for call in &one.calls {
            let is_start = lists("up run start exec create", &call.verb);
            let score = if is_start { one.score } else { one.score / 4 };
            let stack = stacks.entry(call.files.clone()).or_insert_with(|| Stack {
                files: call.files.clone(),
                score: i32::MIN,
                ..Stack::default()
            });
            if score > stack.score {
                stack.score = score;
                stack.source = is_start.then(|| one.source());
                stack.profiles.clone_from(&call.profiles);
                let there = call.env_files.iter().filter(|file| tree.has(file));
                stack.env_files = there.cloned().collect();
                stack.services = started(one, &call.files);
                stack.variables = set(tree, call);
            }
        }
    }
    for file in tree.files.iter().filter(|file| is_compose_file(file)) {
        let Some(files) = together(tree, file) else {
            continue;
        };
        let is_main = parent(file).is_empty() && file.find('.') == file.rfind('.');
        let base = if is_main { 30 } else { 10 };
        let stack = stacks.entry(files.clone()).or_insert(Stack {
            files,
            score: base,
            ..Stack::default()
        });
        // A recipe that has nothing to do with tests does not speak against it.
        stack.score = stack.score.max(base / 2);
    }
    let mut stacks: Vec<Stack> = stacks.into_values().collect();
    for stack in &mut stacks {
        let last = &stack.files[stack.files.len() - 1];
        let depth = i32::try_from(last.matches('/').count()).unwrap_or(i32::MAX);
        let others = stack.files.iter().rev().skip(1);
        let others: i32 = others.map(|file| hint(file).min(0)).sum();
        stack.score += hint(last) + others - 2 * depth;
        if let Some(at) = OWN.iter().position(|own| *own == stack.files[0]) {
            stack.score = 2000 - i32::try_from(at).unwrap_or_default();
        }
    }
    if stacks.iter().any(|stack| stack.score >= 0) {
        stacks.retain(|stack| stack.score >= 0);
    }
    stacks.sort_by_key(|stack| std::cmp::Reverse(stack.score));
    stacks
}

/// The variables that a call's files use and that are set for it: by the call itself, or where its recipe
/// does so somewhere and the files have no default.
fn set(tree: &Tree, call: &Call) -> BTreeMap<String, String> {
    let files: Vec<PathBuf> = call.files.iter().map(|file| tree.root.join(file)).collect();
    let folder = tree.root.join(parent(&call.files[0]));
    let used = scan(&files, &folder).variables;
    let texts: String = call.files.iter().map(|file| tree.read(file)).collect();
    let has_default = |name: &str| {
        let mut signs = ["-", ":-"].iter();
        signs.any(|sign| texts.contains(&format!("${{{name}{sign}")))
    };
    let is_literal = |value: &str| {
        !value.is_empty() && !value.contains(['$', '`', '\'', '\n']) && !value.contains(ROOT)
    };
    let around = call.environment.iter();
    let around = around.filter(|(name, _)| !has_default(name));
    let set = around.chain(&call.assigned).filter(|(name, value)| {
        used.contains(name) && is_literal(value) && !name.starts_with("COMPOSE_")
    });
    set.cloned().collect()
}

/// The services that a recipe starts of a stack; none, where one of its calls starts all, or names one
/// by a variable.
fn started(one: &Use<'_>, files: &[String]) -> Vec<String> {
    let is_up = |call: &&Call| call.files == files && call.verb == "up";
    let calls = || one.calls.iter().filter(is_up);
    let is_known = |call: &Call| {
        !call.services.is_empty()
            && call.result_of.is_none()
            && !call.services.iter().any(|service| is_open(service))
    };
    if !calls().all(is_known) {
        return Vec::new();
    }
    let mut services: Vec<String> = calls().flat_map(|call| call.services.clone()).collect();
    services.sort_unstable();
    services.dedup();
    services
}

fn is_compose_file(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    workspace::is_compose_file(name) && !file.starts_with(".github/workflows/")
}

/// A compose file with those that it needs or that Compose merges into it; none when it is no stack.
fn together(tree: &Tree, file: &str) -> Option<Vec<String>> {
    let defaults = calls::defaults(tree, parent(file));
    if defaults.first().is_some_and(|base| base == file) {
        return Some(defaults);
    }
    let services = services(tree, file)?;
    let has = |service: &Value, key: &str| !service[key].is_null();
    let is_whole = |one: &Value| has(one, "image") || has(one, "build") || has(one, "extends");
    let stands_alone = services.values().all(is_whole);
    Some(match defaults.into_iter().next() {
        Some(base) if !stands_alone => vec![base, file.to_owned()],
        _ => vec![file.to_owned()],
    })
}

/// The profiles without which a stack has no service: those for tests, or else all.
pub(super) fn profiles(tree: &Tree, files: &[String]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for file in files {
        for service in services(tree, file).unwrap_or_default().values() {
            let named = service["profiles"].as_sequence().into_iter().flatten();
            for name in named.filter_map(Value::as_str) {
                if !all.iter().any(|known| known == name) {
                    all.push(name.to_owned());
                }
            }
        }
    }
    let is_test = |name: &String| is_wide(name) || is_test_name(name);
    if all.iter().any(is_test) {
        all.retain(is_test);
    } else if all.iter().any(|name| name == "all") {
        all.retain(|name| name == "all");
    }
    all
}

pub(super) fn services(tree: &Tree, file: &str) -> Option<BTreeMap<String, Value>> {
    let mut read: Value = serde_yaml::from_str(&tree.read(file)).ok()?;
    let _ = read.apply_merge();
    let services = read["services"].as_mapping()?.iter();
    let services =
        services.filter_map(|(name, service)| Some((name.as_str()?.to_owned(), service.clone())));
    Some(services.collect())
}

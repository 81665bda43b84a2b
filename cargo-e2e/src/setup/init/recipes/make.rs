//! Makefiles and justfiles: each target is a recipe.

use regex::Captures;

use super::super::recipe::{Kind, Part, Recipe, parent};
use super::super::shell::Variables;
use crate::text::LazyRegex;

/// The targets of a Makefile, with the recipes of what they need before their own.
pub(super) fn targets(file: &str, text: &str) -> Vec<Recipe> {
    static RULE: LazyRegex =
        LazyRegex::new(r"^([A-Za-z0-9_./%-][A-Za-z0-9_./% -]*):{1,2}([^=].*)?$");
    static SET: LazyRegex =
        LazyRegex::new(r"^(?:export\s+|override\s+)*([A-Za-z_][\w.-]*)\s*(?:\?|::?|\+)?=\s*(.*)$");
    // In a conditional part, or below a rule, where it is no command all the same.
    static SET_DEEPER: LazyRegex = LazyRegex::new(
        r"^(?:export\s+)?([A-Za-z_]\w*)(?:\s+(?:\?|\+|::?)?=|(?:\?|\+|::?)=)\s*(.*)$",
    );
    let text = text.replace("\\\n", " ");
    let mut variables = Variables::new();
    for here in ["CURDIR", "PWD"] {
        variables.insert(here.to_owned(), ".".to_owned());
    }
    let mut rules: Vec<(String, Vec<String>, Vec<String>)> = Vec::new();
    let mut current: std::ops::Range<usize> = 0..0;
    // With the target that alone has it; none where all have.
    let mut exported: Vec<(Option<String>, String)> = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("export ") {
            let name = rest.split(['=', ':', '?', '+']).next().unwrap_or_default();
            exported.push((None, name.trim().to_owned()));
        }
        let deeper = SET_DEEPER.captures(line.trim_start());
        if let Some(found) = deeper.filter(|_| line.starts_with(['\t', ' '])) {
            set(&mut variables, &found[1], line, &found[2]);
        } else if let Some(recipe) = line.strip_prefix('\t') {
            let command = recipe.trim().trim_start_matches(['@', '-', '+']);
            for rule in &mut rules[current.clone()] {
                rule.2.push(command.to_owned());
            }
        } else if let Some(found) = SET.captures(line) {
            set(&mut variables, &found[1], line, &found[2]);
        } else if let Some(found) = RULE.captures(line) {
            let needs = found.get(2).map_or("", |needs| needs.as_str());
            if let Some(own) = SET.captures(needs.trim()) {
                let name = format!("{}: {}", &found[1], &own[1]);
                set(&mut variables, &name, needs, &own[2]);
                exported.push((Some(found[1].to_owned()), own[1].to_owned()));
                continue;
            }
            let needs = needs.split(['#', ';']).next().unwrap_or_default();
            let needs: Vec<String> = needs.split_whitespace().map(str::to_owned).collect();
            let begin = rules.len();
            let names = found[1].split_whitespace();
            for name in names.filter(|name| !name.starts_with('.')) {
                rules.push((name.to_owned(), needs.clone(), Vec::new()));
            }
            current = begin..rules.len();
        }
    }
    let is_one_shell = text.lines().any(|line| line.starts_with(".ONESHELL"));
    let scripts = |name: &str| -> Vec<String> {
        let lines = lines(&rules, name, 3).into_iter();
        let lines: Vec<_> = lines.map(|line| expand(&line, &variables, 5)).collect();
        if is_one_shell {
            vec![lines.join("\n")]
        } else {
            lines
        }
    };
    let around = |target: &str| {
        let seen = exported.iter().filter_map(|(only, name)| {
            let value = match only {
                None => variables.get(name),
                Some(only) if only == target => variables.get(&format!("{target}: {name}")),
                Some(_) => None,
            };
            Some((name.clone(), expand(value?, &variables, 5)))
        });
        Part {
            environment: seen.collect(),
            ..Part::of("", parent(file))
        }
    };
    let recipes = rules.iter().map(|(name, ..)| {
        let around = around(name);
        let parts = scripts(name).into_iter().map(|text| around.with(text));
        Recipe::new(Kind::Make, file, name, parts.collect())
    });
    recipes.collect()
}

/// Sets a variable as `=`, `?=` or `+=` of this line does.
fn set(variables: &mut Variables, name: &str, line: &str, value: &str) {
    let value = value.split(" #").next().unwrap_or_default().trim();
    let sign = line.split('=').next().unwrap_or_default();
    // The folder of the Makefile, in one of many ways.
    let value = if value.contains("MAKEFILE_LIST") {
        "./"
    } else {
        value
    };
    match variables.get_mut(name) {
        Some(_) if sign.ends_with('?') => {}
        Some(known) if sign.ends_with('+') => {
            known.push(' ');
            known.push_str(value);
        }
        _ => {
            variables.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// The lines of a target after those of the targets that it needs.
fn lines(rules: &[(String, Vec<String>, Vec<String>)], name: &str, depth: usize) -> Vec<String> {
    let mut all = Vec::new();
    for (_, needs, own) in rules.iter().filter(|(known, ..)| known == name) {
        if depth > 0 {
            all.extend(needs.iter().flat_map(|need| lines(rules, need, depth - 1)));
        }
        all.extend(own.iter().cloned());
    }
    all
}

/// The files that a Makefile includes by name.
pub(super) fn included(text: &str) -> Vec<String> {
    let included = text.lines().filter_map(|line| {
        let line = line.strip_prefix('-').unwrap_or(line);
        line.strip_prefix("include ")
    });
    let files = included.flat_map(str::split_whitespace);
    files.map(str::to_owned).collect()
}

fn expand(line: &str, variables: &Variables, depth: usize) -> String {
    static USED: LazyRegex =
        LazyRegex::new(r"\$(?:\(([A-Za-z_][\w.-]*)\)|\{([A-Za-z_][\w.-]*)\}|\$)");
    let line = line.replace("$(shell pwd)", ".");
    let filled = USED.replace_all(&line, |found: &Captures<'_>| {
        match found.get(1).or_else(|| found.get(2)) {
            None => "$".to_owned(),
            Some(name) if name.as_str() == "MAKE" => "make".to_owned(),
            Some(name) if depth > 0 => variables
                .get(name.as_str())
                .map(|value| expand(value, variables, depth - 1))
                .unwrap_or_default(),
            Some(_) => String::new(),
        }
    });
    filled.into_owned()
}

/// The recipes of a justfile.
pub(super) fn recipes(file: &str, text: &str) -> Vec<Recipe> {
    static HEAD: LazyRegex = LazyRegex::new(r"^@?([A-Za-z_][\w-]*)(?:\s[^:]*)?:([^=].*)?$");
    static SET: LazyRegex =
        LazyRegex::new(r#"^(?:export\s+)?([A-Za-z_][\w-]*)\s*:=\s*["']?(.*?)["']?$"#);
    static USED: LazyRegex = LazyRegex::new(r"\{\{\s*([^{}]*?)\s*\}\}");
    let text = text.replace("\\\n", " ");
    let mut variables = Variables::new();
    let mut recipes: Vec<Recipe> = Vec::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some(recipe) = recipes.last_mut() {
                let command = line.trim().trim_start_matches(['@', '-']);
                let filled = USED.replace_all(command, |found: &Captures<'_>| match &found[1] {
                    "justfile_directory()" | "justfile_dir()" => ".".to_owned(),
                    name => variables.get(name).cloned().unwrap_or_default(),
                });
                recipe.parts.push(Part::of(filled, parent(file)));
            }
        } else if let Some(found) = SET.captures(line) {
            variables.insert(found[1].to_owned(), found[2].to_owned());
        } else if let Some(found) = HEAD.captures(line) {
            let needs = found.get(2).map_or("", |needs| needs.as_str());
            let needs = needs.split(['#', '&']).next().unwrap_or_default();
            let needs = needs
                .split_whitespace()
                .map(|need| need.trim_matches(['(', ')']));
            let needs = needs.filter(|need| !need.starts_with(['"', '\'']) && !need.is_empty());
            let parts = needs.map(|need| Part::of(format!("just {need}"), parent(file)));
            recipes.push(Recipe::new(Kind::Make, file, &found[1], parts.collect()));
        }
    }
    recipes
}

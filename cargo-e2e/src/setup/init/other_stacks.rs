//! Stacks that a command of e2e.yml starts by itself, by way of the repo's scripts. `check` asks.

use std::path::Path;

use e2e_harness::protocol::COMPOSE_FILE;

use super::calls;
use super::recipe::{Kind, Part, Recipe};
use super::recipes::Recipes;
use super::tree::Tree;

/// Returns the compose files that a command starts where all that it starts is another stack than that
/// of these files; none where that is not sure. Reads files of the repo.
pub(in crate::setup) fn other_stacks(root: &Path, command: &str, own: &[String]) -> Vec<String> {
    let tree = Tree::of(root);
    let recipe = Recipe::new(Kind::Script, "", "", vec![Part::of(command, "")]);
    // What tests see: a script that has a default of its own does not use it.
    let set = [(COMPOSE_FILE.to_owned(), own.join(":"))];
    let steps = Recipes::of(&tree).steps(&recipe, &set);
    let calls = steps.iter().filter_map(|step| calls::call(step, &tree));
    let starts: Vec<_> = calls
        .filter(|call| matches!(call.verb.as_str(), "up" | "run" | "start" | "create"))
        .collect();
    // Either may be a link to the other.
    let real = |file: &String| root.join(file).canonicalize().ok();
    let own: Vec<_> = own.iter().filter_map(real).collect();
    let is_own = |file: &String| real(file).is_some_and(|file| own.contains(&file));
    let is_other = |call: &calls::Call| call.is_named && !call.files.iter().all(is_own);
    if !starts.iter().all(is_other) {
        return Vec::new();
    }
    let mut files: Vec<String> = starts.into_iter().flat_map(|call| call.files).collect();
    files.sort();
    files.dedup();
    files
}

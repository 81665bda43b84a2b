//! The tasks of Python's Invoke, by the commands that stand in them as text.

use regex::Captures;

use super::super::recipe::{Kind, Part, Recipe, parent};
use crate::text::LazyRegex;

/// The functions of a `tasks.py`.
pub(super) fn tasks(file: &str, text: &str) -> Vec<Recipe> {
    static COMMAND: LazyRegex = LazyRegex::new(
        r#"["']((?:docker|docker-compose|pytest|python3?|poetry|uv|tox|make|coverage) [^"'\n]*)["']"#,
    );
    static FILLED_IN: LazyRegex = LazyRegex::new(r"\{[^{}]*\}");
    let mut tasks: Vec<Recipe> = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("def ") {
            let name = rest.split('(').next().unwrap_or_default();
            let name = name.replace('_', "-");
            tasks.push(Recipe::new(Kind::Make, file, &name, Vec::new()));
        } else if let Some(task) = tasks.last_mut() {
            let commands = COMMAND.captures_iter(line);
            task.parts.extend(commands.map(|found: Captures<'_>| {
                let command = FILLED_IN.replace_all(&found[1], "$$value");
                Part::of(command, parent(file))
            }));
        }
    }
    tasks
}

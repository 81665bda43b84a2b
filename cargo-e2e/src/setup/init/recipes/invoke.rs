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
            tasks.push(Recipe {
                kind: Kind::Make,
                file: file.to_owned(),
                name: name.replace('_', "-"),
                parts: Vec::new(),
            });
        } else if let Some(task) = tasks.last_mut() {
            let commands = COMMAND.captures_iter(line);
            task.parts.extend(commands.map(|found: Captures<'_>| Part {
                text: FILLED_IN.replace_all(&found[1], "$$value").into_owned(),
                folder: parent(file).to_owned(),
                environment: Vec::new(),
            }));
        }
    }
    tasks
}

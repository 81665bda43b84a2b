//! Commands whose status says nothing of what they ran.

use crate::plan::Plan;
use crate::shell::Shell;
use crate::spec::{Lint, Warning};

/// They succeed whatever they read, and stand behind tests for their output alone.
const PASSES_ON: [&str; 12] = [
    "tee", "cat", "ts", "sed", "tail", "head", "sort", "uniq", "cut", "nl", "logger", "less",
];
/// What stands before a pipe to feed it.
const FEEDS: [&str; 6] = ["echo", "printf", "cat", "yes", "true", ":"];
/// What may fail where something is cleaned up.
const CLEANS: [&str; 8] = [
    "rm", "rmdir", "kill", "pkill", "killall", "docker", "echo", "umount",
];

/// Warnings of commands in e2e.yml that end with 0 though what they run failed.
pub fn statuses(plan: &Plan) -> Vec<Warning> {
    let spec = &plan.spec;
    let shell = Shell::new(&spec.shell);
    // Its own record says what its status does not.
    let tests = spec.test_command.as_deref();
    let tests = tests.filter(|_| spec.junit.is_empty() && !plan.options.up_only);
    let mut warnings = Vec::new();
    for (name, command) in [
        ("build_command", spec.build_command.as_deref()),
        ("test_command", tests),
        ("prepare_command", spec.prepare_command.as_deref()),
        ("setup_command", spec.setup_command.as_deref()),
    ] {
        let Some(command) = command else { continue };
        let code = code(command);
        // What else says whether tests failed.
        let or_junit = match name {
            "test_command" => ", or name a `junit` file",
            _ => "",
        };
        if !shell.has_pipefail()
            && !code.contains("pipefail")
            && let Some((from, to)) = hiding_pipe(&code)
        {
            warnings.push(format!(
                "`{name}` may hide a failure of {from}: its status is {to}'s where `sh` has no \
                 pipefail. Write `shell: bash` in e2e.yml{or_junit}"
            ));
        }
        // These may go on without some of what they do.
        if !matches!(name, "prepare_command" | "setup_command")
            && let Some((from, hides)) = hiding_end(&code, shell.stops())
        {
            warnings.push(format!(
                "`{name}` ends with 0 even when {from} fails: remove `{hides}`{or_junit}"
            ));
        }
    }
    Warning::each(Lint::HiddenStatus, warnings).collect()
}

/// Returns the command without what a shell does not run here: quotes, comments, substitutions and
/// here-documents.
fn code(command: &str) -> String {
    let mut code = String::new();
    let (mut quote, mut depth, mut before) = (None, 0, ' ');
    let mut here = None;
    for line in command.split_inclusive('\n') {
        if let Some(end) = &here {
            if line.trim() == end {
                here = None;
            }
            continue;
        }
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some('"') | None, '\\') => {
                    chars.next();
                }
                (Some(_), _) => {}
                (None, '\'' | '"' | '`') => {
                    quote = Some(c);
                    code.push('_');
                }
                (None, '#') if before.is_whitespace() => {
                    code.push('\n');
                    break;
                }
                (None, '(') if before == '$' || depth > 0 => depth += 1,
                (None, ')') if depth > 0 => depth -= 1,
                (None, _) if depth > 0 => {}
                (None, c) => code.push(c),
            }
            before = c;
        }
        here = here_document(line);
    }
    code
}

fn here_document(line: &str) -> Option<String> {
    let (_, after) = line.split_once("<<")?;
    let word = after.trim_start_matches('-').split_whitespace().next()?;
    let word = word.trim_matches(['\'', '"']);
    let is_name = word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_name && !word.is_empty()).then(|| word.to_owned())
}

/// Returns each command of it, and what joins it to the one before.
fn commands(code: &str) -> Vec<(&str, &str)> {
    let mut all = Vec::new();
    let (mut joins, mut rest) = (";", code);
    loop {
        // Not those of `2>&1`, `&>log` and `>|log`.
        let joins_here = |(at, c): &(usize, char)| {
            let redirects = rest[..*at].ends_with(['>', '<']) || rest[*at..].starts_with("&>");
            matches!(c, ';' | '\n') || (matches!(c, '|' | '&') && !redirects)
        };
        let at = rest.char_indices().find(joins_here).map(|(at, _)| at);
        let at = at.unwrap_or(rest.len());
        all.push((joins, rest[..at].trim()));
        let Some(next) = ["||", "&&", "|&", "|", "&", ";", "\n"]
            .into_iter()
            .find(|join| rest[at..].starts_with(join))
        else {
            return all;
        };
        joins = next;
        rest = &rest[at + next.len()..];
    }
}

/// Returns the program of a command, behind variables that are set for it.
fn program(command: &str) -> &str {
    let mut words = command
        .split_whitespace()
        .skip_while(|word| word.contains('=') || ["(", "{", "!", "exec", "time"].contains(word));
    words.next().unwrap_or_default().trim_matches(['(', ')'])
}

/// Returns what a pipe hides, and behind what.
fn hiding_pipe(code: &str) -> Option<(&str, &str)> {
    let is_pipe = |joins: &str| joins.starts_with('|') && joins != "||";
    let all = commands(code);
    let mut first = "";
    for (at, (joins, command)) in all.iter().enumerate() {
        if !is_pipe(joins) {
            first = program(command);
            continue;
        }
        let goes_on = all.get(at + 1).is_some_and(|(joins, _)| is_pipe(joins));
        let last = program(command);
        let feeds = first.is_empty() || FEEDS.contains(&first);
        if !goes_on && !feeds && PASSES_ON.contains(&last) {
            return Some((first, last));
        }
    }
    None
}

/// Returns what the end hides, and how.
fn hiding_end(code: &str, stops: bool) -> Option<(&str, String)> {
    let mut all = commands(code);
    all.retain(|(_, command)| !command.is_empty());
    let [.., (_, from), (joins, last)] = all.as_slice() else {
        return None;
    };
    let from = program(from);
    let is_nothing = matches!(*last, "true" | ":" | "exit 0");
    let hides = *joins == "||" || (!stops && matches!(*joins, ";" | "\n"));
    let joins = if *joins == "\n" { ";" } else { joins };
    (is_nothing && hides && !CLEANS.contains(&from)).then(|| (from, format!("{joins} {last}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_that_hide_a_status_are_found_and_others_are_not() {
        for (command, found) in [
            ("pytest -q | tee log", Some(("pytest", "tee"))),
            ("(cd app; pytest) | tee log", Some(("pytest", "tee"))),
            ("CI=1 npm test 2>&1 | ts | tee log", Some(("npm", "tee"))),
            ("make e2e |& cat\necho done", Some(("make", "cat"))),
            ("pytest || cat log", None),
            ("curl -fs localhost | grep -q ok", None),
            ("echo x | sort | tee log", None),
            ("pytest -k 'a | tee b' \"c | cat\"", None),
            ("id=$(docker ps | head -n 1); pytest", None),
            ("pytest # | tee log", None),
            ("cat <<END >x\na | tee b\nEND\npytest", None),
        ] {
            assert_eq!(hiding_pipe(&code(command)), found, "{command}");
        }
    }

    #[test]
    fn ends_that_hide_a_status_are_found_and_others_are_not() {
        for (command, stops, found) in [
            ("pytest || true", true, Some("pytest")),
            ("make up\npytest -q || :\n", true, Some("pytest")),
            ("pytest; exit 0", false, Some("pytest")),
            ("pytest\ntrue", false, Some("pytest")),
            ("pytest; true", true, None),
            ("true", true, None),
            ("pytest\nrm -r tmp || true", true, None),
            ("pytest || exit 3", true, None),
            ("stop || true; pytest", true, None),
        ] {
            let code = code(command);
            let hides = hiding_end(&code, stops).map(|(from, _)| from);
            assert_eq!(hides, found, "{command}");
        }
    }
}

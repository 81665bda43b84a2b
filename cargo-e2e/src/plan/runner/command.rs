//! Finds the runner in a shell command: the program of its last simple command, to which arguments
//! are appended.

use super::call::{Call, Kind};
use crate::text::lists;

/// Programs that start another one, which their words name.
const WRAPPERS: &str = "bundle bunx command dotenv env exec hatch ionice nice node npm npx pdm pipenv \
    pixi pnpm poetry rye stdbuf time timeout uv uvx xvfb-run yarn";
/// Begins and ends of compound commands: what follows their end does not reach what is in them.
const COMPOUND: &str = "! ( ) { } case do done elif else esac fi for if then until while";
/// Options of wrappers that change the folder.
const FOLDERS: &str = "-C --cwd --dir --directory --prefix --project";

/// One simple command, and the operator before it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Simple {
    after: String,
    words: Vec<String>,
}

/// Returns how a command calls its only runner, to which arguments go.
pub(super) fn call(command: &str) -> Option<Call> {
    let commands = split(command)?;
    let (last, before) = commands.split_last()?;
    let begins = |one: &Simple, list| one.words.first().is_some_and(|word| lists(list, word));
    // What was appended would be that of `tee`, or of a loop's end.
    if last.after == "|" || commands.iter().any(|one| begins(one, COMPOUND)) {
        return None;
    }
    // Tests of two runners are in one record, and only one of them gets the arguments.
    if before.iter().any(|one| runner(&one.words).is_some()) {
        return None;
    }
    let (kind, from) = runner(&last.words)?;
    let moves = |one: &Simple| begins(one, "cd pushd");
    let option = |word: &String| lists(FOLDERS, word.split('=').next().unwrap_or_default());
    Some(Call {
        kind,
        words: last.words[from..].to_vec(),
        elsewhere: before.iter().any(moves) || last.words[..from].iter().any(option),
    })
}

/// Returns the runner that a simple command calls, and the index of the runner's first argument.
fn runner(words: &[String]) -> Option<(Kind, usize)> {
    let program = |word: &String| {
        let name = word.rsplit('/').next().unwrap_or_default();
        let plain = name.strip_suffix(".js").or(name.strip_suffix(".mjs"));
        plain.unwrap_or(name).to_owned()
    };
    let is_assignment = |word: &String| {
        let name = word.split_once('=').map_or("", |(name, _)| name);
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let from = words.iter().position(|word| !is_assignment(word))?;
    let first = program(&words[from]);
    let is_python = first.starts_with("python") || first.starts_with("pypy");
    let wraps = lists(WRAPPERS, &first) || is_python;
    let last = if wraps { words.len() } else { from + 1 };
    // `npm test` takes arguments only after `--`, and says not what it runs.
    if first == "npm" && !words.iter().any(|word| word == "exec" || word == "x") {
        return None;
    }
    (from..last).find_map(|at| {
        let next = |ahead: usize| words.get(at + ahead).map(String::as_str);
        match program(&words[at]).as_str() {
            "pytest" | "py.test" => {
                let imported = !is_python || (at > 0 && words[at - 1] == "-m");
                imported.then_some((Kind::Pytest, at + 1))
            }
            "jest" => Some((Kind::Jest, at + 1)),
            // Without `run`, it watches where it is not a CI's.
            "vitest" => {
                let runs = matches!(next(1), Some("run" | "--run"));
                Some((Kind::Vitest, at + 1 + usize::from(runs)))
            }
            "playwright" => (next(1) == Some("test")).then_some((Kind::Playwright, at + 2)),
            "go" => (next(1) == Some("test")).then_some((Kind::Go, at + 2)),
            "gotestsum" => Some((Kind::Gotestsum, at + 1)),
            "cargo" => {
                let toolchain = usize::from(next(1).is_some_and(|word| word.starts_with('+')));
                match (next(1 + toolchain), next(2 + toolchain)) {
                    (Some("test" | "t"), _) => Some((Kind::CargoTest, at + 2 + toolchain)),
                    (Some("nextest"), Some("run" | "r")) => {
                        Some((Kind::Nextest, at + 3 + toolchain))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    })
}

/// Splits a script into simple commands; `None` where it has a document, ends in a comment, or runs
/// its last command in the background: arguments would not be that command's.
fn split(script: &str) -> Option<Vec<Simple>> {
    let mut all = vec![Simple::default()];
    let mut word: Option<String> = None;
    let mut chars = script.trim_end().chars().peekable();
    let end_word = |word: &mut Option<String>, all: &mut Vec<Simple>| {
        if let (Some(word), Some(last)) = (word.take(), all.last_mut()) {
            last.words.push(word);
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(c) => word.get_or_insert_default().push(c),
            },
            '\'' => {
                let text = word.get_or_insert_default();
                text.extend(chars.by_ref().take_while(|c| *c != '\''));
            }
            '"' => {
                let text = word.get_or_insert_default();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => text.extend(chars.next()),
                        c => text.push(c),
                    }
                }
            }
            '#' if word.is_none() => {
                while chars.next_if(|c| *c != '\n').is_some() {}
                chars.peek()?;
            }
            '<' | '>' => {
                if c == '<' && chars.peek() == Some(&'<') {
                    return None;
                }
                // The number of a stream is no word.
                word.take_if(|word| word.chars().all(|c| c.is_ascii_digit()));
                end_word(&mut word, &mut all);
                while chars.next_if(|c| "><&| ".contains(*c)).is_some() {}
                let is_target = |c: &char| !c.is_whitespace() && !";|&".contains(*c);
                while chars.next_if(is_target).is_some() {}
            }
            ';' | '\n' | '|' | '&' | '(' | ')' => {
                end_word(&mut word, &mut all);
                let mut operator = c.to_string();
                if matches!(c, '|' | '&')
                    && let Some(twin) = chars.next_if_eq(&c)
                {
                    operator.push(twin);
                }
                if c == '&' && operator == "&" && chars.peek().is_none() {
                    return None;
                }
                if matches!(c, '(' | ')') {
                    let (after, words) = (String::new(), vec![operator]);
                    all.push(Simple { after, words });
                    continue;
                }
                match all.last_mut() {
                    // A line may end in an operator.
                    Some(last) if last.words.is_empty() => {
                        if operator != "\n" || last.after.is_empty() {
                            last.after = operator;
                        }
                    }
                    _ => all.push(Simple {
                        after: operator,
                        words: Vec::new(),
                    }),
                }
            }
            c if c.is_whitespace() => end_word(&mut word, &mut all),
            c => word.get_or_insert_default().push(c),
        }
    }
    end_word(&mut word, &mut all);
    all.retain(|one| !one.words.is_empty());
    Some(all)
}

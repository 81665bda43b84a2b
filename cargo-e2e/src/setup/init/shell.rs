//! The simple commands of a shell script, as far as they can be read without running it.

use std::collections::BTreeMap;

use crate::text::{LazyRegex, lists};
use regex::Captures;

/// Words that stand before a command and change nothing of what it is.
const BEFORE: &str = "if then else elif do while until ! { time exec sudo command nohup";

/// Values of variables that a script or a Makefile sets.
pub(super) type Variables = BTreeMap<String, String>;

/// Splits a script into the words of its commands; pipes, lists and redirections go, `(` and `)` around
/// a subshell are commands of their own. Assignments are remembered in `variables`, and filled in where
/// they are used; a function's commands stand where it is called.
pub(super) fn commands(script: &str, variables: &mut Variables) -> Vec<Vec<String>> {
    let mut walk = Walk {
        variables,
        functions: BTreeMap::new(),
        commands: Vec::new(),
    };
    walk.run(&split(script), DEPTH);
    // Called in a way that is not understood.
    let mut left: Vec<_> = walk.functions.values().cloned().collect();
    left.retain(|(_, called)| !called);
    for (body, _) in left {
        walk.run(&body, DEPTH);
    }
    walk.commands
}

/// How deep a command in a command is read.
const DEPTH: usize = 4;

/// A script's commands in the order in which they are run.
struct Walk<'v> {
    variables: &'v mut Variables,
    /// The commands of each function, and whether it was called.
    functions: BTreeMap<String, (Vec<Vec<String>>, bool)>,
    commands: Vec<Vec<String>>,
}

impl Walk<'_> {
    fn run(&mut self, mut script: &[Vec<String>], depth: usize) {
        while let Some((words, rest)) = script.split_first() {
            script = if let Some((name, body, after)) = function(words, rest) {
                self.functions
                    .insert(name.to_owned(), (body.to_vec(), false));
                after
            } else {
                self.command(words, depth);
                rest
            };
        }
    }

    fn command(&mut self, words: &[String], depth: usize) {
        let filled = words.iter().flat_map(|word| fill(word, self.variables));
        let mut words: Vec<String> = filled.collect();
        let leading = words.iter().take_while(|word| lists(BEFORE, word));
        words.drain(..leading.count());
        let assigned: Vec<&String> = match words.first().map(String::as_str) {
            Some("export" | "local" | "readonly" | "declare" | "typeset") => {
                let words = words[1..].iter();
                words.filter(|word| !word.starts_with('-')).collect()
            }
            _ => words.iter().collect(),
        };
        let is_assignment = assigned.iter().all(|word| assignment(word).is_some());
        if is_assignment && !assigned.is_empty() {
            for (name, value) in assigned.iter().filter_map(|word| assignment(word)) {
                // One that is added to before it has a value has none.
                let own = [format!("${{{name}}} "), format!("${name} ")];
                let own = own.iter().find_map(|own| value.strip_prefix(own.as_str()));
                let value = own.unwrap_or(value).to_owned();
                self.variables.insert(name.to_owned(), value);
            }
        } else if let Some(inner) = inner(&words).filter(|_| depth > 0) {
            self.run(&split(&inner), depth - 1);
        } else if words
            .first()
            .is_some_and(|name| self.functions.contains_key(name))
            && depth > 0
        {
            self.call(&words, depth - 1);
        } else if !words.is_empty() {
            self.commands.push(words);
        }
    }

    /// Runs a function with its arguments.
    fn call(&mut self, words: &[String], depth: usize) {
        let Some((body, called)) = self.functions.get_mut(&words[0]) else {
            return;
        };
        *called = true;
        let body = body.clone();
        let is_positional = |name: &str| name == "@" || name.parse::<usize>().is_ok();
        let outer = self.variables.clone();
        self.variables.insert("@".to_owned(), words[1..].join(" "));
        for (at, word) in words.iter().enumerate().skip(1) {
            self.variables.insert(at.to_string(), word.clone());
        }
        self.run(&body, depth);
        self.variables.retain(|name, _| !is_positional(name));
        let outer = outer.into_iter().filter(|(name, _)| is_positional(name));
        self.variables.extend(outer);
    }
}

type Commands<'s> = &'s [Vec<String>];
type Function<'s> = (&'s str, Commands<'s>, Commands<'s>);

/// A function that begins with this command: its name, its commands, and what follows it.
fn function<'s>(words: &'s [String], rest: Commands<'s>) -> Option<Function<'s>> {
    let (name, mut rest) = match (words, rest) {
        ([name], [open, close, rest @ ..]) if *open == ["("] && *close == [")"] => (name, rest),
        ([function, name, ..], rest) if function == "function" => (name, rest),
        _ => return None,
    };
    if let [open, close, inner @ ..] = rest
        && *open == ["("]
        && *close == [")"]
    {
        rest = inner;
    }
    let end = rest.iter().position(|words| *words == ["}"])?;
    Some((name, &rest[..end], &rest[end + 1..]))
}

/// The script that a command runs: that of `eval`, or of `sh -c`.
fn inner(words: &[String]) -> Option<String> {
    match words {
        [eval, rest @ ..] if eval == "eval" => Some(rest.join(" ")),
        [shell, option, script, ..] if is_shell(shell) && is_script_option(option) => {
            Some(script.clone())
        }
        _ => None,
    }
}

pub(super) fn is_shell(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    matches!(name, "sh" | "bash" | "zsh" | "dash" | "ash")
}

/// `-c`, `-ec`, `-lc`
pub(super) fn is_script_option(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}

/// `NAME=value`
pub(super) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some((name, value))
}

/// A word with its variables filled in. One that is a variable alone may become several.
fn fill(word: &str, variables: &Variables) -> Vec<String> {
    static VARIABLE: LazyRegex = LazyRegex::new(
        r"\$(?:([A-Za-z_]\w*|[0-9@*])|\{([A-Za-z_]\w*|[0-9@*])(?:\[@\])?(?::?[-=]([^{}]*))?\})",
    );
    if !word.contains('$') {
        return vec![word.to_owned()];
    }
    let filled = VARIABLE.replace_all(word, |found: &Captures<'_>| {
        let name = found.get(1).or_else(|| found.get(2));
        let value = name.and_then(|name| variables.get(name.as_str()));
        let default = found
            .get(3)
            .map(|text| text.as_str().trim_matches(['"', '\'']));
        let value = value.map(String::as_str).or(default);
        value.unwrap_or(&found[0]).to_owned()
    });
    let whole = VARIABLE.find(word);
    if whole.is_some_and(|found| found.len() == word.len()) {
        // An array's words stand in brackets.
        let array = filled.strip_prefix('(');
        let array = array.and_then(|rest| rest.strip_suffix(')'));
        let words = split(array.unwrap_or(&filled));
        words.into_iter().flatten().collect()
    } else {
        vec![filled.into_owned()]
    }
}

fn split(script: &str) -> Vec<Vec<String>> {
    let mut reader = Reader::default();
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(next) => reader.push(next),
            },
            '\'' | '"' => {
                reader.begin();
                while let Some(inner) = chars.next() {
                    match inner {
                        _ if inner == c => break,
                        '\\' if c == '"' => match chars.next() {
                            Some('\n') | None => {}
                            Some(next) => reader.push(next),
                        },
                        _ => reader.push(inner),
                    }
                }
            }
            '`' => {
                reader.push(c);
                for inner in chars.by_ref().take_while(|inner| *inner != '`') {
                    reader.push(inner);
                }
                reader.push(c);
            }
            '$' if matches!(chars.peek(), Some('(' | '{')) => {
                reader.push(c);
                let mut depth = 0;
                for inner in chars.by_ref() {
                    reader.push(inner);
                    match inner {
                        '(' | '{' => depth += 1,
                        ')' | '}' => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            '#' if reader.word.is_none() => {
                for _ in chars.by_ref().take_while(|inner| *inner != '\n') {}
                reader.end_command();
            }
            '>' | '<' => {
                let word = &mut reader.word;
                word.take_if(|word| word.chars().all(|c| c.is_ascii_digit()));
                reader.end_word();
                while chars.next_if(|next| "><&".contains(*next)).is_some() {}
                reader.skips = true;
            }
            '(' | ')' => {
                reader.end_command();
                reader.commands.push(vec![c.to_string()]);
            }
            '\n' | ';' | '|' | '&' => reader.end_command(),
            c if c.is_whitespace() => reader.end_word(),
            c => reader.push(c),
        }
    }
    reader.end_command();
    reader.commands
}

#[derive(Default)]
struct Reader {
    commands: Vec<Vec<String>>,
    words: Vec<String>,
    word: Option<String>,
    /// The next word is where output goes or input comes from.
    skips: bool,
}

impl Reader {
    fn begin(&mut self) {
        self.word.get_or_insert_default();
    }

    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take()
            && !std::mem::take(&mut self.skips)
        {
            self.words.push(word);
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.skips = false;
        if !self.words.is_empty() {
            self.commands.push(std::mem::take(&mut self.words));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(script: &str) -> Vec<String> {
        let commands = commands(script, &mut Variables::new());
        commands.iter().map(|words| words.join(" ")).collect()
    }

    #[test]
    fn a_script_is_split_into_its_commands() {
        for (script, commands) in [
            (
                "a && b || c; d | e\nf &",
                &["a", "b", "c", "d", "e", "f"][..],
            ),
            ("a \\\n  -f 'x y' \"z\"  # why\nb", &["a -f x y z", "b"]),
            ("a >out 2>&1 </dev/null b", &["a b"]),
            ("if ! a; then (b); fi", &["a", "(", "b", ")", "fi"]),
            ("eval \"a b\"; bash -ec 'c && d'", &["a b", "c", "d"]),
            ("echo \"$(date; x)\" `y; z`", &["echo $(date; x) `y; z`"]),
            ("A=1 b c", &["A=1 b c"]),
        ] {
            assert_eq!(read(script), commands, "{script}");
        }
    }

    #[test]
    fn variables_are_filled_in() {
        assert_eq!(
            read(
                "DC=\"docker compose -f x.yml\"\n$DC up ${WAIT:---wait} \"$UNKNOWN\"; export A=1 B=2; echo $A"
            ),
            ["docker compose -f x.yml up --wait $UNKNOWN", "echo 1"]
        );
        assert_eq!(
            read("F=${F:=\"a.yml\"}; docker compose -f \"${F}\" up"),
            ["docker compose -f a.yml up"]
        );
    }

    #[test]
    fn a_function_is_read_where_it_is_called() {
        for (script, commands) in [
            (
                "dc() { docker compose -f x \"$@\"; }\nup() {\n dc up -d $1\n}\nup db; dc down",
                &["docker compose -f x up -d db", "docker compose -f x down"][..],
            ),
            ("function t {\n a\n}\nb", &["b", "a"]),
            ("f() { f; }; f", &["f"]),
        ] {
            assert_eq!(read(script), commands, "{script}");
        }
    }
}

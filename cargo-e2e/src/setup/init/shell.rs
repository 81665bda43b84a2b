//! The simple commands of a shell script, as far as they can be read without running it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Words that stand before a command and change nothing of what it is.
const BEFORE: [&str; 14] = [
    "if", "then", "else", "elif", "do", "while", "until", "!", "{", "(", "time", "exec", "sudo",
    "command",
];

/// Values of variables that a script or a Makefile sets.
pub(super) type Variables = BTreeMap<String, String>;

/// Splits a script into the words of its commands; pipes, lists and redirections go. Assignments
/// are remembered in `variables`, and filled in where they are used.
pub(super) fn commands(script: &str, variables: &mut Variables) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    for words in split(script) {
        let mut words: Vec<String> = words
            .into_iter()
            .flat_map(|word| fill(&word, variables))
            .collect();
        let leading = words
            .iter()
            .take_while(|word| BEFORE.contains(&word.as_str()));
        words.drain(..leading.count());
        let assigned = if words.first().is_some_and(|word| word == "export") {
            &words[1..]
        } else {
            &words[..]
        };
        if !assigned.is_empty() && assigned.iter().all(|word| assignment(word).is_some()) {
            for (name, value) in assigned.iter().filter_map(|word| assignment(word)) {
                variables.insert(name.to_owned(), value.to_owned());
            }
        } else if !words.is_empty() {
            commands.push(words);
        }
    }
    commands
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
    static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:\[@\])?(?::?-([^{}]*))?\})")
            .expect("a literal pattern")
    });
    if !word.contains('$') {
        return vec![word.to_owned()];
    }
    let filled = VARIABLE.replace_all(word, |found: &Captures<'_>| {
        let name = found
            .get(1)
            .or_else(|| found.get(2))
            .map_or("", |name| name.as_str());
        let default = found.get(3).map(|text| text.as_str().to_owned());
        let value = variables.get(name).cloned().or(default);
        value.unwrap_or_else(|| found[0].to_owned())
    });
    let is_alone = VARIABLE
        .find(word)
        .is_some_and(|found| found.len() == word.len());
    if is_alone {
        let inner = filled.trim_matches(['(', ')']);
        inner.split_whitespace().map(str::to_owned).collect()
    } else {
        vec![filled.into_owned()]
    }
}

/// The words of each simple command.
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
                if reader
                    .word
                    .as_ref()
                    .is_some_and(|word| word.chars().all(|c| c.is_ascii_digit()))
                {
                    reader.word = None;
                }
                reader.end_word();
                while chars
                    .next_if(|next| matches!(next, '>' | '<' | '&'))
                    .is_some()
                {}
                reader.skips = true;
            }
            '\n' | ';' | '|' | '&' | '(' | ')' => reader.end_command(),
            c if c.is_whitespace() => reader.end_word(),
            c => reader.push(c),
        }
    }
    reader.end_command();
    reader.commands
}

/// What was read so far.
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
            ("if ! a; then (b); fi", &["a", "b", "fi"]),
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
    }
}

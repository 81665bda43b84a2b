//! How the commands of an e2e.yml are started: so that a failure of any line counts. Used alike on
//! the client, on the host and in a `test_service`; knows commands as words only.

/// What `sh` is where e2e.yml names no `shell`.
const DEFAULT: &str = "sh";
/// Shells that a name alone stands for: they take `-e -c`.
pub const KNOWN: [&str; 7] = ["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"];
/// Those of them that have pipefail for certain.
const WITH_PIPEFAIL: [&str; 3] = ["bash", "ksh", "zsh"];
/// Turns pipefail on where the shell has it: many versions of dash do not. Leaves `$?` at 0.
const PIPEFAIL: &str = "if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi; ";

/// The `shell` of an e2e.yml.
#[derive(Debug, Clone, Copy)]
pub struct Shell<'a>(&'a [String]);

impl<'a> Shell<'a> {
    /// Of the words in e2e.yml; none stands for `sh`.
    pub fn new(words: &'a [String]) -> Self {
        Self(words)
    }

    /// Returns a name alone, which is started so that any failure counts; none where the words are
    /// to be taken as they are.
    fn name(&self) -> Option<&'a str> {
        match self.0 {
            [] => Some(DEFAULT),
            [name] => Some(name),
            _ => None,
        }
    }

    /// Returns the words that run a command: `sh -e -c COMMAND sh ARGUMENTS…`. Arguments are the
    /// command's `"$@"`, and go to its last line; without any, it may end in what takes none, such
    /// as `fi` or a comment.
    pub fn words(&self, command: &str, arguments: &[String]) -> Vec<String> {
        let command = match arguments {
            [] => command.to_owned(),
            _ => format!("{} \"$@\"", command.trim_end()),
        };
        let mut words = match self.name() {
            Some(name) => vec![
                name.to_owned(),
                "-e".to_owned(),
                "-c".to_owned(),
                format!("{PIPEFAIL}{command}"),
            ],
            None => [self.0, &[command]].concat(),
        };
        // `$0`, which begins the shell's own messages.
        let name = words[0].rsplit('/').next().unwrap_or_default().to_owned();
        words.push(name);
        words.extend_from_slice(arguments);
        words
    }

    /// Returns the same as the text of a shell.
    pub fn text(&self, command: &str, arguments: &[String]) -> String {
        quoted(&self.words(command, arguments))
    }

    /// Returns whether a pipe is known to fail when any part of it does.
    pub fn has_pipefail(&self) -> bool {
        match self.name() {
            Some(name) => WITH_PIPEFAIL.contains(&name.rsplit('/').next().unwrap_or_default()),
            None => self.0.iter().any(|word| word == "pipefail"),
        }
    }

    /// Returns whether a line that fails ends the command.
    pub fn stops(&self) -> bool {
        let is_e = |word: &String| {
            word.strip_prefix('-')
                .is_some_and(|options| !options.starts_with('-') && options.contains('e'))
        };
        self.name().is_some() || self.0.iter().any(|word| word == "errexit" || is_e(word))
    }
}

/// Returns a value as one word of a POSIX shell.
pub fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// Returns each value as one word, with blanks between them.
pub fn quoted(values: &[String]) -> String {
    let words: Vec<String> = values.iter().map(|value| quote(value)).collect();
    words.join(" ")
}

/// A word as a shell reads it back, quoted only where it must be.
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if text.chars().all(plain) && !text.is_empty() {
        text.to_owned()
    } else {
        quote(text)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_read_another() {
        assert_eq!(["a/b", "", "a b"].map(word), ["a/b", "''", "'a b'"]);
    }

    fn ended(shell: &[&str], command: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let strings =
            |words: &[&str]| -> Vec<String> { words.iter().map(|&word| word.to_owned()).collect() };
        let (shell, arguments) = (strings(shell), strings(arguments));
        let shell = Shell::new(&shell);
        let words = shell.words(command, &arguments);
        let output = Command::new(&words[0])
            .args(&words[1..])
            .output()
            .expect("it starts");
        let text = Command::new("sh")
            .args(["-c", &format!("exec {}", shell.text(command, &arguments))])
            .output()
            .expect("it starts");
        assert_eq!(output.status, text.status);
        assert_eq!(output.stdout, text.stdout);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), said)
    }

    #[test]
    fn a_failure_of_any_line_counts() {
        for shell in [&[][..], &["sh"], &["bash"]] {
            assert_eq!(
                ended(shell, "false\necho on", &[]),
                (Some(1), String::new())
            );
            assert_eq!(ended(shell, "echo on\nexit 7\n", &[]).0, Some(7));
            assert_eq!(ended(shell, "no-such-program --fast", &[]).0, Some(127));
            assert_eq!(ended(shell, "# a comment\ntrue", &[]).0, Some(0));
            assert_eq!(ended(shell, "exit", &[]).0, Some(0));
            assert_eq!(ended(shell, "kill -9 $$", &[]).0, None);
            assert_eq!(
                ended(shell, "if false; then :; fi\n! true || echo on", &[]),
                (Some(0), "on\n".to_owned())
            );
        }
        assert_eq!(ended(&["bash"], "(exit 3) | cat", &[]).0, Some(3));
        assert_eq!(
            ended(&["bash", "-c"], "false\necho on", &[]),
            (Some(0), "on\n".to_owned())
        );
    }

    #[test]
    fn arguments_go_to_the_last_line() {
        for shell in [&[][..], &["bash"], &["bash", "-uo", "pipefail", "-c"]] {
            assert_eq!(
                ended(shell, "true\nprintf '%s\\n'\n", &["a  b", "$c"]),
                (Some(0), "a  b\n$c\n".to_owned())
            );
            assert_eq!(ended(shell, "true\n# the end\n", &[]).0, Some(0));
        }
    }

    #[test]
    fn what_is_known_of_a_shell() {
        let known = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            let shell = Shell::new(&words);
            (shell.has_pipefail(), shell.stops())
        };
        assert_eq!(known(&[]), (false, true));
        assert_eq!(known(&["/bin/bash"]), (true, true));
        assert_eq!(known(&["bash", "-c"]), (false, false));
        assert_eq!(known(&["bash", "-euo", "pipefail", "-c"]), (true, true));
    }
}

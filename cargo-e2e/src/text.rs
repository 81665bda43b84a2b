//! Text from elsewhere, made safe and short enough to show.

use std::fmt::Write as _;
use std::ops::Deref;
use std::path::Path;
use std::sync::OnceLock;

use regex::Regex;

pub use e2e_harness::chain;

/// A regular expression that is compiled when it is used first.
#[derive(Debug)]
pub struct LazyRegex {
    pattern: &'static str,
    compiled: OnceLock<Regex>,
}

impl LazyRegex {
    pub const fn new(pattern: &'static str) -> Self {
        Self {
            pattern,
            compiled: OnceLock::new(),
        }
    }
}

impl Deref for LazyRegex {
    type Target = Regex;

    fn deref(&self) -> &Regex {
        let compile = || Regex::new(self.pattern).expect("a literal pattern");
        self.compiled.get_or_init(compile)
    }
}

/// Text from a host without what could move a terminal's cursor, change its colours, or show
/// letters in another order than they stand in.
pub fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            // ESC and a letter, or the one C1 character that says the same.
            '\u{1b}' => {
                if let Some(kind) = characters.next_if(|c| !c.is_control()) {
                    skip_sequence(kind, &mut characters);
                }
            }
            '\u{90}' => skip_sequence('P', &mut characters),
            '\u{9b}' => skip_sequence('[', &mut characters),
            '\u{9d}' => skip_sequence(']', &mut characters),
            '\n' | '\t' => clean.push(c),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

/// Skips the rest of an escape sequence. One that was cut off ends with its line, at the latest.
fn skip_sequence(kind: char, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match kind {
        // Parameters, then a letter.
        '[' => {
            while rest.next_if(|c| (' '..='?').contains(c)).is_some() {}
            rest.next_if(|c| ('@'..='~').contains(c));
        }
        // A string, then BEL or ESC \.
        ']' | 'P' | 'X' | '^' | '_' => {
            while rest.next_if(|c| !c.is_control()).is_some() {}
            if rest.next_if_eq(&'\u{1b}').is_some() {
                rest.next_if_eq(&'\\');
            }
        }
        // As `tput sgr0` says it: ESC ( B.
        ' '..='/' => {
            while rest.next_if(|c| (' '..='/').contains(c)).is_some() {}
            rest.next_if(|c| !c.is_control());
        }
        _ => {}
    }
}

/// Returns a number with its noun: `1 file`, `3 files`.
pub fn count(number: usize, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{s}")
}

/// Returns whether a list of words, with blanks between them, has this one.
pub fn lists(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|known| known == word)
}

/// Returns whether a file has one of these extensions.
pub fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .is_some_and(|own| extensions.iter().any(|one| own == *one))
}

/// Cuts a text after `most` characters, with a mark where more follow.
pub fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Returns a text with a backslash before each special character.
pub fn escaped(text: &str, is_special: impl Fn(char) -> bool) -> String {
    let mut all = String::new();
    for c in text.chars() {
        all.extend(is_special(c).then_some('\\'));
        all.push(c);
    }
    all
}

/// Returns bytes as two digits each, in lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Returns a place in words: `1st`, `2nd`, `3rd`, `11th`.
pub fn ordinal(place: u32) -> String {
    let end = match (place % 10, place % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{place}{end}")
}

#[cfg(test)]
mod tests {
    use super::{clip, ordinal, printable};

    #[test]
    fn places_are_ordinals() {
        let places = [1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(ordinal);
        let words = "1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 111th";
        assert_eq!(places.join(" "), words);
    }

    #[test]
    fn nothing_that_a_host_says_moves_the_cursor() {
        assert_eq!(
            printable("\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}x\r\n\u{8}y\u{9b}mz"),
            "red x\nyz"
        );
        assert_eq!(
            printable("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\"),
            "link"
        );
        assert_eq!(printable("\u{1b}(B\u{1b}[mtext \u{9b}31mred"), "text red");
        assert_eq!(printable("\u{1b}P1$r0m\u{1b}\\x a\u{202e}b"), "x ab");
        assert_eq!(printable("\u{1b}]0;cut off\nnext"), "\nnext");
        assert_eq!(
            printable("\u{1b}[3\nnext\u{1b}\nlast\u{1b}"),
            "\nnext\nlast"
        );
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(clip("äbc", 3), "äbc");
        assert_eq!(clip("äbcd", 3), "äbc…");
    }
}

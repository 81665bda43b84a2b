//! How a text is read: what a person puts together from it, beside what stands in it.

use std::ops::Range;

/// Lines shorter than this are not folded by anybody.
const FOLDED: usize = 60;
/// So much of a secret before a line break is no chance.
const NO_CHANCE: usize = 3;
/// The number of blanks and colours in a row that make a gap.
const GAP: usize = 80;
/// Stands for a gap: no form has it.
const NOTHING: u8 = 0;

/// Visible bytes of a text, and where they stand in it.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    /// The place of each; none where nothing is left out.
    at: Option<Vec<u32>>,
    length: usize,
    /// So much of the text can be read: half an escape sequence, or half a time, can't yet.
    pub(super) read: usize,
    /// Line breaks that are left out: before which byte, and how long the line was.
    breaks: Vec<(usize, usize)>,
}

/// What is left out of a text at some place.
enum Left {
    Nothing,
    /// A number of invisible bytes, such as a colour.
    Invisible(usize),
    /// The same, and more may follow.
    Open,
}

impl View {
    /// Makes all but what moves a cursor or changes colours.
    pub(super) fn visible(text: &[u8]) -> Self {
        let plain = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
        if text.iter().all(plain) {
            return Self {
                bytes: text.to_vec(),
                ..Self::none(text)
            };
        }
        let mut view = Self::of(text);
        let mut from = 0;
        while from < text.len() {
            match left_out(&text[from..]) {
                Left::Nothing => {
                    view.push(text[from], from);
                    from += 1;
                }
                Left::Invisible(count) => from += count,
                Left::Open => {
                    view.read = from;
                    break;
                }
            }
        }
        view
    }

    /// The same without blanks and line breaks, and the times with which Docker begins lines: as a
    /// text that was folded is read. `column` is how long the text's first line is already.
    pub(super) fn joined(text: &[u8], column: usize) -> Self {
        let mut view = Self::of(text);
        let (mut from, mut begins, mut gap) = (0, 0, 0);
        let mut before = column;
        while from < text.len() {
            let byte = text[from];
            // Shells and YAML break lines after one.
            let escapes = byte == b'\\' && text.get(from + 1).is_none_or(u8::is_ascii_whitespace);
            let left = if from == begins && before == 0 {
                time(&text[from..])
            } else {
                left_out(&text[from..])
            };
            let count = match left {
                Left::Open => {
                    view.read = from;
                    break;
                }
                Left::Invisible(count) => count,
                Left::Nothing if escapes || byte.is_ascii_whitespace() => 1,
                Left::Nothing => {
                    view.push(byte, from);
                    (from, gap) = (from + 1, 0);
                    continue;
                }
            };
            if matches!(byte, b'\n' | b'\r') {
                let next = view.bytes.len();
                if view.breaks.last().is_none_or(|(last, _)| *last != next) {
                    view.breaks.push((next, before + from - begins));
                }
                (begins, before) = (from + 1, 0);
            }
            from += count;
            gap += count;
            if gap > GAP {
                view.push(NOTHING, from - 1);
                gap = 0;
            }
        }
        view
    }

    /// Nothing of a text.
    pub(super) fn none(text: &[u8]) -> Self {
        Self {
            length: text.len(),
            read: text.len(),
            ..Self::default()
        }
    }

    fn of(text: &[u8]) -> Self {
        Self {
            bytes: Vec::with_capacity(text.len()),
            at: Some(Vec::with_capacity(text.len())),
            ..Self::none(text)
        }
    }

    fn push(&mut self, byte: u8, at: usize) {
        self.bytes.push(byte);
        if let Some(places) = &mut self.at {
            // Texts are read in pieces that are far shorter.
            places.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
    }

    /// Returns where a byte stands in the text; the text's end for the one after the last.
    pub(super) fn place(&self, byte: usize) -> usize {
        match &self.at {
            Some(places) => places.get(byte).map_or(self.length, |at| *at as usize),
            None => byte,
        }
    }

    /// Returns where these bytes stand in the text, with what is left out between them.
    pub(super) fn range(&self, bytes: &Range<usize>) -> Range<usize> {
        self.place(bytes.start)..self.place(bytes.end - 1) + 1
    }

    /// Returns whether these bytes are one word to a reader: a line break in it is where a line was
    /// full, or so much stands before it that it is no chance.
    pub(super) fn is_one(&self, bytes: &Range<usize>) -> bool {
        let breaks = &self.breaks;
        let first = breaks.partition_point(|(next, _)| *next <= bytes.start);
        breaks.get(first).is_none_or(|(next, column)| {
            *next >= bytes.end || next - bytes.start >= NO_CHANCE || *column >= FOLDED
        })
    }

    /// Returns whether the bytes from here on are one word that may go on after the end.
    pub(super) fn may_go_on(&self, start: usize) -> bool {
        self.is_one(&(start..self.bytes.len() + 1))
    }
}

const ESCAPE: u8 = 0x1b;
const LONGEST_SEQUENCE: usize = 32;

/// The time at the beginning of a line, as Docker writes it; `0` stands for every digit.
const TIME: &[u8] = b"0000-00-00T00:00:00.000000000Z ";

/// Returns what is left out at the beginning of a line.
fn time(text: &[u8]) -> Left {
    let digit = |byte: &u8| if byte.is_ascii_digit() { b'0' } else { *byte };
    let same = text.iter().zip(TIME);
    let same = same.take_while(|(byte, of)| digit(byte) == **of);
    match same.count() {
        all if all == TIME.len() => Left::Invisible(all),
        0 => left_out(text),
        all if all == text.len() => Left::Open,
        _ => Left::Nothing,
    }
}

fn left_out(text: &[u8]) -> Left {
    match text {
        [ESCAPE] | [ESCAPE, b'['] => Left::Open,
        [ESCAPE, b'[', rest @ ..] => {
            let parameters = rest.iter().take(LONGEST_SEQUENCE - 2);
            let parameters = parameters.take_while(|byte| (b' '..=b'?').contains(byte));
            let count = parameters.count();
            match rest.get(count) {
                None if count < LONGEST_SEQUENCE - 2 => Left::Open,
                Some(b'@'..=b'~') => Left::Invisible(count + 3),
                // It is none.
                _ => Left::Invisible(1),
            }
        }
        // The text of a title is text.
        [ESCAPE, next, ..] if next.is_ascii_graphic() => Left::Invisible(2),
        [byte, ..] if byte.is_ascii_control() && !byte.is_ascii_whitespace() => Left::Invisible(1),
        _ => Left::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(view: &View) -> &str {
        std::str::from_utf8(&view.bytes).unwrap()
    }

    #[test]
    fn colours_are_not_seen_and_titles_are() {
        let view = View::visible(b"a\x1b[1;31mb c\x1b[0m\x1b]0;title\x07\x08d");
        assert_eq!(text(&view), "ab c0;titled");
        assert_eq!(view.range(&(0..2)), 0..9);
        assert_eq!(View::visible(b"a b\n").place(2), 2);
    }

    #[test]
    fn folded_lines_are_joined_and_gaps_are_not() {
        let view = View::joined(b"one\n  two\\\n \x1b[0m three", 0);
        assert_eq!(text(&view), "onetwothree");
        let far = [b"a".as_slice(), &[b' '; 100], b"b"].concat();
        assert_eq!(text(&View::joined(&far, 0)), "a\0b");
    }

    #[test]
    fn a_break_in_a_word_is_one_of_a_full_line() {
        let view = View::joined(b"abc\ndefghijkl", 0);
        assert!(!view.is_one(&(1..9)));
        assert!(view.is_one(&(3..9)) && view.is_one(&(0..9)));
        assert!(View::joined(b"abc\ndefghijkl", 60).is_one(&(1..9)));
        let ends = View::joined(b"abc\n", 0);
        assert!(ends.is_one(&(1..3)) && !ends.may_go_on(1) && ends.may_go_on(0));
    }

    #[test]
    fn half_a_sequence_is_not_read() {
        for (text, end) in [("ab\x1b", 2), ("ab\x1b[3", 2), ("ab\x1b[3m", 6), ("ab", 2)] {
            assert_eq!(View::visible(text.as_bytes()).read, end, "{text:?}");
            assert_eq!(View::joined(text.as_bytes(), 0).read, end, "{text:?}");
        }
    }

    #[test]
    fn times_at_the_beginning_of_lines_are_left_out() {
        let time = "2026-11-28T15:00:00.123456789Z ";
        let view = View::joined(format!("{time}one\n{time}two\n2026-11").as_bytes(), 0);
        assert_eq!((text(&view), view.read), ("onetwo", 70));
        assert_eq!(text(&View::joined(b"2026-11x", 0)), "2026-11x");
        let goes_on = View::joined(time.as_bytes(), 1);
        assert_eq!(text(&goes_on), time.trim_end());
    }
}

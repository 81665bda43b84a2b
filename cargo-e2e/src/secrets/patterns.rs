//! Finds values in a stream of bytes, however it is cut, coloured or folded.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::mask::MASK;
use super::matcher::Matcher;
use super::view::View;
use super::{encodings, guess};

/// A form that is shorter is found only where it stands in one piece: put together from lines, it
/// would be found in what is none.
const SHORTEST_JOINED: usize = 16;

/// So much of a secret's beginning says something of it.
const TELLING: usize = 8;

/// Longer texts are masked piece by piece.
const PIECE: usize = 64 << 10;

/// All forms of all values.
#[derive(Debug, Default)]
pub struct Patterns {
    /// Byte by byte: what looks like a colour before one may take its first letter.
    raw: Matcher,
    /// As they are seen.
    exact: Matcher,
    /// Without blanks and line breaks.
    joined: Matcher,
}

impl Patterns {
    /// For these values, in every encoding.
    pub fn of<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let (mut raw, mut exact, mut joined) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for form in values.flat_map(encodings::forms) {
            let view = View::joined(&form, 0);
            let is_long = view.bytes.len() >= SHORTEST_JOINED;
            if !is_long || form.contains(&b'\n') {
                exact.insert(View::visible(&form).bytes);
            }
            if is_long {
                joined.insert(view.bytes);
            }
            raw.insert(form);
        }
        exact.remove(&Vec::new());
        Self {
            raw: Matcher::of(raw),
            exact: Matcher::of(exact),
            joined: Matcher::of(joined),
        }
    }

    /// Returns whether there is nothing to find.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty() && self.exact.is_empty() && self.joined.is_empty()
    }

    /// Returns all of it, masked.
    pub fn mask<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        if self.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut masking = Masking::default();
        let mut masked = Vec::new();
        if bytes.len() > PIECE {
            for piece in bytes.chunks(PIECE) {
                masked.extend(masking.take(self, piece));
            }
            masked.extend(masking.finish(self));
            return Cow::Owned(masked);
        }
        let found = Read::of(self, bytes, 0).found(None, true);
        if found.is_empty() {
            return Cow::Borrowed(bytes);
        }
        copy(bytes, bytes.len(), &found, false, &mut masked);
        Cow::Owned(masked)
    }
}

/// A text that is looked at for secrets.
pub(super) struct Read<'a> {
    patterns: &'a Patterns,
    bytes: &'a [u8],
    visible: View,
    joined: View,
}

impl<'a> Read<'a> {
    /// `column` is how long the text's first line is already.
    pub(super) fn of(patterns: &'a Patterns, bytes: &'a [u8], column: usize) -> Self {
        let none = || View::none(bytes);
        let visible = || View::visible(bytes);
        let joined = || View::joined(bytes, column);
        Self {
            patterns,
            bytes,
            visible: if patterns.exact.is_empty() {
                none()
            } else {
                visible()
            },
            joined: if patterns.joined.is_empty() {
                none()
            } else {
                joined()
            },
        }
    }

    /// Returns where they are, those that touch in one. The first `open` bytes are one, too; `ends`
    /// says that nothing comes after.
    pub(super) fn found(&self, open: Option<usize>, ends: bool) -> Vec<Range<usize>> {
        let Self {
            patterns,
            visible,
            joined,
            ..
        } = self;
        let mut all: Vec<Range<usize>> = open.map(|open| 0..open).into_iter().collect();
        all.extend(patterns.raw.matches(self.bytes));
        let exact = patterns.exact.matches(&visible.bytes);
        all.extend(exact.map(|one| visible.range(&one)));
        let long = patterns.joined.matches(&joined.bytes);
        let long = long.filter(|one| joined.is_one(one));
        all.extend(long.map(|one| joined.range(&one)));
        if ends {
            let half = self.unfinished(is_telling);
            all.extend(half.map(|start| start..self.bytes.len()));
        }
        all.sort_by_key(|one| one.start);
        let mut found: Vec<Range<usize>> = Vec::new();
        for one in all {
            match found.last_mut() {
                Some(last) if one.start <= last.end => last.end = last.end.max(one.end),
                _ => found.push(one),
            }
        }
        found
    }

    /// From where on the end may be the beginning of one that is like this.
    fn unfinished(&self, is_like: impl Fn(&[u8]) -> bool) -> Option<usize> {
        let (visible, joined) = (&self.visible, &self.joined);
        let mut raw = self.patterns.raw.unfinished(self.bytes);
        let raw = raw.find(|start| is_like(&self.bytes[*start..]));
        let mut exact = self.patterns.exact.unfinished(&visible.bytes);
        let exact = exact.find(|start| is_like(&visible.bytes[*start..]));
        let mut long = self.patterns.joined.unfinished(&joined.bytes);
        let long = long.find(|start| joined.may_go_on(*start) && is_like(&joined.bytes[*start..]));
        let places = [
            raw,
            exact.map(|start| visible.place(start)),
            long.map(|start| joined.place(start)),
        ];
        places.into_iter().flatten().min()
    }

    /// Up to where what is found is certain, whatever comes after.
    fn certain(&self) -> usize {
        // A line may break after a backslash.
        let breaks = usize::from(self.bytes.ends_with(b"\\"));
        let read = self.visible.read.min(self.joined.read);
        let read = read.min(self.bytes.len() - breaks);
        self.unfinished(|_| true).unwrap_or(read).min(read)
    }
}

/// Returns whether half a secret says something of it. What may be words is none: many begin with
/// one.
fn is_telling(half: &[u8]) -> bool {
    half.len() >= TELLING && !guess::is_plain(&String::from_utf8_lossy(half))
}

/// Copies the first `end` bytes with what was found masked. `shown` says that the first one's
/// mask stands there already.
fn copy(bytes: &[u8], end: usize, found: &[Range<usize>], shown: bool, masked: &mut Vec<u8>) {
    let mut at = 0;
    for (index, one) in found.iter().enumerate() {
        if one.start >= end {
            break;
        }
        masked.extend_from_slice(&bytes[at..one.start]);
        if index > 0 || !shown {
            masked.extend_from_slice(MASK.as_bytes());
        }
        at = one.end.min(end);
    }
    masked.extend_from_slice(&bytes[at..end]);
}

/// Masks what comes in pieces. Bytes that may be the beginning of a secret are held back until it
/// is known.
#[derive(Debug, Default, Clone)]
pub struct Masking {
    pub(super) pending: Vec<u8>,
    /// The number of pending bytes that belong to the mask given out last.
    open: Option<usize>,
    /// How long the line is in which the pending bytes begin.
    column: usize,
}

impl Masking {
    /// Takes a piece; returns what can be shown.
    #[must_use]
    pub fn take(&mut self, patterns: &Patterns, bytes: &[u8]) -> Vec<u8> {
        self.pending.extend_from_slice(bytes);
        self.up_to(patterns, false)
    }

    /// Returns the end. What is held back is shown, unless it is so much of a secret that it is no
    /// chance: output may be cut.
    #[must_use]
    pub fn finish(&mut self, patterns: &Patterns) -> Vec<u8> {
        self.up_to(patterns, true)
    }

    fn up_to(&mut self, patterns: &Patterns, ends: bool) -> Vec<u8> {
        let read = Read::of(patterns, &self.pending, self.column);
        let found = read.found(self.open, ends);
        let all = self.pending.len();
        let end = if ends { all } else { read.certain() };
        let mut masked = Vec::with_capacity(end);
        copy(&self.pending, end, &found, self.open.is_some(), &mut masked);
        let shown =
            |one: &&Range<usize>| one.start < end || (self.open.is_some() && one.start == 0);
        let across = found.iter().filter(shown).find(|one| one.end >= end);
        self.open = across.map(|one| one.end - end);
        let last = self.pending[..end].iter().rposition(|byte| *byte == b'\n');
        self.column = last.map_or(self.column + end, |at| end - at - 1);
        self.pending.drain(..end);
        masked
    }
}

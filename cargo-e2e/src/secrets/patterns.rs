//! Finds values in a stream of bytes, however it is cut, coloured or folded.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use super::view::View;
use super::{encodings, guess};

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// A form that is shorter is found only where it stands in one piece: put together from lines, it
/// would be found in what is none.
const SHORTEST_JOINED: usize = 16;

/// So much of a secret's beginning says something of it.
const TELLING: usize = 8;

/// Longer texts are masked piece by piece.
const PIECE: usize = 64 << 10;

/// Forms, and what finds them.
#[derive(Debug, Default)]
struct Matcher {
    /// Sorted, so that what begins with some bytes is found by halving.
    forms: Vec<Vec<u8>>,
    longest: usize,
    automaton: Option<AhoCorasick>,
}

impl Matcher {
    fn of(forms: BTreeSet<Vec<u8>>) -> Self {
        if forms.is_empty() {
            return Self::default();
        }
        let forms: Vec<Vec<u8>> = forms.into_iter().collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&forms);
        Self {
            longest: forms.iter().map(Vec::len).max().unwrap_or_default(),
            forms,
            // An automaton fails only for more states than memory holds.
            automaton: automaton.ok(),
        }
    }

    fn matches<'s>(&'s self, view: &'s View) -> impl Iterator<Item = Range<usize>> + 's {
        let automaton = self.automaton.iter();
        automaton.flat_map(|automaton| {
            let all = automaton.find_overlapping_iter(&view.bytes);
            all.map(|one| one.range())
        })
    }

    /// Where the view's end may be the beginning of one, the longest first.
    fn beginnings<'s>(&'s self, view: &'s View) -> impl Iterator<Item = usize> + 's {
        let length = view.bytes.len();
        let first = length.saturating_sub(self.longest.saturating_sub(1));
        (first..length).filter(move |&start| self.begins(&view.bytes[start..]))
    }

    fn begins(&self, beginning: &[u8]) -> bool {
        let at = self
            .forms
            .partition_point(|form| form.as_slice() < beginning);
        // The first may be these bytes and no more; the next one begins with them, too, if any does.
        self.forms[at..]
            .iter()
            .take(2)
            .any(|form| form.len() > beginning.len() && form.starts_with(beginning))
    }
}

/// All forms of all values.
#[derive(Debug, Default)]
pub struct Patterns {
    /// As they stand.
    exact: Matcher,
    /// Without blanks and line breaks.
    joined: Matcher,
}

impl Patterns {
    /// For these values, in every encoding.
    pub fn of<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let (mut exact, mut joined) = (BTreeSet::new(), BTreeSet::new());
        for form in values.flat_map(encodings::forms) {
            let view = View::joined(&form, 0);
            let is_long = view.bytes.len() >= SHORTEST_JOINED;
            if !is_long || form.contains(&b'\n') {
                exact.insert(View::visible(&form).bytes);
            }
            if is_long {
                joined.insert(view.bytes);
            }
        }
        exact.remove(&Vec::new());
        Self {
            exact: Matcher::of(exact),
            joined: Matcher::of(joined),
        }
    }

    /// Whether there is nothing to find.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exact.automaton.is_none() && self.joined.automaton.is_none()
    }

    /// All of it, masked.
    #[must_use]
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
        let found = self.found(bytes, &masking, true);
        if found.is_empty() {
            return Cow::Borrowed(bytes);
        }
        copy(bytes, bytes.len(), &found, false, &mut masked);
        Cow::Owned(masked)
    }

    /// Where they are in bytes that go on where `after` stopped, those that touch in one. `ends`
    /// says that nothing comes after.
    pub(super) fn found(&self, bytes: &[u8], after: &Masking, ends: bool) -> Vec<Range<usize>> {
        let views = self.views(bytes, after.column);
        let mut all: Vec<Range<usize>> = Vec::new();
        all.extend(after.open.map(|open| 0..open));
        let exact = self.exact.matches(&views[0]);
        all.extend(exact.map(|one| views[0].range(&one)));
        let joined = self.joined.matches(&views[1]);
        let joined = joined.filter(|one| views[1].is_one(one));
        all.extend(joined.map(|one| views[1].range(&one)));
        if ends {
            all.extend(self.half(&views).map(|start| start..bytes.len()));
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

    fn views(&self, bytes: &[u8], column: usize) -> [View; 2] {
        let visible = |matcher: &Matcher| matcher.automaton.as_ref().map(|_| View::visible(bytes));
        let joined = |matcher: &Matcher| {
            matcher
                .automaton
                .as_ref()
                .map(|_| View::joined(bytes, column))
        };
        [
            visible(&self.exact).unwrap_or_default(),
            joined(&self.joined).unwrap_or_default(),
        ]
    }

    /// Where a secret begins that is cut off at the end. What a word may be is none: many begin
    /// with one.
    fn half(&self, views: &[View; 2]) -> Option<usize> {
        let is_telling = |view: &View, start: usize| {
            let half = &view.bytes[start..];
            half.len() >= TELLING && !guess::is_plain(&String::from_utf8_lossy(half))
        };
        let [visible, joined] = views;
        let mut exact = self.exact.beginnings(visible);
        let exact = exact.find(|start| is_telling(visible, *start));
        let mut long = self.joined.beginnings(joined);
        let long = long.find(|start| is_telling(joined, *start) && joined.may_go_on(*start));
        let places = [
            exact.map(|start| visible.place(start)),
            long.map(|start| joined.place(start)),
        ];
        places.into_iter().flatten().min()
    }

    /// From where on the end of these bytes may be the beginning of one.
    fn undecided(&self, bytes: &[u8], column: usize) -> usize {
        let [visible, joined] = self.views(bytes, column);
        let exact = self.exact.beginnings(&visible).next();
        let mut long = self.joined.beginnings(&joined);
        let long = long.find(|start| joined.may_go_on(*start));
        let places = [
            exact.map(|start| visible.place(start)),
            long.map(|start| joined.place(start)),
        ];
        let first = places.into_iter().flatten().min();
        // A line may break after a backslash.
        let breaks = usize::from(bytes.ends_with(b"\\"));
        let read = visible.read.min(joined.read).min(bytes.len() - breaks);
        first.unwrap_or(read).min(read)
    }
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
    /// So many pending bytes belong to what the mask that was given out last stands for.
    open: Option<usize>,
    /// How long the line is in which the pending bytes begin.
    column: usize,
}

impl Masking {
    /// Takes a piece; returns what can be shown.
    #[must_use]
    pub fn take(&mut self, patterns: &Patterns, bytes: &[u8]) -> Vec<u8> {
        self.pending.extend_from_slice(bytes);
        let end = patterns.undecided(&self.pending, self.column);
        self.up_to(patterns, end, false)
    }

    /// The end. What is held back is shown, unless it is so much of a secret that it is no chance:
    /// output may be cut.
    #[must_use]
    pub fn finish(&mut self, patterns: &Patterns) -> Vec<u8> {
        self.up_to(patterns, self.pending.len(), true)
    }

    fn up_to(&mut self, patterns: &Patterns, end: usize, ends: bool) -> Vec<u8> {
        let found = patterns.found(&self.pending, self, ends);
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

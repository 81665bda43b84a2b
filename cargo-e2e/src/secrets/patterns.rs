//! Finds values in a stream of bytes, however it is cut.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use super::encodings;

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// All forms of all values.
#[derive(Debug, Default)]
pub struct Patterns {
    /// Sorted, so that what begins with some bytes is found by halving.
    forms: Vec<Vec<u8>>,
    pub(super) longest: usize,
    automaton: Option<AhoCorasick>,
}

impl Patterns {
    /// For these values, in every encoding.
    pub fn of<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let all: BTreeSet<Vec<u8>> = values.flat_map(encodings::forms).collect();
        let forms: Vec<Vec<u8>> = all.into_iter().collect();
        if forms.is_empty() {
            return Self::default();
        }
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

    /// Whether there is nothing to find.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.automaton.is_none()
    }

    /// All of it, masked.
    #[must_use]
    pub fn mask<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let found = self.found(bytes, 0);
        if found.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut masked = Vec::with_capacity(bytes.len());
        copy(bytes, bytes.len(), &found, false, &mut masked);
        Cow::Owned(masked)
    }

    /// Where they are, those that overlap in one; the first `open` bytes are one, too.
    pub(super) fn found(&self, bytes: &[u8], open: usize) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        if open > 0 {
            found.push(0..open);
        }
        let Some(automaton) = &self.automaton else {
            return found;
        };
        let mut matches: Vec<Range<usize>> = automaton
            .find_overlapping_iter(bytes)
            .map(|one| one.range())
            .collect();
        matches.sort_by_key(|one| one.start);
        for one in matches {
            match found.last_mut() {
                Some(last) if one.start < last.end => last.end = last.end.max(one.end),
                _ => found.push(one),
            }
        }
        found
    }

    /// From where on the end of these bytes may be the beginning of one.
    fn undecided(&self, bytes: &[u8]) -> usize {
        let first = bytes.len().saturating_sub(self.longest.saturating_sub(1));
        (first..bytes.len())
            .find(|&start| self.begins(&bytes[start..]))
            .unwrap_or(bytes.len())
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
    /// So many pending bytes belong to a secret whose mask was given out.
    open: usize,
}

impl Masking {
    /// Takes a piece; returns what can be shown.
    #[must_use]
    pub fn take(&mut self, patterns: &Patterns, bytes: &[u8]) -> Vec<u8> {
        self.pending.extend_from_slice(bytes);
        let end = patterns.undecided(&self.pending);
        self.up_to(patterns, end)
    }

    /// The end: what is held back is no secret.
    #[must_use]
    pub fn finish(&mut self, patterns: &Patterns) -> Vec<u8> {
        self.up_to(patterns, self.pending.len())
    }

    fn up_to(&mut self, patterns: &Patterns, end: usize) -> Vec<u8> {
        let found = patterns.found(&self.pending, self.open);
        let mut masked = Vec::with_capacity(end);
        copy(&self.pending, end, &found, self.open > 0, &mut masked);
        let shown = |one: &&Range<usize>| one.start < end || (self.open > 0 && one.start == 0);
        let across = found.iter().filter(shown).find(|one| one.end > end);
        self.open = across.map_or(0, |one| one.end - end);
        self.pending.drain(..end);
        masked
    }
}

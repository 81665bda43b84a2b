//! Which of many forms stand in a text.

use std::collections::BTreeSet;
use std::ops::Range;

use super::mask::SHORTEST;

/// Forms, none of which is shorter than [`SHORTEST`]. Most places of a text are passed over by a
/// look at their first bytes; where a form may begin, the longest one is found by halving.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    sorted: Vec<Vec<u8>>,
    longest: usize,
    /// A bit for each beginning that a form has.
    beginnings: Vec<u64>,
}

/// The bits of [`Matcher::beginnings`], as a power of two.
const BITS: u32 = 16;

impl Matcher {
    pub(super) fn of(forms: BTreeSet<Vec<u8>>) -> Self {
        let forms = forms.into_iter();
        let sorted: Vec<Vec<u8>> = forms.filter(|form| form.len() >= SHORTEST).collect();
        let mut beginnings = vec![0; (1 << BITS) / 64];
        for form in &sorted {
            let (word, bit) = place(form);
            beginnings[word] |= 1 << bit;
        }
        Self {
            longest: sorted.iter().map(Vec::len).max().unwrap_or_default(),
            sorted,
            beginnings,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Returns the longest form at each place.
    pub(super) fn matches(&self, text: &[u8]) -> impl Iterator<Item = Range<usize>> {
        let places = 0..text.len().saturating_sub(SHORTEST - 1);
        let places = places.filter(|&start| !self.is_empty() && self.may_begin(&text[start..]));
        places.filter_map(move |start| Some(start..start + self.longest_at(&text[start..])?))
    }

    /// Returns where the text's end may be the beginning of one, the longest first.
    pub(super) fn unfinished(&self, text: &[u8]) -> impl Iterator<Item = usize> {
        let first = text.len().saturating_sub(self.longest.saturating_sub(1));
        (first..text.len()).filter(move |&start| {
            let end = &text[start..];
            (end.len() < SHORTEST || self.may_begin(end)) && self.begins(end)
        })
    }

    fn may_begin(&self, text: &[u8]) -> bool {
        let (word, bit) = place(text);
        self.beginnings[word] & (1 << bit) != 0
    }

    fn longest_at(&self, text: &[u8]) -> Option<usize> {
        let mut text = &text[..text.len().min(self.longest)];
        loop {
            let after = self.sorted.partition_point(|form| form.as_slice() <= text);
            // Of those before, the last has most in common with the text.
            let form = self.sorted[..after].last()?;
            if text.starts_with(form) {
                return Some(form.len());
            }
            let same = form.iter().zip(text);
            let same = same.take_while(|(one, other)| one == other).count();
            text = &text[..same];
        }
    }

    fn begins(&self, beginning: &[u8]) -> bool {
        let sorted = &self.sorted;
        let at = sorted.partition_point(|form| form.as_slice() < beginning);
        let goes_on = |form: &Vec<u8>| form.len() > beginning.len() && form.starts_with(beginning);
        // The first may be these bytes and no more; the next one begins with them, too, if any does.
        sorted[at..].iter().take(2).any(goes_on)
    }
}

/// Returns the word and the bit of what a text of [`SHORTEST`] bytes or more begins with.
fn place(text: &[u8]) -> (usize, u32) {
    let first = u32::from_le_bytes([text[0], text[1], text[2], text[3]]);
    let hash = first.wrapping_mul(0x9e37_79b1) >> (u32::BITS - BITS);
    (usize::try_from(hash / 64).unwrap_or_default(), hash % 64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_longest_at_each_place_is_found(
            forms in proptest::collection::btree_set("[ab]{1,9}".prop_map(String::into_bytes), 0..9),
            text in "[ab]{0,40}".prop_map(String::into_bytes),
        ) {
            let matcher = Matcher::of(forms.clone());
            let long = |form: &&Vec<u8>| form.len() >= SHORTEST;
            let expected: Vec<Range<usize>> = (0..text.len())
                .filter_map(|start| {
                    let here = forms.iter().filter(long).filter(|form| text[start..].starts_with(form));
                    Some(start..start + here.map(Vec::len).max()?)
                })
                .collect();
            prop_assert_eq!(matcher.matches(&text).collect::<Vec<_>>(), expected);
            let expected: Vec<usize> = (0..text.len())
                .filter(|start| {
                    let end = &text[*start..];
                    forms.iter().filter(long).any(|form| form.len() > end.len() && form.starts_with(end))
                })
                .collect();
            prop_assert_eq!(matcher.unfinished(&text).collect::<Vec<_>>(), expected);
        }
    }
}

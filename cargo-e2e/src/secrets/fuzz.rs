//! Masking of made-up secrets in made-up text, cut anywhere.

use crate::fuzz::parts;

use super::encodings::forms;
use super::mask::MASK;
use super::view::View;
use super::{Masking, Patterns, SHORTEST};

/// What is longer takes time and shows nothing new.
const LONGEST: usize = 300;

/// The first part says where the text is cut, the last is the text, those between are secrets. A
/// byte from 1 to 8 in the text stands for a form of one of them.
pub(crate) fn masking(bytes: &[u8]) {
    let parts = parts(bytes);
    let [cuts, values @ .., text] = parts.as_slice() else {
        return;
    };
    let short = |value: &&str| value.len() <= LONGEST / 4;
    let values = values.iter().map(|value| &value[..]).filter(short);
    let values: Vec<&str> = values.take(3).collect();
    let all: Vec<Vec<u8>> = values.iter().flat_map(|value| forms(value)).collect();
    let patterns = Patterns::of(values.iter().copied());
    let mut input = Vec::new();
    for (at, byte) in text.bytes().take(LONGEST).enumerate() {
        match byte {
            1..=8 if !all.is_empty() => {
                input.extend(&all[(usize::from(byte) * 7 + at) % all.len()]);
            }
            byte => input.push(byte),
        }
    }
    let whole = patterns.mask(&input);
    let mut masking = Masking::default();
    let mut pieces = Vec::new();
    let mut rest = input.as_slice();
    for cut in cuts.bytes().cycle().take(input.len()) {
        let (piece, after) = rest.split_at(usize::from(cut % 32).min(rest.len()));
        pieces.extend(masking.take(&patterns, piece));
        rest = after;
    }
    pieces.extend(masking.take(&patterns, rest));
    pieces.extend(masking.finish(&patterns));
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(
        shown(&pieces),
        shown(&whole),
        "in pieces it is another text"
    );
    // A secret that the mask is part of may come about by masking; and one of which hardly
    // anything can be seen is not looked for.
    let is_seen = |form: &&Vec<u8>| {
        let visible = View::visible(form).bytes.len();
        visible >= SHORTEST && !form.contains(&MASK.as_bytes()[0])
    };
    for form in all.iter().filter(is_seen) {
        let seen = memchr::memmem::find(&whole, form).is_some();
        assert!(!seen, "{:?} is in {:?}", shown(form), shown(&whole));
    }
}

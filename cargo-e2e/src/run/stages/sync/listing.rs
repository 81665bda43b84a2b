//! rsync's output about each name that it compared. Called by the sync stage.

use std::collections::BTreeSet;

/// The arguments for this output, also about unchanged names.
pub(super) const ARGUMENTS: [&str; 2] = ["-ii", "--out-format==%i %n"];

/// The names that rsync compared, as bytes; folders end with a slash.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) names: BTreeSet<Vec<u8>>,
    /// Files and links that were sent, or would be.
    pub(super) changed: BTreeSet<Vec<u8>>,
    /// Whether anything was removed, or would be.
    pub(super) removes: bool,
}

impl Listing {
    /// Parses rsync's output, of which this may be a part.
    pub(super) fn read(said: &str) -> Self {
        let mut listing = Self::default();
        for line in said.lines() {
            let Some((what, name)) = line
                .strip_prefix('=')
                .and_then(|line| Some((line.get(..11)?, line.get(12..)?)))
            else {
                continue;
            };
            if what.starts_with('*') || name == "./" {
                listing.removes |= what.starts_with("*deleting");
                continue;
            }
            let name = unescaped(name);
            if !what.starts_with('.') && !name.ends_with(b"/") {
                listing.changed.insert(name.clone());
            }
            listing.names.insert(name);
        }
        listing
    }
}

/// Decodes a name: rsync prints an unprintable byte as `\#` and three octal digits.
fn unescaped(name: &str) -> Vec<u8> {
    let bytes = name.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = bytes
            .get(at..at + 5)
            .filter(|code| code.starts_with(b"\\#"));
        let code = code
            .and_then(|code| std::str::from_utf8(&code[2..]).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        plain.push(code.unwrap_or(*byte));
        at += if code.is_some() { 5 } else { 1 };
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_byte_for_byte() {
        let said = "=.d          ./\n=.L          l\n=<f+++++++++ x y\n=cd+++++++++ d/\n\
                    =.f          d/né\\#012\\#134#123\n=*deleting   gone\n\nNumber of files: 5\n";
        let listing = Listing::read(said);
        let set = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect();
        assert_eq!(listing.changed, set(&["x y"]));
        assert!(listing.removes);
        assert_eq!(listing.names, set(&["l", "x y", "d/", "d/né\n\\#123"]));
    }
}

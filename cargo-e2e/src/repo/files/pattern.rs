//! rsync patterns of paths: each matches one path and nothing else.

/// What a pattern leaves out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pattern {
    /// This path, and what is below it; with a slash at its end only where it is a folder.
    Path(Vec<u8>),
    /// What is in this folder, but not the folder.
    Inside(Vec<u8>),
}

/// Returns the patterns as rsync reads them from a NUL-separated list, in their order.
pub(super) fn list(mut patterns: Vec<Pattern>) -> Vec<u8> {
    patterns.sort();
    let mut list = Vec::new();
    for pattern in &patterns {
        list.push(b'/');
        match pattern {
            // rsync takes backslashes for escapes only in a pattern with a wildcard of its own.
            Pattern::Path(path) if path.iter().copied().any(is_wild) => escape(path, &mut list),
            Pattern::Path(path) => list.extend_from_slice(path),
            Pattern::Inside(folder) => {
                escape(folder, &mut list);
                list.push(b'*');
            }
        }
        list.push(0);
    }
    list
}

fn is_wild(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[')
}

fn escape(path: &[u8], pattern: &mut Vec<u8>) {
    for &byte in path {
        if is_wild(byte) || byte == b'\\' {
            pattern.push(b'\\');
        }
        pattern.push(byte);
    }
}

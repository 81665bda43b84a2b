//! Documents that repeat what the source declares. Only tests compile it.

use std::path::Path;

/// Asserts that a document, by its path from the workspace's root, has this text below `<!-- name`;
/// with `E2E_BLESS` set, writes it there. A part ends at the next `<!-- end`.
///
/// # Panics
/// Where the document lacks the part, or has another text there.
pub(crate) fn has(document: &str, name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(document);
    let page = std::fs::read_to_string(&file).expect("it is a document");
    let (head, rest) = page
        .split_once(&format!("<!-- {name}: generated -->\n\n"))
        .unwrap_or_else(|| panic!("{document} has no part {name}"));
    let (part, tail) = rest.split_once("\n<!-- end -->").expect("the part ends");
    if std::env::var_os("E2E_BLESS").is_some() {
        let made = format!("{head}<!-- {name}: generated -->\n\n{text}\n<!-- end -->{tail}");
        std::fs::write(file, made).expect("it can be written");
        return;
    }
    assert!(
        part == text,
        "{document}, {name}: `E2E_BLESS=1 cargo test -p cargo-e2e --lib generated` writes it anew:\n{text}"
    );
}

//! Where canaries are looked for.

use std::fs;
use std::path::Path;

use e2e_tests::{Host, Ran};

/// One place, with all that it holds.
pub(crate) struct Sink {
    /// What it is called in the table.
    pub(crate) name: String,
    /// Whether the repo's own files are there.
    pub(crate) has_repo: bool,
    /// As it is; without line ends, blanks and colours; and as that is without backslashes.
    texts: [String; 3],
}

impl Sink {
    pub(crate) fn new(name: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        let joined = joined(&text);
        let plain = joined.replace('\\', "");
        Self {
            name: name.to_owned(),
            has_repo: false,
            texts: [text, joined, plain],
        }
    }

    pub(crate) fn holds(&self, needle: &str) -> bool {
        self.texts.iter().any(|text| text.contains(needle))
    }
}

/// What a reader would put together from lines and colours.
fn joined(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c == '\u{1b}' {
            for c in characters.by_ref() {
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
        } else if !c.is_whitespace() && !c.is_control() {
            plain.push(c);
        }
    }
    plain
}

/// What a run printed and kept.
pub(crate) fn of(ran: &Ran<'_>, how: &str) -> Vec<Sink> {
    let output = ran.output();
    let mut all = vec![
        Sink::new(&format!("stdout{how}"), &*output.stdout),
        Sink::new(&format!("stderr{how}"), &*output.stderr),
    ];
    let mut entries: Vec<_> = fs::read_dir(ran.bundle())
        .expect("a bundle")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().expect("a name").to_string_lossy();
        if path.is_dir() {
            all.push(folder(&format!("{name}/{how}"), &path));
        } else {
            all.push(Sink::new(&format!("{name}{how}"), read(&path)));
        }
    }
    all
}

/// All files of a folder, with their names.
pub(crate) fn folder(name: &str, path: &Path) -> Sink {
    let mut text = String::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            text.extend([&*path.to_string_lossy(), "\n"]);
            if path.is_dir() {
                folders.push(path);
            } else {
                text += &read(&path);
            }
        }
    }
    Sink::new(name, text)
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).expect("readable")).into_owned()
}

/// What the tool's folder on the host holds of a repo after its runs: workspace, cache, locks, leases
/// and what is told of sandboxes that ended.
pub(crate) fn left_on(host: Host, slug: &str) -> Sink {
    let root = host.root();
    let text = host.says(&format!(
        "cd {root} && find . | grep -F {slug}; \
         find workspaces/{slug}.* cache/{slug} ended leases locks sandboxes -type f -exec cat {{}} + 2>/dev/null; true"
    ));
    assert!(text.contains(slug), "{text}");
    Sink {
        has_repo: true,
        ..Sink::new("the host's folder", text)
    }
}

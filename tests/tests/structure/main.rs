//! The house's plan holds: who may import whom, how long a file may be, where clap and ssh are.
//! Imports are read from the sources.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use imports::{Crate, circles, folder};
use proc_macro2::{TokenStream, TokenTree};

/// What is in `cargo-e2e/src`, top to bottom: each may import from those below it alone.
const ORDER: [&str; 21] = [
    "main",
    "cli",
    "run",
    "setup",
    "report",
    "sandbox",
    "compose",
    "plan",
    "repo",
    "record",
    "secrets",
    "cluster",
    "host",
    "spec",
    "probe",
    "cancel",
    "durable",
    "environment",
    "shell",
    "text",
    "units",
];
const MOST_FOLDERS: usize = 15;
const MOST_LINES: usize = 400;
/// Circles among the files of the tool and of the harness that are still there; none may be added.
const CIRCLES: [usize; 2] = [0, 0];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn tool() -> Crate {
    Crate::read(&root().join("cargo-e2e/src"))
}

/// Imports that run upwards, each as `file: folder, of folder`.
fn upward(tool: &Crate) -> Vec<String> {
    let place = |folder: &str| ORDER.iter().position(|known| *known == folder);
    let mut wrong = Vec::new();
    for import in &tool.imports {
        let (from, to) = (folder(&import.from), folder(&import.to));
        match (place(from), place(to)) {
            (Some(above), Some(below)) if above <= below => {}
            _ => wrong.push(format!(
                "{} ({from}) imports {} ({to})",
                import.from, import.to
            )),
        }
    }
    wrong
}

#[test]
fn imports_run_downwards() {
    assert_eq!(upward(&tool()), Vec::<String>::new());
}

#[test]
fn no_imports_run_in_circles() {
    let harness = Crate::read(&root().join("e2e-harness/src"));
    for (part, known) in [tool(), harness].iter().zip(CIRCLES) {
        let found = circles(&part.imports);
        assert!(found.len() <= known, "{found:?}");
    }
}

#[test]
fn a_planted_circle_and_a_planted_climb_are_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().expect("in the folder")).expect("it can be made");
        fs::write(file, text).expect("it can be written");
    };
    write("lib.rs", "pub mod spec; pub mod run; pub mod host;");
    write("spec.rs", "use crate::run::Run; pub struct Spec(Run);");
    write(
        "run.rs",
        "pub use crate::host::Host as Again; pub struct Run;",
    );
    // By way of a re-export, in a macro, and by a name that is a child's.
    write(
        "host/mod.rs",
        "mod local; pub struct Host; pub fn all() { local::one(); }",
    );
    write(
        "host/local.rs",
        "pub fn one() { println!(\"{}\", std::mem::size_of::<super::Host>()); }\n\
         #[cfg(test)] mod tests { use crate::run::Run; }",
    );
    let planted = Crate::read(folder.path());
    assert_eq!(
        upward(&planted),
        ["spec.rs (spec) imports run.rs (run)"],
        "{planted:?}"
    );
    assert_eq!(
        circles(&planted.imports),
        [["host/local.rs", "host/mod.rs"]]
    );
}

/// So the compiler itself finds what nothing uses.
#[test]
fn the_tools_library_shows_its_entry_alone() {
    let text = fs::read_to_string(root().join("cargo-e2e/src/lib.rs")).expect("the root");
    let shown: Vec<String> = text
        .lines()
        .filter(|line| line.starts_with("pub "))
        .map(str::to_owned)
        .collect();
    // The second is compiled for tests and fuzzing alone.
    assert_eq!(shown, ["pub mod fuzz;", "pub use cli::main;"]);
}

#[test]
fn folders_are_few_and_files_are_short() {
    let source = root().join("cargo-e2e/src");
    let folders = fs::read_dir(&source).expect("the sources");
    let folders = folders.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_dir()));
    assert!(folders.count() <= MOST_FOLDERS);
    for part in ["cargo-e2e", "e2e-harness", "tests"] {
        for file in imports::sources(&root().join(part)) {
            let lines = fs::read_to_string(&file).expect("UTF-8").lines().count();
            assert!(lines <= MOST_LINES, "{}: {lines} lines", file.display());
        }
    }
}

#[test]
fn clap_is_in_the_command_line_and_ssh_in_the_host_alone() {
    let mut users: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let tool = tool();
    for (file, name) in &tool.crates {
        users.entry(name).or_default().push(file.clone());
    }
    let all_in = |name: &str, folders: &[&str]| {
        let files = users
            .get(name)
            .unwrap_or_else(|| panic!("nobody uses {name}"));
        for file in files {
            assert!(folders.contains(&folder(file)), "{file} uses {name}");
        }
    };
    all_in("clap", &["cli", "main"]);
    all_in("openssh", &["host"]);
}

/// The string literals of a source, also those in macros.
fn literals(tokens: TokenStream, found: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => literals(group.stream(), found),
            TokenTree::Literal(literal) => {
                found.insert(literal.to_string());
            }
            _ => {}
        }
    }
}

#[test]
fn each_variable_is_named_in_one_place() {
    let of = |file: &Path| {
        let text = fs::read_to_string(file).expect("UTF-8");
        let mut found = BTreeSet::new();
        literals(text.parse().expect("it is Rust"), &mut found);
        found
    };
    let places = [
        "cargo-e2e/src/environment.rs",
        "e2e-harness/src/protocol.rs",
    ];
    let places = places.map(|place| root().join(place));
    let is_name = |literal: &String| {
        let name = literal.trim_matches('"');
        let letters = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        literal.starts_with('"')
            && name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.bytes().all(letters)
    };
    let names: BTreeSet<String> = places
        .iter()
        .flat_map(|place| of(place))
        .filter(is_name)
        .collect();
    assert!(names.len() >= 25, "{names:?}");
    for part in ["cargo-e2e/src", "e2e-harness/src", "e2e-harness/macros/src"] {
        for file in imports::sources(&root().join(part)) {
            let again: Vec<_> = of(&file).intersection(&names).cloned().collect();
            let elsewhere = !places.contains(&file);
            assert!(
                again.is_empty() || !elsewhere,
                "{}: {again:?}",
                file.display()
            );
        }
    }
}

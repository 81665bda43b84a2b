//! A repo that is a Cargo package, whose test target is made of e2e-harness.

use std::fs;

use crate::Repo;
use crate::binary::workspace;
use crate::stacks::{WEB, WEB_IS_HEALTHY};

/// The tests of such a package.
const TESTS: &str = include_str!("../fixtures/e2e.rs");

/// A package with those tests, against [`WEB`]. What it is compiled to is kept beside that of this
/// workspace, so that every such package but the first compiles only its own tests.
#[track_caller]
pub fn package(name: &str, more: &str) -> Repo {
    let root = workspace();
    let library = root.join("e2e-harness");
    let repo = Repo::new(name)
        .compose(WEB)
        .spec(&format!("{WEB_IS_HEALTHY}{more}"))
        .gitignore("/target\n")
        .file("src/lib.rs", "")
        .file("tests/e2e.rs", TESTS)
        .file(
            "Cargo.toml",
            &format!(
                "[package]\nname = \"fixture\"\nversion = \"0.3.0\"\nedition = \"2024\"\n\
                 [dev-dependencies]\ne2e-harness = {{ path = {library:?} }}\ntokio = {{ version = \"1\", features = [\"time\"] }}\n\
                 [[test]]\nname = \"e2e\"\nharness = false\n\
                 [profile.dev]\ndebug = \"line-tables-only\"\n"
            ),
        )
        .file(
            ".cargo/config.toml",
            &format!(
                "[build]\nbuild-dir = {:?}\n[net]\noffline = true\n",
                root.join("target/fixtures")
            ),
        );
    // The versions that are here already.
    fs::copy(root.join("Cargo.lock"), repo.path("Cargo.lock")).expect("this workspace has one");
    repo
}

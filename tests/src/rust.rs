//! A repo that is a Cargo package, whose test target is made of e2e-harness.

use std::fs;

use indoc::{formatdoc, indoc};

use crate::Repo;
use crate::binary::workspace;
use crate::stacks::{WEB, WEB_IS_HEALTHY};

/// The tests of such a package.
const TESTS: &str = include_str!("../fixtures/e2e.rs");

/// What it depends on, and how it is run.
const MANIFEST: &str = indoc! {r#"
    [dev-dependencies]
    e2e-harness = "0.1.0"
    tokio = { version = "1", features = ["time"] }
    [[test]]
    name = "e2e"
    harness = false
"#};

/// A package with those tests, against [`WEB`].
#[track_caller]
pub fn package(name: &str, more: &str) -> Repo {
    let repo = Repo::new(name)
        .compose(WEB)
        .spec(&format!("{WEB_IS_HEALTHY}{more}"));
    into_package(repo, MANIFEST, TESTS)
}

/// Makes a repo a package: its manifest from the dependencies on, and `tests/e2e.rs`. What is
/// compiled is kept for the next one, so that every package but the first compiles only its own.
#[track_caller]
pub fn into_package(repo: Repo, manifest: &str, tests: &str) -> Repo {
    let root = workspace();
    // Cargo takes packages of one name and version in one build folder for the same one, and does
    // not compile again what was written before another's build ended.
    let own = repo.slug().to_owned();
    let repo = repo
        .gitignore("/target\n")
        .file("src/lib.rs", "")
        .file("tests/e2e.rs", tests)
        .file(
            "Cargo.toml",
            &formatdoc!(
                r#"
                    [package]
                    name = "fixture"
                    version = "0.3.0+{own}"
                    edition = "2024"
                    {manifest}[patch.crates-io]
                    e2e-harness = {{ path = "{}" }}
                    [profile.dev]
                    debug = "line-tables-only"
                    incremental = false
                "#,
                root.join("e2e-harness").display()
            ),
        )
        .file(
            ".cargo/config.toml",
            &format!(
                "[build]\nbuild-dir = \"{}\"\n[net]\noffline = true\n",
                root.join("target/fixtures").display()
            ),
        );
    // The versions that are here already.
    fs::copy(root.join("Cargo.lock"), repo.path("Cargo.lock")).expect("this workspace has one");
    repo
}

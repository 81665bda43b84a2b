//! What is said where there is no repo.

use std::error::Error as _;

use super::tree::Tree;
use super::{FindError, Selection, at, plain};

#[test]
fn an_error_says_where_it_looked() {
    let tree = Tree::new().folder("a/b");
    let error = tree
        .find("a/b", &plain())
        .expect_err("an error")
        .to_string();
    let [a, b] = ["a", "a/b"].map(|path| tree.root.join(path).display().to_string());
    let expected = format!("no e2e/e2e.yml found\n  looked in {b}\n  looked in {a}\n  looked in ");
    assert!(error.starts_with(&expected), "{error}");
    let help = "\n  looked in /\n  help: run it in a repo that has one, or name the repo; `cargo e2e init` writes one";
    assert!(error.ends_with(help), "{error}");

    let error = tree.find("a", &at("b")).expect_err("an error").to_string();
    assert!(error.ends_with("`cargo e2e init b` writes one"), "{error}");

    let tree = tree.file("a/e2e/e2e.yaml", "");
    let error = tree
        .find("a/b", &plain())
        .expect_err("an error")
        .to_string();
    assert!(
        error.ends_with(&format!("help: rename {a}/e2e/e2e.yaml to e2e.yml")),
        "{error}"
    );

    let error = tree.find("a", &at("zzz")).expect_err("an error");
    assert!(
        matches!(error, FindError::Path { what: "REPO", .. }),
        "{error}"
    );
    assert!(error.source().is_some());
}

#[test]
fn a_folder_with_a_stack_needs_only_its_spec() {
    let tree = Tree::new()
        .file("shop/docker-compose.yml", "")
        .file("shop/docker-compose.override.yml", "")
        .file("shop/compose.dev.yml", "")
        .folder("shop/.git")
        .folder("shop/src")
        .file("bank/e2e/compose.yml", "")
        .folder("bank/src");
    let says = |cwd: &str, selection: &Selection| {
        tree.find(cwd, selection).expect_err("an error").to_string()
    };
    let shop =
        "shop has docker-compose.yml but no e2e/e2e.yml\n  help: `cargo e2e init` writes one";
    assert_eq!(says("shop", &plain()), shop);
    assert_eq!(says("shop/src", &plain()), shop);
    let bank =
        "bank has e2e/compose.yml but no e2e/e2e.yml\n  help: `cargo e2e init ../bank` writes one";
    assert_eq!(says("shop", &at("../bank")), bank);
    // Nobody says that what is around a folder belongs to it.
    assert!(says("bank/src", &plain()).starts_with("no e2e/e2e.yml found"));
}

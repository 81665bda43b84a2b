//! Several files, and globs of them.

use std::fs;

use super::tree::Tree;
use super::{FindError, Selection, plain, spec};

#[test]
fn several_spec_files() {
    let tree = Tree::new().spec("a").folder("a/.git").folder("a/[x]");
    for (file, text) in [
        ("a/e2e/ui.yml", "name: a"),
        ("a/e2e/broken.yml", "name: [a"),
        ("a/e2e/compose.yml", "name: a\nservices: {}"),
        ("a/e2e/prometheus.yml", "scrape_configs: []"),
        ("a/[x]/one.yml", "name: a"),
    ] {
        fs::write(tree.root.join(file), text).expect("writable");
    }
    let of = |cwd: &str, typed: &[&str]| {
        let specs = typed.iter().map(|&path| path.into()).collect();
        let found = tree.find(cwd, &Selection { specs, ..plain() })?;
        let root = tree.root.join("a");
        assert!(found.iter().all(|repo| repo.root == root), "{found:?}");
        let names = found
            .iter()
            .map(|repo| repo.spec_name().display().to_string());
        Ok::<_, FindError>(names.collect::<Vec<_>>().join(" "))
    };
    for (cwd, typed, found) in [
        (
            "a",
            &["e2e/*.yml"][..],
            "e2e/broken.yml e2e/e2e.yml e2e/ui.yml",
        ),
        (
            "a",
            &["e2e/ui.yml", "e2e/e?e.yml", "e2e/../e2e/ui.yml"],
            "e2e/ui.yml e2e/e2e.yml",
        ),
        ("", &["a/e2e/u*.yml"], "e2e/ui.yml"),
        // What is there is no glob; nor is what the folder is called.
        ("a", &["[x]/one.yml"], "[x]/one.yml"),
        ("a/[x]", &["*.yml"], "[x]/one.yml"),
    ] {
        assert_eq!(of(cwd, typed).expect("found"), found, "{typed:?}");
    }
    let usual = tree.find("a", &plain()).expect("found");
    assert_eq!(usual[0].other_spec(), None);
    for (typed, why) in [
        ("e2e/*.yaml", "--spec e2e/*.yaml matches no file"),
        ("e2e/comp*", "matches 1 file, which is not an e2e.yml"),
        (
            "e2e/[cp]*.yml",
            "matches 2 files, of which none is an e2e.yml",
        ),
        ("e2e/***", "is not a glob"),
    ] {
        let error = of("a", &["e2e/e2e.yml", typed]).expect_err("an error");
        assert!(error.to_string().contains(why), "{error}");
    }
    // What the shell makes of a glob without quotes.
    let unquoted = Selection {
        path: Some("e2e/ui.yml".into()),
        ..spec("e2e/e2e.yml")
    };
    let error = tree.find("a", &unquoted).expect_err("an error");
    assert!(matches!(error, FindError::SpecAsRepo { .. }), "{error}");
}

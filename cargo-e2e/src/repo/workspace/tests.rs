//! Real folders and the real Cargo.

mod not_found;
mod specs;
mod tree;

use std::error::Error as _;
use std::fs;

use self::tree::Tree;
use super::{ConfiguredHost, FindError, Selection};

fn plain() -> Selection {
    Selection::default()
}

fn at(path: &str) -> Selection {
    Selection {
        path: Some(path.into()),
        ..plain()
    }
}

fn spec(path: &str) -> Selection {
    Selection {
        specs: vec![path.into()],
        ..plain()
    }
}

fn packages(names: &[&str]) -> Selection {
    Selection {
        packages: names.iter().map(ToString::to_string).collect(),
        ..plain()
    }
}

fn workspace() -> Selection {
    Selection {
        workspace: true,
        ..plain()
    }
}

#[test]
fn the_nearest_parent_counts() {
    let tree = Tree::new()
        .spec("a")
        .spec("a/b")
        .folder("a/b/c/d")
        .folder("a/x");
    for (cwd, selection, root) in [
        ("a", plain(), "a"),
        ("a/x", plain(), "a"),
        ("a/b/c/d", plain(), "a/b"),
        ("a/b/e2e", plain(), "a/b"),
        ("a/x", at("../b/c"), "a/b"),
        ("", at("a"), "a"),
        ("", at("a/b/e2e/e2e.yml"), "a/b"),
    ] {
        let repo = tree.one(cwd, &selection);
        let root = tree.root.join(root);
        assert_eq!(repo.spec_path, root.join("e2e/e2e.yml"));
        assert_eq!(repo.results_dir, root.join("e2e/results"));
        assert_eq!((repo.root, repo.cargo, repo.host), (root, None, None));
    }
}

#[test]
fn symlinks_are_followed_where_they_are_names() {
    let tree = Tree::new()
        .spec("real")
        .folder("repo/sub")
        .folder("elsewhere");
    std::os::unix::fs::symlink("../real/e2e", tree.root.join("repo/e2e")).expect("it works");
    std::os::unix::fs::symlink("../repo/sub", tree.root.join("elsewhere/link")).expect("it works");
    let expected = tree.root.join("repo");
    for (cwd, selection) in [
        ("repo/sub", plain()),
        ("elsewhere", at("link")),
        ("repo", spec("e2e/e2e.yml")),
        ("repo/sub", spec("../e2e/e2e.yml")),
    ] {
        let repo = tree.one(cwd, &selection);
        assert_eq!(repo.root, expected, "{cwd} {selection:?}");
    }

    fs::create_dir_all(tree.root.join("broken/e2e")).expect("it works");
    std::os::unix::fs::symlink("gone", tree.root.join("broken/e2e/e2e.yml")).expect("it works");
    let error = tree.find("broken", &plain()).expect_err("an error");
    assert!(
        error
            .to_string()
            .contains("broken/e2e/e2e.yml can't be used"),
        "{error}"
    );
}

#[test]
fn another_spec_file() {
    let tree = Tree::new()
        .file("a/e2e/other.yml", "")
        .file("a/e2e/ci/deep.yml", "")
        .folder("g/.git")
        .file("g/ci/x.yml", "")
        .folder("e2e/.git")
        .file("e2e/x.yml", "")
        .file("loose.yml", "")
        .folder("cwd");
    for (cwd, selection, root, file) in [
        ("a", spec("e2e/other.yml"), "a", "a/e2e/other.yml"),
        ("a/e2e", spec("other.yml"), "a", "a/e2e/other.yml"),
        ("a", spec("e2e/ci/deep.yml"), "a", "a/e2e/ci/deep.yml"),
        ("g/ci", spec("x.yml"), "g", "g/ci/x.yml"),
        ("e2e", spec("x.yml"), "e2e", "e2e/x.yml"),
        ("cwd", spec("../loose.yml"), "cwd", "cwd/../loose.yml"),
    ] {
        let repo = tree.one(cwd, &selection);
        assert_eq!(repo.root, tree.root.join(root), "{selection:?}");
        assert_eq!(repo.spec_path, tree.root.join(file));
    }
    let both = Selection {
        path: Some("g".into()),
        ..spec("loose.yml")
    };
    assert_eq!(tree.one("", &both).root, tree.root.join("g"));
    for missing in ["gone.yml", "gone/x.yml", "a"] {
        let error = tree.find("", &spec(missing)).expect_err("an error");
        assert!(
            matches!(error, FindError::Path { what: "--spec", .. }),
            "{error}"
        );
    }
}

#[test]
fn a_cargo_project_keeps_results_in_target() {
    let tree = Tree::workspace().spec("w").spec("w/api/sub");
    let root = tree.root.join("w");
    let repo = tree.one("w", &plain());
    assert_eq!(repo.results_dir, root.join("target/e2e"));
    let cargo = repo.cargo.expect("it works");
    assert_eq!(cargo.workspace_root, root);
    assert_eq!(cargo.target_directory, root.join("target"));
    assert_eq!(cargo.package, None);
    let shared = ConfiguredHost {
        host: "shared".to_owned(),
        source: "[workspace.metadata.e2e]",
    };
    assert_eq!(repo.host, Some(shared));

    let web = tree.one("w/web/src", &plain());
    assert_eq!(web.root, root.join("web"));
    assert_eq!(web.results_dir, root.join("target/e2e"));
    assert_eq!(web.cargo.expect("it works").package.as_deref(), Some("web"));
    let own = ConfiguredHost {
        host: "own".to_owned(),
        source: "[package.metadata.e2e]",
    };
    assert_eq!(web.host, Some(own));

    let sub = tree.one("w/api/sub", &plain());
    assert_eq!(sub.root, root.join("api/sub"));
    assert_eq!(sub.cargo.expect("it works").package.as_deref(), Some("api"));
}

#[test]
fn cargo_configuration_of_the_repo_counts() {
    let tree = Tree::new()
        .package("a", "")
        .spec("a")
        .file("a/.cargo/config.toml", "[build]\ntarget-dir = \"out\"\n");
    let repo = tree.one("", &at("a"));
    assert_eq!(repo.results_dir, tree.root.join("a/out/e2e"));
}

#[test]
fn what_is_around_a_repo_is_not_part_of_it() {
    // Either manifest would make cargo fail.
    let tree = Tree::new()
        .file("a/Cargo.toml", "nonsense")
        .folder("a/repo/.git")
        .spec("a/repo/sub")
        .spec("a/no-git");
    for repo in ["a/repo/sub", "a/no-git"] {
        assert_eq!(tree.one(repo, &plain()).cargo, None);
    }
    let tree = tree.spec("a");
    let error = tree.find("a", &plain()).expect_err("an error");
    assert!(error.to_string().ends_with("a/Cargo.toml"), "{error}");
    assert!(error.source().is_some());
}

#[test]
fn packages_by_name() {
    let tree = Tree::workspace();
    let repos = tree
        .find("w/lib", &packages(&["web", "api", "web"]))
        .expect("it works");
    let roots: Vec<_> = repos.iter().map(|repo| repo.root.clone()).collect();
    assert_eq!(roots, [tree.root.join("w/web"), tree.root.join("w/api")]);

    let error = tree
        .find("w", &packages(&["wbe"]))
        .expect_err("an error")
        .to_string();
    let expected = format!(
        "no package `wbe` in the workspace {}\n  help: did you mean `web`?",
        tree.root.join("w").display()
    );
    assert_eq!(error, expected);
    let error = tree
        .find("w", &packages(&["lib"]))
        .expect_err("an error")
        .to_string();
    assert!(error.contains("the package `lib` has no "), "{error}");
    let error = tree.find("", &packages(&["web"])).expect_err("an error");
    assert!(matches!(error, FindError::Cargo { .. }), "{error}");
}

#[test]
fn a_package_may_name_its_file() {
    let table = "[package.metadata.e2e]\nspec = \"ci/e2e.yml\"\n";
    let tree = Tree::new().package("p", table).folder("p/src/deep");
    let error = tree
        .find("p", &packages(&["p"]))
        .expect_err("an error")
        .to_string();
    assert!(error.contains("spec "), "{error}");
    let tree = tree.file("p/ci/e2e.yml", "");
    let expected = tree.root.join("p/ci/e2e.yml");
    for selection in [plain(), packages(&["p"]), workspace()] {
        let repo = tree.one("p", &selection);
        assert_eq!(
            (repo.root, repo.spec_path),
            (tree.root.join("p"), expected.clone())
        );
    }
}

#[test]
fn the_whole_workspace_is_sorted() {
    let tree = Tree::workspace();
    let repos = tree.find("w/lib", &workspace()).expect("it works");
    let names: Vec<_> = repos
        .into_iter()
        .map(|repo| repo.cargo.expect("it works").package.expect("it works"))
        .collect();
    assert_eq!(names, ["api", "web"]);

    let tree = Tree::new().package("alone", "");
    let error = tree
        .find("alone", &workspace())
        .expect_err("an error")
        .to_string();
    assert!(
        error.ends_with("has an e2e/e2e.yml\n  looked in alone"),
        "{error}"
    );
}

#[test]
fn mistakes_in_manifests() {
    for (table, problem) in [
        (
            "hots = \"x\"",
            "has an unknown key `hots`\n  help: did you mean `host`?",
        ),
        (
            "zzz = 1",
            "has an unknown key `zzz`\n  help: known here: host, spec, tests",
        ),
        ("host = 1", "`host` must be a text that isn't empty"),
        ("host = \" \"", "`host` must be a text that isn't empty"),
        (
            "tests = \"e2e\"",
            "`tests` must be a list of test targets' names, at least one",
        ),
        (
            "tests = []",
            "`tests` must be a list of test targets' names, at least one",
        ),
    ] {
        let tree = Tree::new()
            .spec("p")
            .package("p", &format!("[package.metadata.e2e]\n{table}\n"));
        let error = tree.find("p", &plain()).expect_err("an error").to_string();
        let manifest = tree.root.join("p/Cargo.toml");
        let expected = format!("{}: [package.metadata.e2e] {problem}", manifest.display());
        assert_eq!(error, expected);
    }
    let tree = Tree::new()
        .spec("p")
        .package("p", "[package.metadata]\ne2e = 3\n");
    let error = tree.find("p", &plain()).expect_err("an error").to_string();
    assert!(
        error.ends_with("[package.metadata.e2e] is not a table: 3"),
        "{error}"
    );
}

#[test]
fn options_that_exclude_each_other() {
    let tree = Tree::workspace();
    let both = Selection {
        workspace: true,
        ..packages(&["web"])
    };
    let error = tree.find("w", &both).expect_err("an error");
    assert_eq!(
        error.to_string(),
        "-p and --workspace can't be used together"
    );
}

#[test]
fn test_targets_are_known_with_the_library_by_whatever_name() {
    let own = "[dev-dependencies]\nours = { package = \"e2e-harness\", version = \"0.1\" }\n\
               [package.metadata.e2e]\ntests = [\"slow\", \"slow\"]\n";
    let tree = Tree::new()
        .spec("p")
        .package("p", own)
        .file("p/tests/slow.rs", "")
        .file("p/tests/e2e.rs", "");
    let cargo = tree.one("p", &plain()).cargo.expect("a Cargo project");
    let [package] = &cargo.tests[..] else {
        panic!("one package: {:?}", cargo.tests);
    };
    assert_eq!(package.targets, ["e2e", "slow"]);
    assert_eq!(package.wanted(), ["slow"]);
    assert!(package.has_harness);
}

#[test]
fn in_a_workspaces_root_members_with_end_to_end_tests_count() {
    let library = "[dev-dependencies]\ne2e-harness = \"0.1\"\n";
    let named = format!("{library}[package.metadata.e2e]\ntests = [\"slow\"]\n");
    let tree = Tree::new()
        .spec("w")
        .file(
            "w/Cargo.toml",
            "[workspace]\nmembers = [\"*\"]\nexclude = [\"e2e\"]\nresolver = \"3\"\n",
        )
        .package("w/api", library)
        .file("w/api/tests/e2e.rs", "")
        .package("w/named", &named)
        .package("w/foreign", "")
        .file("w/foreign/tests/e2e.rs", "")
        .package("w/own", "")
        .file("w/own/tests/e2e.rs", "")
        .spec("w/own")
        .package("w/without", library);
    let cargo = tree.one("w", &plain()).cargo.expect("a Cargo project");
    let members: Vec<&str> = cargo.tests.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(members, ["api", "named"]);
    let skipped: Vec<&str> = cargo.skipped.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(skipped, ["foreign"]);
}

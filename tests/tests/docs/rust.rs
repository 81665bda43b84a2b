//! The tests in Rust that the documents show are a package's, and pass.

use e2e_tests::rust::into_package;
use e2e_tests::{Host, Repo};

use super::FIRST_REPO;
use super::pages::{parse, read};

#[test]
fn the_readmes_rust_tests_pass_against_its_stack() {
    let of_stack = parse(FIRST_REPO).0;
    let of_tests = parse("README.md").0;
    let block = |info: &str| {
        let found = of_stack
            .iter()
            .chain(&of_tests)
            .find(|block| block.info == info);
        found.map_or_else(|| panic!("there is no {info}"), |block| block.text.as_str())
    };
    let spec: Vec<&str> = block("yaml file=e2e/e2e.yml")
        .lines()
        .filter(|line| !line.starts_with("name:") && !line.starts_with("test_command:"))
        .collect();
    // The lab's image, in place of a public one.
    let compose = block("yaml file=e2e/compose.yml");
    let compose = compose.replace("${BUSYBOX_IMAGE:-busybox:1.36}", "BUSYBOX");
    let repo = Repo::new("readme")
        .spec(&spec.join("\n"))
        .compose(&compose)
        .file("e2e/www/hello.txt", block("text file=e2e/www/hello.txt"));
    let repo = into_package(repo, block("toml"), block("rust"));
    let ran = repo.run(Host::Local, &["--", "the_page"]);
    ran.ended(0, "passed");
    let test = ran.recorded_as("tests", "the_page_is_served");
    assert_eq!(test["steps"][0]["name"], "ask for the page");
}

/// A file of an example is compiled and run with the example.
#[test]
fn the_rust_of_recipes_is_that_of_examples() {
    let (blocks, _) = parse("docs/src/guides/recipes.md");
    let mut files = 0;
    for block in blocks {
        if let Some(file) = block.info.strip_prefix("rust file=") {
            assert_eq!(block.text, read(file), "recipes.md:{}", block.line);
            files += 1;
        }
    }
    assert!(
        files > 0,
        "guides/recipes.md shows a database for each test"
    );
}

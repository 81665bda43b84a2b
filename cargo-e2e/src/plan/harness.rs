//! Which of Cargo's test targets are the tests, and why they can't be.

use std::path::PathBuf;

use crate::repo::workspace::{Repo, TestPackage};
use crate::spec::{Side, Spec};

use super::cargo_flags::CargoFlags;
use super::test_kind::{Harness, Target, Tests};

/// Why there are no targets to run.
#[derive(Debug, thiserror::Error)]
pub enum HarnessError {
    /// A target that is named does not exist.
    #[error("{}: {}\n  help: {}", manifest.display(), not_there(package, target, *named, targets), name_or_add(target, targets, *has_harness))]
    NotThere {
        manifest: PathBuf,
        package: String,
        target: String,
        /// Whether the manifest names it; else it is the default.
        named: bool,
        targets: Vec<String>,
        /// Whether the package depends on e2e-harness: then one of them may be meant.
        has_harness: bool,
    },
    #[error(
        "{}: `{package}` does not depend on e2e-harness, so its test target `{target}` can't run under `cargo e2e`\n  help: {}",
        manifest.display(),
        add(target)
    )]
    NotOurs {
        manifest: PathBuf,
        package: String,
        target: String,
    },
    #[error(
        "{}: there is no `test_command`, and no member of the workspace has an end-to-end test target\n  help: in a member, {}",
        spec.display(),
        add("e2e")
    )]
    NoMember { spec: PathBuf },
    /// `--nextest` or a flag of Cargo's where there is nothing for it.
    #[error("{flag} is for Cargo's test targets, but {} runs the tests with `{key}`", spec.display())]
    NothingForFlag {
        flag: String,
        spec: PathBuf,
        /// `test_command` or `test_service`.
        key: &'static str,
    },
    /// `--nextest` with tests that run elsewhere.
    #[error(
        "--nextest runs tests on this machine, but {} says `tests_run_on: host`\n  help: leave one of them out",
        spec.display()
    )]
    NextestOnHost { spec: PathBuf },
}

impl HarnessError {
    /// Returns whether it was typed wrong, rather than written wrong.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NothingForFlag { .. } | Self::NextestOnHost { .. }
        )
    }
}

fn not_there(package: &str, target: &str, named: bool, targets: &[String]) -> String {
    let because = if named {
        "`tests` in [package.metadata.e2e] names"
    } else {
        "e2e.yml has no `test_command`, so the tests are"
    };
    let there = if targets.is_empty() {
        "no test targets".to_owned()
    } else {
        format!("only `{}`", targets.join("`, `"))
    };
    format!("{because} the test target `{target}`, but `{package}` has {there}")
}

/// Returns what to write in a manifest where a target is not there.
fn name_or_add(target: &str, targets: &[String], has_harness: bool) -> String {
    if !has_harness || targets.is_empty() {
        return add(target);
    }
    format!(
        "name those that are end-to-end tests in Cargo.toml:\n\
         \n      [package.metadata.e2e]\n      tests = [\"{}\"]\n\
         \n    or write tests/{target}.rs, with these lines in Cargo.toml:\n\
         \n      [[test]]\n      name = \"{target}\"\n      harness = false\n",
        targets.join("\", \"")
    )
}

/// Returns what to write in a manifest.
fn add(target: &str) -> String {
    format!(
        "add this to Cargo.toml, and write tests/{target}.rs (or give e2e.yml a `test_command`):\n\
         \n      [dev-dependencies]\n      e2e-harness = \"{}\"\n\
         \n      [[test]]\n      name = \"{target}\"\n      harness = false\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// Returns what e2e.yml names, else the test targets of a Cargo project.
pub(super) fn choose(
    repo: &Repo,
    spec: &Spec,
    nextest: bool,
    flags: &CargoFlags,
) -> Result<Tests, HarnessError> {
    if let Some(own) = Tests::named(spec) {
        let of_cargo = || flags.words(false).into_iter().next();
        let flag = nextest.then(|| "--nextest".to_owned()).or_else(of_cargo);
        let Some(flag) = flag.filter(|_| flags.typed) else {
            return Ok(own);
        };
        let is_service = own.service().is_some();
        return Err(HarnessError::NothingForFlag {
            flag,
            spec: repo.spec_path.clone(),
            key: if is_service {
                "test_service"
            } else {
                "test_command"
            },
        });
    }
    let mut targets = Vec::new();
    let Some(cargo) = &repo.cargo else {
        return Ok(Tests::Targets(Harness { targets, nextest }));
    };
    for package in &cargo.tests {
        for name in package.wanted() {
            targets.push(target(package, name)?);
        }
    }
    if targets.is_empty() {
        // As for a package on its own.
        for package in &cargo.skipped {
            for name in package.wanted() {
                target(package, name)?;
            }
        }
        return Err(HarnessError::NoMember {
            spec: repo.spec_path.clone(),
        });
    }
    let on_host = spec.tests_run_on == Some(Side::Host);
    // A default gives way.
    let nextest = nextest && (flags.typed || !on_host);
    if nextest && on_host {
        return Err(HarnessError::NextestOnHost {
            spec: repo.spec_path.clone(),
        });
    }
    Ok(Tests::Targets(Harness { targets, nextest }))
}

/// Test targets that seem to be meant and will not run, a warning each package.
pub(super) fn not_run(repo: &Repo, spec: &Spec) -> Vec<String> {
    let mut warnings = hidden(repo, spec);
    if Tests::named(spec).is_none() {
        warnings.extend(skipped(repo));
    }
    warnings
}

/// Returns those of a workspace's members that are not made of e2e-harness.
fn skipped(repo: &Repo) -> impl Iterator<Item = String> {
    let packages = repo.cargo.iter().flat_map(|cargo| &cargo.skipped);
    packages.map(|package| {
        let manifest = &package.manifest;
        let manifest = manifest.strip_prefix(&repo.root).unwrap_or(manifest);
        format!(
            "the test target `{}` of `{}` will not run: {} does not depend on e2e-harness; \
             add it to [dev-dependencies], or rename a target that is not an end-to-end test",
            package.wanted().join("`, `"),
            package.name,
            manifest.display()
        )
    })
}

/// Targets made of e2e-harness that a `test_command` keeps from being run. One that calls Cargo may
/// well run them, and a package with an e2e.yml of its own has its runs.
fn hidden(repo: &Repo, spec: &Spec) -> Vec<String> {
    let (Some(command), Some(cargo)) = (&spec.test_command, &repo.cargo) else {
        return Vec::new();
    };
    if command.contains("cargo") {
        return Vec::new();
    }
    let is_ours = |package: &&TestPackage| {
        let own = package.folder().join("e2e/e2e.yml");
        own == repo.spec_path || !own.is_file()
    };
    let packages = cargo.tests.iter().filter(is_ours);
    packages
        .filter_map(|package| {
            let targets = package.ready();
            let s = if targets.len() == 1 { "" } else { "s" };
            (!targets.is_empty()).then(|| {
                format!(
                    "the test target{s} `{}` of `{}` will not run: e2e.yml has a `test_command`, which runs instead; leave it out, and \
                     `cargo e2e` runs Cargo's test targets",
                    targets.join("`, `"),
                    package.name
                )
            })
        })
        .collect()
}

fn target(package: &TestPackage, name: String) -> Result<Target, HarnessError> {
    if !package.targets.contains(&name) {
        return Err(HarnessError::NotThere {
            manifest: package.manifest.clone(),
            package: package.name.clone(),
            target: name,
            named: package.named.is_some(),
            targets: package.targets.clone(),
            has_harness: package.has_harness,
        });
    }
    if !package.has_harness {
        return Err(HarnessError::NotOurs {
            manifest: package.manifest.clone(),
            package: package.name.clone(),
            target: name,
        });
    }
    Ok(Target {
        package: package.clone(),
        name,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::repo::workspace::CargoProject;

    fn package(targets: &[&str], named: Option<&[&str]>, has_harness: bool) -> TestPackage {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        TestPackage {
            name: "shop".into(),
            version: "0.1.0".into(),
            manifest: "/w/Cargo.toml".into(),
            named: named.map(owned),
            targets: owned(targets),
            has_harness,
        }
    }

    fn repo(tests: Vec<TestPackage>) -> Repo {
        Repo {
            root: "/w".into(),
            spec_path: "/w/e2e/e2e.yml".into(),
            results_dir: "/w/target/e2e".into(),
            cargo: Some(CargoProject {
                workspace_root: "/w".into(),
                target_directory: "/w/target".into(),
                package: None,
                tests,
                skipped: Vec::new(),
            }),
            host: None,
        }
    }

    fn chosen(tests: Vec<TestPackage>, yaml: &str, nextest: bool) -> Result<Tests, HarnessError> {
        let repo = repo(tests);
        let text = format!("name: shop\n{yaml}");
        let spec = crate::spec::parse_in_cargo(&repo.spec_path, text).expect("a good spec");
        let flags = CargoFlags {
            typed: true,
            ..CargoFlags::default()
        };
        choose(&repo, &spec, nextest, &flags)
    }

    fn names(tests: Vec<TestPackage>) -> Vec<String> {
        let harness = chosen(tests, "", false).expect("they are there");
        let targets = &harness.harness().expect("a harness").targets;
        targets.iter().map(|target| target.name.clone()).collect()
    }

    #[test]
    fn the_targets_are_those_that_are_named_else_e2e() {
        assert_eq!(names(vec![package(&["e2e", "unit"], None, true)]), ["e2e"]);
        let two = package(&["e2e", "slow", "unit"], Some(&["slow", "e2e"]), true);
        assert_eq!(names(vec![two]), ["slow", "e2e"]);
    }

    #[test]
    fn a_target_that_is_not_there_is_named_with_those_that_are() {
        let missing = chosen(vec![package(&["unit"], None, true)], "", false);
        let text = missing.expect_err("it is not there").to_string();
        for part in [
            "/w/Cargo.toml: ",
            "the test target `e2e`, but `shop` has only `unit`",
            "tests = [\"unit\"]",
            "name = \"e2e\"\n      harness = false",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_target_without_the_library_is_not_ours() {
        let foreign = chosen(vec![package(&["e2e"], None, false)], "", false);
        assert!(matches!(foreign, Err(HarnessError::NotOurs { .. })));
        let none = chosen(Vec::new(), "", false);
        assert!(matches!(none, Err(HarnessError::NoMember { .. })));
    }

    #[test]
    fn a_member_without_the_library_is_skipped_aloud_and_is_no_test_alone() {
        let skipped = package(&["e2e"], None, false);
        let mut repo = repo(Vec::new());
        if let Some(cargo) = &mut repo.cargo {
            cargo.skipped = vec![skipped];
        }
        let spec = |yaml: &str| {
            let text = format!("name: shop\n{yaml}");
            crate::spec::parse_in_cargo(&repo.spec_path, text).expect("a good spec")
        };
        let alone = choose(&repo, &spec(""), false, &CargoFlags::default());
        assert!(matches!(alone, Err(HarnessError::NotOurs { .. })));
        let warnings = not_run(&repo, &spec(""));
        let said = "the test target `e2e` of `shop` will not run: Cargo.toml does not depend on e2e-harness; ";
        assert!(
            matches!(warnings.as_slice(), [one] if one.starts_with(said)),
            "{warnings:?}"
        );
        assert!(not_run(&repo, &spec("test_command: cargo test\n")).is_empty());
    }

    #[test]
    fn a_command_comes_before_targets_and_has_no_use_for_nextest() {
        let tests = || vec![package(&["e2e"], None, true)];
        let command = "test_command: 'true'\n";
        assert_eq!(
            chosen(tests(), command, false).expect("fine").harness(),
            None
        );
        for yaml in [command, "tests_run_on: host\n"] {
            let error = chosen(tests(), yaml, true).expect_err("no use");
            assert!(error.is_usage(), "{error}");
        }
    }

    #[test]
    fn a_command_that_hides_a_target_is_told_of() {
        let said = |package: TestPackage, command: &str| {
            let text = format!("name: shop\ntest_command: {command}\n");
            let spec = crate::spec::parse(Path::new("e2e.yml"), text).expect("a good spec");
            hidden(&repo(vec![package]), &spec)
        };
        let ours = || package(&["e2e", "unit"], None, true);
        let warnings = said(ours(), "sh e2e/tests/smoke.sh");
        assert!(
            matches!(warnings.as_slice(), [one] if one.starts_with("the test target `e2e` of `shop` will not run")),
            "{warnings:?}"
        );
        assert!(said(ours(), "cargo test --test e2e").is_empty());
        assert!(said(package(&["e2e"], None, false), "sh x.sh").is_empty());
        assert!(said(package(&["unit"], None, true), "sh x.sh").is_empty());
    }
}

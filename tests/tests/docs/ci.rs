//! The book's jobs of CI systems, the action that one of them uses, and how releases are installed.
//! `ci_job.py` does what a runner would do. Needs `scripts/ci-tools`.

use std::fs;
use std::path::PathBuf;

use super::commands::CI_SECRETS;
use super::desk::{Desk, alone, said};
use super::pages::{parse, root};

const PAGE: &str = "docs/src/guides/ci.md";

/// The folder of tools that read what CI systems read.
fn tools() -> PathBuf {
    let folder = root().join("target/ci-tools");
    assert!(folder.join("tools").exists(), "run scripts/ci-tools first");
    folder
}

/// A script's beginning, with the tools on the PATH.
fn with_tools(script: &str) -> String {
    let tools = tools();
    let tools = tools.display();
    format!("export PYTHONPATH={tools} PATH={tools}/bin:$PATH\n{script}")
}

#[test]
fn every_job_of_the_book_runs() {
    let _turn = alone();
    let blocks = parse(PAGE).0;
    let host = blocks
        .iter()
        .find(|block| block.info == "sh file=ci/host.sh");
    let host = host.expect("the page has it");
    let kinds = ["github", "gitlab", "buildkite"];
    let schemas = ["github-workflows", "gitlab-ci", "buildkite"];
    for (kind, schema) in kinds.into_iter().zip(schemas) {
        let mut jobs = blocks
            .iter()
            .filter(|block| block.info == format!("yaml ci={kind}"));
        let job = jobs
            .next()
            .unwrap_or_else(|| panic!("{PAGE} has no job for {kind}"));
        let desk = Desk::new();
        desk.write("ci/host.sh", &host.text);
        let file = desk.folder.path().join("job.yml");
        fs::write(&file, &job.text).expect("a file");
        // Buildkite's own program.
        let agent = desk.folder.path().join("bin/buildkite-agent");
        fs::write(&agent, "#!/bin/sh\ncat >annotation\n").expect("a file");
        let file = file.display();
        let script = with_tools(&format!(
            "set -a
             {CI_SECRETS}
             set +a
             chmod +x '{agent}'
             check-jsonschema --builtin-schema vendor.{schema} '{file}'
             python3 '{root}/tests/tests/docs/ci_job.py' {kind} '{file}' '{root}' >../job.sh
             (. ../job.sh)
             # What the CI system is given.
             head -3 result/summary.md
             junitparser verify result/junit.xml
             junit2html result/junit.xml ../junit.html
             grep -q hello ../junit.html",
            agent = agent.display(),
            root = root().display(),
        ));
        let printed = desk.passes(&script);
        assert!(printed.contains("hello e2e passed"), "{kind}: {printed}");
        let is_there = |file: &str| desk.repo().join(file).exists();
        assert!(is_there("result/ctrf.json"), "{kind}: {printed}");
        assert_eq!(is_there("annotation"), kind == "buildkite", "{printed}");
        let is_github = printed.contains("verdict=passed");
        assert_eq!(is_github, kind == "github", "{printed}");
        desk.left_nothing();
    }
}

#[test]
fn a_release_is_installed_as_it_is_packed_and_no_other() {
    let desk = Desk::new();
    let script = format!(
        "cd '{}'
         case $(uname -m) in x86_64) cpu=x86_64 ;; *) cpu=aarch64 ;; esac
         mkdir -p releases/v1.2.3
         printf '#!/bin/sh\\necho \"a release: $*\"\\n' >binary
         chmod +x binary
         sh '{root}/scripts/package' $cpu-unknown-linux-musl binary releases/v1.2.3
         (cd releases/v1.2.3 && sha256sum -- *.tar.gz >SHA256SUMS)
         export GITHUB_PATH=$PWD/path
         install() {{ sh '{root}/scripts/action/install' 1.2.3 \"$1\" \"file://$PWD/releases\"; }}
         install \"$PWD/installed\"
         installed/cargo-e2e once more
         cat path
         printf x >>releases/v1.2.3/cargo-e2e-$cpu-unknown-linux-musl.tar.gz
         if install \"$PWD/other\"; then echo 'another was installed'; fi
         test ! -e other",
        desk.folder.path().display(),
        root = root().display(),
    );
    let output = desk.sh(&script);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    for text in [
        "a release: e2e --version",
        "a release: once more",
        "/installed\n",
        "does not have the checksum",
    ] {
        assert!(said.contains(text), "no {text:?} in {said}");
    }
    assert!(!said.contains("another was installed"), "{said}");
}

//! The scripts of a host under the shells that hosts have. dash is what every other test runs.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Host, Repo, image, wait_for};
use rustix::process::Signal;

/// A `PATH` on which `sh` is this program.
fn path_with(folder: &Path, program: &str) -> String {
    symlink(program, folder.join("sh")).expect("an empty folder");
    let path = std::env::var("PATH").expect("there is a PATH");
    format!("{}:{path}", folder.display())
}

/// A run that passes, then one whose client is killed: all scripts, and the guard alone.
fn runs_under(program: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = path_with(folder.path(), program);
    let repo = || {
        Repo::new("shells")
            .compose(WEB)
            .env("PATH", &path)
            .env("CARGO_E2E_LEASE", "8")
    };
    let passes = repo().spec(&format!(
        "{WEB_IS_HEALTHY}ports: isolated\nsetup_command: 'echo ready'\nartifacts: [note]\n\
         test_command: curl -fsS \"http://$E2E_WEB_8080/\" && echo note >note\n"
    ));
    let ran = passes.run(Host::Local, &[]);
    ran.ended(0, "passed").stdout_has("hello");
    ran.file_has("artifacts/note", "note");

    let killed = repo().spec("test_command: 'echo testing; sleep 7020'\n");
    let mut run = killed.start(Host::Local, &[]);
    run.prints("testing").signal(Signal::KILL);
    let ran = run.finish();
    let ended = format!("{}/ended/{}", Host::Local.root(), ran.run_id());
    // It says so a moment before it is gone itself.
    wait_for("the guard", Duration::from_mins(1), || {
        Path::new(&ended).exists() && ran.left_by_a_killed_client().is_empty()
    });
}

#[test]
fn bash() {
    runs_under("/bin/bash");
}

#[test]
fn busybox() {
    // Its own sleep, sed, awk, find, stat and the rest are used too.
    let folder = tempfile::tempdir().expect("a folder");
    let copied = Command::new("sh")
        .arg("-c")
        .arg("c=$(docker create \"$0\" true) && docker cp -q \"$c:/bin/busybox\" \"$1/busybox\"; docker rm \"$c\" >/dev/null")
        .arg(image("BUSYBOX_IMAGE"))
        .arg(folder.path())
        .status();
    assert!(copied.is_ok_and(|status| status.success()));
    let program = folder.path().join("busybox");
    runs_under(&program.display().to_string());
}

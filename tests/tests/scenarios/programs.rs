//! How often a run starts Docker's program, which costs each time what many answers of the engine's
//! socket do.

use e2e_tests::{Host, Repo};

/// What a run of one service starts; what its guard looks for on a host where others have sandboxes is
/// not counted.
const MOST: usize = 16;

#[test]
fn a_run_starts_dockers_program_a_few_times() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log").display().to_string();
    let path = std::env::var("PATH").expect("a path");
    // Of variables, Compose's commands see few.
    let shim = format!("#!/bin/sh\necho \"$*\" >>'{log}'\nPATH='{path}' exec docker \"$@\"\n");
    let repo = Repo::new("programs")
        .compose(
            "services: {web: {image: BUSYBOX, command: [sleep, '600'], ports: ['PORT_A:80']}}\n",
        )
        .spec("ports: isolated\ntest_command: 'true'\n")
        .executable("bin/docker", &shim);
    let bin = repo.path("bin").display().to_string();
    let repo = repo.env("PATH", &format!("{bin}:{path}"));
    let ran = repo.run(Host::Local, &[]);
    ran.ended(0, "passed").leaves_nothing();
    let started = std::fs::read_to_string(&log).expect("it is there");
    let of_others = |line: &str| {
        line.contains("label=cargo-e2e.run ")
            || line.ends_with("label=cargo-e2e.run")
            || line.contains("{{with .Config}}")
    };
    let own: Vec<&str> = started.lines().filter(|line| !of_others(line)).collect();
    assert!(own.len() <= MOST, "{}: {own:#?}", own.len());
}

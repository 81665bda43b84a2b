//! What the chapter on clusters says is so here.

use std::fs;
use std::path::Path;
use std::process::Command;

use e2e_tests::{Repo, Running, cargo_e2e};

use crate::lab::{Cluster, LIMIT, NAME};
use crate::swarm::Swarm;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).expect("it is there")
}

/// The blocks of the chapter with this info.
fn blocks(info: &str) -> Vec<String> {
    let text = read("docs/src/guides/cluster.md");
    let mut parts = text.split("```");
    let mut found = Vec::new();
    // Every second part is a block.
    while let (Some(_prose), Some(block)) = (parts.next(), parts.next()) {
        let (first, lines) = block.split_once('\n').expect("a line of info");
        if first.trim() == info {
            found.push(lines.to_owned());
        }
    }
    found
}

/// The others change a machine: the lab's image has the same packages.
#[test]
fn its_commands_run() {
    let cluster = Cluster::new();
    let repo = cluster.repo("chapter");
    let commands = blocks("sh no-run: needs a cluster");
    assert_eq!(commands.len(), 3);
    run_all(repo, &commands.concat().replace("slurm://login/e2e", NAME));
    cluster.has_nothing_left();
}

#[test]
fn its_commands_for_swarm_run() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-chapter");
    let commands = blocks("sh no-run: needs a swarm");
    assert_eq!(commands.len(), 2);
    run_all(
        repo,
        &commands.concat().replace("swarm://node1", &swarm.name),
    );
    swarm.has_nothing_left();
}

/// Runs commands of the chapter in a repo; all of them pass.
#[track_caller]
fn run_all(repo: Repo, commands: &str) {
    let repo = repo.spec("ports: isolated\ntest_command: 'true'\n");
    let as_here = repo.command();
    let mut shell = Command::new("sh");
    shell.arg("-es").current_dir(repo.root());
    for (name, value) in as_here.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let programs = cargo_e2e()
        .parent()
        .expect("a folder")
        .display()
        .to_string();
    let path = std::env::var("PATH").expect("a path");
    shell.env("PATH", format!("{programs}:{path}"));
    let ended = Running::start(shell, Some(commands)).finish(LIMIT);
    assert_eq!(ended.code, Some(0), "{ended}");
}

#[test]
fn its_files_and_commands_of_slurm_are_the_labs() {
    for name in ["slurm.conf", "fair.conf", "slurmdbd.conf"] {
        let lines = blocks(&format!("text {name}")).concat();
        are_in(&lines, &read(&format!("tests/lab/images.d/cluster/{name}")));
    }
    let commands = blocks("sh no-run: it changes a machine").concat();
    let commands = commands.lines();
    let accounting =
        commands.filter(|line| line.starts_with("mariadb") || line.starts_with("sacctmgr"));
    let accounting: Vec<&str> = accounting.collect();
    are_in(
        &accounting.join("\n"),
        &read("tests/lab/images.d/cluster/entrypoint"),
    );
}

/// Checks that these lines of the chapter are in a file of the lab, with its names.
#[track_caller]
fn are_in(lines: &str, file: &str) {
    assert!(lines.lines().count() > 4, "{lines}");
    for line in lines.lines() {
        let line = line
            .replace("Host=login", "Host=cluster-login")
            .replace("node[1-2]", "cluster-n[1-3]")
            .replace("me,you", "dev,other");
        assert!(
            file.lines().any(|one| one.trim() == line),
            "the lab has no {line:?}"
        );
    }
}

//! What commands print that run no tests.

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Ended, Host, Repo};

use super::filters::settings;

fn repo() -> Repo {
    Repo::new("screen")
        .compose(WEB)
        .spec(&format!("{WEB_IS_HEALTHY}test_command: 'echo 3 passed'\n"))
}

pub(crate) fn shown(name: &str, repo: &Repo, ended: &Ended, code: i32) {
    assert_eq!(ended.code, Some(code), "{ended}");
    let all = format!("{}--- stderr\n{}", ended.stdout, ended.stderr);
    settings(repo).bind(|| insta::assert_snapshot!(name, all));
}

#[test]
fn help() {
    let repo = repo();
    shown("help", &repo, &repo.cargo_e2e(&["--help"]), 0);
    for command in [
        "check", "doctor", "down", "env", "exec", "forward", "gc", "history", "init", "list",
        "logs", "open", "plan", "report", "schema", "shell", "up",
    ] {
        let ended = repo.cargo_e2e(&[command, "--help"]);
        shown(&format!("help_{command}"), &repo, &ended, 0);
    }
}

#[test]
fn usage() {
    let repo = repo();
    shown("usage", &repo, &repo.cargo_e2e(&["--nonsense"]), 2);
}

#[test]
fn plan_and_check() {
    let repo = repo();
    shown("check", &repo, &repo.cargo_e2e(&["check"]), 0);
    shown("plan", &repo, &repo.cargo_e2e(&["plan"]), 0);
}

/// In colours, on terminals of 80 and 160 columns.
#[test]
fn on_terminals() {
    let repo = repo();
    let faulty = Repo::new("screen").compose(WEB).spec(
        "test_command: 'true'\nhealthcheks: [{name: web, url: 'http://localhost:PORT_A/', timeout: soon}]\n",
    );
    for (name, repo, arguments, code) in [
        ("terminal_check", &repo, &["check"][..], 0),
        ("terminal_mistakes", &faulty, &["check"], 96),
        ("terminal_plan", &repo, &["plan"], 0),
        ("terminal_doctor", &repo, &["doctor", "--host", "local"], 0),
        ("terminal_usage", &repo, &["--nonsense"], 2),
    ] {
        let all = [80, 160].map(|columns| {
            let ended = repo.cargo_e2e_on_a_terminal(columns, arguments);
            assert_eq!(ended.code, Some(code), "{ended}");
            let shown = ended.stderr.replace('\x1b', "␛").replace('\r', "");
            format!("--- {columns} columns\n{shown}")
        });
        let all = all.concat();
        settings(repo).bind(|| insta::assert_snapshot!(name, all));
    }
}

#[test]
fn init() {
    let repo = Repo::new("screen").file(
        "docker-compose.yml",
        "services: {web: {image: BUSYBOX, command: [sleep, '60'], ports: ['PORT_A:80']}}\n",
    );
    shown("init", &repo, &repo.cargo_e2e(&["init"]), 0);
}

#[test]
fn no_spec() {
    let repo = Repo::without_git("screen").file(
        "shop/docker-compose.yml",
        "services: {web: {image: BUSYBOX}}\n",
    );
    repo.git(&["init", "--quiet", "shop"]);
    shown("no_spec", &repo, &repo.command_in("shop", &[]), 96);
}

#[test]
fn doctor() {
    let repo = repo();
    shown(
        "doctor",
        &repo,
        &repo.cargo_e2e(&["doctor", "--host", "local"]),
        0,
    );
}

#[test]
fn kept_listed_and_down() {
    let repo = repo();
    let ran = repo.run_and_keep(Host::Local, &["--keep"]);
    let all = ran.stderr().to_owned();
    settings(&repo).bind(|| insta::assert_snapshot!("keep", all));
    shown(
        "down",
        &repo,
        &repo.cargo_e2e(&["down", "--host", "local"]),
        0,
    );
    let _ = ran.leaves_nothing();
}

//! A newcomer's way: `doctor`, `init`, `check`, a green run; and what the tool says of itself.
//! Needs the lab: `tests/lab/up 2`.

use std::fs;
use std::process::Command;

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Account, Host, Repo, on_each_host};

/// What many repos have: two services, one of which says how it is asked.
const SHOP: &str = r#"
services:
  web:
    image: BUSYBOX
    container_name: SLUG-web
    command: httpd -f -p 80 -h /www
    volumes: ["./www:/www:ro"]
    ports: ["PORT_A:80"]
    healthcheck:
      test: ["CMD", "wget", "-qO", "/dev/null", "http://127.0.0.1/hello.txt"]
  queue:
    image: BUSYBOX
    command: ["nc", "-ll", "-p", "9000", "-e", "cat"]
    ports: ["PORT_B:9000"]
"#;

fn shop(name: &str) -> Repo {
    Repo::new(name)
        .file("docker-compose.yml", SHOP)
        .file("www/hello.txt", "hello\n")
}

/// Runs init; what the folder is called is chance here, and runs are known by their slug.
fn initialised(repo: &Repo) -> String {
    let made = repo.cargo_e2e(&["init"]);
    assert_eq!(made.code, Some(0), "{made}");
    assert!(made.stdout.contains("wrote e2e/e2e.yml"), "{made}");
    assert!(
        made.stderr.contains("next: cargo e2e check && cargo e2e"),
        "{made}"
    );
    let path = repo.path("e2e/e2e.yml");
    let written = fs::read_to_string(&path).expect("it was written");
    let (modeline, rest) = written.split_once('\n').expect("it has lines");
    assert!(
        modeline.starts_with("# yaml-language-server: $schema="),
        "{written}"
    );
    let (name, rest) = rest.split_once('\n').expect("it has lines");
    assert!(name.starts_with("name: e2e-"), "{written}");
    fs::write(&path, repo.filled_in(&format!("name: SLUG\n{rest}"))).expect("a file");
    written
}

on_each_host! {
    fn a_repo_with_only_a_compose_file_is_green_after_init(host) {
        let repo = shop("walk");
        let written = initialised(&repo);
        let port = |letter| repo.port(letter);
        assert!(written.contains(&format!("url: http://localhost:{}/hello.txt", port('A'))), "{written}");
        assert!(written.contains(&format!("tcp: localhost:{}", port('B'))), "{written}");
        let checked = repo.cargo_e2e(&["check"]);
        assert_eq!(checked.code, Some(0), "{checked}");
        assert!(!checked.stderr.contains("warning"), "{checked}");
        let planned = repo.cargo_e2e(&["plan"]);
        let polled = "web: health polled every 1 s during startup (was 30 s)";
        assert!(planned.stdout.contains(polled), "{planned}");
        repo.run(host, &[])
            .ended(0, "passed")
            .stdout_has("ok      web")
            .stdout_has("ok      queue");
    }
}

#[test]
fn the_first_test_fails_when_nothing_answers() {
    let repo = shop("smoke");
    let _ = initialised(&repo);
    let asked = Command::new("sh")
        .arg("e2e/tests/smoke.sh")
        .current_dir(repo.root())
        .env(
            "E2E_HEALTH_WEB",
            format!("http://127.0.0.1:{}/", repo.port('A')),
        )
        .env("E2E_QUEUE_9000", format!("127.0.0.1:{}", repo.port('B')))
        .output()
        .expect("sh runs");
    let said = String::from_utf8_lossy(&asked.stdout);
    assert_eq!(asked.status.code(), Some(1), "{said}");
    assert_eq!(said.matches("FAILED").count(), 2, "{said}");
}

#[test]
fn init_overwrites_nothing() {
    let repo = shop("again");
    let _ = initialised(&repo);
    let before = fs::read(repo.path("e2e/e2e.yml")).expect("a file");
    let again = repo.cargo_e2e(&["init"]);
    assert_eq!(again.code, Some(2), "{again}");
    assert!(again.stderr.contains("exists already"), "{again}");
    assert_eq!(fs::read(repo.path("e2e/e2e.yml")).expect("a file"), before);
}

#[test]
fn init_reads_the_file_itself_where_there_is_no_compose() {
    // A PATH without docker.
    let repo = shop("light").env("PATH", "/nowhere");
    let made = repo.cargo_e2e(&["init"]);
    assert_eq!(made.code, Some(0), "{made}");
    assert!(made.stderr.contains("2 health checks"), "{made}");
    assert!(made.stderr.contains("was only looked at"), "{made}");
}

#[test]
fn doctor_is_content_with_a_good_host() {
    let repo = Repo::new("doctor")
        .compose(WEB)
        .spec("test_command: 'true'\n");
    for host in [Host::Local, Host::Root, Host::Dev] {
        let looked = repo.cargo_e2e(&["doctor", "--host", &host.name()]);
        assert_eq!(looked.code, Some(0), "{looked}");
        for what in [
            "git",
            "rsync",
            "engine",
            "compose",
            "bind mounts",
            "e2e/e2e.yml",
        ] {
            assert!(
                looked.stdout.contains(&format!("ok   {what}")),
                "{what}: {looked}"
            );
        }
        let reached = looked.stdout.contains("ok   forwarding");
        assert_eq!(reached, host != Host::Local, "{looked}");
    }
}

#[test]
fn doctor_says_everything_that_is_missing_and_what_to_do() {
    let repo = Repo::new("ill")
        .compose(WEB)
        .spec("test_command: 'true'\nports: none\n");
    let account = Account::new("patient", "", ":");
    let looked = repo.cargo_e2e(&["doctor", "--host", &account.host().name()]);
    assert_eq!(looked.code, Some(97), "{looked}");
    assert!(
        looked.stdout.contains("user patient may not use Docker"),
        "{looked}"
    );
    assert!(
        looked.stdout.contains("help: on the host: sudo usermod"),
        "{looked}"
    );
    // The rest of the host is looked at all the same, and so is the repo.
    assert!(looked.stdout.contains("ok   rsync"), "{looked}");
    assert!(looked.stderr.contains("e2e/e2e.yml:3"), "{looked}");

    let unknown = repo.cargo_e2e(&["doctor", "--host", "no-such-host.invalid"]);
    assert_eq!(unknown.code, Some(97), "{unknown}");
    assert!(unknown.stdout.contains("MISS connection"), "{unknown}");
    let unreached = "error: cannot reach the host `no-such-host.invalid`\n";
    assert!(unknown.stderr.contains(unreached), "{unknown}");
}

#[test]
fn check_names_what_isolated_ports_would_break() {
    let repo = Repo::new("lint")
        .compose(WEB)
        .spec(&format!(
            "{WEB_IS_HEALTHY}ports: isolated\ntest_command: sh e2e/tests/run.sh\n"
        ))
        .file(
            "e2e/tests/run.sh",
            "set -e\ncurl -f http://localhost:PORT_A/\n",
        );
    let checked = repo.cargo_e2e(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked}");
    let warning = format!(
        "e2e/tests/run.sh:2 names localhost:{}, but each sandbox has its own port: use E2E_WEB_8080",
        repo.port('A')
    );
    assert!(checked.stderr.contains(&warning), "{checked}");
    assert_eq!(checked.stderr.matches("warning").count(), 1, "{checked}");

    let repo = Repo::new("queue")
        .compose(WEB)
        .spec("test_command: curl -f http://$E2E_WEB_8080/\n");
    let checked = repo.cargo_e2e(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked}");
    assert!(
        checked.stderr.contains("add the line `ports: isolated`"),
        "{checked}"
    );
}

#[test]
fn plan_says_which_rule_chose_the_ports() {
    for (line, said, port) in [
        (
            "",
            "declared (the default for test_command)",
            "is published on the host's loopback only",
        ),
        (
            "ports: isolated\n",
            "isolated (e2e/e2e.yml says so)",
            "becomes a free port",
        ),
    ] {
        let repo = Repo::new("plan")
            .compose(WEB)
            .spec(&format!("{line}test_command: 'true'\n"));
        let planned = repo.cargo_e2e(&["plan"]);
        assert_eq!(planned.code, Some(0), "{planned}");
        assert!(planned.stdout.contains(said), "{planned}");
        assert!(planned.stdout.contains(port), "{planned}");
    }
}

#[test]
fn check_installs_no_toolchain_and_needs_none_for_other_tests() {
    let repo = Repo::new("pinned")
        .compose(WEB)
        .spec("test_command: 'true'\n")
        .file(
            "Cargo.toml",
            "[package]\nname = \"pinned\"\nversion = \"0.1.0\"\n",
        )
        .file("src/lib.rs", "")
        // One that nobody has, and that can't be had.
        .file("rust-toolchain.toml", "[toolchain]\nchannel = \"1.0.1\"\n")
        .env("RUSTUP_TOOLCHAIN", "")
        .env("CARGO", "cargo");
    let checked = repo.cargo_e2e(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked}");
    let checked = repo.env("CARGO", "/no/cargo").cargo_e2e(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked}");
}

//! Sandboxes that are kept, and what a sandbox must not touch.

use std::process::Command;

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Host, Ran, Repo, here_and_over_ssh, on_each_host};
use indoc::indoc;

const IDLE: &str = "services: {web: {image: BUSYBOX, command: [sleep, '600']}}\n";

fn list(repo: &Repo, host: Host) -> String {
    let listed = repo.cargo_e2e(&["list", "--host", &host.name()]);
    assert_eq!(listed.code, Some(0), "{listed}");
    listed.stdout
}

/// Removes a kept sandbox by the end of its id, as a person would.
fn down(repo: &Repo, host: Host, ran: &Ran) {
    let end = &ran.run_id()[16..];
    let down = repo.cargo_e2e(&["down", end, "--host", &host.name()]);
    assert_eq!(down.code, Some(0), "{down}");
    assert!(down.stderr.contains("removed "), "{down}");
    ran.leaves_nothing();
    assert!(!list(repo, host).contains(ran.run_id()));
    // Doing it again finds nothing, and does no harm.
    let again = repo.cargo_e2e(&["down", end, "--host", &host.name()]);
    assert_eq!(again.code, Some(2), "{again}");
}

/// What answers here while the `ssh -N -L …` line that the run printed is running.
fn through_printed_forward(ran: &Ran, port: u16) -> String {
    let printed = &ran.output().stderr;
    let line = printed
        .lines()
        .find_map(|line| line.trim().strip_prefix("ports "));
    let line = line.expect("the line is printed").trim();
    let script = format!(
        "{line} &\ncurl -fsS --retry 30 --retry-connrefused --retry-delay 1 http://127.0.0.1:{port}/\n\
         status=$?; kill $!; wait; exit $status"
    );
    let output = Command::new("sh").arg("-c").arg(script).output();
    let output = output.expect("there is a shell");
    assert!(output.status.success(), "{line}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

on_each_host! {
    fn a_kept_sandbox_lives_until_it_is_taken_down(host) {
        let repo = Repo::new("keep")
            .compose(WEB)
            .spec(&format!("{WEB_IS_HEALTHY}test_command: curl -fsS http://localhost:PORT_A/\n"));
        let ran = repo.run_and_keep(host, &["--keep"]);
        ran.kept(0, "passed").stderr_has(" until tomorrow ");
        let port = repo.port('A');
        let answer = host.says(&format!("curl -fsS http://127.0.0.1:{port}/"));
        assert_eq!(answer, "hello\n");
        let listed = list(&repo, host);
        let line = listed.lines().find(|line| line.starts_with(ran.run_id()));
        assert!(line.is_some_and(|line| line.contains(repo.slug())), "{listed}");
        if host != Host::Local {
            ran.stderr_has(&format!("-N -L {port}:127.0.0.1:{port}"));
            assert_eq!(through_printed_forward(&ran, port), "hello\n");
        }
        down(&repo, host, &ran);
    }

    fn files_that_containers_made_as_root_go_too(host) {
        let repo = Repo::new("rooted")
            .file("data/.gitkeep", "")
            .compose(
                indoc! {"
                    services:
                      web:
                        image: BUSYBOX
                        volumes: ['../data:/data']
                        command:
                          - sh
                          - -c
                          - |
                            umask 077; mkdir -p /data/a/b; echo x >/data/a/b/c; chmod 0700 /data/a; ln -s /etc /data/a/link
                            touch /data/done; exec sleep 600
                "},
            )
            .spec(
                "health_checks: [{name: written, exec: [test, -e, /data/done], service: web, timeout: 30}]\n\
                 test_command: stat -c '%u %a' data/a\n",
            );
        repo.run(host, &[]).ended(0, "passed").stdout_has("0 700");
    }

    fn names_of_others_are_neither_needed_nor_touched(host) {
        // Kept short, because the names stand in the compose file and on the host alike.
        let repo = Repo::new("names").compose(
            indoc! {"
                services:
                  web:
                    image: BUSYBOX
                    container_name: SLUG-db
                    networks: [net]
                    volumes: ['data:/data']
                    command: [sh, -c, 'echo new >/data/who; exec sleep 600']
                  client:
                    image: BUSYBOX
                    networks: [net]
                    command: [sh, -c, 'ping -c 1 SLUG-db && exec sleep 600']
                networks: {net: {name: SLUG-net}}
                volumes: {data: {name: SLUG-data}}
            "},
        );
        let repo = repo.spec(
            "test_command: 'true'\n\
             health_checks: [{name: data, exec: [test, -e, /data/who], service: web, timeout: 30}]\n",
        );
        let made = host.sh(&repo.filled_in(
            "set -e\ndocker network create SLUG-net\ndocker volume create SLUG-data\n\
             docker run -d --name SLUG-db --network SLUG-net -v SLUG-data:/data BUSYBOX sh -c 'echo old >/data/who; exec sleep 600'\n",
        ));
        assert_eq!(made.code, Some(0), "{made}");
        let ran = repo.run_and_keep(host, &[]);
        let after = host.sh(&repo.filled_in(
            "docker exec SLUG-db cat /data/who\ndocker inspect --format '{{.State.Running}}' SLUG-db\n\
             docker rm -f SLUG-db >/dev/null; docker network rm SLUG-net >/dev/null; docker volume rm SLUG-data >/dev/null\n",
        ));
        assert_eq!(after.stdout, "old\ntrue\n", "{after}");
        ran.ended(0, "passed").leaves_nothing();
    }
}

here_and_over_ssh! {
    fn keep_on_failure_keeps_a_failure_only(host) {
        let repo = Repo::new("on-failure").compose(IDLE).spec("test_command: exit\n");
        repo.run(host, &["--keep-on-failure", "--", "0"]).ended(0, "passed");
        let failed = repo.run_and_keep(host, &["--keep-on-failure", "--", "3"]);
        failed.kept(100, "failed").stderr_has("exit status 3");
        down(&repo, host, &failed);
    }

    fn cleanup_on_success_keeps_a_failure_only(host) {
        let repo = Repo::new("on-success").compose(IDLE).spec("test_command: exit\ncleanup: on_success\n");
        repo.run(host, &["--", "0"]).ended(0, "passed");
        let failed = repo.run_and_keep(host, &["--", "3"]);
        failed.kept(100, "failed");
        down(&repo, host, &failed);
    }

    fn anonymous_volumes_go_too(host) {
        let repo = Repo::new("anonymous")
            .compose("services: {web: {image: BUSYBOX, volumes: [/data], command: [sleep, '600']}}")
            .spec("test_command: 'true'\n");
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed");
        // The leak check has looked for it: here is that there was one.
        ran.file_has("inspect/web.json", "\"Destination\": \"/data\"");
    }
}

#[test]
fn down_for_what_is_not_there_says_how_to_find_it() {
    let repo = Repo::new("down")
        .compose(IDLE)
        .spec("test_command: 'true'\n");
    let down = repo.cargo_e2e(&["down", "nothing-like-it", "--host", "railiance01"]);
    assert_eq!(down.code, Some(2), "{down}");
    assert!(
        down.stderr
            .contains("no sandbox `nothing-like-it` on railiance01"),
        "{down}"
    );
    assert!(
        down.stderr.contains("cargo e2e list --host railiance01"),
        "{down}"
    );
}

//! Logs that are too long to be gathered on their host first.

use e2e_tests::{Host, Repo, here_and_over_ssh};
use indoc::{formatdoc, indoc};

/// 4 MB of numbered lines with a secret in each, then a service that lives on.
const LONG: &str = indoc! {r#"
    services:
      web:
        image: BUSYBOX
        command: [sh, -c, 'yes "hunter2-hunter2 filler filler filler filler" | head -n 60000 | cat -n; echo over; exec sleep 600']
        healthcheck: {test: [CMD, 'true']}
      short: {image: BUSYBOX, command: [sh, -c, 'echo little; exec sleep 600']}
"#};

/// The log is complete when its last line is.
const TEST: &str = "test_command: |\n  until docker logs \"$(docker ps -q --filter label=cargo-e2e.run=\"$E2E_RUN_ID\" \
    --filter label=com.docker.compose.service=web)\" 2>&1 | tail -n 1 | grep -q over; do sleep 0.1; done; exit 1\n";

here_and_over_ssh! {
    fn a_long_log_comes_whole_and_masked(host) {
        let repo = Repo::new("long-log")
            .compose(LONG)
            .spec(&format!("secrets: [LONG_SECRET]\n{TEST}"))
            .env("LONG_SECRET", "hunter2-hunter2");
        let ran = repo.run(host, &[]);
        ran.ended(100, "failed").stage_says("collect", "logs of 2 containers");
        let log = ran.file("logs/web.log");
        assert_eq!(log.lines().count(), 60_001);
        let numbers = log.lines().filter_map(|line| line.split_whitespace().nth(1)?.parse::<u32>().ok());
        assert!(numbers.eq(1..=60_000));
        assert!(!log.contains("hunter2") && !log.contains("cargo-e2e:"));
        assert!(log.contains(" 60000\t*** filler"));
        assert!(ran.file("logs/short.log").ends_with(" little\n"));
        let page = ran.file("report.html");
        assert!(page.contains(" lines left out</p>") && page.contains("href=\"logs/web.log\""));
    }
}

#[test]
fn a_log_for_which_there_is_no_time_has_its_beginning_and_its_end() {
    let path = std::env::var("PATH").expect("a path");
    let repo = Repo::new("cut-log")
        .compose(LONG)
        .spec(&format!("timeouts: {{collect: 8}}\n{TEST}"))
        // Docker hands over 2 MB of a log, and hangs then; who wants less never sees that.
        .executable(
            "bin/docker",
            &formatdoc!(
                r#"
                    #!/bin/sh
                    PATH='{path}'
                    case "$1 $2 $3" in
                    *--tail*) exec docker "$@" ;;
                    'logs --timestamps '*) docker "$@" | {{ head -c 2000000 && [ "$(head -c 1)" ] && exec sleep 7021; }} ;;
                    *) exec docker "$@" ;;
                    esac
                "#
            ),
        );
    let own = format!("{}:{path}", repo.path("bin").display());
    let repo = repo.env("PATH", &own);
    let ran = repo.run(Host::Local, &[]);
    let why = "fetching exceeded `timeouts.collect` (8 s)";
    ran.ended(100, "failed")
        .stage_says("collect", &format!("logs/web.log is truncated: {why}"));
    let log = ran.file("logs/web.log");
    let lines: Vec<&str> = log.lines().collect();
    assert!(
        lines[0].ends_with(" 1\thunter2-hunter2 filler filler filler filler"),
        "{}",
        lines[0]
    );
    let cut = lines
        .iter()
        .position(|line| line.starts_with("cargo-e2e: cut here, after 1.9 MB"));
    assert!(cut.is_some_and(|cut| cut > 20_000), "{cut:?}");
    let end = &lines[lines.len() - 3..];
    assert!(end[1].ends_with(" over"), "{end:?}");
    assert!(
        lines[lines.len() - 1].ends_with(why),
        "{}",
        lines[lines.len() - 1]
    );
}

//! Living with a sandbox: `up`, `env`, `exec`, `shell`, `logs`, `--reuse`, `down`.

use std::time::Duration;

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Ended, Host, Repo, Running, on_a_terminal, on_each_host, wait_for};
use indoc::indoc;
use rustix::process::Signal;

fn repo(name: &str) -> Repo {
    Repo::new(name)
        .compose(WEB)
        .file("note.txt", "from the repo\n")
        .spec(&format!(
            "{WEB_IS_HEALTHY}ports: isolated\ntest_command: curl -fsS \"http://$E2E_WEB_8080/\"\n\
             secrets: [LIVING_PIN]\n\
             env: {{PAGE: 'http://${{E2E_WEB_8080}}/', LOGIN: 'me:${{LIVING_PIN}}', AT: '${{PAGE}}x'}}\n"
        ))
        .env("LIVING_PIN", "a pin of ours")
}

#[track_caller]
fn well(ended: Ended) -> Ended {
    assert_eq!(ended.code, Some(0), "{ended}");
    ended
}

fn with_host(repo: &Repo, host: Host, arguments: &[&str]) -> Ended {
    let name = host.name();
    let (before, after) = match arguments.iter().position(|word| *word == "--") {
        Some(at) => arguments.split_at(at),
        None => (arguments, [].as_slice()),
    };
    repo.cargo_e2e(&[before, &["--host", &name], after].concat())
}

on_each_host! {
    fn a_sandbox_that_is_up_can_be_lived_with(host) {
        let repo = repo("living");
        let up = repo.run_and_keep(host, &["up"]);
        up.kept(0, "passed").no_stage("test").stderr_has("Up living");
        let run = |arguments: &[&str]| with_host(&repo, host, arguments);

        let env = well(run(&["env"])).stdout;
        let line = env.lines().find(|line| line.starts_with("export E2E_WEB_8080='127.0.0.1:"));
        assert!(line.is_some(), "{env}");
        let json = well(run(&["env", "--format", "json"])).stdout;
        let all: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
        assert_eq!(all["E2E_RUN_ID"], up.run_id());
        let page = format!("http://{}/", all["E2E_WEB_8080"].as_str().expect("a text"));
        assert_eq!((&all["PAGE"], &all["AT"]), (&page.clone().into(), &format!("{page}x").into()));
        assert_eq!(all["LOGIN"], "me:a pin of ours");
        assert!(well(run(&["env", "--format", "dotenv"])).stdout.contains("\nE2E_WEB_PORT=2"));
        // Compose works with it where its engine is.
        let file = format!("{}/compose.json", up.sandbox());
        let file = matches!(host, Host::Local).then_some(file);
        assert_eq!(all["COMPOSE_FILE"].as_str(), file.as_deref());

        // What is quoted once arrives once, and the status is the command's own.
        let exec = run(&["exec", "web", "--", "sh", "-c", "echo \"<$1>\"; exit 7", "sh", "a  'b' $c"]);
        assert_eq!((exec.code, exec.stdout.as_str()), (Some(7), "<a  'b' $c>\n"), "{exec}");
        let by_id = run(&["exec", &up.run_id()[16..], "web", "--", "cat", "/www/index.html"]);
        assert_eq!(well(by_id).stdout, "hello\n");
        // Compose begins lines with a code for terminals.
        let logs = well(run(&["logs", "web", "--tail", "1"])).stdout;
        assert!(logs.contains("web is here") && !logs.contains('\u{1b}'), "{logs}");
        let unknown = run(&["logs", "wbe"]);
        assert_eq!(unknown.code, Some(2), "{unknown}");
        assert!(unknown.stderr.contains("did you mean `web`?"), "{unknown}");

        let tested = repo.run_and_keep(host, &["--reuse"]);
        tested.stdout_has("hello").no_stage("teardown");
        tested.stage_says("provision", up.run_id());

        well(run(&["down"]));
        up.leaves_nothing();
        let gone = run(&["env"]);
        assert_eq!(gone.code, Some(2), "{gone}");
    }

    fn a_second_up_changes_only_what_changed(host) {
        let repo = repo("twice");
        let up = repo.run_and_keep(host, &["up"]);
        let containers = || host.says(&format!("docker ps -q --no-trunc --filter label=cargo-e2e.run={}", up.run_id()));
        let before = containers();
        let again = repo.run_and_keep(host, &["up"]);
        again.no_stage("teardown").stage_says("up", "nothing changed");
        assert_eq!(containers(), before);

        // How long the tests may take makes no other stack.
        let spec = std::fs::read_to_string(repo.path("e2e/e2e.yml")).expect("it is the test's own");
        std::fs::write(repo.path("e2e/e2e.yml"), format!("{spec}timeout: 77\n")).expect("the same");
        let reused = repo.run_and_keep(host, &["--reuse"]);
        reused.stage_says("provision", up.run_id());

        let changed = repo.filled_in(&WEB.replace("echo hello", "echo changed"));
        std::fs::write(repo.path("e2e/compose.yml"), changed).expect("it is the test's own");
        // Its definition is another now: the tests get a sandbox of their own.
        let own = repo.run(host, &["--reuse"]);
        own.ended(0, "passed").stdout_has("changed").stderr_has("is not used");
        let changed = repo.run_and_keep(host, &["up"]);
        changed.no_stage("teardown").stage_says("up", "1 service");
        assert_ne!(containers(), before);
        well(with_host(&repo, host, &["down"]));
        up.leaves_nothing();
    }
}

#[test]
fn an_up_that_does_not_become_ready_leaves_nothing() {
    let repo = Repo::new("not-up")
        .compose("services: {web: {image: BUSYBOX, command: [sh, -c, 'echo no; exit 3']}}\n")
        .spec("test_command: 'true'\n");
    let up = repo.run(Host::Dev, &["up"]);
    up.ended(98, "unhealthy")
        .stderr_has("web exited with code 3");
}

#[test]
fn a_shell_is_in_the_copy_of_the_repo() {
    let repo = repo("shell");
    let up = repo.run_and_keep(Host::Root, &["up"]);
    let shell = repo.cargo_e2e_with(
        &["shell", "--host", &Host::Root.name()],
        "cat note.txt; echo \"$E2E_REPO\"; echo \"<$PAGE$LOGIN>\"; docker compose down; docker compose ps --services; exit 5\n",
    );
    assert_eq!(shell.code, Some(5), "{shell}");
    assert!(shell.stdout.ends_with("\nweb\n"), "{shell}");
    assert!(shell.stdout.starts_with("from the repo\nshell"), "{shell}");
    assert!(shell.stdout.contains("\n<http://127.0.0.1:2"), "{shell}");
    let left_out = "LOGIN is not set in this shell: `env` makes it of a secret";
    assert!(shell.stderr.contains(left_out), "{shell}");
    assert!(shell.stdout.contains("/>\n"), "{shell}");
    well(repo.cargo_e2e(&["down", "--host", &Host::Root.name()]));
    up.leaves_nothing();
}

#[test]
fn all_of_ones_own_sandboxes_can_go_at_once() {
    // A folder of its own, or those of other tests would go too.
    let root = tempfile::tempdir().expect("a folder");
    let repo = repo("all").env("CARGO_E2E_ROOT", &root.path().display().to_string());
    let first = repo.run_and_keep(Host::Local, &["--keep"]);
    let second = repo.run_and_keep(Host::Local, &["--keep"]);
    let which = repo.cargo_e2e(&["down"]);
    assert_eq!(which.code, Some(2), "{which}");
    assert!(which.stderr.contains(" or "), "{which}");
    let down = well(repo.cargo_e2e(&["down", "--all"]));
    for ran in [&first, &second] {
        assert!(
            down.stderr.contains(&format!("removed {}", ran.run_id())),
            "{down}"
        );
        ran.leaves_nothing();
    }
    // What is wanted is so already.
    for (words, said) in [
        (
            &["down"][..],
            format!("no sandbox of {} on local\n", repo.slug()),
        ),
        (&["down", "--all"], "no sandboxes on local\n".to_owned()),
    ] {
        assert_eq!(well(repo.cargo_e2e(words)).stderr, said);
    }
}

#[test]
fn a_run_whose_sandbox_is_removed_says_by_what() {
    let repo = Repo::new("removed")
        .compose(WEB)
        .spec("test_command: 'echo testing; sleep 7083'\n");
    let mut run = repo.start(Host::Dev, &[]);
    let id = run.prints("testing").run_id();
    well(repo.cargo_e2e(&["down", &id, "--host", &Host::Dev.name()]));
    let ran = run.finish();
    ran.ended(97, "host_error")
        .stderr_has("it was removed by `cargo e2e down`");
}

/// A repo with what its tests do not need: these services.
fn services(name: &str, compose: &str) -> Repo {
    Repo::new(name)
        .compose(compose)
        .spec("test_command: 'true'\n")
}

/// What `cargo e2e` prints on a terminal, on which `keys` are pressed once `marker` was printed.
fn on_terminal(repo: &Repo, arguments: &[&str], marker: &str, keys: &str) -> Ended {
    let mut command = repo.command();
    command.args(arguments);
    Running::start(on_a_terminal(&command, marker, keys), None).finish(Duration::from_mins(2))
}

#[test]
fn what_does_not_run_is_not_entered() {
    let repo = services(
        "stopped",
        indoc! {"
            services:
              web: {image: BUSYBOX, command: [sleep, '600']}
              failing: {image: BUSYBOX, command: [sleep, '600']}
              once: {image: BUSYBOX, command: ['true']}
        "},
    );
    let up = repo.run_and_keep(Host::Dev, &["up"]);
    let run = |arguments: &[&str]| with_host(&repo, Host::Dev, arguments);
    let of = |service: &str| {
        format!(
            "$(docker ps -q --filter label=cargo-e2e.run={} --filter label=com.docker.compose.service={service})",
            up.run_id()
        )
    };
    let _ = Host::Dev.says(&format!(
        "docker pause {}; docker kill {}",
        of("web"),
        of("failing")
    ));
    for (service, state) in [
        ("once", "exited, code 0"),
        ("failing", "exited, code 137"),
        ("web", "paused"),
    ] {
        let refused = format!("error: `{service}` is not running ({state})\n");
        let help = format!("`cargo e2e logs {service} --host railiance01-dev` shows");
        for words in [&["exec", service, "--", "true"][..], &["shell", service]] {
            let ended = run(words);
            assert_eq!(ended.code, Some(2), "{ended}");
            assert!(ended.stderr.contains(&refused), "{ended}");
            assert!(ended.stderr.contains(&help), "{ended}");
        }
    }
    let unknown = run(&["exec", "nosuch", "--", "true"]);
    assert_eq!(unknown.code, Some(2), "{unknown}");
    let said = "`nosuch` is neither a sandbox on railiance01-dev nor a service of ";
    assert!(unknown.stderr.contains(said), "{unknown}");
    let _ = Host::Dev.says(&format!("docker unpause {}", of("web")));
    well(run(&["down"]));
    up.leaves_nothing();
}

on_each_host! {
    fn logs_of_several_services_are_in_the_order_of_time(host) {
        let repo = services(
            "logs",
            "services: {alpha: {image: BUSYBOX, command: [sleep, '600']}, be: {image: BUSYBOX, command: [sleep, '600']}}\n",
        );
        let up = repo.run_and_keep(host, &["up"]);
        let run = |arguments: &[&str]| with_host(&repo, host, arguments);
        // Docker notes when it reads a line: one speaks when it has read the other's.
        let _ = host.says(&format!(
            "for turn in 1 2; do for service in alpha be; do\n\
             found=$(docker ps -q --filter label=cargo-e2e.run={} --filter label=com.docker.compose.service=$service)\n\
             docker exec $found sh -c \"echo '$service | $turn' >/proc/1/fd/$turn\"\n\
             until docker logs $found 2>&1 | grep '| '$turn; do sleep 0.1; done\n\
             done; done",
            up.run_id()
        ));
        let said = "alpha-1 | alpha | 1\nbe-1 | be | 1\nalpha-1 | alpha | 2\nbe-1 | be | 2\n";
        let squeezed = |text: &str| {
            let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n");
            lines.collect::<String>()
        };
        assert_eq!(squeezed(&well(run(&["logs"])).stdout), said);
        let timed = squeezed(&well(run(&["logs", "-t"])).stdout);
        let mut times = Vec::new();
        let mut without = String::new();
        for line in timed.lines() {
            let (name, rest) = line.split_once(" | ").expect("a name");
            let (time, text) = rest.split_once(' ').expect("a time");
            times.push(time);
            without += &(name.to_owned() + " | " + text + "\n");
        }
        assert_eq!(without, said);
        assert!(times.is_sorted(), "{timed}");

        let last = well(run(&["logs", "be", "--tail", "1"])).stdout;
        assert_eq!(squeezed(&last), "be-1 | be | 2\n");
        let last = well(run(&["logs", "-n", "1"])).stdout;
        assert_eq!(squeezed(&last), "alpha-1 | alpha | 2\nbe-1 | be | 2\n");
        let wrong = run(&["logs", "--since", "soon"]);
        assert!(!matches!(wrong.code, Some(0) | None), "{wrong}");

        // On a terminal, names have colours, wherever the containers are.
        let name = host.name();
        let shown = on_terminal(&repo, &["logs", "--host", &name], "be | 2", "=200");
        assert_eq!(shown.code, Some(0), "{shown}");
        let coloured = shown.stderr.lines().filter(|line| line.starts_with("\u{1b}["));
        assert_eq!(coloured.count(), 4, "{shown}");
        assert!(shown.stderr.contains("| \u{1b}[0malpha | 1"), "{shown}");
        well(run(&["down"]));
        up.leaves_nothing();
    }
}

#[test]
fn logs_that_are_followed_end_here_and_on_the_host_at_ctrl_c() {
    let repo = repo("follow");
    let up = repo.run_and_keep(Host::Dev, &["up"]);
    let mut command = repo.command();
    command.args(["logs", "-f", "--host", &Host::Dev.name()]);
    let mut logs = Running::start(command, None);
    logs.prints("web is here");
    let on_host = || {
        Host::Dev
            .sh(&format!(
                "for process in /proc/[0-9]*; do tr '\\000' ' ' <$process/cmdline; echo; done 2>/dev/null | \
                 grep '[d]ocker.*{}.*logs'",
                repo.slug()
            ))
            .stdout
    };
    assert!(on_host().contains("--follow"), "{}", on_host());
    logs.signal_group(Signal::INT);
    let ended = logs.finish(Duration::from_mins(1));
    assert_eq!(ended.code, Some(130), "{ended}");
    // The service is silent: nothing that is written there fails.
    wait_for(
        "the end of the logs on the host",
        Duration::from_mins(1),
        || on_host().is_empty(),
    );
    well(repo.cargo_e2e(&["down", "--host", &Host::Dev.name()]));
    up.leaves_nothing();
}

#[test]
fn what_ends_on_a_terminal_of_another_host_says_nothing_of_its_connection() {
    let repo = repo("terminal");
    let up = repo.run_and_keep(Host::Dev, &["up"]);
    let name = Host::Dev.name();
    let exec = [
        "exec",
        "--host",
        &name,
        "web",
        "--",
        "sh",
        "-c",
        "tty; exit 7",
    ];
    let exec = on_terminal(&repo, &exec, "/dev/", "=80");
    assert_eq!(
        (exec.code, exec.stderr.as_str()),
        (Some(7), "/dev/pts/0\r\n"),
        "{exec}"
    );
    let shell = on_terminal(&repo, &["shell", "--host", &name, "web"], "# ", "d");
    assert_eq!(shell.code, Some(0), "{shell}");
    assert!(!shell.stderr.contains("onnection"), "{shell}");
    let shell = on_terminal(&repo, &["shell", "--host", &name], "$ ", "d");
    assert_eq!(shell.code, Some(0), "{shell}");
    assert!(!shell.stderr.contains("onnection"), "{shell}");
    well(repo.cargo_e2e(&["down", "--host", &name]));
    up.leaves_nothing();
}

//! What a user of cargo and nextest expects of the tool itself: names that are nearly right, answers
//! for programs, defaults from outside, ports of another machine.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use e2e_tests::rust::into_package;
use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Ended, Host, Repo, conforms, wait_for};
use indoc::indoc;
use rustix::process::Signal;
use std::time::Duration;

fn repo(name: &str) -> Repo {
    let spec = format!("{WEB_IS_HEALTHY}ports: isolated\ntest_command: 'true'\n");
    Repo::new(name).compose(WEB).spec(&spec)
}

#[track_caller]
fn says(ended: &Ended, code: i32, text: &str) {
    assert_eq!(ended.code, Some(code), "{ended}");
    assert!(ended.stderr.contains(text), "{ended}");
}

#[test]
fn what_is_nearly_right_is_told() {
    let repo = repo("nearly");
    for (words, code, text) in [
        (&["pln"][..], 2, "did you mean `cargo e2e plan`?"),
        (&["man", "plam"], 2, "did you mean `plan`?"),
        (&["plan", "--host", ""], 2, "give `local`, an ssh alias"),
        (&["list", "--host", ""], 2, "give `local`, an ssh alias"),
        (&["down", "--host", ""], 2, "give `local`, an ssh alias"),
        (
            &["list", "--host", "railiance1"],
            97,
            "did you mean `railiance01`?",
        ),
        (
            &["history", "--repo", "nosuch"],
            2,
            "no runs of a repo `nosuch` are recorded",
        ),
        (
            &["--release"],
            2,
            "--release is for Cargo's test targets, but ",
        ),
        (
            &["plan", "--manifest-path", "x/Cargo.toml"],
            2,
            "there is no such file",
        ),
    ] {
        says(&repo.cargo_e2e(words), code, text);
    }
    repo.run(Host::Local, &[]).ended(0, "passed");
    let slug = repo.slug();
    let near = repo.cargo_e2e(&["history", "--repo", &format!("{slug}x")]);
    says(&near, 2, &format!("did you mean `{slug}`?"));
    let repo = repo.spec("test_command: 'true'\nservices: [wbe]\n");
    says(&repo.cargo_e2e(&["check"]), 96, "did you mean `web`?");
    let ran = repo.run(Host::Local, &[]);
    ran.ended(96, "spec_error")
        .stderr_has("did you mean `web`?");
}

#[test]
fn a_host_that_is_empty_in_a_variable_is_none() {
    let repo = repo("no-host").env("CARGO_E2E_HOST", "");
    let planned = repo.cargo_e2e(&["plan"]);
    assert_eq!(planned.code, Some(0), "{planned}");
    let line = "host        local (nothing names another)\n";
    assert!(planned.stdout.contains(line), "{planned}");
    says(&repo.cargo_e2e(&["down"]), 0, " on local\n");
}

#[test]
fn outside_a_repo_words_that_are_no_ids_are_said_to_be_none() {
    // With a sandbox of another test, its services would be meant.
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path().display().to_string();
    let repo = Repo::without_git("nowhere").env("CARGO_E2E_ROOT", &root);
    let logs = repo.cargo_e2e(&["logs", "web", "db", "--host", "local"]);
    says(&logs, 2, "error: not an id or service: `web`\n");
    let logs = repo.cargo_e2e(&["logs", "web", "--host", "local"]);
    says(&logs, 2, "error: not in a repo: give a sandbox id\n");
}

#[test]
fn the_cache_of_tests_on_this_machine_is_below_that_of_its_user() {
    let spec = "tests_run_on: client\ntest_command: echo \"at $E2E_CACHE\"\n";
    let folder = tempfile::tempdir().expect("a folder");
    let caches = folder.path().display().to_string();
    let repo = Repo::new("cache")
        .compose(WEB)
        .spec(spec)
        .env("XDG_CACHE_HOME", &caches);
    let ran = repo.run(Host::Dev, &[]);
    let at = format!("at {caches}/cargo-e2e/tests/{}\n", repo.slug());
    ran.ended(0, "passed").stdout_has(&at);
    ran.stage_says("ready", "no health checks defined");
}

#[test]
fn what_is_not_typed_comes_from_the_environment_then_from_the_configuration() {
    let config = "# mine\nhost = 'nowhere.invalid'\nkeep-for = '2h'\nstrict = true\n";
    let repo = repo("defaults").file("config/cargo-e2e/config.toml", config);
    let folder = repo.path("config").display().to_string();
    let file = format!("{folder}/cargo-e2e/config.toml");
    // A folder of its own, or `down --all` would take the sandboxes of other tests.
    let root = tempfile::tempdir().expect("a folder");
    let repo = repo
        .env("XDG_CONFIG_HOME", &folder)
        .env("CARGO_E2E_ROOT", &root.path().display().to_string());
    let planned = |repo: &Repo, words: &[&str]| {
        let planned = repo.cargo_e2e(&[&["plan"], words].concat());
        assert_eq!(planned.code, Some(0), "{planned}");
        planned.stdout
    };
    let text = planned(&repo, &[]);
    let line = format!("host        nowhere.invalid ({file}:2)\n");
    assert!(text.contains(&line), "{text}");
    assert!(planned(&repo, &["--host", "local"]).contains("local (--host)"));

    // One of two that exclude each other is typed: it sets the other aside.
    let repo = repo
        .env("CARGO_E2E_HOST", "local")
        .env("CARGO_E2E_KEEP", "true")
        .env("CARGO_E2E_NEXTEST", "1")
        .env("CARGO_TERM_QUIET", "true");
    let kept = repo.run_and_keep(Host::Local, &["--keep-on-failure"]);
    kept.ended(0, "passed").leaves_nothing();
    kept.stderr_lacks("Passed");
    let ended = repo.cargo_e2e(&["down", "--all", "--format", "json"]);
    let _ = conforms("down", &ended);

    let wrong = repo.env("CARGO_E2E_KEEP", "maybe");
    says(
        &wrong.cargo_e2e(&["plan"]),
        2,
        "CARGO_E2E_KEEP: give `true` or `false`",
    );
    std::fs::write(&file, "keep = true\nkep = 1\n").expect("it is the test's own");
    let help = format!("{file}:2: unknown key `kep`\n  help: did you mean `keep`?");
    says(&wrong.cargo_e2e(&["plan"]), 2, &help);
}

#[test]
fn answers_for_programs_are_as_their_schemas_say() {
    let repo = repo("answers");
    let root = tempfile::tempdir().expect("a folder");
    let repo = repo.env("CARGO_E2E_ROOT", &root.path().display().to_string());
    let up = repo.run_and_keep(Host::Local, &["up"]);
    let asked = |command: &str| {
        let words = match command {
            "history" => vec!["history", "--json"],
            "check" | "plan" => vec![command, "--format", "json"],
            _ => vec![command, "--format", "json", "--host", "local"],
        };
        conforms(command, &repo.cargo_e2e(&words))
    };
    let listed = &asked("list")["sandboxes"][0];
    assert_eq!(listed["run_id"], up.run_id());
    assert_eq!(
        (&listed["state"], &listed["running"]),
        (&"kept".into(), &1.into())
    );
    let planned = &asked("plan")["plans"][0];
    assert_eq!(planned["tests"]["command"], "true");
    assert_eq!(asked("check")["specs"][0]["ok"], true);
    assert_eq!(asked("doctor")["ok"], true);
    asked("history");

    // Completions know what is there.
    let values = |words: &[&str]| {
        repo.cargo_e2e(&[&["complete", "--"], words].concat())
            .stdout
    };
    let end = &up.run_id()[18..];
    assert_eq!(
        values(&["logs", "--host", "local", ""]),
        format!("web\n{end}\n")
    );
    assert_eq!(values(&["down", "--host", "local", ""]), format!("{end}\n"));
    assert!(values(&["plan", "--host", "rail"]).contains("railiance01\n"));

    let nothing = repo.cargo_e2e(&["forward", "--host", "local"]);
    says(&nothing, 0, "nothing to forward");
    assert_eq!(asked("down")["removed"][0]["run_id"], up.run_id());
    up.leaves_nothing();

    let wrong = repo.file("e2e/e2e.yml", "name: SLUG\n");
    let ended = wrong.cargo_e2e(&["check", "--format", "json"]);
    assert_eq!(ended.code, Some(96), "{ended}");
    assert_eq!(ended.stderr, "", "{ended}");
    assert!(conforms("check", &ended)["specs"][0]["errors"][0]["message"].is_string());
}

#[test]
fn ports_of_another_host_come_here() {
    let repo = repo("forward");
    let up = repo.run_and_keep(Host::Dev, &["up"]);
    let mut command = repo.command();
    command.args(["forward", "--host", &Host::Dev.name()]);
    let mut forward = e2e_tests::Running::start(command, None);
    forward.prints("until Ctrl-C");
    let env = repo.cargo_e2e(&["env", "--format", "json", "--host", &Host::Dev.name()]);
    let all: serde_json::Value = serde_json::from_str(&env.stdout).expect("it is JSON");
    let address = all["E2E_WEB_8080"]
        .as_str()
        .expect("it is published")
        .to_owned();
    let page = || {
        let mut stream = TcpStream::connect(&address).ok()?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
        let mut page = String::new();
        stream.read_to_string(&mut page).ok()?;
        Some(page)
    };
    wait_for("the page", Duration::from_secs(20), || {
        page().is_some_and(|page| page.contains("hello"))
    });
    forward.signal(Signal::INT);
    let ended = forward.finish(Duration::from_mins(1));
    assert_eq!(ended.code, Some(130), "{ended}");
    assert!(
        ended.stdout.contains(&format!("web 8080  {address}\n")),
        "{ended}"
    );
    assert!(TcpStream::connect(&address).is_err(), "{ended}");

    // Killed, it takes along what somebody holds open through it.
    let mut command = repo.command();
    command.args(["forward", "--host", &Host::Dev.name()]);
    let mut forward = e2e_tests::Running::start(command, None);
    forward.prints("until Ctrl-C");
    let held = TcpStream::connect(&address).expect("it is forwarded");
    forward.signal(Signal::KILL);
    let _ = forward.finish(Duration::from_mins(1));
    wait_for("the end of its connection", Duration::from_secs(30), || {
        TcpStream::connect(&address).is_err()
    });
    drop(held);
    let down = repo.cargo_e2e(&["down", "--host", &Host::Dev.name()]);
    assert_eq!(down.code, Some(0), "{down}");
    up.leaves_nothing();
}

#[test]
fn cargos_flags_reach_the_test_targets() {
    let manifest = indoc! {r#"
        [features]
        more = []
        [dev-dependencies]
        e2e-harness = "0.1.0"
        [[test]]
        name = "e2e"
        harness = false
    "#};
    let tests = indoc! {r#"
        #[e2e_harness::test]
        fn has_the_feature() {
            assert!(cfg!(feature = "more"));
        }
        e2e_harness::main!();
    "#};
    let repo = into_package(repo_of_targets("cargo-flags"), manifest, tests);
    let here = repo.run(Host::Local, &["-F", "more", "--offline"]);
    here.ended(0, "passed");
    let manifest = repo.path("Cargo.toml").display().to_string();
    let planned = repo.command_in("e2e", &["plan", "--manifest-path", &manifest]);
    assert!(planned.stdout.contains("e2e of fixture"), "{planned}");
    repo.run(Host::Local, &[]).ended(100, "failed");
    let locked = repo.run(Host::Local, &["-F", "nosuch"]);
    locked.ended(101, "build_failed").stderr_has("nosuch");
}

fn repo_of_targets(name: &str) -> Repo {
    Repo::new(name).compose(WEB).spec(WEB_IS_HEALTHY)
}

#[test]
fn a_build_that_copies_what_git_ignores_says_so() {
    let repo = Repo::new("ignored-copy")
        .compose("services: {web: {build: ../web}}\n")
        .spec("test_command: 'true'\n")
        .file("web/Dockerfile", "FROM BUSYBOX\nCOPY dist/app /app\n")
        .file("web/dist/app", "x\n")
        .gitignore("dist/\n");
    let checked = repo.cargo_e2e(&["check"]);
    says(
        &checked,
        0,
        "web/Dockerfile copies web/dist/app, which git ignores",
    );
    says(
        &checked,
        0,
        "`sync: {include: [web/dist/app]}` in e2e.yml sends it",
    );
    let ran = repo.run(Host::Local, &[]);
    // Older engines name the folder alone.
    ran.ended(98, "up_failed").stderr_has(
        "exists here, but git ignores it, so it is not sent: `sync: {include: [web/dist",
    );
}

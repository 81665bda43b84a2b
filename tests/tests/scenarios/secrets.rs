//! Secrets reach what needs them, and are shown nowhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e_tests::{Host, Ran, Repo, here_and_over_ssh, hub_for_one, wait_for};
use indoc::{formatdoc, indoc};
use rustix::process::Signal;

const SECRET: &str = "pa$$'s-&wörd/of+mine";

/// A stack whose secrets come from every place that is looked at.
const STACK: &str = indoc! {"
    services:
      web:
        image: BUSYBOX
        command: [sh, -c, 'echo key is $$KEY, not ${REDIS_PASSWORD}; sleep 600']
        environment:
          KEY: ${DEPLOY_KEY}
          DB_PASSWORD: in-the-file
          URL: postgres://me:in-the-url@db/
"};

/// What of them must stand nowhere.
const NEEDLES: [&str; 8] = [
    SECRET,
    "pa$$$$'s",
    "in-the-file",
    "in-the-url",
    "in-dotenv",
    "in-env-file",
    "wörd",
    "d29yZC9vZittaW5l",
];

/// A repo with that stack.
fn secretive(name: &str) -> Repo {
    Repo::new(name)
        .compose(STACK)
        .file("e2e/.env", "REDIS_PASSWORD=in-dotenv\n")
        .file("more.env", "A_TOKEN='in-env-file'\n")
        .env("DEPLOY_KEY", SECRET)
}

/// All files below a folder that hold these bytes, but artifacts.
fn holding(folder: &Path, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            if entry.file_name() != "artifacts" {
                found.extend(holding(&path, needle));
            }
        } else {
            let bytes = fs::read(&path).expect("readable");
            if String::from_utf8_lossy(&bytes).contains(needle) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// Checks all that a run leaves on this machine, and all that it says.
#[track_caller]
fn shown_nowhere(repo: &Repo, ran: &Ran<'_>) {
    let output = ran.output();
    for needle in NEEDLES {
        for folder in [ran.bundle(), &repo.state()] {
            assert_eq!(holding(folder, needle), Vec::<String>::new(), "{needle}");
        }
        let printed = [&output.stdout, &output.stderr];
        assert!(
            !printed.iter().any(|text| text.contains(needle)),
            "{output}"
        );
    }
}

#[test]
fn a_secret_reaches_stack_setup_and_tests_and_is_masked_everywhere() {
    // The tests look for it in the command lines of all processes and the labels of all containers,
    // and print it in two pieces.
    let test = r#"set -e
printf '%s\n' "$DEPLOY_KEY" >"$E2E_ARTIFACTS/needle"
cat "$E2E_ARTIFACTS/setup"
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -cFf "$E2E_ARTIFACTS/needle" >"$E2E_ARTIFACTS/argv" || true
docker ps -q | xargs docker inspect --format '{{json .Config.Labels}}' | grep -cFf "$E2E_ARTIFACTS/needle" >"$E2E_ARTIFACTS/labels" || true
rest=${DEPLOY_KEY#pa}
printf 'the key: pa'; sleep 0.5; printf '%s, in base64: ' "$rest"
printf 'u:%s' "$DEPLOY_KEY" | base64
cat more.env
exit 3
"#;
    let (url, hub) = hub_for_one();
    let repo = secretive("secrets")
        .spec(
            "secrets: [DEPLOY_KEY, PIN]\nenv_files: [more.env, e2e/.env]\n\
             setup_command: printf %s \"$DEPLOY_KEY\" | cksum | tee $E2E_ARTIFACTS/setup; echo $DEPLOY_KEY\n\
             test_command: sh test.sh\n",
        )
        .file("test.sh", test)
        .file("summary.md", "")
        .gitignore("summary.md\n")
        .env("PIN", "123")
        .env("STATE_HUB_URL", &url)
        .env("GITHUB_ACTIONS", "true");
    let summary = repo.path("summary.md");
    let repo = repo.env(
        "GITHUB_STEP_SUMMARY",
        summary.to_str().expect("a plain path"),
    );
    let ran = repo.run(Host::Root, &["-v"]);
    ran.ended(100, "failed")
        .stderr_has("secret PIN is shorter than 4 characters: it is not masked")
        .stdout_has("the key: ***, in base64: ")
        .file_has("logs/web.log", "key is ***")
        .file_has("setup-output.log", "***");
    let artifact = |name: &str| ran.file(&format!("artifacts/{name}"));
    assert_eq!(artifact("needle"), format!("{SECRET}\n"));
    assert_eq!(
        (artifact("argv").trim(), artifact("labels").trim()),
        ("0", "0")
    );
    shown_nowhere(&repo, &ran);
    ran.stdout_has("::error ");
    let told = [
        hub.join().expect("it took the record"),
        fs::read_to_string(&summary).expect("it was written"),
    ];
    for text in told {
        assert!(text.contains(repo.slug()), "{text}");
        assert!(
            !NEEDLES.iter().any(|needle| text.contains(needle)),
            "{text}"
        );
    }
    ran.file_has("compose.json", "\"DB_PASSWORD\": \"***\"")
        .file_has("logs/web.log", "not ***");

    // Nobody takes the record any more: it waits.
    let ran = repo.run(Host::Root, &["--message-format", "json"]);
    ran.ended(100, "failed")
        .stdout_has("the key: ***, in base64: ");
    shown_nowhere(&repo, &ran);
}

/// A repo whose evidence comes whole, in a transfer that does not end while a file is there.
fn held_in_collect() -> (Repo, PathBuf) {
    let path = std::env::var("PATH").expect("a path");
    let rsync = formatdoc!(
        r#"
            #!/bin/sh
            PATH='{path}'
            case "$*" in
              */collected/\ *) ;;
              *) exec rsync "$@" ;;
            esac
            rsync "$@"
            : >"$HELD"
            while [ -e "$HELD" ]; do sleep 0.1; done
        "#
    );
    let told = format!(
        r#"{{"event":"test_ended","test":"a","attempt":1,"status":"failed","duration_ms":1,"message":{},"at":"2026-11-22T10:00:00Z"}}"#,
        serde_json::Value::from(format!("not {SECRET}"))
    );
    let repo = secretive("cut-secrets")
        .spec(
            "secrets: [DEPLOY_KEY]\ntests_run_on: client\n\
             test_command: cat told.jsonl >>\"$E2E_EVENTS\"; cat e2e/.env; exit 3\n",
        )
        .file("told.jsonl", &format!("{told}\n"))
        .executable("bin/rsync", &rsync);
    let held = repo.root().with_extension("held");
    let own = format!("{}:{path}", repo.path("bin").display());
    let repo = repo
        .env("PATH", &own)
        .env("HELD", held.to_str().expect("a plain path"));
    (repo, held)
}

here_and_over_ssh! {
    fn what_a_run_leaves_that_is_cut_short_is_masked_too(host) {
        let (repo, held) = held_in_collect();
        let mut run = repo.start(host, &[]);
        wait_for("the evidence", Duration::from_mins(1), || held.exists());
        let journals = repo.state().join("cargo-e2e/runs");
        for needle in NEEDLES {
            assert_eq!(holding(&journals, needle), Vec::<String>::new(), "{needle}");
        }
        run.signal(Signal::INT);
        // Sooner it would be the same key press.
        std::thread::sleep(Duration::from_millis(400));
        run.signal(Signal::INT);
        let ran = run.finish();
        let _ = fs::remove_file(&held);
        ran.leaves_nothing();
        ran.ended(130, "interrupted").stage("collect", "interrupted");
        shown_nowhere(&repo, &ran);
        ran.file_has("logs/web.log", "key is ***, not ***")
            .file_has("events.jsonl", "not ***")
            .file_has("report.html", "not ***");
    }
}

#[test]
fn what_a_killed_run_could_not_mask_is_not_kept() {
    let (repo, held) = held_in_collect();
    let mut run = repo.start(Host::Local, &[]);
    wait_for("the evidence", Duration::from_mins(1), || held.exists());
    let id = run.run_id();
    run.signal(Signal::KILL);
    fs::remove_file(&held).expect("it is held still");
    let ran = run.finish();
    wait_for("its guard", Duration::from_mins(1), || {
        ran.left_by_a_killed_client().is_empty()
    });
    let told = repo.cargo_e2e(&["report"]);
    assert_eq!(told.code, Some(0), "{told}");
    assert!(repo.stored(&id).is_some(), "{told}");
    assert!(ran.bundle().join("report.html").exists(), "{told}");
    shown_nowhere(&repo, &ran);
}

#[test]
fn nor_what_a_killed_up_could_not_mask() {
    let (repo, held) = held_in_collect();
    let mut run = repo.start(Host::Local, &["up"]);
    wait_for("the evidence", Duration::from_mins(1), || held.exists());
    let id = run.run_id();
    run.signal(Signal::KILL);
    fs::remove_file(&held).expect("it is held still");
    let ran = run.finish();
    assert!(
        !holding(ran.bundle(), "in-dotenv").is_empty(),
        "it held what is not masked"
    );
    wait_for("its guard", Duration::from_mins(1), || {
        ran.left_by_a_killed_client().is_empty()
    });
    // Whichever command of this user comes next, in whichever repo.
    let told = repo.cargo_e2e(&["report"]);
    assert_eq!(told.code, Some(0), "{told}");
    assert!(told.stderr.contains(&format!("run {id} of")), "{told}");
    shown_nowhere(&repo, &ran);
    ran.file_has("report.html", "killed");
    // It is no run of tests: no part of the repo's history.
    assert!(repo.stored(&id).is_none(), "{told}");
    let journals = fs::read_dir(repo.state().join("cargo-e2e/runs")).expect("a folder");
    assert_eq!(journals.count(), 0);
}

#[test]
fn a_secret_that_is_not_set_ends_the_run_before_it_begins() {
    let repo = Repo::new("no-secret")
        .compose("services: {web: {image: BUSYBOX}}")
        .spec("test_command: 'true'\nsecrets: [NOT_SET_ANYWHERE]\n");
    let ran = repo.run(Host::Named("nowhere.invalid"), &[]);
    ran.ended(96, "spec_error")
        .stage_says("plan", "NOT_SET_ANYWHERE")
        .stderr_has("`secrets` names NOT_SET_ANYWHERE, which is not set in this environment");
}

//! Secrets reach what needs them, and are shown nowhere.

use std::fs;
use std::path::Path;

use e2e_tests::{Host, Repo};

const SECRET: &str = "pa$$'s-&wörd/of+mine";

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
exit 3
"#;
    let repo = Repo::new("secrets")
        .compose(
            "services:\n  web:\n    image: BUSYBOX\n    command: [sh, -c, 'echo key is $$KEY; sleep 600']\n    \
             environment:\n      KEY: ${DEPLOY_KEY}\n      DB_PASSWORD: in-the-file\n      \
             URL: postgres://me:in-the-url@db/\n",
        )
        .spec(
            "secrets: [DEPLOY_KEY, PIN]\n\
             setup_command: printf %s \"$DEPLOY_KEY\" | cksum | tee $E2E_ARTIFACTS/setup; echo $DEPLOY_KEY\n\
             test_command: sh test.sh\n",
        )
        .file("test.sh", test)
        .env("DEPLOY_KEY", SECRET)
        .env("PIN", "123");
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
    let output = ran.output();
    for needle in [
        SECRET,
        "pa$$$$'s",
        "in-the-file",
        "in-the-url",
        "wörd",
        "d29yZC9vZittaW5l",
    ] {
        assert_eq!(
            holding(ran.bundle(), needle),
            Vec::<String>::new(),
            "{needle}"
        );
        assert!(
            !output.stdout.contains(needle) && !output.stderr.contains(needle),
            "{output}"
        );
    }
    ran.file_has("compose.json", "\"DB_PASSWORD\": \"***\"");
}

#[test]
fn a_secret_that_is_not_set_ends_the_run_before_it_begins() {
    let repo = Repo::new("no-secret")
        .compose("services: {web: {image: BUSYBOX}}")
        .spec("test_command: 'true'\nsecrets: [NOT_SET_ANYWHERE]\n");
    let ran = repo.run(Host::Named("nowhere.invalid"), &[]);
    ran.refused(2)
        .stderr_has("`secrets` names NOT_SET_ANYWHERE, which is not set in this environment");
}

//! The rewrite over what well-known stacks do (tests/corpus), with the real `docker compose`: what
//! comes out validates, keeps every service, shares nothing by accident, and reading it again
//! changes nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::compose::strict::Judge;
use crate::compose::{Rewritten, external, places, risks};
use crate::spec::Ports;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::invariants_tests::{PROJECT, check, isolated};

fn corpus() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus");
    folder.canonicalize().expect("the corpus is there")
}

/// Each stack's files.
fn stacks() -> Vec<(String, Vec<PathBuf>)> {
    stacks_in(&corpus())
}

fn stacks_in(folder: &Path) -> Vec<(String, Vec<PathBuf>)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the corpus is there")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "yml"))
        .collect();
    files.sort();
    let (more, first): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|path| path.to_string_lossy().ends_with(".override.yml"));
    first
        .into_iter()
        .map(|file| {
            let name = file
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let over = file.with_extension("override.yml");
            let files = [
                vec![file],
                more.iter().filter(|path| **path == over).cloned().collect(),
            ];
            (name, files.concat())
        })
        .collect()
}

fn config(files: &[PathBuf], more: &[&str]) -> Value {
    let mut command = Command::new("docker");
    command.args(["compose", "-p", PROJECT]);
    for file in files {
        command.arg("-f").arg(file);
    }
    command.args(more).args(["config", "--format", "json"]);
    let output = command
        .env("COMPOSE_DISABLE_ENV_FILE", "1")
        .env("CORPUS_TOKEN", "token")
        .output()
        .expect("`docker compose` is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{files:?} {more:?}: {said}");
    serde_json::from_slice(&output.stdout).expect("a model")
}

/// The model as Compose reads it from the file that `up` gets.
fn again(rewritten: &Value) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("compose.json");
    std::fs::write(&file, rewritten.to_string()).expect("writable");
    let mut model = config(&[file], &[]);
    // The one thing that Compose can't read as it wrote it.
    for service in model["services"]
        .as_object_mut()
        .expect("services")
        .values_mut()
    {
        if service.get("memswap_limit") == Some(&json!("-1")) {
            service["memswap_limit"] = json!(-1);
        }
    }
    model
}

#[test]
fn every_stack_survives_the_rewrite() {
    let stacks = stacks();
    assert!(stacks.len() >= 60, "{} stacks", stacks.len());
    let mut wrong = Vec::new();
    for (name, files) in &stacks {
        let variants: [(&[&str], _); 2] = [(&[], (20, 10)), (&["--profile", "*"], (25, 0))];
        for (profiles, engine) in variants {
            let mut model = config(files, profiles);
            places::make_devices_absolute(&mut model, &corpus().to_string_lossy());
            let once = isolated(&model, engine);
            if let Err(why) = check(&model, &once) {
                wrong.push(format!("{name}: {why}"));
            }
            let read = again(&once.model);
            if let Some(difference) = difference("", &once.model, &read) {
                wrong.push(format!(
                    "{name} is read again as something else: {difference}"
                ));
            }
            let twice = isolated(&read, engine).model;
            if let Some(difference) = difference("", &read, &twice) {
                wrong.push(format!("{name} is rewritten again: {difference}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn init_check_and_plan_say_of_every_stack_what_is_expected() {
    let mut page = "# What `init`, `check` and `plan` say of each stack\n\n\
        `E2E_BLESS=1 cargo test -p cargo-e2e --lib expected` writes this page anew; read \
        what changed. Ports are as `init` leaves them. A finding stands here by its first sentence.\n"
        .to_owned();
    let refused = stacks_in(&corpus().join("refused"));
    let mut elsewhere: Vec<String> = Vec::new();
    for (title, stacks) in [("sound", stacks()), ("refused", refused)] {
        let _ = writeln!(page, "\n# Stacks that are {title}");
        let sections = stacks.into_iter().map(|(name, files)| async move {
            super::expected_tests::section(&corpus(), &name, &files).await
        });
        let sections: Vec<String> = futures_util::stream::iter(sections)
            .buffered(4)
            .collect()
            .await;
        let is_refused = |section: &&String| section.contains("refused");
        let is_elsewhere = |section: &&String| is_refused(section) != (title == "refused");
        elsewhere.extend(sections.iter().filter(is_elsewhere).cloned());
        page.extend(sections);
    }
    assert!(elsewhere.is_empty(), "{}", elsewhere.concat());
    let file = corpus().join("EXPECTED.md");
    if std::env::var_os("E2E_BLESS").is_some() {
        std::fs::write(&file, &page).expect("writable");
    }
    let expected = std::fs::read_to_string(&file).expect("the page is there");
    let differs = page
        .lines()
        .zip(expected.lines())
        .find(|(new, old)| new != old);
    assert!(
        page == expected,
        "{differs:?}; E2E_BLESS=1 writes {} anew",
        file.display()
    );
}

fn model(name: &str) -> Value {
    let mut files = vec![corpus().join(format!("{name}.yml"))];
    files.retain(|file| file.is_file());
    config(&files, &[])
}

fn rewritten(name: &str) -> Rewritten {
    isolated(&model(name), (20, 10))
}

#[test]
fn what_cant_be_isolated_is_named() {
    for (stack, texts) in [
        ("traefik", &["docker.sock", "network proxy is external"][..]),
        ("redis-sentinel", &["172.28.0.0/16"]),
        (
            "host-network",
            &["exporter: network_mode", "exporter: pid", "exporter: uts"],
        ),
        ("external", &["network front", "volume data"]),
        ("prometheus", &["cadvisor: it is privileged"]),
    ] {
        let mut shared = risks::risks(&model(stack), "/", Ports::Declared);
        shared.extend(rewritten(stack).shared);
        for text in texts {
            let named = shared.iter().any(|shared| shared.text.contains(text));
            assert!(named, "{stack}: {text} is not in {shared:?}");
        }
    }
    let externals = external::externals(&rewritten("external").model);
    let names: Vec<String> = externals.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["network company_front", "volume data"]);
}

#[test]
fn strict_refuses_the_stacks_that_reach_beyond_their_sandbox_and_no_other() {
    let folder = corpus();
    let root = folder.to_str().expect("text");
    let judge = Judge {
        root,
        here: &folder,
        ports: Ports::Isolated,
        allow: &[],
    };
    let mut refused = BTreeMap::new();
    for (name, files) in stacks() {
        let mut model = config(&files, &[]);
        places::make_devices_absolute(&mut model, root);
        let found = judge.model(&model);
        let risks = risks::risks(&model, root, Ports::Isolated);
        assert!(risks.len() <= found.len(), "{name}: {risks:?} {found:?}");
        if !found.is_empty() {
            refused.insert(name, found);
        }
    }
    let names: Vec<&str> = refused.keys().map(String::as_str).collect();
    let bold = [
        "build-contexts",
        "commands",
        "deploy",
        "dns",
        "elastic",
        "external",
        "gitlab",
        "gpu",
        "gpus",
        "hardened",
        "hooks",
        "host-network",
        "localstack",
        "php-fpm",
        "prometheus",
        "supabase",
        "traefik",
        "vault",
        "vpn",
    ];
    assert_eq!(names, bold, "{refused:#?}");
}

#[test]
fn what_is_advertised_is_named_unless_it_follows() {
    for (stack, text) in [
        ("kafka", "${E2E_KAFKA_9092:-localhost:9092}"),
        ("keycloak", "api: OIDC_ISSUER"),
        ("vault", "VAULT_API_ADDR"),
        ("n8n", "${E2E_N8N_5678:-localhost:5678}"),
        ("prometheus", "prometheus: command"),
    ] {
        let notes = rewritten(stack).notes;
        assert!(
            notes.iter().any(|note| note.contains(text)),
            "{stack}: {notes:?}"
        );
    }
    let files = [corpus().join("kafka-own-ports.yml")];
    let mut model = config(&files, &[]);
    assert_eq!(
        isolated(&model, (20, 10)).notes.len(),
        1,
        "its default is for people"
    );
    model["services"]["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"] =
        json!("IN://kafka:29092,OUT://127.0.0.1:20000");
    assert!(isolated(&model, (20, 10)).notes.is_empty());
}

/// The first place where two models differ.
fn difference(at: &str, one: &Value, other: &Value) -> Option<String> {
    match (one, other) {
        (Value::Object(left), Value::Object(right)) => {
            let mut keys = left.keys().chain(right.keys());
            keys.find_map(|key| {
                // An empty definition is the same as none.
                let empty = |value: Option<&Value>| {
                    value.is_none_or(|value| value.is_null() || *value == json!({}))
                };
                match (left.get(key), right.get(key)) {
                    (Some(left), Some(right)) => difference(&format!("{at}.{key}"), left, right),
                    (left, right) if empty(left) && empty(right) => None,
                    (left, right) => Some(format!("{at}.{key}: {left:?} and {right:?}")),
                }
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => left
            .iter()
            .zip(right)
            .enumerate()
            .find_map(|(index, (left, right))| difference(&format!("{at}[{index}]"), left, right)),
        _ if one == other => None,
        _ => Some(format!("{at}: {one} and {other}")),
    }
}

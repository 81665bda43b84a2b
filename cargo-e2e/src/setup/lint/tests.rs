//! Repos with each habit, and what is said of it.

use std::path::Path;

use indoc::indoc;
use serde_json::json;

use super::*;
use crate::plan::{HostVariables, Options};
use crate::repo::workspace::Repo;

const COMPOSE: &str = indoc! {"
    services:
      db:
        image: x
        ports: ['127.0.0.1:15432:5432']
      kafka:
        image: y
        environment:
          ADVERTISED: PLAINTEXT://localhost:19092
          GOOD: ${E2E_KAFKA_9092:-localhost:19092}
        healthcheck: {test: nc localhost:19092}
"};

/// What is said of a repo with these files, and these lines in its e2e.yml.
fn said(spec: &str, files: &[(&str, &str)]) -> Findings {
    let model = json!({"services": {
        "db": {"image": "x", "ports": [{"target": 5432, "published": "15432", "host_ip": "127.0.0.1"}]},
        "kafka": {"image": "y", "ports": [{"target": 9092, "published": "19092"}]},
    }});
    said_of(spec, files, &|_| model.clone())
}

fn texts(findings: &Findings) -> Vec<&str> {
    let warnings = findings.warnings.iter();
    warnings.map(|warning| warning.text.as_str()).collect()
}

/// The same of a stack; a function makes its model by the repo's root.
fn said_of(spec: &str, files: &[(&str, &str)], model: &dyn Fn(&str) -> Value) -> Findings {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let spec = format!("name: shop\n{spec}");
    let own = [("e2e/compose.yml", COMPOSE), ("e2e/e2e.yml", &*spec)];
    for (name, text) in own.iter().chain(files) {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let repo = Repo {
        spec_path: root.join("e2e/e2e.yml"),
        results_dir: root.join("e2e/results"),
        root,
        cargo: None,
        host: None,
    };
    let parsed = crate::spec::parse(Path::new("e2e/e2e.yml"), &spec).unwrap();
    let plan = Plan::new(repo, parsed, Options::default(), &HostVariables::default()).unwrap();
    lint(&plan, &model(&plan.repo.root.to_string_lossy()))
}

#[test]
fn isolated_ports_are_not_to_be_named_by_their_number() {
    let findings = said(
        indoc! {"
            ports: isolated
            health_checks:
              - {name: db, tcp: 'localhost:15432'}
            env:
              # localhost:15432 was here
              URL: postgres://localhost:15432/x
            test_command: pytest e2e tests/more && curl 127.0.0.1:19092/x
        "},
        &[
            ("e2e/tests/a.py", "ok = 1\nconnect('localhost:15432')\n"),
            (
                "e2e/tests/b.py",
                "environ.get('E2E_DB_5432', 'localhost:15432')\nurl = 'localhost:154321'\n",
            ),
            // Other files of `--spec`, whatever they are called.
            (
                "e2e/slow.yml",
                "name: shop\ntest_command: curl localhost:15432\n",
            ),
            ("e2e/README.md", "psql localhost:15432"),
            ("e2e/results/x/test-output.log", "localhost:15432"),
            ("tests/more/c.js", "fetch(`http://[::1]:15432`)"),
            ("src/main.rs", "localhost:15432"),
        ],
    );
    assert_eq!(findings.errors, Vec::<String>::new());
    assert_eq!(findings.notes, Vec::<String>::new());
    let own = "but each sandbox has its own port: use";
    assert_eq!(
        texts(&findings),
        [
            format!("e2e/tests/a.py:2 names localhost:15432, {own} E2E_DB_5432"),
            format!("tests/more/c.js:1 names [::1]:15432, {own} E2E_DB_5432"),
            format!("e2e/e2e.yml:7 names localhost:15432, {own} E2E_DB_5432"),
            format!("e2e/e2e.yml:8 names 127.0.0.1:19092, {own} E2E_KAFKA_9092"),
            "e2e/compose.yml:8: kafka names localhost:19092 in its environment; if that is for clients outside of its \
             container, write ${E2E_KAFKA_9092:-localhost:19092}"
                .to_owned(),
        ]
    );
}

#[test]
fn declared_ports_queue_and_one_line_changes_that_where_tests_are_ready() {
    let findings = said("test_command: pytest\n", &[]);
    assert_eq!(texts(&findings), Vec::<&str>::new());
    let [note] = findings.notes.as_slice() else {
        panic!("{findings:?}")
    };
    assert!(note.contains("wait for each other"), "{note}");
    assert!(!note.contains("help"), "{note}");

    let ready = ("e2e/tests/a.py", "\nenviron['E2E_DB_PORT']");
    let findings = said("test_command: pytest\n", &[ready]);
    let note = &findings.notes[0];
    assert!(
        note.contains("read E2E_DB_PORT already (e2e/tests/a.py:2): add the line `ports: isolated` to e2e/e2e.yml"),
        "{note}"
    );

    let findings = said("test_command: curl localhost:15432\n", &[ready]);
    let note = &findings.notes[0];
    assert!(
        note.contains("use E2E_DB_5432 for localhost:15432 too (e2e/e2e.yml:2), then add"),
        "{note}"
    );

    // Somebody chose it.
    let findings = said("ports: declared\ntest_command: pytest\n", &[ready]);
    assert!(!findings.notes[0].contains("help"), "{findings:?}");
    // Other variables hold no address.
    let findings = said("test_command: echo $E2E_RUN_ID $E2E_CACHE\n", &[]);
    assert!(!findings.notes[0].contains("help"), "{findings:?}");
}

#[test]
fn a_build_that_hides_its_failure_is_named() {
    let warned = |spec: &str| {
        let findings = said(&format!("test_command: pytest\n{spec}"), &[]);
        texts(&findings)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let piped = warned("build_command: make app | tee build.log\n");
    let [warning] = piped.as_slice() else {
        panic!("{piped:?}")
    };
    let start = "`build_command` may hide a failure of make: its status is tee's";
    assert!(warning.starts_with(start), "{warning}");
    assert!(!warning.contains("junit"), "{warning}");
    let passed_over = warned("build_command: make app || true\n");
    assert_eq!(
        passed_over,
        ["`build_command` ends with 0 even when make fails: remove `|| true`"]
    );
    let bash = "shell: bash\nbuild_command: make app | tee build.log\n";
    assert_eq!(warned(bash), Vec::<String>::new());
}

#[test]
fn results_of_earlier_runs_are_no_junit_files() {
    let spec = "test_command: pytest\njunit: [report.xml, ./e2e/results/**/junit.xml]\n";
    assert_eq!(
        said(spec, &[]).errors,
        [
            "`junit`: ./e2e/results/**/junit.xml names results of earlier runs, which never count: \
             name what the tests write"
        ]
    );
}

/// A stack whose service joins another's network, and reaches beyond the sandbox.
fn bold(spec: &str) -> Findings {
    let compose = "services:\n  db: {image: x, ports: ['5432:5432']}\n  app:\n    image: y\n    \
        network_mode: service:db\n    environment: {URL: 'postgres://localhost:5432/x'}\n    \
        volumes: ['../../shared:/shared', '/var/run/docker.sock:/var/run/docker.sock', '/srv/data:/data']\n";
    let model = |root: &str| {
        let shared = Path::new(root).parent().unwrap().join("shared");
        let bind = |source: &str| json!({"type": "bind", "source": source, "target": "/x"});
        json!({"services": {
            "db": {"image": "x", "ports": [{"target": 5432, "published": "5432"}]},
            "app": {
                "image": "y",
                "network_mode": "service:db",
                "container_name": "app",
                "cap_add": ["IPC_LOCK", "SYS_NICE", "SYS_PTRACE"],
                "environment": {"URL": "postgres://localhost:5432/x"},
                "volumes": [bind(&shared.to_string_lossy()), bind("/var/run/docker.sock"), bind("/srv/data")],
            },
        }})
    };
    let spec = format!("test_command: 'true'\nports: isolated\n{spec}");
    said_of(&spec, &[("e2e/compose.yml", compose)], &model)
}

#[test]
fn one_cause_is_warned_of_once() {
    let findings = bold("");
    assert_eq!(
        texts(&findings),
        [
            "app: /var/run/docker.sock gives it root on the host, and teardown does not remove its objects there",
            "app: it may write /srv/data on the host, outside the repo: all sandboxes share it",
        ]
    );
    let error = "e2e/compose.yml: app uses ../../shared, which is outside the repo and is not sent to a host";
    assert_eq!(findings.errors, [error]);
}

#[test]
fn what_is_accepted_is_not_warned_of() {
    let findings = bold("allow: [docker-socket]\n");
    let names: Vec<String> = findings
        .warnings
        .iter()
        .map(|one| one.lint.to_string())
        .collect();
    assert_eq!(names, ["outside-path"]);
    assert_eq!(
        texts(&bold("allow: [outside-path, docker-socket]\n")),
        Vec::<&str>::new()
    );
}

#[test]
fn an_entry_of_allow_that_accepts_nothing_is_warned_of() {
    let unused = "`allow` in e2e/e2e.yml names privileged, but there is no such warning: remove it";
    // `--strict` refuses the capabilities of which nothing is said.
    let allow =
        "allow: [docker-socket, outside-path, host-access, privileged, compose, unset-variable]\n";
    assert_eq!(texts(&bold(allow)), [unused]);
    let accepted = "allow: [docker-socket, outside-path, privileged, unused-allow]\n";
    assert_eq!(texts(&bold(accepted)), Vec::<&str>::new());
    // Without services that it could be about.
    let spec =
        "test_command: pytest\nports: isolated\nallow: [fixed-port, hidden-status, remote-file]\n";
    assert_eq!(
        said(spec, &[]).warnings.len(),
        4,
        "three, and the address that kafka tells: {:?}",
        said(spec, &[]).warnings
    );
}

#[test]
fn a_stack_that_a_script_starts_by_itself_is_named() {
    let other = |text: &'static str| [("other.yml", COMPOSE), ("ci/run.sh", text)];
    let spec = "test_command: bash ci/run.sh && pytest\n";
    let starts = other("cd \"$(dirname \"$0\")/..\"\ndocker compose -f other.yml up -d\npytest\n");
    let [warning] = &said(spec, &starts).warnings[..] else {
        panic!("{:?}", said(spec, &starts))
    };
    assert_eq!(warning.lint, Lint::OtherStack);
    let text = "`test_command` starts the stack of other.yml beside the sandbox";
    assert!(warning.text.starts_with(text), "{}", warning.text);
    for silent in [
        // The sandbox's own, by the variable that tests see.
        "docker compose up -d\n",
        "f=${COMPOSE_FILE:-other.yml}\ndocker compose -f \"$f\" up -d\n",
        "docker compose -f e2e/compose.yml up -d\n",
        // One of two ways.
        "if [ \"$X\" ]; then docker compose -f other.yml up; else docker compose up; fi\n",
        "docker compose -f $1 up -d\n",
        "docker compose -f other.yml down\n",
    ] {
        let findings = said(spec, &other(silent));
        assert_eq!(texts(&findings), Vec::<&str>::new(), "{silent}");
    }
    // The same file by another name.
    let own = other("docker compose -f e2e/compose.yml up -d\n");
    let spec = format!("compose_file: ./e2e/compose.yml\n{spec}");
    assert_eq!(texts(&said(&spec, &own)), Vec::<&str>::new());
}

#[test]
fn a_script_is_read_also_where_its_path_begins_with_a_dot() {
    let files = [("scripts/e2e.sh", "curl localhost:15432\n")];
    let found = said("ports: isolated\ntest_command: ./scripts/e2e.sh\n", &files);
    assert!(
        texts(&found)
            .iter()
            .any(|text| text.contains("scripts/e2e.sh:1")),
        "{found:?}"
    );
}

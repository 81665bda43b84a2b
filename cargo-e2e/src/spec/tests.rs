//! What a person sees, whole, and each class of mistake with its place.

mod health_checks;
mod mistakes;
mod properties;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use indoc::indoc;

use super::{
    Cleanup, Flaky, HealthCheck, Ports, Pull, RegistryAuth, Side, Spec, SpecErrors, parse,
};
use crate::probe::{Exec, Http, Probe, Tcp};

const PATH: &str = "activity-core/e2e/e2e.yml";
/// The smallest file, two lines.
const MIN: &str = "name: shop\ntest_command: pytest\n";

#[track_caller]
fn good(text: &str) -> Spec {
    parse(Path::new(PATH), text).unwrap_or_else(|errors| panic!("refused:\n{errors}"))
}

#[track_caller]
fn bad(text: impl AsRef<[u8]>) -> SpecErrors {
    match parse(Path::new(PATH), text) {
        Ok(spec) => panic!("accepted: {spec:?}"),
        Err(errors) => errors,
    }
}

#[test]
fn smallest_file_and_defaults() {
    let spec = good(MIN);
    let expected = Spec {
        name: "shop".to_owned(),
        compose_file: vec!["e2e/compose.yml".to_owned()],
        health_checks: Vec::new(),
        test_command: Some("pytest".to_owned()),
        shell: Vec::new(),
        test_service: None,
        timeout: Duration::from_mins(5),
        retries: 0,
        flaky: Flaky::Pass,
        cleanup: Cleanup::Always,
        tests_run_on: None,
        ports: None,
        env: Vec::new(),
        build_command: None,
        prepare_command: None,
        setup_command: None,
        entrypoint: None,
        images: Vec::new(),
        sync: super::fields::Sync::default(),
        artifacts: Vec::new(),
        junit: Vec::new(),
        profiles: Vec::new(),
        services: Vec::new(),
        pull: Pull::Missing,
        registry_auth: RegistryAuth::Host,
        env_files: Vec::new(),
        secrets: Vec::new(),
        allow: Vec::new(),
        need: super::Need::default(),
        timeouts: super::fields::Timeouts::default(),
        report: super::Report::default(),
    };
    assert_eq!(spec, expected);
}

#[test]
fn retries_are_few_and_whole() {
    assert_eq!(good(&format!("{MIN}retries: 2\nflaky: fail\n")).retries, 2);
    for written in ["-1", "11", "1.5", "'2'", "two"] {
        let errors = bad(format!("{MIN}retries: {written}\n")).to_string();
        assert!(errors.contains("a whole number from 0 to 10"), "{errors}");
    }
}

#[test]
fn a_shell_is_a_name_or_words() {
    let words = |written: &str| good(&format!("{MIN}shell: {written}\n")).shell;
    assert_eq!(words("bash"), ["bash"]);
    assert_eq!(words("bash -c"), ["bash", "-c"]);
    assert_eq!(words("[bash, -euo, pipefail, -c]").len(), 4);
    for (written, help) in [
        ("bash -e {0}", "write `bash -e -c`"),
        ("fish", "write `fish -c`"),
        ("bash -c 'x'", "write a list of words"),
        ("[]", "a shell or a list of words"),
    ] {
        let errors = bad(format!("{MIN}shell: {written}\n")).to_string();
        assert!(errors.contains(help), "{errors}");
    }
}

#[test]
fn every_field() {
    let spec = good(
        r#"---
name: activity-core
compose_file: [e2e/compose.yml, e2e/more.yml]
health_checks:
  - {name: api, url: "http://localhost:8080/healthz", expect_status: [204, 200], timeout: 5}
  - {name: old, url: http://localhost:81, expect_status: 302}
  - name: temporal
    tcp: "[::1]:7233"
  - name: db
    exec: [pg_isready, -U, "12", ""]
    service: db
    timeout: 0.5
test_command: |
  set -e
  pytest "$@"
timeout: &long 120
cleanup: on_success
tests_run_on: client
ports: declared
env:
  PORT: 8080
  V: 1.10
  DEBUG: true
  URL: "http://${E2E_API_80}/$$x"
  ON: yes
  EMPTY: ""
build_command: make
setup_command: ./seed.sh
sync: {include: [target/x], exclude: ["*.iso"]}
artifacts: ["out/**/*.png"]
profiles: [dev]
env_files: [.env.e2e]
timeouts: {up: *long, teardown: 1.5}
"#,
    );
    let names: Vec<_> = spec
        .health_checks
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["api", "old", "temporal", "db"]);
    let Probe::Http(Http { url, expect_status }) = &spec.health_checks[0].probe else {
        panic!("{:?}", spec.health_checks[0]);
    };
    assert_eq!(url.as_str(), "http://localhost:8080/healthz");
    assert_eq!(expect_status, &[204, 200]);
    assert_eq!(spec.health_checks[0].timeout, Duration::from_secs(5));
    let tcp = HealthCheck {
        name: "temporal".to_owned(),
        probe: Probe::Tcp(Tcp("[::1]:7233".parse().expect("an address"))),
        timeout: Duration::from_mins(1),
    };
    assert_eq!(spec.health_checks[2], tcp);
    let exec = Probe::Exec(Exec {
        command: ["pg_isready", "-U", "12", ""].map(str::to_owned).to_vec(),
        service: "db".to_owned(),
    });
    assert_eq!(spec.health_checks[3].probe, exec);
    assert_eq!(
        spec.test_command.as_deref(),
        Some("set -e\npytest \"$@\"\n")
    );
    assert_eq!(spec.cleanup, Cleanup::OnSuccess);
    assert_eq!(spec.tests_run_on, Some(Side::Client));
    assert_eq!(spec.ports, Some(Ports::Declared));
    let env: Vec<_> = spec
        .env
        .iter()
        .map(|(name, it)| format!("{name}={it}"))
        .collect();
    let written = [
        "PORT=8080",
        "V=1.10",
        "DEBUG=true",
        "URL=http://${E2E_API_80}/$$x",
        "ON=yes",
        "EMPTY=",
    ];
    assert_eq!(env, written);
    assert_eq!(spec.sync.exclude, ["*.iso"]);
    assert_eq!(spec.timeouts.up, Duration::from_mins(2));
    assert_eq!(spec.timeouts.teardown, Duration::from_millis(1500));
}

#[test]
fn several_at_once_rendered() {
    let errors = bad("# größe\nname: shop\nhealthcheks: []\ntimeout: 300s\n");
    let expected = "\
error: `test_command` is missing, and this is not a Cargo project with test targets
  --> activity-core/e2e/e2e.yml:2:1
   |
 2 | name: shop
   | ^
   = help: add for example `test_command: e2e/tests/run.sh`, or `test_service` with a compose service that runs the tests

error: unknown key `healthcheks`
  --> activity-core/e2e/e2e.yml:3:1
   |
 3 | healthcheks: []
   | ^^^^^^^^^^^
   = help: did you mean `health_checks`?

error: `timeout` expects a number of seconds, found `300s`
  --> activity-core/e2e/e2e.yml:4:10
   |
 4 | timeout: 300s
   |          ^^^^
   = help: write 300";
    assert_eq!(errors.to_string(), expected);
}

#[test]
fn whole_files_rendered() {
    let cases: [(&[u8], &str); 7] = [
        (
            b"",
            "error: the file is empty\n  --> activity-core/e2e/e2e.yml:1:1\n   |\n 1 | \n   | ^\n   = help: it needs at least `name` and `test_command`",
        ),
        (
            b"- a\n",
            "error: e2e.yml is a map of keys such as `name`, found a list\n  --> activity-core/e2e/e2e.yml:1:1\n   |\n 1 | - a\n   | ^",
        ),
        (
            b"name: a\ntest_command: b\xff\n",
            "error: the file is not UTF-8: byte 0xff\n  --> activity-core/e2e/e2e.yml:2:16\n   = help: save it as UTF-8",
        ),
        (
            b"\xff\xfen\0",
            "error: the file is UTF-16\n  --> activity-core/e2e/e2e.yml:1:1\n   = help: save it as UTF-8",
        ),
        (
            b"test_command: x\r\n",
            indoc! {"
                error: `name` is missing: the repo's slug
                  --> activity-core/e2e/e2e.yml:1:1
                   |
                 1 | test_command: x
                   | ^
                   = help: add `name: activity-core`"},
        ),
        (
            b"name: a\ntest_command: [\n",
            "error: not valid YAML: while parsing a node, did not find expected node content\n  --> activity-core/e2e/e2e.yml:2:16\n   |\n 2 | test_command: [\n   |                ^",
        ),
        (
            b"name: a\ntest_command: x\ncleanup:\t\x1b[31mred\n",
            "error: not valid YAML",
        ),
    ];
    for (text, expected) in cases {
        let shown = bad(text).to_string();
        assert!(!shown.contains('\x1b'), "{shown:?}");
        if expected == "error: not valid YAML" {
            continue;
        }
        assert_eq!(shown, expected);
    }
}

#[test]
fn a_byte_order_mark_is_no_key() {
    assert_eq!(good(&format!("\u{feff}{MIN}")).name, "shop");
}

#[test]
fn characters_that_yaml_readers_read_differently_are_refused() {
    // To some a comment, or a value, ends at the first three.
    for (text, message, place) in [
        (
            "# harmless\u{85}compose_file: /etc/x.yml",
            "U+0085 ends a line for some YAML readers",
            (3, 11),
        ),
        (
            "env:\n  A: \u{2028}- x",
            "U+2028 ends a line for some YAML readers",
            (4, 6),
        ),
        (
            "env:\n  A: \"x\u{2029}\"",
            "U+2029 ends a line for some YAML readers",
            (4, 8),
        ),
        (
            "build_command: \"a\u{1b}\"",
            "not valid YAML: control characters are not allowed",
            (3, 18),
        ),
    ] {
        let errors = bad(format!("{MIN}{text}\n"));
        assert_eq!(errors.diagnostics.len(), 1, "{errors}");
        let one = &errors.diagnostics[0];
        assert_eq!(one.message, message);
        assert_eq!((one.line, one.column), place, "{errors}");
    }
    let written = "build_command: \"a\\u2028\\u001b\"\n";
    let command = good(&format!("{MIN}{written}")).build_command;
    assert_eq!(command.as_deref(), Some("a\u{2028}\u{1b}"));
}

/// `serde_yaml`, by YAML 1.1, refuses or misreads these.
#[test]
fn yaml_is_read_by_version_1_2() {
    let spec = good(&format!(
        "{MIN}env: {{A: :@, B: 010, C: on}}\n\t\nbuild_command: ---\n"
    ));
    let env: Vec<_> = spec.env.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(env, [":@", "010", "on"]);
    assert_eq!(spec.build_command.as_deref(), Some("---"));
}

#[test]
fn files_made_to_blow_up_are_refused() {
    let mut laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, of) in ('b'..'k').zip('a'..) {
        let nine = vec![format!("*{of}"); 9].join(",");
        writeln!(laughs, "{name}: &{name} [{nine}]").expect("it works");
    }
    for (text, message) in [
        (laughs, "more than 20000 values, with aliases written out"),
        ("[".repeat(100), "more than 16 levels deep"),
        ("- ".repeat(100_000), "more than 16 levels deep"),
        (
            format!("[{}]", "1,".repeat(30_000)),
            "more than 20000 values, with aliases written out",
        ),
        (
            "#".repeat((1 << 20) + 1),
            "the file has 1048577 bytes, more than 1 MiB",
        ),
    ] {
        assert_eq!(bad(text).diagnostics[0].message, message);
    }
}

#[test]
fn many_errors_are_counted() {
    let mut text = MIN.to_owned();
    for at in 0..60 {
        writeln!(text, "zzzz{at}: 1").expect("it works");
    }
    let errors = bad(text);
    assert_eq!((errors.diagnostics.len(), errors.more), (50, 10));
    assert!(
        errors
            .to_string()
            .ends_with("\n\n… and 10 more errors in this file")
    );
}

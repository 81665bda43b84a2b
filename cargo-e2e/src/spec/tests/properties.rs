//! What holds for every `e2e.yml`, whatever is in it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::probe::{Address, Exec, Http, Probe, Tcp};
use crate::spec::{Cleanup, Spec, SpecErrors, parse};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn read(text: impl AsRef<[u8]>) -> Result<Spec, SpecErrors> {
    parse(Path::new("e2e/e2e.yml"), text)
}

/// Reads it; refused or not, it must not panic, and every place must be one that an editor finds.
fn places_are_inside(bytes: &[u8]) {
    let Err(errors) = read(bytes) else { return };
    assert!(!errors.diagnostics.is_empty());
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines: Vec<&str> = text.split('\n').collect();
    for one in &errors.diagnostics {
        assert!((1..=lines.len()).contains(&one.line), "{one:?}");
        let line = lines[one.line - 1];
        assert!(
            (1..=line.chars().count() + 1).contains(&one.column),
            "{one:?} in {line:?}"
        );
        assert!(one.len >= 1, "{one:?}");
        assert!(
            !one.message.is_empty() && !one.message.contains('\n'),
            "{one:?}"
        );
    }
    let shown = errors.to_string();
    assert!(
        !shown
            .chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t'),
        "{shown:?}"
    );
}

/// A file with something of everything, to be damaged.
const FILE: &str = r#"# größe
name: shop
compose_file: [e2e/compose.yml, "e2e/é.yml"]
health_checks:
  - name: api
    url: http://localhost:8080/healthz
    expect_status: [200, 204]
  - {name: db, exec: [pg_isready, -q], service: db, timeout: &t 5}
test_command: |
  set -e
  pytest "$@"
timeout: *t
env:
  V: 1.10
  U: 'http://${E2E_API_80}/'
sync:
  include: [a]
"#;

/// Pieces that YAML readers stumble over, and keys that mean something.
fn yamlish() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "name",
        "name: a\n",
        "test_command: x\n",
        "timeout: 3\n",
        "health_checks:\n",
        "env:\n",
        "sync: ",
        "compose_file: ",
        "timeouts: {",
        "  - name: b\n",
        "    tcp: a:1\n",
        "url: http://a",
        "exec: ",
        "service: s",
        "include: ",
        ": ",
        ":",
        "- ",
        "-",
        "? ",
        "\n",
        "\r\n",
        "\r",
        "  ",
        " ",
        "\t",
        "[",
        "]",
        "{",
        "}",
        ",",
        "\"",
        "'",
        "\\",
        "\\x",
        "\\u00e9",
        "|\n",
        ">-\n",
        "|2\n",
        "&a ",
        "*a",
        "!!str ",
        "!x ",
        "! ",
        "#",
        " # c\n",
        "---\n",
        "...\n",
        "--- ",
        "%YAML 1.2\n",
        "%TAG ! a\n",
        "<<: ",
        "~",
        "null",
        "true",
        "no",
        "1.10",
        "0x1f",
        ".inf",
        "1e3",
        "${A",
        "$$",
        "..",
        "/",
        "é",
        "日本",
        "\u{2028}",
        "\u{85}",
        "\u{feff}",
        "\u{0}",
        "\u{1b}",
        "@",
        "`",
        "a",
        "b",
    ]);
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// A text in one of the ways in which YAML can write it.
fn scalar() -> impl Strategy<Value = (String, String)> {
    let double = "[ -~äé日€\n\t]{0,20}".prop_map(|text| (json(&text), text));
    let single =
        "[ -~äé日€]{0,20}".prop_map(|text| (format!("'{}'", text.replace('\'', "''")), text));
    let plain = "[b-km-xzB-KM-XZ_/][a-zA-Z0-9_./$-]{3,20}".prop_map(|text| (text.clone(), text));
    prop_oneof![double, single, plain]
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A value as it is written, and as it must be read.
type Written<T> = (String, T);

fn time() -> impl Strategy<Value = Written<Duration>> {
    prop_oneof![
        (1_u64..=604_800).prop_map(|s| (s.to_string(), Duration::from_secs(s))),
        (1_u64..=9999).prop_map(|ms| (
            format!("{}.{:03}", ms / 1000, ms % 1000),
            Duration::from_millis(ms)
        )),
    ]
}

fn env() -> impl Strategy<Value = Vec<(String, Written<String>)>> {
    let number = "(0|[1-9][0-9]{0,6})(\\.[0-9]{1,3})?|true|False|yes|0x1F|1e5"
        .prop_map(|text| (text.clone(), text));
    let text = scalar().prop_filter("a `${` may be open", |(_, text)| !text.contains("${"));
    let value = prop_oneof![number, text];
    let name = "[A-DF-Za-z_][A-Za-z0-9_]{0,10}";
    proptest::collection::btree_map(name, value, 0..6)
        .prop_map(|map| map.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

fn probe() -> impl Strategy<Value = Written<Probe>> {
    // A last label like `0xff` or `0x` is a number, and the name then an address.
    let host = "[a-z][a-z0-9.-]{0,10}[g-wyz]";
    prop_oneof![
        (host, 1_u16.., vec(100_u16..600, 0..3)).prop_map(|(host, port, expect_status)| {
            let url = format!("http://{host}:{port}/x");
            let mut written = format!("url: {url}\n");
            if !expect_status.is_empty() {
                writeln!(written, "    expect_status: {expect_status:?}").expect("a String");
            }
            let url = url.parse().expect("a URL");
            (written, Probe::Http(Http { url, expect_status }))
        }),
        (host, 1_u16..).prop_map(|(host, port)| {
            let written = format!("tcp: {host}:{port}\n");
            (written, Probe::Tcp(Tcp(Address { host, port })))
        }),
        (vec("[ -~]{0,8}[!-~]", 1..4), "[a-z][a-z0-9_-]{0,10}").prop_map(|(command, service)| {
            let words: Vec<String> = command.iter().map(|word| json(word)).collect();
            let written = format!(
                "exec: [{}]\n    service: {}\n",
                words.join(", "),
                json(&service)
            );
            (written, Probe::Exec(Exec { command, service }))
        }),
    ]
}

proptest! {
    #[test]
    fn bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        places_are_inside(&bytes);
    }

    #[test]
    fn strings_never_panic(text in any::<String>(), text2 in "[ -~\n\t]{0,200}") {
        places_are_inside(text.as_bytes());
        places_are_inside(text2.as_bytes());
    }

    #[test]
    fn yamlish_text_never_panics(text in yamlish()) {
        places_are_inside(text.as_bytes());
        places_are_inside(format!("name: a\ntest_command: b\n{text}").as_bytes());
    }

    #[test]
    fn a_damaged_file_never_panics(at in 0..FILE.len(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = FILE.as_bytes().to_vec();
        bytes[at] = byte;
        if cut {
            bytes.truncate(at + 1);
        }
        places_are_inside(&bytes);
    }

    #[test]
    fn what_is_written_is_read(
        name in "[b-km-xz][a-z0-9-]{3,39}",
        command in scalar().prop_filter("not blank", |(_, text)| !text.trim().is_empty()),
        files in option::of(vec("[a-z]{1,8}/[a-z0-9_. -]{1,8}x", 1..4)),
        timeout in option::of(time()),
        up in option::of(time()),
        cleanup in select(vec![("always", Cleanup::Always), ("on_success", Cleanup::OnSuccess), ("never", Cleanup::Never)]),
        env in env(),
        probes in vec((probe(), option::of(time())), 0..4),
    ) {
        let mut text = format!("name: {name}\ntest_command: {}\ncleanup: {}\n", command.0, cleanup.0);
        if let Some(files) = &files {
            let files: Vec<_> = files.iter().map(|file| json(file)).collect();
            writeln!(text, "compose_file: [{}]", files.join(", ")).expect("a String");
        }
        if let Some((written, _)) = &timeout {
            writeln!(text, "timeout: {written}").expect("a String");
        }
        if let Some((written, _)) = &up {
            writeln!(text, "timeouts:\n  up: {written}").expect("a String");
        }
        if !env.is_empty() {
            text.push_str("env:\n");
        }
        for (name, (written, _)) in &env {
            writeln!(text, "  {name}: {written}").expect("a String");
        }
        if !probes.is_empty() {
            text.push_str("health_checks:\n");
        }
        for (at, ((written, _), timeout)) in probes.iter().enumerate() {
            write!(text, "  - name: check {at}\n    {written}").expect("a String");
            if let Some((written, _)) = timeout {
                writeln!(text, "    timeout: {written}").expect("a String");
            }
        }
        let spec = read(&text).unwrap_or_else(|errors| panic!("{errors}\nin\n{text}"));
        prop_assert_eq!(spec.name, name);
        prop_assert_eq!(spec.test_command, Some(command.1));
        prop_assert_eq!(spec.cleanup, cleanup.1);
        prop_assert_eq!(spec.compose_file, files.unwrap_or_else(|| vec!["e2e/compose.yml".to_owned()]));
        prop_assert_eq!(spec.timeout, timeout.map_or(Duration::from_mins(5), |it| it.1));
        prop_assert_eq!(spec.timeouts.up, up.map_or(Duration::from_mins(15), |it| it.1));
        let expected: Vec<_> = env.into_iter().map(|(name, (_, value))| (name, value)).collect();
        prop_assert_eq!(spec.env, expected);
        for (check, ((_, probe), timeout)) in spec.health_checks.into_iter().zip(probes) {
            prop_assert_eq!(check.probe, probe);
            prop_assert_eq!(check.timeout, timeout.map_or(Duration::from_mins(1), |it| it.1));
        }
    }
}

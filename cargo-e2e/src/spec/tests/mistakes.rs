//! Each class of mistake, with its place and its help.

use super::{MIN, bad, good};

/// After the smallest file, `text` gives exactly one error: `line:column: message | help`.
#[track_caller]
pub(super) fn one(text: &str, expected: &str) {
    let errors = bad(format!("{MIN}{text}"));
    assert_eq!(errors.diagnostics.len(), 1, "{errors}");
    let one = &errors.diagnostics[0];
    let help = one.help.as_deref().unwrap_or("-");
    let found = format!("{}:{}: {} | {help}", one.line, one.column, one.message);
    assert_eq!(found, expected, "for:\n{text}");
}

#[test]
fn keys() {
    for (text, expected) in [
        (
            "healthcheks: []",
            "3:1: unknown key `healthcheks` | did you mean `health_checks`?",
        ),
        (
            "include: [a]",
            "3:1: unknown key `include` | `include` is a key of `sync`",
        ),
        (
            "sync: {includes: [a]}",
            "3:8: unknown key `includes` | did you mean `include`?",
        ),
        (
            "sync: {zzz: [a]}",
            "3:8: unknown key `zzz` | known here: `include` and `exclude`",
        ),
        (
            "timeouts: {tear-down: 3}",
            "3:12: unknown key `tear-down` | did you mean `teardown`?",
        ),
        (
            "<<: {timeout: 3}",
            "3:1: unknown key `<<` | merge keys are not supported; write the keys out",
        ),
        (
            "timeout: 3\ntimeout: 4",
            "4:1: duplicate key `timeout` | the first one is on line 3",
        ),
        (
            "name: shop",
            "3:1: duplicate key `name` | the first one is on line 1",
        ),
        (
            "env: {A: 1, A: 1}",
            "3:13: duplicate key `A` | the first one is on line 3",
        ),
        (
            "sync:\n  include: []\n  include: []",
            "5:3: duplicate key `include` | the first one is on line 4",
        ),
        ("? [a]\n: b", "3:3: a key must be text, found a list | -"),
        (
            "health_checks:",
            "3:1: `health_checks` has no value | give it one, or remove the key",
        ),
    ] {
        one(text, expected);
    }
}

#[test]
fn entrypoints() {
    let service = |text: &str| format!("test_service: tests\n{text}");
    for (text, expected) in [
        (
            "entrypoint: []".to_owned(),
            "3:13: `entrypoint` is for a `test_service`, and there is none | `shell` says how a `test_command` on a machine is started",
        ),
        (
            service("entrypoint: sh -c 'a b'"),
            "4:13: `entrypoint` expects words without quotes, found `sh -c 'a b'` | write a list of words, such as [bash, -euo, pipefail, -c]",
        ),
        (
            service("entrypoint: {a: b}"),
            "4:13: `entrypoint` expects words, found a map | -",
        ),
    ] {
        one(&text, expected);
    }
    for (text, words) in [
        ("''", &[][..]),
        ("[]", &[]),
        ("env A=1 tini", &["env", "A=1", "tini"]),
    ] {
        let spec = good(&format!(
            "{MIN}{}\n",
            service(&format!("entrypoint: {text}"))
        ));
        assert_eq!(spec.entrypoint.expect("it is there"), words);
    }
}

#[test]
fn images() {
    let expects = "`images` expects images, without a digest, found";
    for text in ["App:dev", "app@sha256:12", "app:", "a b", "-app"] {
        one(
            &format!("images: ['{text}']"),
            &format!("3:10: {expects} `{text}` | -"),
        );
    }
    for text in [
        "app",
        "app:dev",
        "localhost:5000/team/app_x:1.0-rc",
        "ghcr.io/a/b",
    ] {
        let spec = good(&format!("{MIN}images: ['{text}']\n"));
        assert_eq!(spec.images, [text]);
    }
}

#[test]
fn names_of_warnings() {
    use crate::spec::Lint;
    one(
        "allow: docker-socket",
        "3:8: `allow` expects a list of warnings, found `docker-socket` | write [docker-socket]",
    );
    let errors = bad(format!("{MIN}allow: [docker-sock, privileged]\n"));
    let [wrong] = errors.diagnostics.as_slice() else {
        panic!("{errors}")
    };
    assert_eq!((wrong.line, wrong.column), (3, 9));
    assert_eq!(wrong.help.as_deref(), Some("did you mean `docker-socket`?"));
    let spec = good(&format!("{MIN}allow: [docker-socket, compose]\n"));
    assert_eq!(spec.allow, [Lint::DockerSocket, Lint::Compose]);
}

#[test]
fn globs() {
    for (text, expected) in [
        (
            "junit: /tmp/out.xml",
            "3:8: `junit`: the path `/tmp/out.xml` is absolute | write it relative to the repo root, inside the repo",
        ),
        (
            "junit: [a.xml, '../*.xml']",
            "3:16: `junit`: the path `../*.xml` leaves the repo with `..` | write it relative to the repo root, inside the repo",
        ),
        (
            "junit: reports/",
            "3:8: `junit`: `reports/` names a folder | write `reports/*.xml`",
        ),
        (
            "junit: a**/b.xml",
            "3:8: `junit`: `a**/b.xml` is not a valid glob: recursive wildcards must form a single path component | `**` is a folder of its own, as in `reports/**/*.xml`; `[[]` is a `[`",
        ),
        (
            "junit: []",
            "3:8: `junit` expects at least one path, found a list | -",
        ),
    ] {
        one(text, expected);
    }
}

#[test]
fn times() {
    for (text, expected) in [
        (
            "timeout: fast",
            "3:10: `timeout` expects a number of seconds, found `fast` | -",
        ),
        (
            "timeout: 300s",
            "3:10: `timeout` expects a number of seconds, found `300s` | write 300",
        ),
        (
            "timeout: 1h30m",
            "3:10: `timeout` expects a number of seconds, found `1h30m` | write 5400",
        ),
        (
            "timeout: \"300\"",
            "3:10: `timeout` expects a number of seconds without quotes, found `300` | write 300",
        ),
        (
            "timeout: 0",
            "3:10: `timeout` must be more than 0 seconds | -",
        ),
        (
            "timeout: -1",
            "3:10: `timeout` must be more than 0 seconds | -",
        ),
        (
            "timeout: 604801",
            "3:10: `timeout` must be at most a week, 604800 seconds | -",
        ),
        (
            "timeout: 0x10",
            "3:10: `timeout` expects a number of seconds, found the number `0x10` | -",
        ),
        (
            "timeout: [3]",
            "3:10: `timeout` expects a number of seconds, found a list | -",
        ),
        (
            "timeout: yes",
            "3:10: `timeout` expects a number of seconds, found `yes` | -",
        ),
        (
            "timeouts: 3",
            "3:11: `timeouts` expects a map with `place`, `queue`, `build`, `sync`, `up`, `setup`, `collect` and `teardown`, found the number `3` | -",
        ),
    ] {
        one(text, expected);
    }
}

#[test]
fn text_and_choices() {
    for (text, expected) in [
        (
            "build_command: 12",
            "3:16: `build_command` expects a shell command, found the number `12` | write \"12\"",
        ),
        (
            "build_command: ''",
            "3:16: `build_command` expects a shell command, found an empty text | -",
        ),
        (
            "build_command: \"a\\0\"",
            "3:16: `build_command` contains a NUL byte | -",
        ),
        (
            "cleanup: on-success",
            "3:10: `cleanup` expects one of `always`, `on_success` or `never`, found `on-success` | did you mean `on_success`?",
        ),
        (
            "cleanup: false",
            "3:10: `cleanup` expects one of `always`, `on_success` or `never`, found the boolean `false` | -",
        ),
        (
            "tests_run_on: hots",
            "3:15: `tests_run_on` expects one of `host` or `client`, found `hots` | did you mean `host`?",
        ),
    ] {
        one(text, expected);
    }
}

#[test]
fn paths_and_lists() {
    for (text, expected) in [
        (
            "compose_file: ../c.yml",
            "3:15: `compose_file`: the path `../c.yml` leaves the repo with `..` | write it relative to the repo root, inside the repo",
        ),
        (
            "compose_file: [a.yml, /c.yml]",
            "3:23: `compose_file`: the path `/c.yml` is absolute | write it relative to the repo root, inside the repo",
        ),
        (
            "compose_file: []",
            "3:15: `compose_file` expects at least one path, found a list | -",
        ),
        (
            "compose_file: {a: b}",
            "3:15: `compose_file` expects a path or a list of paths, found a map | -",
        ),
        (
            "env_files: [a/../b]",
            "3:13: `env_files`: the path `a/../b` leaves the repo with `..` | write it relative to the repo root, inside the repo",
        ),
        (
            "artifacts: out/*",
            "3:12: `artifacts` expects a list of paths, found `out/*` | write [out/*]",
        ),
        (
            "artifacts: [~/x]",
            "3:13: `artifacts`: the path `~/x` is absolute | write it relative to the repo root, inside the repo",
        ),
        (
            "sync: {exclude: [1]}",
            "3:18: `exclude` expects a path, found the number `1` | write \"1\"",
        ),
        (
            "profiles: [a b]",
            "3:12: `profiles` expects compose profiles, found `a b` | -",
        ),
    ] {
        one(text, expected);
    }
}

#[test]
fn environment() {
    for (text, expected) in [
        (
            "env: [A]",
            "3:6: `env` expects a map, found a list | write `NAME: value`, one a line",
        ),
        (
            "env: {A: }",
            "3:7: `A` has no value | write \"\" for an empty one",
        ),
        (
            "env:\n  A: ~",
            "4:3: `A` has no value | write \"\" for an empty one",
        ),
        (
            "env: {A: [1]}",
            "3:10: `A` expects a value, found a list | -",
        ),
        (
            "env: {1A: 1}",
            "3:7: `1A` is not a valid variable name | letters, digits and `_`, and no digit first",
        ),
        (
            "env: {E2E_X: 1}",
            "3:7: `E2E_X` is reserved: cargo-e2e sets `E2E` and `E2E_…` itself | -",
        ),
        (
            "env: {A: \"${B\"}",
            "3:10: unclosed `${` in `${B` | close it with `}`, or write `$$` for a `$`",
        ),
    ] {
        one(text, expected);
    }
}

#[test]
fn yaml_itself() {
    for (text, expected) in [
        (
            "env: &a {A: 1}\nsync: {include: [!x a]}",
            "4:18: unsupported YAML tag `!x` | remove it; quotes make a value text",
        ),
        (
            "artifacts: &a [*a]",
            "3:16: this alias contains itself | write it out",
        ),
        (
            "...\n---\nname: x",
            "4:1: a second YAML document starts here | e2e.yml is one document: remove what follows, or the `---`",
        ),
        (
            "env:\n\tA: 1",
            "4:1: a tab indents this line | YAML is indented with spaces only",
        ),
        (
            "artifacts: [>-\n  a]",
            "3:13: not valid YAML: found character that cannot start any token, while scanning for the next token | put a value that begins with this character in quotes",
        ),
        (
            "build_command: echo a: b",
            "3:22: not valid YAML: mapping values are not allowed in this context | put a value that holds `: ` in quotes, and indent with care",
        ),
    ] {
        one(text, expected);
    }
}

#[test]
fn names() {
    for (name, expected) in [
        (
            "Activity Core",
            "1:7: `Activity Core` is not a valid slug: up to 40 of a-z, 0-9 and `-`, and no `-` first | write `activity-core`",
        ),
        (
            "12",
            "1:7: `name` expects a slug, found the number `12` | write \"12\"",
        ),
        (
            "true",
            "1:7: `name` expects a slug, found the boolean `true` | write \"true\"",
        ),
        (
            "no",
            "1:7: `name` expects a slug, but many YAML readers take `no` without quotes for a boolean | write \"no\"",
        ),
        (
            "",
            "1:1: `name` has no value | give it one, or remove the key",
        ),
    ] {
        let errors = bad(format!("name: {name}\ntest_command: x\n"));
        let one = &errors.diagnostics[0];
        let help = one.help.as_deref().unwrap_or("-");
        assert_eq!(
            format!("{}:{}: {} | {help}", one.line, one.column, one.message),
            expected
        );
    }
    assert_eq!(good("name: \"12\"\ntest_command: x").name, "12");
}

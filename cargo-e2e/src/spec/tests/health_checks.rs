//! Mistakes in `health_checks`.

use super::mistakes::one;

#[test]
fn mistakes_in_health_checks() {
    for (item, expected) in [
        (
            "{name: a}",
            "4:5: this health check has no probe | add one of `url`, `tcp`, `grpc` or `exec`",
        ),
        (
            "{tcp: \"a:1\"}",
            "4:5: this health check has no `name` | each has a `name` and one probe",
        ),
        (
            "{name: a, tcp: \"a:1\", url: \"http://a\"}",
            "4:27: a health check has one probe, this one has `url` and `tcp` | write one health check for each",
        ),
        (
            "{name: a, uri: \"http://a\"}",
            "4:15: unknown key `uri` | did you mean `url`?",
        ),
        (
            "{name: 12, tcp: \"a:1\"}",
            "4:12: `name` expects a name, found the number `12` | write \"12\"",
        ),
        (
            "{name: no, tcp: \"a:1\"}",
            "4:12: `name` expects a name, but many YAML readers take `no` without quotes for a boolean | write \"no\"",
        ),
        (
            "{name: a, tcp: \"a:1\", timeout: 1m}",
            "4:36: `timeout` expects a number of seconds, found `1m` | write 60",
        ),
        (
            "{name: a, tcp: \"a:1\", service: b}",
            "4:27: `service` is valid only with `exec` | remove it",
        ),
        (
            "{name: a, tcp: \"a:1\", expect_status: 200}",
            "4:27: `expect_status` is valid only with `url` | remove it",
        ),
        (
            "{name: a, url: \"http://a\", expect_status: 99}",
            "4:47: `expect_status` expects a status from 100 to 599, or a list of them, found the number `99` | -",
        ),
        (
            "{name: a, url: \"http://a\", expect_status: [2xx]}",
            "4:48: `expect_status` expects a status from 100 to 599, or a list of them, found `2xx` | -",
        ),
        (
            "{name: a, exec: [x]}",
            "4:15: `exec` needs a `service` | add `service: <name>`, the compose service in which it runs",
        ),
    ] {
        one(&format!("health_checks:\n  - {item}"), expected);
    }
}

#[test]
fn probes() {
    for (item, expected) in [
        (
            "{name: a, service: b, exec: pg_isready -q}",
            "4:33: `exec` expects a command as a list, found `pg_isready -q` | write [\"pg_isready\", \"-q\"]: no shell reads it",
        ),
        (
            "{name: a, service: b, exec: []}",
            "4:33: `exec` expects at least the name of a program, found a list | -",
        ),
        (
            "{name: a, service: b, exec: [sleep, 5]}",
            "4:41: `exec` expects texts, found the number `5` | write \"5\"",
        ),
        (
            "{name: a, tcp: 5432}",
            "4:20: `tcp` expects `host:port`, found the number `5432` | write localhost:5432",
        ),
        (
            "{name: a, tcp: localhost}",
            "4:20: `tcp` expects `host:port`, found `localhost` | a port is missing, as in localhost:5432",
        ),
        (
            "{name: a, tcp: \"tcp://db:1/\"}",
            "4:20: `tcp` expects `host:port`, found `tcp://db:1/` | write db:1",
        ),
        (
            "{name: a, tcp: \"db:70000\"}",
            "4:20: `tcp` expects `host:port`, found `db:70000` | the port must be 1 to 65535",
        ),
        (
            "{name: a, url: \"localhost:80/x\"}",
            "4:20: `url` expects an http or https URL, found `localhost:80/x` | write http://localhost:80/x",
        ),
        (
            "{name: a, url: \"ftp://a\"}",
            "4:20: `url` expects an http or https URL, found `ftp://a` | it begins with http:// or https://",
        ),
        (
            "{name: a, url: \"http://a:${P}/\"}",
            "4:20: `url` expects an http or https URL, found `http://a:${P}/` | variables are not expanded here; write the port that the compose file publishes, it is translated",
        ),
        (
            "{name: a, grpc: \"http://a:1\"}",
            "4:21: `grpc` expects `host:port`, found `http://a:1` | write a:1",
        ),
        (
            "{name: a, tcp: \"a:1\", grpc_service: b}",
            "4:27: `grpc_service` is valid only with `grpc` | remove it",
        ),
        (
            "{name: a, grpc: \"a:1\", grpc_service: \"a b\"}",
            "4:42: `grpc_service` expects the full name of a gRPC service, as in my.package.v1.MyService, found `a b` | -",
        ),
        (
            "{name: a b, tcp: \"a:1\"}\n  - {name: A-b, tcp: \"a:1\"}",
            "5:12: health checks `a b` and `A-b` would both set `E2E_HEALTH_A_B` | only letters A-Z and digits count, in either case",
        ),
        (
            "{name: a, tcp: \"a:1\"}\n  - {name: a, tcp: \"a:1\"}",
            "5:12: two health checks are named `a` | -",
        ),
        (
            "api",
            "4:5: `health_checks` expects a map with `name`, `url`, `tcp`, `grpc`, `exec`, `service`, `expect_status`, `grpc_service` and `timeout`, found `api` | -",
        ),
    ] {
        one(&format!("health_checks:\n  - {item}"), expected);
    }
}

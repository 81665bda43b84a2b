//! A test for each trap in the rewrite that 677 real stacks showed, by its number.

use crate::compose::{external, gateway, preview, risks, shared, subnets};

use super::model_traps::{NEW, OLD, isolation, run, service, services, told};
use super::*;
use crate::spec::Ports;

#[test]
fn trap_9_health_is_faster_and_has_no_less_time() {
    let check = |test: Value, engine| {
        let definition =
            json!({ "healthcheck": { "test": test, "interval": "10s", "retries": 5 } });
        service(&definition, engine)["healthcheck"].clone()
    };
    let light = check(json!(["CMD", "pg_isready"]), OLD);
    assert_eq!(
        json!([light["interval"], light["retries"]]),
        json!(["1s", 50])
    );
    for heavy in [
        json!(["CMD-SHELL", "kafka-topics.sh --list"]),
        json!(["CMD", "nodetool", "status"]),
        json!("cqlsh -e 'select 1'"),
    ] {
        let slow = check(heavy.clone(), OLD);
        assert_eq!(
            json!([slow["interval"], slow["retries"]]),
            json!(["3s", 17])
        );
        let new = check(heavy, NEW);
        assert_eq!(
            json!([new["interval"], new["start_interval"]]),
            json!(["10s", "1s"])
        );
        assert_eq!(new["start_period"], "50s");
    }
}

#[test]
fn trap_9_a_fraction_of_a_second_is_not_lost() {
    let definition =
        json!({ "healthcheck": { "test": ["CMD", "x"], "interval": "1.5s", "retries": 3 } });
    assert_eq!(
        service(&definition, NEW)["healthcheck"]["start_period"],
        "4.5s"
    );
    assert_eq!(service(&definition, OLD)["healthcheck"]["retries"], 5);
    let slow = json!({ "healthcheck": { "test": ["CMD", "x"], "interval": "90s" } });
    assert_eq!(service(&slow, NEW)["healthcheck"]["start_period"], "4m30s");
}

#[test]
fn trap_9_an_images_own_check_gets_numbers_and_no_test() {
    let old = service(&json!({}), OLD)["healthcheck"].clone();
    assert_eq!(old, json!({ "interval": "3s", "retries": 100 }));
    let new = service(&json!({}), NEW)["healthcheck"].clone();
    assert_eq!(
        new,
        json!({ "start_interval": "1s", "start_period": "5m0s" })
    );
    let partly = service(&json!({ "healthcheck": { "interval": "10s" } }), OLD);
    assert_eq!(
        partly["healthcheck"]["retries"], 100,
        "its own retries are not known"
    );
    let off = json!({ "disable": true });
    assert_eq!(
        service(&json!({ "healthcheck": off }), OLD)["healthcheck"],
        off
    );
}

#[test]
fn trap_10_restart_policies_stay() {
    assert_eq!(
        service(&json!({ "restart": "always" }), OLD)["restart"],
        "always"
    );
}

#[test]
fn trap_11_a_container_name_is_an_alias_and_what_names_it_follows() {
    let rewritten = services(&json!({
        "db": { "container_name": "my-db", "networks": { "default": null } },
        "api": {
            "external_links": ["my-db:database", "legacy:old"],
            "pid": "container:my-db",
            "ipc": "container:other",
            "volumes_from": ["container:my-db:ro"],
        },
        "side": { "network_mode": "container:my-db" },
    }));
    let own = &rewritten.model["services"];
    assert_eq!(own["db"].get("container_name"), None);
    let aliases = &own["db"]["networks"]["default"]["aliases"];
    assert_eq!(*aliases, json!(["database", "my-db"]));
    assert_eq!(own["api"]["external_links"], json!(["legacy:old"]));
    assert_eq!(
        json!([own["api"]["pid"], own["api"]["volumes_from"]]),
        json!(["service:db", ["db:ro"]])
    );
    assert_eq!(own["side"]["network_mode"], "service:db");
    assert!(told(&rewritten.changes, "docker exec my-db"));
    assert!(told(&rewritten.shared, "container legacy"));
    assert!(told(&rewritten.shared, "container other"));
}

#[test]
fn trap_12_one_tag_is_renamed_wherever_it_is_used() {
    let rewritten = services(&json!({
        "API": { "image": "shop", "build": { "context": "/r", "tags": ["shop:1"] }, "pull_policy": "always" },
        "worker": { "image": "shop:latest" },
        "cron": { "image": "docker.io/library/shop", "build": { "context": "/r" } },
        "tools": { "build": {
            "context": "/r",
            "args": { "BASE_IMAGE": "shop", "APP_NAME": "shop", "FULL": "shop:latest", "N": null },
            "additional_contexts": { "app": "docker-image://shop:latest", "src": "/r/src", "svc": "service:worker" },
            "dockerfile_inline": "FROM --platform=linux/amd64 shop AS a\nFROM alpine\nCOPY --from=shop:latest /x /x\nRUN echo shop\n",
        } },
        "list": { "build": { "context": "/r", "args": ["IMAGE=shop", "OTHER"] } },
        "db": { "image": "shop:other" },
    }));
    let own = &rewritten.model["services"];
    let tag = "p-api:run";
    for name in ["API", "worker", "cron"] {
        assert_eq!(own[name]["image"], tag, "{name}");
    }
    assert_eq!(own["API"]["pull_policy"], "never");
    assert_eq!(own["API"]["build"].get("tags"), None);
    assert_eq!(own["worker"]["pull_policy"], "never");
    assert_eq!(own["db"]["image"], "shop:other");
    let build = &own["tools"]["build"];
    assert_eq!(
        build["args"],
        json!({ "BASE_IMAGE": tag, "APP_NAME": "shop", "FULL": tag, "N": null })
    );
    assert_eq!(
        build["additional_contexts"],
        json!({ "app": "docker-image://p-api:run", "src": "/r/src", "svc": "service:worker" })
    );
    assert_eq!(
        build["dockerfile_inline"],
        "FROM --platform=linux/amd64 p-api:run AS a\nFROM alpine\nCOPY --from=p-api:run /x /x\nRUN echo shop\n"
    );
    assert_eq!(
        own["list"]["build"]["args"],
        json!(["IMAGE=p-api:run", "OTHER"])
    );
}

#[test]
fn trap_13_host_gateway_is_the_sandboxs_own_and_ports_answer_there() {
    let mut rewritten = run(json!({
        "services": {
            "api": {
                "networks": { "out": null, "default": null },
                "extra_hosts": ["host.docker.internal=host-gateway", "x=1.2.3.4"],
                "ports": [{ "target": 80, "published": "8080" }],
            },
            "dns": { "extra_hosts": { "host": "host-gateway" }, "ports": [{ "target": 53, "published": "5353", "protocol": "udp" }] },
        },
        "networks": { "out": { "external": true }, "default": {} },
    }));
    assert!(told(&rewritten.changes, "host-gateway"));
    let key = gateway::network(&rewritten.model).expect("a network");
    assert_eq!(key, "default");
    let keys = subnets::wanting(&rewritten.model);
    assert_eq!(keys, ["default"]);
    subnets::assign(&mut rewritten.model, &keys, &["10.208.7.0/24".to_owned()]);
    let at = gateway::apply(&mut rewritten.model, &key, &rewritten.published);
    assert_eq!(at.as_deref(), Some("10.208.7.1"));
    let own = &rewritten.model["services"];
    assert_eq!(
        own["api"]["extra_hosts"],
        json!(["host.docker.internal=10.208.7.1", "x=1.2.3.4"])
    );
    assert_eq!(own["dns"]["extra_hosts"]["host"], "10.208.7.1");
    assert_eq!(own["api"]["ports"][1]["host_ip"], "10.208.7.1");
    assert_eq!(
        own["api"]["ports"][1]["published"], "8080",
        "the number that is written down"
    );
    assert_eq!(own["dns"]["ports"][1]["protocol"], "udp");
}

#[test]
fn trap_14_an_advertised_address_is_named_with_what_to_write() {
    let model = json!({ "services": {
        "kafka": {
            "environment": { "KAFKA_ADVERTISED_LISTENERS": "IN://kafka:29092,OUT://localhost:9092", "OTHER": "notlocalhost:9092 localhost:90921" },
            "ports": [{ "target": 9092, "published": "9092" }],
        },
        "web": { "command": ["serve", "--issuer=http://127.0.0.1:9092/"] },
        "good": { "environment": ["X=127.0.0.1:20001"] },
    } });
    let notes = run(model.clone()).notes;
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].starts_with("kafka: KAFKA_ADVERTISED_LISTENERS names localhost:9092"));
    assert!(notes[0].contains("${E2E_KAFKA_9092:-localhost:9092}"));
    assert!(notes[1].starts_with("web: command"));
    let declared = Isolation {
        ports: PortRule::Declared(&[]),
        ..isolation(&[], OLD)
    };
    assert!(isolate(model, &declared).notes.is_empty());
}

#[test]
fn trap_15_a_port_without_a_number_gets_one() {
    let rewritten = services(
        &json!({ "s": { "ports": [{ "target": 80 }, { "target": 53, "protocol": "udp" }] } }),
    );
    let ports = &rewritten.model["services"]["s"]["ports"];
    assert_eq!(
        json!([ports[0]["published"], ports[1]["published"]]),
        json!(["20001", "20002"])
    );
}

#[test]
fn trap_16_a_subnet_that_is_written_down_is_kept_and_named() {
    let network = json!({ "ipam": { "config": [{ "subnet": "172.28.0.0/16" }] } });
    let rewritten = run(json!({
        "services": { "s": { "networks": { "n": { "ipv4_address": "172.28.0.5" } } } },
        "networks": { "n": network },
    }));
    assert_eq!(rewritten.model["networks"]["n"]["ipam"], network["ipam"]);
    assert!(told(&rewritten.shared, "172.28.0.0/16"));
    assert!(subnets::wanting(&rewritten.model).is_empty());
}

#[test]
fn trap_17_what_is_external_is_used_and_named() {
    let model = json!({
        "services": {},
        "networks": { "out": { "external": true, "name": "proxy" } },
        "volumes": { "data": { "external": true } },
    });
    let rewritten = run(model.clone());
    assert_eq!(rewritten.model["networks"], model["networks"]);
    assert!(told(&rewritten.shared, "network out is external"));
    let found: Vec<String> = external::externals(&model)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(found, ["network proxy", "volume data"]);
}

#[test]
fn trap_18_logs_go_where_they_can_be_read() {
    let rewritten = services(&json!({
        "a": { "logging": { "driver": "gelf", "options": { "gelf-address": "udp://localhost:12201" } } },
        "b": { "logging": { "driver": "json-file", "options": { "max-size": "1m" } } },
        "c": { "logging": { "options": { "max-size": "1m" } } },
    }));
    let own = &rewritten.model["services"];
    assert_eq!(own["a"]["logging"], json!({ "driver": "json-file" }));
    assert_eq!(own["b"]["logging"]["options"]["max-size"], "1m");
    assert_eq!(own["c"]["logging"]["options"]["max-size"], "1m");
    assert!(told(&rewritten.changes, "gelf"));
}

#[test]
fn trap_19_everything_that_must_exist_is_listed() {
    let model = json!({
        "services": { "s": {
            "volumes": [{ "type": "bind", "source": "/r/app.jar" }],
            "build": { "context": "/r/app", "additional_contexts": { "lib": "/r/lib" } },
        } },
        "volumes": { "v": { "driver_opts": { "device": "/r/data" } } },
        "configs": { "c": { "file": "/r/c.conf" } },
        "secrets": { "t": { "file": "/r/token" } },
    });
    let found = crate::compose::needs::paths(&model, "/r");
    let paths: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(paths, ["app", "app.jar", "c.conf", "data", "lib", "token"]);
}

#[test]
fn trap_20_a_linked_compose_file_is_read_from_its_targets_folder() {
    let arguments = preview::arguments("p", std::path::Path::new("/r/deploy"));
    let at = arguments
        .iter()
        .position(|argument| argument == "--project-directory")
        .unwrap();
    assert_eq!(arguments[at + 1], "/r/deploy");
}

#[test]
fn trap_21_what_is_the_hosts_is_named() {
    let model = json!({ "services": {
        "exporter": { "network_mode": "host", "pid": "host", "ipc": "host", "ports": [{ "target": 9100, "published": "9100" }] },
        "traefik": { "privileged": true, "volumes": [
            { "type": "bind", "source": "/var/run/docker.sock" },
            { "type": "bind", "source": "/home/me/.aws" },
            { "type": "bind", "source": "/box/repo/conf" },
            { "type": "bind", "source": "/etc/localtime", "read_only": true },
        ] },
    } });
    let outside = shared::outside(&model, "/box/repo");
    assert_eq!(outside.len(), 1, "{outside:?}");
    assert!(outside[0].text.contains("may write /home/me/.aws"));
    let risks = risks::risks(&model, "/box/repo", Ports::Declared);
    let rewritten = run(model);
    for text in [
        "exporter: network_mode",
        "exporter: pid",
        "exporter: ipc",
        "docker.sock",
        "traefik: it is privileged",
    ] {
        assert!(told(&risks, text), "{text}: {risks:?}");
    }
    assert_eq!(
        rewritten.published[0].port,
        Some(9100),
        "it listens where it listens"
    );
    assert!(
        rewritten.model["services"]["exporter"]["ports"][0]
            .get("host_ip")
            .is_none()
    );
}

#[test]
fn several_containers_of_a_service_get_numbers_in_a_row() {
    let model = json!({ "services": {
        "web": { "scale": 2, "deploy": { "replicas": 3 }, "ports": [{ "target": 80, "published": "8000-8009" }] },
        "db": { "ports": [{ "target": 5432, "published": "5432" }] },
    } });
    assert_eq!(ports::groups(&model, Ports::Isolated), [3, 1]);
    let rewritten = run(model);
    let own = &rewritten.model["services"];
    assert_eq!(own["web"]["ports"][0]["published"], "20001-20003");
    assert_eq!(own["db"]["ports"][0]["published"], "20004");
    assert_eq!(
        (rewritten.published[0].declared, rewritten.published[0].port),
        (Some(8000), Some(20001))
    );
}

#[test]
fn a_bridge_has_no_name_that_a_host_has_once() {
    let rewritten = run(json!({ "services": {}, "networks": { "n": {
        "driver_opts": { "com.docker.network.bridge.name": "br-shop", "x": "y" },
    } } }));
    assert_eq!(
        rewritten.model["networks"]["n"]["driver_opts"],
        json!({ "x": "y" })
    );
}

#[test]
fn docker_says_in_two_ways_that_it_has_no_addresses_left() {
    assert!(subnets::are_exhausted(
        "could not find an available, non-overlapping IPv4 address pool among the defaults"
    ));
    assert!(subnets::are_exhausted(
        "all predefined address pools have been fully subnetted"
    ));
    assert!(!subnets::are_exhausted("port is already allocated"));
}

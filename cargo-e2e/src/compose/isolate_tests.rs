use e2e_harness::protocol::Transport;

use super::*;
use crate::spec::Ports;

fn run(model: Value, engine: (u32, u32)) -> Rewritten {
    let labels = [("cargo-e2e.run".to_owned(), "01test".to_owned())];
    let isolation = Isolation {
        project: "e2e-shop-abcd1234",
        labels: &labels,
        ports: PortRule::Declared(&[]),
        ipv6: true,
        engine,
    };
    isolate(model, &isolation)
}

fn service(model: &Value) -> Value {
    run(json!({ "services": { "db": model } }), (20, 10)).model["services"]["db"].clone()
}

#[test]
fn declared_ports_stay_on_this_host() {
    let rewritten = run(
        json!({ "services": { "db": { "ports": [
            { "mode": "ingress", "target": 5432, "published": "5432", "protocol": "tcp" },
            { "target": 53, "published": "5353", "protocol": "udp", "host_ip": "10.0.0.5" },
            { "target": 80, "protocol": "tcp" },
        ] } } }),
        (20, 10),
    );
    let ports = &rewritten.model["services"]["db"]["ports"];
    let addresses: Vec<_> = ports
        .as_array()
        .expect("a list")
        .iter()
        .map(|port| {
            (
                port["host_ip"].as_str().expect("an address"),
                port["target"].clone(),
            )
        })
        .collect();
    assert_eq!(
        addresses,
        [
            ("127.0.0.1", json!(5432)),
            ("::1", json!(5432)),
            ("10.0.0.5", json!(53)),
            ("127.0.0.1", json!(80)),
        ]
    );
    assert_eq!(
        rewritten.published[1],
        Published {
            service: "db".into(),
            container_port: 53,
            transport: Transport::Udp,
            declared: Some(5353),
            address: "10.0.0.5".into(),
            port: Some(5353),
        }
    );
    assert_eq!(rewritten.published[2].port, None);
}

#[test]
fn declared_ports_without_a_number_get_one_that_docker_does_not_choose_anew() {
    let model = json!({ "services": {
        "db": { "ports": [{ "target": 5432, "published": "5432" }, { "target": 80, "published": "20000-20002" }] },
        "web": { "scale": 2, "ports": [{ "target": 80 }, { "target": 81, "host_ip": "0.0.0.0", "published": "0" }] },
        "agent": { "network_mode": "host", "ports": [{ "target": 9100 }] },
    } });
    assert_eq!(ports::groups(&model, Ports::Declared), [2, 2]);
    let mut kept = ports::kept(&model, Ports::Declared);
    kept.sort_unstable();
    assert_eq!(kept, [5432, 9100, 20000, 20001, 20002]);
    assert_eq!(ports::kept(&model, Ports::Isolated), [9100]);
    let with = |numbers| {
        let isolation = Isolation {
            project: "p",
            labels: &[],
            ports: PortRule::Declared(numbers),
            ipv6: true,
            engine: (25, 0),
        };
        isolate(model.clone(), &isolation)
    };
    let rewritten = with(&[20003, 20004, 20005, 20006]);
    let web = &rewritten.model["services"]["web"]["ports"];
    let at = |at: usize| (web[at]["host_ip"].clone(), web[at]["published"].clone());
    assert_eq!(at(0), (json!("127.0.0.1"), json!("20003-20004")));
    assert_eq!(at(1), (json!("0.0.0.0"), json!("20005-20006")));
    let published = rewritten.published.iter();
    let numbers: Vec<_> = published
        .filter(|one| one.service == "web")
        .map(|one| (one.declared, one.port))
        .collect();
    assert_eq!(numbers, [(None, Some(20003)), (None, Some(20005))]);
    let says = |rewritten: &Rewritten, text: &str| rewritten.changes.iter().any(|one| one == text);
    let given = "web: port without a number becomes a free port of 127.0.0.1:20003-20004";
    assert!(says(&rewritten, given), "{:?}", rewritten.changes);
    let planned = "web: port without a number becomes a free port on 0.0.0.0";
    assert!(says(&with(&[]), planned), "{:?}", with(&[]).changes);
}

#[test]
fn a_container_name_becomes_an_alias_and_what_names_it_follows() {
    let rewritten = run(
        json!({ "services": {
            "db": { "container_name": "my-db", "networks": { "default": null, "back": { "aliases": ["x"] } } },
            "side": { "network_mode": "container:my-db", "volumes_from": ["container:my-db:ro"] },
        } }),
        (20, 10),
    );
    let db = &rewritten.model["services"]["db"];
    assert_eq!(db.get("container_name"), None);
    assert_eq!(db["networks"]["default"]["aliases"], json!(["my-db"]));
    assert_eq!(db["networks"]["back"]["aliases"], json!(["x", "my-db"]));
    let side = &rewritten.model["services"]["side"];
    assert_eq!(side["network_mode"], json!("service:db"));
    assert_eq!(side["volumes_from"], json!(["db:ro"]));
}

#[test]
fn a_health_check_is_faster_but_has_no_less_time() {
    let check = json!({ "healthcheck": { "test": ["CMD", "x"], "interval": "10s", "retries": 5, "start_interval": "2s" } });
    let old = service(&check)["healthcheck"].clone();
    assert_eq!(json!([old["interval"], old["retries"]]), json!(["1s", 50]));
    assert_eq!(
        old.get("start_interval"),
        None,
        "engines below 25 refuse it"
    );

    let new =
        run(json!({ "services": { "db": check } }), (25, 0)).model["services"]["db"]["healthcheck"]
            .clone();
    assert_eq!(json!([new["interval"], new["retries"]]), json!(["10s", 5]));
    assert_eq!(
        json!([new["start_interval"], new["start_period"]]),
        json!(["1s", "50s"])
    );
}

#[test]
fn a_health_check_without_numbers_has_dockers_own() {
    let check = service(&json!({ "healthcheck": { "test": ["CMD", "x"] } }))["healthcheck"].clone();
    assert_eq!(
        json!([check["interval"], check["retries"]]),
        json!(["1s", 90])
    );
}

#[test]
fn a_health_check_that_is_off_stays_off() {
    for off in [json!({ "disable": true }), json!({ "test": ["NONE"] })] {
        assert_eq!(service(&json!({ "healthcheck": off }))["healthcheck"], off);
    }
}

#[test]
fn a_tag_that_is_built_here_is_the_runs_own_wherever_it_is_used() {
    let rewritten = run(
        json!({ "services": {
            "api": { "build": { "context": "/r", "tags": ["shop:latest"] }, "image": "shop:dev" },
            "worker": { "image": "shop:dev" },
            "db": { "image": "postgres:16" },
        } }),
        (20, 10),
    );
    let services = &rewritten.model["services"];
    assert_eq!(services["api"]["image"], json!("e2e-shop-abcd1234-api:run"));
    assert_eq!(
        services["worker"]["image"],
        json!("e2e-shop-abcd1234-api:run")
    );
    assert_eq!(services["db"]["image"], json!("postgres:16"));
    assert_eq!(services["api"]["build"].get("tags"), None);
    assert_eq!(
        services["api"]["build"]["labels"]["cargo-e2e.run"],
        json!("01test")
    );
}

#[test]
fn containers_say_that_they_and_which_of_their_volumes_are_the_runs() {
    let name = "0123456789abcdef".repeat(4);
    let rewritten = run(
        json!({
            "services": {
                "api": { "build": { "context": "/r" } },
                "db": { "image": "x", "volumes": [
                    { "type": "volume", "source": "theirs", "target": "/a" },
                    { "type": "volume", "source": "plain", "target": "/b" },
                    { "type": "volume", "target": "/c" },
                ] },
            },
            "volumes": {
                "theirs": { "external": true, "name": name },
                "plain": { "external": true, "name": "plain" },
            },
        }),
        (20, 10),
    );
    let services = &rewritten.model["services"];
    assert_eq!(
        services["api"]["build"]["labels"]["cargo-e2e.image"],
        json!("01test")
    );
    assert_eq!(services["api"]["labels"]["cargo-e2e.image"], json!(""));
    assert_eq!(services["db"]["labels"]["cargo-e2e.external"], json!(name));
    assert_eq!(services["api"]["labels"].get("cargo-e2e.external"), None);
}

#[test]
fn networks_and_volumes_get_names_of_their_own_unless_they_are_external() {
    let rewritten = run(
        json!({
            "services": {},
            "networks": { "default": null, "back": { "name": "shared-back" }, "out": { "external": true, "name": "out" } },
            "volumes": { "data": { "name": "" } },
        }),
        (20, 10),
    );
    let networks = &rewritten.model["networks"];
    assert_eq!(
        networks["default"]["name"],
        json!("e2e-shop-abcd1234_default")
    );
    assert_eq!(networks["back"]["name"], json!("e2e-shop-abcd1234_back"));
    assert_eq!(networks["out"], json!({ "external": true, "name": "out" }));
    assert_eq!(
        rewritten.model["volumes"]["data"]["name"],
        json!("e2e-shop-abcd1234_data")
    );
    assert_eq!(rewritten.shared.len(), 1);
}

#[test]
fn what_profiles_left_out_is_nobodys_dependency() {
    let db = service(
        &json!({ "profiles": ["x"], "depends_on": { "gone": { "condition": "service_started" } } }),
    );
    assert_eq!((db.get("profiles"), db.get("depends_on")), (None, None));
}

#[test]
fn restart_policies_stay() {
    assert_eq!(
        service(&json!({ "restart": "always" }))["restart"],
        json!("always")
    );
}

#[test]
fn rewriting_twice_changes_nothing_more() {
    let model = json!({ "services": { "db": {
        "container_name": "my-db", "image": "x", "build": { "context": "/r" },
        "ports": [{ "target": 1, "published": "1" }],
        "healthcheck": { "test": ["CMD", "x"], "interval": "10s" },
    } }, "networks": { "default": {} } });
    let once = run(model, (20, 10)).model;
    assert_eq!(
        run(once.clone(), (20, 10)).model["services"]["db"]["ports"],
        once["services"]["db"]["ports"]
    );
    assert_eq!(
        run(once.clone(), (20, 10)).model["networks"],
        once["networks"]
    );
}

#[test]
fn isolated_ports_get_numbers_of_their_own_whatever_was_written() {
    let model = json!({ "services": { "db": { "ports": [
        { "target": 5432, "published": "5432", "protocol": "tcp" },
        { "target": 53, "published": "5353", "protocol": "udp", "host_ip": "0.0.0.0" },
        { "target": 80 },
    ] } } });
    assert_eq!(
        ports::groups(&model, Ports::Isolated).iter().sum::<usize>(),
        3
    );
    let isolation = Isolation {
        project: "p",
        labels: &[],
        ports: PortRule::Isolated(&[20001, 20002, 20003]),
        ipv6: true,
        engine: (25, 0),
    };
    let rewritten = isolate(model, &isolation);
    let ports = rewritten.model["services"]["db"]["ports"]
        .as_array()
        .unwrap();
    let at: Vec<_> = ports
        .iter()
        .map(|port| {
            (
                port["host_ip"].as_str().unwrap(),
                port["published"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        at,
        [
            ("127.0.0.1", "20001"),
            ("127.0.0.1", "20002"),
            ("127.0.0.1", "20003")
        ]
    );
    let numbers: Vec<_> = rewritten
        .published
        .iter()
        .map(|one| (one.declared, one.port))
        .collect();
    assert_eq!(
        numbers,
        [
            (Some(5432), Some(20001)),
            (Some(5353), Some(20002)),
            (None, Some(20003))
        ]
    );
}

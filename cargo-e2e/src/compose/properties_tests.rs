//! The rewrite over generated models: what holds of every one, and never a panic on any JSON.

use crate::compose::{PortRule, external, gateway, needs, places, shared, subnets};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::invariants_tests::{check, isolated, rewritten};

/// Words that the rewrite looks for, as keys and as values.
const WORDS: [&str; 72] = [
    "services",
    "networks",
    "volumes",
    "secrets",
    "configs",
    "name",
    "external",
    "profiles",
    "depends_on",
    "container_name",
    "network_mode",
    "pid",
    "ipc",
    "volumes_from",
    "external_links",
    "image",
    "build",
    "context",
    "tags",
    "labels",
    "args",
    "additional_contexts",
    "dockerfile_inline",
    "pull_policy",
    "ports",
    "target",
    "published",
    "host_ip",
    "protocol",
    "scale",
    "deploy",
    "replicas",
    "healthcheck",
    "test",
    "interval",
    "retries",
    "start_period",
    "start_interval",
    "disable",
    "logging",
    "driver",
    "options",
    "driver_opts",
    "device",
    "o",
    "com.docker.network.bridge.name",
    "ipam",
    "config",
    "subnet",
    "gateway",
    "extra_hosts",
    "environment",
    "command",
    "entrypoint",
    "source",
    "type",
    "bind",
    "file",
    "memswap_limit",
    "host",
    "container:db",
    "db",
    "api",
    "a/b",
    "shop:latest",
    "FROM shop",
    "host=host-gateway",
    "127.0.0.1",
    "localhost:80",
    "udp",
    "-1",
    "10.0.0.0/8",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[0-9]{1,5}(-[0-9]{1,5})?",
        1 => "[0-9]{1,12}(ms|s|m|h)",
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 96, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// A model with the right keys, and anything behind them.
fn model_of_anything() -> impl Strategy<Value = Value> {
    let named = || prop::collection::vec((word(), any_json()), 0..4);
    let definition = prop::collection::vec((word(), any_json()), 0..12)
        .prop_map(|entries| Value::Object(entries.into_iter().collect()));
    let services = prop::collection::vec((word(), definition), 0..4);
    (services, named(), named()).prop_map(|(services, networks, volumes)| {
        let map = |entries: Vec<(String, Value)>| Value::Object(entries.into_iter().collect());
        json!({ "services": map(services), "networks": map(networks), "volumes": map(volumes) })
    })
}

fn maybe(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Option<Value>> {
    prop::option::of(value).boxed()
}

fn port() -> impl Strategy<Value = Value> {
    let published = prop_oneof![
        Just(None),
        (1u16..).prop_map(|port| Some(port.to_string())),
        (1000u16..2000).prop_map(|port| Some(format!("{port}-{}", port + 5))),
    ];
    let address = prop::option::of(prop::sample::select(
        &["0.0.0.0", "127.0.0.1", "::", "10.1.2.3"][..],
    ));
    (
        1u16..,
        published,
        address,
        prop::sample::select(&["tcp", "udp"][..]),
    )
        .prop_map(|(target, published, address, protocol)| {
            let mut port = json!({ "mode": "ingress", "target": target, "protocol": protocol });
            if let Some(published) = published {
                port["published"] = json!(published);
            }
            if let Some(address) = address {
                port["host_ip"] = json!(address);
            }
            port
        })
}

fn health() -> impl Strategy<Value = Value> {
    let time = || prop::option::of("([1-9][0-9]?m)?[1-9][0-9]?(\\.[1-9])?s");
    let test = prop_oneof![
        Just(json!(["CMD", "pg_isready"])),
        Just(json!(["CMD-SHELL", "kafka-topics.sh --list"])),
        Just(json!(["NONE"])),
        Just(Value::Null),
    ];
    (test, time(), time(), time(), prop::option::of(0u64..100)).prop_map(
        |(test, interval, start_period, start_interval, retries)| {
            let mut check = Map::new();
            let times = [
                ("interval", interval),
                ("start_period", start_period),
                ("start_interval", start_interval),
            ];
            for (key, time) in times {
                check.extend(time.map(|time| (key.to_owned(), json!(time))));
            }
            check.extend(retries.map(|retries| ("retries".to_owned(), json!(retries))));
            check.insert("test".to_owned(), test);
            Value::Object(check)
        },
    )
}

fn service() -> impl Strategy<Value = Value> {
    let image = prop::sample::select(&["shop", "shop:latest", "shop:dev", "postgres:16"][..])
        .prop_map(Value::from);
    let build = prop_oneof![
        Just(json!({ "context": "/r", "tags": ["x:1"], "args": { "BASE_IMAGE": "shop" } })),
        Just(json!({ "context": "/r", "labels": ["a=b"] })),
    ];
    let keys: Vec<(&'static str, BoxedStrategy<Option<Value>>)> = vec![
        ("image", maybe(image)),
        ("build", maybe(build)),
        ("container_name", maybe("[a-z]{1,6}".prop_map(Value::from))),
        (
            "ports",
            maybe(prop::collection::vec(port(), 0..4).prop_map(Value::from)),
        ),
        ("healthcheck", maybe(health())),
        ("scale", maybe((0u64..5).prop_map(Value::from))),
        ("profiles", maybe(Just(json!(["x"])))),
        (
            "depends_on",
            maybe(Just(json!({ "s0": {}, "gone": { "required": false } }))),
        ),
        (
            "networks",
            maybe(prop_oneof![
                Just(json!({ "default": null })),
                Just(json!({ "n0": { "aliases": ["x"] } }))
            ]),
        ),
        (
            "extra_hosts",
            maybe(Just(json!(["host.docker.internal=host-gateway"]))),
        ),
        ("memswap_limit", maybe(Just(json!("-1")))),
        ("logging", maybe(Just(json!({ "driver": "fluentd" })))),
        (
            "network_mode",
            maybe(prop_oneof![Just(json!("host")), Just(json!("container:x"))]),
        ),
        (
            "environment",
            maybe(Just(json!({ "A": "http://localhost:8080/", "B": "a $$b" }))),
        ),
    ];
    let (names, values): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
    values.prop_map(move |values| {
        let entries = names.iter().zip(values);
        let entries = entries.filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
        Value::Object(entries.collect())
    })
}

/// A model as Compose would print it.
fn model() -> impl Strategy<Value = Value> {
    let scoped = || {
        let definition = prop_oneof![
            Just(Value::Null),
            Just(json!({ "name": "" })),
            Just(
                json!({ "name": "global", "driver_opts": { "com.docker.network.bridge.name": "br0" } })
            ),
            Just(json!({ "external": true, "name": "theirs" })),
            Just(json!({ "ipam": { "config": [{ "subnet": "172.30.0.0/24" }] } })),
        ];
        prop::collection::vec(definition, 0..4)
    };
    (prop::collection::vec(service(), 1..5), scoped(), scoped()).prop_map(
        |(services, networks, volumes)| {
            let map = |prefix: &str, all: Vec<Value>| {
                let entries = all.into_iter().enumerate();
                Value::Object(
                    entries
                        .map(|(at, value)| (format!("{prefix}{at}"), value))
                        .collect(),
                )
            };
            json!({
                "name": "shop",
                "services": map("s", services),
                "networks": map("n", networks),
                "volumes": map("v", volumes),
            })
        },
    )
}

fn engine() -> impl Strategy<Value = (u32, u32)> {
    prop::sample::select(&[(20, 10), (24, 0), (25, 0), (28, 5)][..])
}

/// Everything that reads a model.
fn everything(model: &Value, engine: (u32, u32)) {
    let mut model = model.clone();
    places::make_devices_absolute(&mut model, "/r");
    let _ = (
        needs::paths(&model, "/r"),
        shared::outside(&model, "/r"),
        external::externals(&model),
    );
    let _ = rewritten(&model, PortRule::Declared(&[]), engine);
    // Fewer numbers than ports, too.
    let _ = rewritten(&model, PortRule::Isolated(&[20000, 20001]), engine);
    let mut own = isolated(&model, engine);
    let keys = subnets::wanting(&own.model);
    subnets::assign(&mut own.model, &keys, &["10.208.0.0/24".to_owned()]);
    let _ = gateway::is_asked_for(&own.model);
    if let Some(network) = gateway::network(&own.model) {
        let _ = gateway::apply(&mut own.model, &network, &own.published);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_json_makes_it_panic(json in any_json(), engine in engine()) {
        everything(&json, engine);
    }

    #[test]
    fn nothing_behind_the_right_keys_makes_it_panic(model in model_of_anything(), engine in engine()) {
        everything(&model, engine);
    }

    #[test]
    fn a_sandbox_shares_nothing_by_accident(model in model(), engine in engine()) {
        everything(&model, engine);
        let after = isolated(&model, engine);
        if let Err(wrong) = check(&model, &after) {
            return Err(TestCaseError::fail(wrong));
        }
    }

    #[test]
    fn rewriting_again_changes_nothing(model in model(), engine in engine()) {
        let once = isolated(&model, engine);
        let twice = isolated(&once.model, engine);
        prop_assert_eq!(&twice.model, &once.model);
        let once = rewritten(&model, PortRule::Declared(&[]), engine);
        let twice = rewritten(&once.model, PortRule::Declared(&[]), engine);
        prop_assert_eq!(&twice.model, &once.model);
    }

    #[test]
    fn a_health_check_never_has_less_time(check in health(), engine in engine()) {
        let model = json!({ "services": { "s": { "healthcheck": check } } });
        let after = isolated(&model, engine).model;
        let allowed = |check: &Value| {
            let time = |key: &str| check[key].as_str().and_then(crate::compose::duration::parse);
            let interval = time("interval").unwrap_or(std::time::Duration::from_secs(30));
            let retries = check["retries"].as_u64().filter(|retries| *retries > 0).unwrap_or(3);
            time("start_period").unwrap_or_default() + interval * u32::try_from(retries).unwrap()
        };
        let (before, now) = (allowed(&check), allowed(&after["services"]["s"]["healthcheck"]));
        prop_assert!(now >= before, "{before:?} became {now:?}");
    }
}

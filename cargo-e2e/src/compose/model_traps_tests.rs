//! A test for each trap in the model that 677 real stacks showed, by its number.

use crate::compose::{places, preview};

use super::*;

pub(super) const OLD: (u32, u32) = (20, 10);
pub(super) const NEW: (u32, u32) = (25, 0);

pub(super) fn isolation(numbers: &[u16], engine: (u32, u32)) -> Isolation<'_> {
    Isolation {
        project: "p",
        labels: &[],
        ports: PortRule::Isolated(numbers),
        ipv6: true,
        engine,
    }
}

/// With ports 20001, 20002, …, on an old engine.
pub(super) fn run(model: Value) -> Rewritten {
    let numbers: Vec<u16> = (20001..20101).collect();
    isolate(model, &isolation(&numbers, OLD))
}

pub(super) fn services(services: &Value) -> Rewritten {
    run(json!({ "services": services }))
}

pub(super) fn service(definition: &Value, engine: (u32, u32)) -> Value {
    let model = json!({ "services": { "s": definition } });
    isolate(model, &isolation(&[], engine)).model["services"]["s"].clone()
}

pub(super) fn told<T: std::fmt::Debug>(all: &[T], text: &str) -> bool {
    all.iter().any(|one| format!("{one:?}").contains(text))
}

#[test]
fn trap_1_profiles_do_not_apply_again() {
    let own = service(&json!({ "profiles": ["debug"] }), OLD);
    assert_eq!(own.get("profiles"), None);
}

#[test]
fn trap_2_what_a_profile_left_out_is_nobodys_dependency() {
    let rewritten = services(&json!({
        "api": { "depends_on": { "db": { "required": true }, "gone": { "required": false } } },
        "db": { "depends_on": ["gone"] },
    }));
    let own = &rewritten.model["services"];
    assert_eq!(
        own["api"]["depends_on"],
        json!({ "db": { "required": true } })
    );
    assert_eq!(own["db"].get("depends_on"), None);
}

#[test]
fn trap_3_every_network_and_volume_has_a_name_and_a_key_that_compose_takes() {
    let rewritten = run(json!({
        "services": { "s": { "networks": { "a/b": { "aliases": ["x"] }, "c": null } } },
        "networks": { "a/b": { "name": "" }, "a-b": {}, "c": { "name": "shop_net" } },
        "volumes": { "data": { "name": "" }, "more": null },
    }));
    let model = &rewritten.model;
    assert_eq!(
        model["services"]["s"]["networks"]["a-b-"],
        json!({ "aliases": ["x"] })
    );
    let names: Vec<_> = model["networks"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, network)| (key.as_str(), network["name"].as_str().unwrap()))
        .collect();
    assert_eq!(names, [("a-b-", "p_a-b-"), ("a-b", "p_a-b"), ("c", "p_c")]);
    assert_eq!(model["volumes"]["data"]["name"], "p_data");
    assert_eq!(model["volumes"]["more"]["name"], "p_more");
}

#[test]
fn trap_4_modes_stay_as_they_come_and_unlimited_swap_is_a_number() {
    for mode in [json!(288), json!("0440")] {
        let definition =
            json!({ "memswap_limit": "-1", "configs": [{ "source": "c", "mode": mode }] });
        let own = service(&definition, OLD);
        assert_eq!(own["configs"][0]["mode"], mode);
        assert_eq!(own["memswap_limit"], json!(-1));
    }
    let limited = service(&json!({ "memswap_limit": "1073741824" }), OLD);
    assert_eq!(limited["memswap_limit"], "1073741824");
}

#[test]
fn trap_5_devices_are_against_the_projects_folder() {
    let mut model = json!({ "volumes": {
        "a": { "driver_opts": { "type": "none", "o": "bind", "device": "./data" } },
        "b": { "driver_opts": { "type": "none", "o": "rw,bind", "device": "../up/./x" } },
        "c": { "driver_opts": { "type": "none", "o": "bind", "device": "/srv/x" } },
        "d": { "driver_opts": { "type": "nfs", "o": "addr=10.0.0.1", "device": ":/export" } },
        "e": { "driver_opts": { "type": "tmpfs", "device": "tmpfs" } },
        "f": null,
    } });
    places::make_devices_absolute(&mut model, "/box/repo/e2e");
    let device = |key: &str| model["volumes"][key]["driver_opts"]["device"].clone();
    assert_eq!(device("a"), "/box/repo/e2e/data");
    assert_eq!(device("b"), "/box/repo/up/x");
    assert_eq!(device("c"), "/srv/x");
    assert_eq!(device("d"), ":/export");
    assert_eq!(device("e"), "tmpfs");
}

#[test]
fn trap_6_a_secret_from_the_environment_stays_a_reference() {
    let model =
        json!({ "services": {}, "secrets": { "t": { "name": "p_t", "environment": "TOKEN" } } });
    assert_eq!(run(model.clone()).model["secrets"], model["secrets"]);
}

#[test]
fn trap_7_only_our_file_is_ever_given_to_compose() {
    let sandbox = crate::sandbox::Sandbox {
        identity: crate::sandbox::Identity::new("shop"),
        root: "/r".into(),
        expires: 0,
        lease: crate::plan::LEASE,
        visitor: crate::sandbox::Visitor {
            run: "01run".into(),
            who: "ann@laptop".into(),
        },
    };
    let up = crate::sandbox::compose::Up {
        interpolation: &[],
        model: &json!({}),
        tests: None,
        again: false,
        made: false,
        pulls: "",
        with_auth: false,
    };
    let commands = crate::sandbox::compose::up_commands(&sandbox, &up);
    let last = commands.lines().last().unwrap();
    assert!(last.contains("/compose.json' up -d"), "{last}");
    assert_eq!(last.matches(" -f ").count(), 1, "{last}");
    assert!(
        commands.contains("unset \"$setting\"") && commands.contains("COMPOSE_DISABLE_ENV_FILE=1")
    );
}

#[test]
fn trap_8_plan_reads_the_model_and_never_dry_runs() {
    // `up --dry-run` hung or failed on every stack with completed_successfully.
    let arguments = preview::arguments("p", std::path::Path::new("/r"));
    assert!(!arguments.iter().any(|argument| argument == "--dry-run"));
}

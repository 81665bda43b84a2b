//! Runs on a swarm: services hold their slots. Real engines, in the lab's containers.

mod faults;
mod lab;
mod measured;
mod warm;

use std::time::Duration;

use e2e_tests::{Running, wait_for};

use crate::lab::{LIMIT, on, record, records, stage};
pub(crate) use lab::Swarm;

#[test]
fn a_run_goes_to_a_node_that_swarm_gives_it_and_gives_it_back() {
    let swarm = Swarm::new();
    let repo = swarm
        .repo("swarm-placed")
        .env("SECRET_OF_THE_CLIENT", "hunter2");
    let tests = "echo testing on $(hostname); until [ -e /tmp/go ]; do sleep 0.1; done";
    let mut running = swarm.start(&repo, &[], tests);
    running.prints("testing on");
    // The slot is the service of this user, with the repo's name.
    let service = swarm.asks("docker service ls --format '{{.Name}}'");
    let service = service.trim();
    assert!(
        service.starts_with(&format!("e2e-{}-", repo.slug())),
        "{service}"
    );
    let listed = swarm.tool(&repo, &["list"]);
    assert!(listed.stdout.contains(repo.slug()), "{listed}");
    let known = swarm.asks(&format!(
        "docker service inspect {service}; docker service ps {service}"
    ));
    assert!(!known.contains("hunter2"), "{known}");
    let task = "docker ps -q --filter label=com.docker.swarm.task.name | xargs -r docker inspect \
        -f '{{range $k, $v := .Config.Labels}}{{$k}} {{end}}{{.Config.User}}'; touch /tmp/go";
    let node = swarm.node_of_slot();
    let held = on(&node, task);
    // Teardown would remove what has the sandbox's label, the hold first.
    assert!(!held.contains("cargo-e2e."), "{held}");
    assert!(held.trim().ends_with("1000:1000"), "{held}");
    let ended = running.finish(LIMIT);
    let _ = on(&node, "rm -f /tmp/go");
    assert_eq!(ended.code, Some(0), "{ended}");
    let record = record(&repo);
    assert_eq!(record["host"], node.as_str(), "{record}");
    assert_eq!(record["placement"]["engine"], "swarm");
    assert_eq!(record["placement"]["id"], service);
    assert!(stage(&record, "place") < 30_000, "{record}");
    // Its own end removed the service.
    swarm.has_nothing_left();
    let listed = swarm.tool(&repo, &["list"]);
    assert!(listed.stderr.contains("no sandboxes on"), "{listed}");
}

#[test]
fn twelve_runs_on_six_slots_of_a_swarm_all_pass() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-twelve");
    let runs: Vec<Running> = (0..12)
        .map(|_| swarm.start(&repo, &[], "sleep 3"))
        .collect();
    for run in runs {
        let ended = run.finish(LIMIT);
        assert_eq!(ended.code, Some(0), "{ended}");
    }
    let all = records(&repo);
    assert_eq!(all.len(), 12);
    let distinct = |values: Vec<&str>| {
        let mut values = values;
        values.sort_unstable();
        values.dedup();
        values.len()
    };
    let services = all.iter().filter_map(|one| one["placement"]["id"].as_str());
    assert_eq!(distinct(services.collect()), 12, "a slot each");
    let hosts = all.iter().filter_map(|one| one["host"].as_str());
    assert_eq!(distinct(hosts.collect()), 3);
    // None waited for a second turn on its node.
    let queues = |one: &serde_json::Value| one.to_string().contains("\"name\":\"queue\"");
    assert!(!all.iter().any(queues));
    swarm.has_nothing_left();
}

#[test]
fn a_run_that_waits_for_a_swarm_says_with_how_many_others() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-waits");
    swarm.fill();
    let reason = "no suitable node (insufficient resources on 3 nodes)";
    let refused = swarm.run(&repo, &["--no-wait"], "true");
    assert_eq!(refused.code, Some(97), "{refused}");
    for said in [
        &format!("no free node: this run would wait alone ({reason})"),
        "without `--no-wait`",
    ] {
        assert!(refused.stderr.contains(said), "{said}\n{refused}");
    }
    let mut first = swarm.start(&repo, &[], "true");
    first.prints(&format!("alone ({reason})"));
    let mut second = swarm.start(&repo, &[], "true");
    second.prints(&format!("with 1 other ({reason})"));
    let impatient = swarm.repo("swarm-impatient");
    let impatient = impatient.spec(&format!("{}timeouts: {{place: 4}}\n", swarm.spec()));
    let ended = swarm.run(&impatient, &[], "true");
    assert_eq!(ended.code, Some(97), "{ended}");
    let said = "no node within 4 s (`timeouts.place`): with 2 others (no suitable node";
    assert!(ended.stderr.contains(said), "{ended}");
    swarm.empty();
    for run in [first, second] {
        let ended = run.finish(LIMIT);
        assert_eq!(ended.code, Some(0), "{ended}");
    }
    let queued = |one: &serde_json::Value| one["placement"]["queued_ms"].as_u64() > Some(0);
    assert_eq!(records(&repo).iter().filter(|one| queued(one)).count(), 2);
    let too_much = swarm.run(&repo, &["--need", "cpus=500"], "true");
    assert_eq!(too_much.code, Some(97), "{too_much}");
    let why = "no node is large enough for 500 CPUs, 500 MB";
    assert!(too_much.stderr.contains(why), "{too_much}");
    swarm.has_nothing_left();
}

#[test]
fn a_kept_sandbox_has_its_slot_in_a_swarm_until_down() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-kept");
    let _ = swarm.tool(&repo, &["up"]);
    std::thread::sleep(Duration::from_secs(2));
    let names = || swarm.asks("docker service ls --format '{{.Name}} {{.Replicas}}'");
    let services = names();
    assert!(services.contains(" 1/1"), "{services}");
    let again = swarm.run(&repo, &["--reuse"], "true");
    assert_eq!(again.code, Some(0), "{again}");
    assert!(again.stderr.contains("nothing changed"), "{again}");
    assert_eq!(names(), services, "it has no slot of its own");
    let _ = swarm.tool(&repo, &["up"]);
    assert_eq!(names(), services);
    let listed = swarm.tool(&repo, &["list"]);
    assert!(listed.stdout.contains(repo.slug()), "{listed}");
    let _ = swarm.tool(&repo, &["down"]);
    swarm.has_nothing_left();
    // Without a sandbox to reuse, it gets one.
    let fresh = swarm.run(&repo, &["--reuse", "--keep"], "true");
    assert_eq!(fresh.code, Some(0), "{fresh}");
    let services = names();
    assert!(services.contains(" 1/1"), "{services}");
    // The admin's word counts for kept ones too.
    let name = services.split_whitespace().next().expect("a service");
    let _ = swarm.asks(&format!("docker service rm {name}"));
    swarm.will_have_nothing(Duration::from_mins(1));
}

#[test]
fn a_swarm_that_cant_place_runs_says_why() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-refused");
    let refused = |host: &str, code: i32, all: &[&str]| {
        let ended = repo.cargo_e2e(&["--host", host, "--", "true"]);
        assert_eq!(ended.code, Some(code), "{ended}");
        for said in all {
            assert!(ended.stderr.contains(said), "it lacks {said:?}\n{ended}");
        }
    };
    let worker = format!("swarm://{}", swarm.nodes[1]);
    refused(
        &worker,
        97,
        &["Worker nodes can't be used", "a manager, which"],
    );
    let down = "failed to connect to `nowhere.invalid`";
    refused("swarm://nowhere.invalid", 97, &[down]);
    // This machine is no part of a swarm.
    let none = "failed to get a node of `swarm:`: `local`: ";
    refused("swarm:", 97, &[none, "not a swarm manager", "help"]);
    refused("swarm:e2e", 2, &["give swarm://MANAGER"]);
    refused("swarm:,railiance01", 2, &["no member of a pool"]);
    let doctor = swarm.tool(&repo, &["doctor"]);
    assert!(doctor.stdout.contains("the swarm has 3 nodes"), "{doctor}");
    let doctor = repo.cargo_e2e(&["doctor", "--host", &worker]);
    assert_eq!(doctor.code, Some(97), "{doctor}");
    assert!(doctor.stdout.contains("Worker nodes"), "{doctor}");
    swarm.has_nothing_left();
}

#[test]
fn nodes_without_the_image_are_left_and_named() {
    let swarm = Swarm::new();
    let image = e2e_tests::image("BUSYBOX_IMAGE");
    let repo = swarm
        .repo("swarm-image")
        .env("CARGO_E2E_SWARM_IMAGE", "e2e-lab/hold:1");
    let _ = swarm.asks("docker image rm e2e-lab/hold:1 >/dev/null 2>&1; :");
    let none = swarm.run(&repo, &[], "true");
    assert_eq!(none.code, Some(97), "{none}");
    let said = "it has no image `e2e-lab/hold:1`";
    assert!(none.stderr.contains(said), "{none}");
    // One that only the manager has: of another id than what all have.
    let _ = swarm.asks(&format!(
        "printf 'FROM {image}\\nLABEL of=hold\\n' | docker build -q -t e2e-lab/hold:1 - >/dev/null"
    ));
    let manager = &swarm.nodes[0];
    let ended = swarm.run(&repo, &[], "true");
    assert_eq!(ended.code, Some(0), "{ended}");
    assert_eq!(record(&repo)["host"], manager.as_str());
    swarm.set_availability(manager, "pause");
    let ended = swarm.run(&repo, &[], "true");
    swarm.set_availability(manager, "active");
    wait_for("the end of slots that use it", LIMIT, || {
        let removed = "docker image rm e2e-lab/hold:1 >/dev/null 2>&1 && echo removed || :";
        swarm.asks(removed).contains("removed")
    });
    assert_eq!(ended.code, Some(97), "{ended}");
    assert!(ended.stderr.contains("No such image"), "{ended}");
    assert!(ended.stderr.contains("CARGO_E2E_SWARM_IMAGE"), "{ended}");
    swarm.has_nothing_left();
}

#[test]
fn paused_and_drained_nodes_get_no_runs() {
    let swarm = Swarm::new();
    let repo = swarm.repo("swarm-drained");
    let [first, second, third] = swarm.nodes.clone();
    swarm.set_availability(&first, "drain");
    swarm.set_availability(&second, "pause");
    let ended = swarm.run(&repo, &[], "true");
    assert_eq!(ended.code, Some(0), "{ended}");
    assert_eq!(record(&repo)["host"], third.as_str());
    // Swarm knows no ssh and no rsync: such a node is left for another.
    let _ = on(&third, "mv /usr/bin/rsync /usr/bin/rsync.off");
    swarm.set_availability(&second, "active");
    // The one with fewest tasks comes first.
    let image = e2e_tests::image("BUSYBOX_IMAGE");
    let _ = swarm.asks(&format!(
        "docker service create -q -d --name other --no-resolve-image --stop-grace-period 1s --entrypoint sleep \
         --constraint node.hostname=={second} $(docker image inspect -f '{{{{.Id}}}}' {image}) 600"
    ));
    wait_for("other work", Duration::from_secs(20), || {
        swarm.asks("docker service ps other").contains("Running")
    });
    let ended = swarm.run(&repo, &[], "true");
    let _ = on(&third, "mv /usr/bin/rsync.off /usr/bin/rsync");
    let _ = swarm.asks("docker service rm other");
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stderr.contains("can't be used"), "{ended}");
    assert_eq!(record(&repo)["host"], second.as_str());
    // What runs on a node that is paused stays; drained, it ends.
    let mut run = swarm.start(&repo, &[], "echo testing; sleep 7000");
    run.prints("testing");
    let node = swarm.node_of_slot();
    swarm.set_availability(&node, "pause");
    std::thread::sleep(Duration::from_secs(3));
    assert!(run.is_running());
    swarm.set_availability(&node, "drain");
    let ended = run.finish(LIMIT);
    assert_eq!(ended.code, Some(97), "{ended}");
    assert!(ended.stderr.contains("swarm says: service"), "{ended}");
    assert!(
        ended.stderr.contains(&format!("node {node} drain")),
        "{ended}"
    );
    for node in &swarm.nodes {
        swarm.set_availability(node, "active");
    }
    wait_for("the nodes", Duration::from_secs(20), || {
        swarm
            .asks("docker node ls --format '{{.Availability}}'")
            .matches("Active")
            .count()
            == 3
    });
    swarm.has_nothing_left();
}

//! Whether a run is as fast as what a team would write by hand. `make bench` prints ratios, each of
//! two medians' pairs measured one after the other in one run; the suite only sees to it that the
//! scripts work.

mod examples;
mod lag;
mod measured;
mod profile;
mod scenarios;
mod way;

use std::time::Duration;

use e2e_tests::{Everything, Host, Repo};
use serde_json::Value;

use examples::EXAMPLES;
use measured::Measured;
use scenarios::{COLD, EDIT_LOOP, PACKED, all, cold, crowd, edit_loop, large, packed, small};
use way::{RIVALS, Rival, Stack, hand_written, ours};

/// So many pairs, unless `E2E_BENCH` says another number.
const PAIRS: usize = 7;

#[test]
fn the_scripts_that_we_compare_with_do_the_same() {
    let scenario = small();
    for (rival, host) in [
        (Rival::Plain, Host::Root),
        (Rival::Best, Host::Root),
        (Rival::Bare, Host::Local),
    ] {
        let before = host.says("docker ps -aq; docker network ls -q; docker volume ls -q");
        hand_written(rival, &scenario.stack(), host, "bench-once");
        let after = host.says("docker ps -aq; docker network ls -q; docker volume ls -q");
        assert!(
            !host
                .says("ls -d /root/bench/* 2>/dev/null || :")
                .contains("bench-once"),
            "{rival:?} leaves its folder"
        );
        assert_eq!(before.is_empty(), after.is_empty(), "{rival:?}");
    }
}

#[test]
#[ignore = "make bench runs it: it takes a quiet machine and half an hour"]
fn ratios() {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    let pairs = number("E2E_BENCH").unwrap_or(PAIRS);
    let only = std::env::var("E2E_BENCH_ONLY").unwrap_or_default();
    let hosts = [Host::Local, Host::Root];
    let before = Everything::on(&hosts);
    let mut all_measured: Vec<Measured> = Vec::new();
    let mut note = |measured: Measured| {
        println!("{measured}");
        all_measured.push(measured);
    };
    println!("{}", measured::HEAD);
    for scenario in all().iter().filter(|one| one.name.contains(&only)) {
        for (rival, host) in RIVALS {
            let own = || ours(scenario, host);
            note(compared(
                scenario.name,
                rival,
                &scenario.stack(),
                host,
                pairs,
                own,
            ));
        }
    }
    for example in EXAMPLES.iter().filter(|one| one.name.contains(&only)) {
        let settings = Repo::new("bench-example");
        for (rival, host) in RIVALS
            .into_iter()
            .filter(|(_, host)| example.runs_on(*host))
        {
            let own = || example.ours(&settings, host);
            note(compared(
                example.name,
                rival,
                &example.stack(),
                host,
                pairs.min(5),
                own,
            ));
        }
    }
    if COLD.contains(&only) {
        for (rival, host) in RIVALS {
            note(compared(COLD, rival, &small().stack(), host, pairs, || {
                cold(host)
            }));
        }
    }
    if EDIT_LOOP.contains(&only) {
        note(edit_loop(Host::Root, pairs));
    }
    for files in large().iter().filter(|one| one.name().contains(&only)) {
        files.compared(pairs.min(5)).into_iter().for_each(&mut note);
    }
    for number in [1, 4, 8, 16, 32] {
        let name = format!("{number} at once");
        if name.contains(&only) {
            note(crowd(&name, number, Host::Root, pairs.min(3)));
        }
    }
    if PACKED.contains(&only) {
        packed(Host::Root, pairs.min(3))
            .into_iter()
            .for_each(&mut note);
    }
    let mut results: Vec<Value> = all_measured.iter().map(Measured::json).collect();
    for (scenario, host) in all()
        .iter()
        .flat_map(|one| [(one, Host::Local), (one, Host::Root)])
    {
        let name = format!("profile: {}, {}", scenario.name, host.name());
        if name.contains(&only) {
            results.push(profile::profile(&name, scenario, host));
        }
    }
    if lag::is_asked_for(&only) {
        results.extend(lag::table(&only, pairs));
    }
    measured::write(&results);
    before.is_as_before();
}

/// The two ways in turn, each first every other time. One of each before, so that all is warm.
fn compared(
    name: &str,
    rival: Rival,
    stack: &Stack,
    host: Host,
    pairs: usize,
    own: impl Fn() -> Duration,
) -> Measured {
    let project = format!("bench-{}", std::process::id());
    let theirs = || hand_written(rival, stack, host, &project);
    let images = || host.says("docker image ls --format '{{.Repository}}:{{.Tag}}'");
    let before = images();
    theirs();
    own();
    let pair = |number: usize| {
        if number.is_multiple_of(2) {
            let first = theirs();
            (first, own())
        } else {
            let first = own();
            (theirs(), first)
        }
    };
    let measured = (0..pairs).map(pair).collect();
    // They leave what they build.
    for image in images()
        .lines()
        .filter(|image| before.lines().all(|one| one != *image))
    {
        let _ = host.says(&format!("docker image rm {image}"));
    }
    Measured::new(name, rival.name(), host, measured)
}

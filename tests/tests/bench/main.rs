//! Whether a run is as fast as what a team would write by hand. `make bench` prints ratios, each of
//! two medians' pairs measured one after the other in one run; the suite only sees to it that the
//! scripts work.

mod lag;
mod measured;
mod scenarios;
mod way;

use e2e_tests::{Everything, Host};

use measured::Measured;
use scenarios::{EDIT_LOOP, PACKED, Scenario, all, crowd, edit_loop, large, packed, small};
use way::{Rival, hand_written, ours};

const LAG: &str = "readiness lag";

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
        hand_written(rival, &scenario, host, "bench-once");
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
        for (rival, host) in [
            (Rival::Bare, Host::Local),
            (Rival::Best, Host::Root),
            (Rival::Plain, Host::Root),
        ] {
            note(compared(rival, scenario, host, pairs));
        }
    }
    if EDIT_LOOP.contains(&only) {
        note(edit_loop(Host::Root, pairs));
    }
    for files in large().iter().filter(|one| one.name().contains(&only)) {
        files.compared(pairs.min(5)).into_iter().for_each(&mut note);
    }
    for number in [4, 8, 16, 32] {
        let name = format!("{number} at once");
        if name.contains(&only) {
            note(crowd(&name, number, Host::Root, pairs.min(3)));
        }
    }
    if PACKED.contains(&only) {
        note(packed(Host::Root, pairs.min(3)));
    }
    if LAG.contains(&only) {
        println!("\n{}", lag::table(pairs));
    }
    measured::write(&all_measured);
    before.is_as_before();
}

/// The two ways in turn, each first every other time. One of each before, so that all is warm.
fn compared(rival: Rival, scenario: &Scenario, host: Host, pairs: usize) -> Measured {
    let project = format!("bench-{}", std::process::id());
    let theirs = || hand_written(rival, scenario, host, &project);
    let own = || ours(scenario, host);
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
    Measured::new(
        scenario.name,
        rival.name(),
        host,
        (0..pairs).map(pair).collect(),
    )
}

use crate::play::{Play, Way};

fn check(way: Way, arguments: &[&str]) {
    let mut play = Play::new();
    let shared = play.path().join("shared");
    std::fs::create_dir(&shared).expect("a folder");
    play.set("LOCKS_FOLDER", &shared.display().to_string());
    let ran = play.run(way, "locks", arguments);
    assert_eq!(ran.code, Some(0), "{way:?}: {}", ran.all());
    assert_eq!(ran.verdicts().len(), 15, "{way:?}: {}", ran.all());
}

#[test]
fn exclusive_and_serial_hold_on_threads() {
    check(Way::Threads, &["--test-threads", "8"]);
}

#[test]
fn exclusive_and_serial_hold_between_children() {
    check(Way::Children, &["--test-threads", "8"]);
}

#[test]
fn exclusive_and_serial_hold_between_the_processes_of_nextest() {
    check(Way::Nextest, &["--test-threads", "8"]);
}

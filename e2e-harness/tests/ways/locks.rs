use crate::play::{Play, Way};

fn check(way: Way, arguments: &[&str]) {
    let run = |meet: bool, arguments: &[&str]| {
        let mut play = Play::new();
        let shared = play.path().join("shared");
        std::fs::create_dir(&shared).expect("a folder");
        play.set("LOCKS_FOLDER", &shared.display().to_string());
        if meet {
            play.set("LOCKS_MEET", "1");
        }
        let ran = play.run(way, "locks", arguments);
        assert_eq!(ran.code, Some(0), "{way:?}: {}", ran.all());
        ran
    };
    let all = run(false, arguments);
    assert_eq!(all.verdicts().len(), 15, "{way:?}: {}", all.all());
    let ordinary = run(true, &[arguments, &["ordinary"]].concat());
    assert_eq!(ordinary.verdicts().len(), 2, "{way:?}: {}", ordinary.all());
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

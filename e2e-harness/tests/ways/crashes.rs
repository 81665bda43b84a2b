use crate::play::{Play, Ran, Way};

fn check(ran: &Ran) {
    let verdicts: Vec<_> = ran.verdicts().into_iter().collect();
    let expected = [
        ("a_passes", "ok"),
        ("b_aborts", "FAILED"),
        ("c_exits", "FAILED"),
        ("d_exits_with_zero", "FAILED"),
        ("e_leaves_a_process_behind", "FAILED"),
        ("f_passes", "ok"),
    ];
    assert_eq!(
        verdicts,
        expected.map(|(name, verdict)| (name.to_owned(), verdict)),
        "{}",
        ran.all()
    );
    assert_eq!(
        ran.message("b_aborts"),
        "at step `jump`: aborted: signal 6 (SIGABRT)"
    );
    assert_eq!(
        ran.message("c_exits"),
        "the process ended with exit(3) in the middle of the test"
    );
    assert_eq!(
        ran.message("d_exits_with_zero"),
        "the process ended with exit(0) in the middle of the test"
    );
    assert_eq!(
        ran.message("e_leaves_a_process_behind"),
        "look at the output"
    );
}

#[test]
fn one_that_dies_is_one_failed_test() {
    let ran = Play::new().run(Way::Children, "crashes", &[]);
    assert_eq!(ran.code, Some(101), "{}", ran.all());
    check(&ran);
    assert!(ran.stdout.contains("the last words"), "{}", ran.stdout);
    let left = ran
        .stdout
        .split_once("left behind: ")
        .expect("it says so")
        .1;
    let left = left.lines().next().expect("a number");
    // A process that is gone, or waits for its parent to hear of it.
    let state = std::fs::read_to_string(format!("/proc/{left}/stat")).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "{state}");
}

#[test]
fn it_is_so_under_nextest_too() {
    let ran = Play::new().run(Way::Nextest, "crashes", &[]);
    assert_eq!(ran.code, Some(100), "{}", ran.all());
    check(&ran);
}

#[test]
fn on_threads_it_ends_them_all() {
    let ran = Play::new().run(Way::Threads, "crashes", &["--test-threads", "1"]);
    assert_eq!(ran.code, Some(101), "{}", ran.all());
    assert!(!ran.verdicts().contains_key("f_passes"), "{}", ran.all());
    assert!(
        ran.stderr.contains("one abort or exit ends them all"),
        "{}",
        ran.stderr
    );
}

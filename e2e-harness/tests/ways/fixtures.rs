use crate::play::{Play, Way};

const VERDICTS: [(&str, &str); 8] = [
    ("a_pool_is_closed", "ok"),
    ("b_pool_is_closed_after_a_failure", "FAILED"),
    ("c_pool_is_closed_after_a_timeout", "FAILED"),
    ("d_says_goodbye", "ok"),
    ("e_server_answers_a_blocking_test", "ok"),
    ("f_blocks_its_runtime", "FAILED"),
    ("g_has_a_stuck_fixture", "FAILED"),
    ("h_has_a_fragile_fixture", "FAILED"),
];

#[test]
fn fixtures_close_on_the_runtime_of_their_test() {
    let mut play = Play::new();
    play.set("RUST_BACKTRACE", "1");
    let ran = play.run(Way::Children, "fixtures", &[]);
    ran.has_verdicts(&VERDICTS);
    for name in [VERDICTS[1].0, VERDICTS[2].0] {
        let text = ran.shown(name);
        assert!(text.contains("a worker went home"), "{text}");
        assert!(text.contains("the pool is dropped"), "{text}");
        assert!(!ran.message(name).contains("closing fixture"), "{text}");
    }
    for file in ["goodbye", "blocking"] {
        let file = play.path().join("artifacts/d_says_goodbye").join(file);
        assert!(file.exists(), "{}: {}", file.display(), ran.all());
    }
    for (name, doing) in [
        ("f_blocks_its_runtime", ""),
        (
            "g_has_a_stuck_fixture",
            ", while making fixture fixtures::Stuck (",
        ),
    ] {
        let start = format!("timed out after 0.2 s{doing}");
        let blocks = "; it blocks, so its thread could not be stopped";
        ran.says(name, &start, blocks);
        let shown = ran.shown(name);
        assert!(shown.contains("loud is closed"), "{shown}");
    }
    let text = ran.shown("h_has_a_fragile_fixture");
    let start = "fixture fixtures::Fragile panicked: it broke, at e2e-harness/tests/suite/tests/fixtures.rs:";
    assert!(text.starts_with(start), "{text}");
    let place = "fixtures::Fragile as e2e_harness::fixture::Fixture>::set_up";
    assert!(text.contains(place), "{text}");
    for hidden in ["e2e_harness::run", "block_on", "e2e_harness::body"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

use crate::play::{Play, Ran, Way};

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

/// What is shown of a failed test.
fn shown<'a>(ran: &'a Ran, name: &str) -> &'a str {
    let header = format!("---- {name} ----\n");
    let text = ran.stdout.split_once(&header).expect("it is shown").1;
    text.split("\n----").next().unwrap_or_default()
}

#[test]
fn fixtures_close_on_the_runtime_of_their_test() {
    let mut play = Play::new();
    play.set("RUST_BACKTRACE", "1");
    let ran = play.run(Way::Children, "fixtures", &[]);
    let expected = VERDICTS.map(|(name, verdict)| (name.to_owned(), verdict));
    assert_eq!(ran.verdicts(), expected.into(), "{}", ran.all());
    for name in [VERDICTS[1].0, VERDICTS[2].0] {
        let text = shown(&ran, name);
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
        let message = ran.message(name);
        let start = format!("timed out after 0.2 s{doing}");
        assert!(message.starts_with(&start), "{message}");
        assert!(
            message.contains("; it blocks, so its thread could not be stopped"),
            "{message}"
        );
        assert!(
            shown(&ran, name).contains("loud is closed"),
            "{}",
            ran.all()
        );
    }
    let text = shown(&ran, "h_has_a_fragile_fixture");
    assert!(
        text.starts_with("fixture fixtures::Fragile panicked: it broke, at e2e-harness/tests/suite/tests/fixtures.rs:"),
        "{text}"
    );
    assert!(
        text.contains("fixtures::Fragile as e2e_harness::fixture::Fixture>::set_up"),
        "{text}"
    );
    for hidden in ["e2e_harness::run", "block_on", "e2e_harness::body"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

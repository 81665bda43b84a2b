//! The law over all that can come together.

use proptest::prelude::*;

use super::*;

fn statuses() -> impl Strategy<Value = Vec<TestRecord>> {
    use StageStatus::{Failed, Interrupted, Passed, Skipped};
    let one = prop::sample::select(vec![Passed, Passed, Passed, Skipped, Failed, Interrupted]);
    prop::collection::vec(one.prop_map(|status| test("orders::ship", status)), 0..4)
}

fn ended() -> impl Strategy<Value = Ended> {
    prop_oneof![
        4 => Just(Ended::Status(0)),
        1 => prop::sample::select(vec![1, 2, 4, 5, 127, 137]).prop_map(Ended::Status),
        1 => Just(Ended::TimedOut),
    ]
}

prop_compose! {
    fn any_evidence()(
        ended in prop::collection::vec(ended(), 1..3),
        harness in any::<bool>(),
        events in prop_oneof![
            8 => statuses().prop_map(Events::Read),
            1 => Just(Events::Unreadable("why".to_owned())),
        ],
        junit in prop::collection::vec(prop::collection::vec(prop_oneof![
            12 => statuses().prop_map(Junit::Read),
            1 => Just(Junit::Unwritten),
            1 => Just(Junit::Unreadable("why".to_owned())),
        ], 0..3), 0..3),
        unrecorded in prop::collection::vec(Just("ship".to_owned()), 0..2),
        empty in prop::collection::vec(Just("e2e".to_owned()), 0..2),
        still_failed in prop::collection::vec(Just("ship".to_owned()), 0..2),
        flaky in prop::collection::vec(Just("ship".to_owned()), 0..2),
    ) -> Evidence {
        let who = "test_command".to_owned();
        let junit = junit.into_iter().map(|files| {
            let files = files.into_iter().map(|file| ("a.xml", file)).collect();
            entry("*.xml", files)
        });
        let junit = junit.collect();
        // Only of a harness is it known what had to run.
        let known = |names: Vec<String>| if harness { names } else { Vec::new() };
        let (unrecorded, empty) = (known(unrecorded), known(empty));
        let timeout = Duration::from_mins(5);
        let attempts = 2;
        Evidence {
            who, ended, timeout, harness, events, unrecorded, empty, junit,
            attempts, still_failed, flaky,
        }
    }
}

fn verdict_of(evidence: &Evidence) -> Verdict {
    judge(evidence).map_or(Verdict::Passed, |word| word.verdict)
}

/// The same with a worse word from one source.
fn worse(evidence: &Evidence) -> Vec<Evidence> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Evidence)| {
        let mut worse = evidence.clone();
        change(&mut worse);
        all.push(worse);
    };
    with(&|it| it.ended.push(Ended::TimedOut));
    with(&|it| it.ended.push(Ended::Status(1)));
    with(&|it| it.events = Events::Unreadable("why".to_owned()));
    with(&|it| {
        if it.harness {
            it.unrecorded.push("pay".to_owned());
            it.empty.push("other".to_owned());
        }
    });
    with(&|it| {
        if let Events::Read(tests) = &mut it.events {
            tests.push(test("orders::ship", StageStatus::Failed));
        }
    });
    with(&|it| {
        for (_, file) in it.junit.iter_mut().flat_map(|one| &mut one.files) {
            if let Junit::Read(tests) = file {
                tests.push(test("orders::ship", StageStatus::Failed));
            }
        }
    });
    with(&|it| it.still_failed.push("pay".to_owned()));
    with(&|it| it.flaky.push("pay".to_owned()));
    with(&|it| it.junit.push(entry("*.xml", Vec::new())));
    with(&|it| {
        let unwritten = entry("a.xml", vec![("a.xml", Junit::Unwritten)]);
        it.junit.push(unwritten);
    });
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn nothing_passes_that_a_source_does_not_confirm(evidence in any_evidence()) {
        let ran = |tests: &[TestRecord]| {
            tests.iter().any(|test| test.status == StageStatus::Passed)
                && !tests.iter().any(TestRecord::is_failed)
        };
        if judge(&evidence).is_some() {
            return Ok(());
        }
        prop_assert!(!evidence.ended.contains(&Ended::TimedOut));
        prop_assert!(evidence.unrecorded.is_empty() && evidence.empty.is_empty());
        prop_assert!(evidence.still_failed.is_empty() && evidence.flaky.is_empty());
        prop_assert!(evidence.ended.contains(&Ended::Status(0)));
        let only_none = |ended: &Ended| {
            *ended == Ended::Status(0) || (evidence.harness && *ended == Ended::Status(NONE_RAN))
        };
        prop_assert!(evidence.ended.iter().all(only_none));
        match &evidence.events {
            Events::Read(tests) if tests.is_empty() => prop_assert!(!evidence.harness),
            Events::Read(tests) => prop_assert!(ran(tests)),
            Events::Unreadable(_) => prop_assert!(false, "nothing is known of the tests"),
        }
        for JunitEntry { files, .. } in &evidence.junit {
            let mut all = Vec::new();
            for (_, file) in files {
                let Junit::Read(tests) = file else {
                    prop_assert!(false, "the file was promised");
                    continue;
                };
                all.extend_from_slice(tests);
            }
            prop_assert!(ran(&all));
        }
    }

    #[test]
    fn a_worse_word_never_improves_the_verdict(evidence in any_evidence()) {
        let before = verdict_of(&evidence);
        for worse in worse(&evidence) {
            let after = verdict_of(&worse);
            prop_assert_eq!(before.or_worse(after), after, "{:?}", worse);
            for signal in [None, Some(Signal::Int)] {
                let of = |said| of_run(Some(said), signal);
                prop_assert_eq!(of(before).or_worse(of(after)), of(after));
            }
        }
    }

    #[test]
    fn every_line_says_something_in_one_line(evidence in any_evidence()) {
        if let Some(word) = judge(&evidence) {
            prop_assert!(!word.message.is_empty() && !word.message.contains('\n'));
        }
    }
}

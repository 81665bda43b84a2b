//! Signals, and what is kept.

use super::*;

/// Presses Ctrl-C when a stage begins.
struct Press<F>(Stage, F);

impl<F: Fn(Signal) + Send> Reporter for Press<F> {
    fn event(&mut self, event: &Event) {
        if matches!(event, Event::StageStarted { stage, .. } if *stage == self.0) {
            self.1(Signal::Int);
        }
    }
}

#[tokio::test]
async fn a_signal_during_any_stage_tears_down() {
    for (stage, script) in [
        (Stage::Up, Some("up")),
        (Stage::Ready, Some("probes")),
        (Stage::Setup, Some("setup")),
        (Stage::Test, Some("test")),
    ] {
        let (cancel, press) = Cancel::by_hand();
        let faults: Vec<_> = script
            .map(|script| (script, Reply::Stays("")))
            .into_iter()
            .collect();
        let reporters: Vec<Box<dyn Reporter>> = vec![Box::new(Press(stage, press))];
        let host = Scripted::with(&faults);
        let ran = run_with(
            host,
            "setup_command: x\n",
            Options::default(),
            &cancel,
            reporters,
        )
        .await;
        ran.is(Verdict::Interrupted, 130).tore_down();
        assert!(
            ran.scripts.contains(&"collect"),
            "{stage:?}: {:?}",
            ran.scripts
        );
    }
}

#[tokio::test]
async fn a_signal_while_connecting_or_provisioning_is_not_lost() {
    for stage in [Stage::Connect, Stage::Provision] {
        let (cancel, press) = Cancel::by_hand();
        let reporters: Vec<Box<dyn Reporter>> = vec![Box::new(Press(stage, press))];
        let ran = run_with(
            Scripted::with(&[]),
            "",
            Options::default(),
            &cancel,
            reporters,
        )
        .await;
        ran.is(Verdict::Interrupted, 130);
        assert!(!ran.scripts.contains(&"up"), "{stage:?}: {:?}", ran.scripts);
        assert_eq!(ran.scripts.last(), Some(&"close"));
    }
}

#[tokio::test]
async fn only_what_was_asked_to_be_kept_is_kept() {
    let passes = Scripted::with(&[]);
    let fails = Scripted::with(&[("test", Reply::Job("", 1))]);
    let never = Cancel::never();
    for (host, more, keep, kept) in [
        (&passes, "", Keep::Always, true),
        (&passes, "", Keep::OnFailure, false),
        (&fails, "", Keep::OnFailure, true),
        (&fails, "cleanup: on_success\n", Keep::No, true),
        (&passes, "cleanup: on_success\n", Keep::No, false),
        (&passes, "cleanup: never\n", Keep::No, true),
        (&fails, "", Keep::No, false),
    ] {
        let options = Options {
            keep,
            ..Options::default()
        };
        let host = Scripted::clone_fresh(host);
        let ran = run_with(host, more, options, &never, Vec::new()).await;
        assert_eq!(ran.outcome.kept.is_some(), kept, "{more} {keep:?}");
        assert_eq!(ran.scripts.contains(&"teardown"), !kept);
    }
}

#[tokio::test]
async fn after_a_signal_only_keep_keeps() {
    for (keep, more) in [(Keep::Always, ""), (Keep::No, "cleanup: never\n")] {
        let (cancel, press) = Cancel::by_hand();
        let reporters: Vec<Box<dyn Reporter>> = vec![Box::new(Press(Stage::Test, press))];
        let options = Options {
            keep,
            ..Options::default()
        };
        let host = Scripted::with(&[("test", Reply::Stays(""))]);
        let ran = run_with(host, more, options, &cancel, reporters).await;
        ran.is(Verdict::Interrupted, 130);
        assert_eq!(ran.outcome.kept.is_some(), keep == Keep::Always);
    }
}

#[tokio::test]
async fn what_can_not_be_kept_is_taken_down_and_said_not_to_be_there() {
    let options = || Options {
        keep: Keep::Always,
        ..Options::default()
    };
    let never = Cancel::never();
    let host = Scripted::with(&[("extend", Reply::Ends("", 76))]);
    let ran = run_with(host, "", options(), &never, Vec::new()).await;
    ran.is(Verdict::HostError, 97)
        .failed_at(Stage::Teardown)
        .tore_down();
    assert_eq!(ran.outcome.kept, None);
    let last = ran.outcome.record.stages.last().expect("it has stages");
    assert!(
        last.detail
            .starts_with("cleaned up; failed to keep the sandbox: "),
        "{last:?}"
    );

    // The host that was lost before is the reason, once.
    let host = Scripted::with(&[("test", Reply::Lost), ("extend", Reply::Lost)]);
    let ran = run_with(host, "", options(), &never, Vec::new()).await;
    ran.is(Verdict::HostError, 97);
    let last = ran.outcome.record.stages.last().expect("it has stages");
    assert!(!last.detail.contains("failed to keep"), "{last:?}");
    assert_eq!(ran.outcome.kept, None);
}
